//! Each primitive shows every outcome it can have, and no other.

mod seen;

use std::sync::Arc as StdArc;
use std::time::Duration;

use heddle::model::Builder;
use heddle::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use heddle::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicUsize};
use heddle::sync::{Barrier, Condvar, Mutex, Notify, OnceLock, RwLock, mpsc};
use heddle::thread;
use seen::{seen, seen_with};

#[test]
fn try_lock_fails_while_the_lock_is_held() {
    let (results, _) = seen(|| {
        let mutex = StdArc::new(Mutex::new(0));
        let other = mutex.clone();
        let thread = thread::spawn(move || *other.lock().unwrap() += 1);
        let locked = mutex.try_lock().is_ok();
        thread.join().unwrap();
        locked
    });
    assert_eq!(results.len(), 2);
}

#[test]
fn a_try_lock_that_fails_synchronises_with_nobody() {
    let (results, _) = seen(|| {
        let shared = StdArc::new((Mutex::new(()), AtomicUsize::new(0)));
        let other = shared.clone();
        let thread = thread::spawn(move || {
            other.1.store(1, Relaxed);
            drop(other.0.lock().unwrap());
            let _held = other.0.lock().unwrap();
        });
        let held = shared.0.try_lock().is_err();
        let read = shared.1.load(Relaxed);
        thread.join().unwrap();
        (held, read)
    });
    assert!(results.contains(&(true, 0)));
}

#[test]
fn a_mutex_serialises_every_order_once() {
    let (results, report) = seen(|| {
        let log = StdArc::new(Mutex::new(Vec::new()));
        let threads: Vec<_> = (0..3)
            .map(|name| {
                let log = log.clone();
                thread::spawn(move || log.lock().unwrap().push(name))
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        log.lock().unwrap().clone()
    });
    assert_eq!((results.len(), report.executions), (6, 6));
}

#[test]
fn a_contended_mutex_costs_blocked_executions_too() {
    let (_, report) = seen(|| {
        let mutex = StdArc::new(Mutex::new(0));
        let threads = [(); 6].map(|()| {
            let mutex = mutex.clone();
            thread::spawn(move || *mutex.lock().unwrap() += 1)
        });
        let _ = threads.map(|thread| thread.join().unwrap());
    });
    // The README says so.
    assert_eq!((report.executions, report.blocked), (720, 1399));
}

#[test]
fn readers_share_and_writers_do_not() {
    let (results, _) = seen(|| {
        let lock = StdArc::new(RwLock::new(0));
        let other = lock.clone();
        let guard = lock.read().unwrap();
        let thread = thread::spawn(move || {
            let reads = other.try_read().is_ok();
            (reads, other.try_write().is_ok())
        });
        drop(guard);
        thread.join().unwrap()
    });
    assert_eq!(results, [(true, false), (true, true)].into());
}

#[test]
fn two_readers_and_a_writer_have_fourteen_executions() {
    let (_, report) = seen(|| {
        let lock = StdArc::new(RwLock::new(()));
        let threads = [false, false, true].map(|writes| {
            let lock = lock.clone();
            thread::spawn(move || {
                if writes {
                    drop(lock.write().unwrap());
                } else {
                    drop(lock.read().unwrap());
                }
            })
        });
        let _ = threads.map(|thread| thread.join().unwrap());
    });
    // Readers one after the other, either way: the writer has 3 places. Readers
    // that overlap, in 4 ways: it comes first or last.
    assert_eq!(report.executions, 2 * 3 + 4 * 2);
}

#[test]
fn writers_of_a_lock_never_lose_an_update() {
    let (results, _) = seen(|| {
        let lock = StdArc::new(RwLock::new(0));
        let threads = [1, 2].map(|_| {
            let lock = lock.clone();
            thread::spawn(move || {
                let before = *lock.read().unwrap();
                *lock.write().unwrap() += 1;
                before
            })
        });
        let before = threads.map(|thread| thread.join().unwrap());
        (before, *lock.read().unwrap())
    });
    assert_eq!(results, [([0, 0], 2), ([0, 1], 2), ([1, 0], 2)].into());
}

fn ready_flag() -> StdArc<(Mutex<bool>, Condvar)> {
    StdArc::new((Mutex::new(false), Condvar::new()))
}

#[test]
fn a_condvar_wakes_and_wakes_spuriously() {
    let woken = |spurious| {
        let mut builder = Builder::new();
        builder.spurious_wakeups = spurious;
        let (results, _) = seen_with(&builder, || {
            let pair = ready_flag();
            let other = pair.clone();
            let thread = thread::spawn(move || {
                *other.0.lock().unwrap() = true;
                other.1.notify_one();
            });
            let mut ready = pair.0.lock().unwrap();
            let mut unready = 0;
            while !*ready {
                ready = pair.1.wait(ready).unwrap();
                unready += usize::from(!*ready);
            }
            drop(ready);
            thread.join().unwrap();
            unready
        });
        results
    };
    assert_eq!(woken(0), [0].into());
    assert_eq!(woken(1), [0, 1].into());
}

#[test]
fn a_wait_with_a_timeout_times_out() {
    let (results, _) = seen(|| {
        let pair = ready_flag();
        let other = pair.clone();
        let thread = thread::spawn(move || other.1.notify_all());
        let guard = pair.0.lock().unwrap();
        let (guard, result) = pair.1.wait_timeout(guard, Duration::ZERO).unwrap();
        drop(guard);
        thread.join().unwrap();
        result.timed_out()
    });
    assert_eq!(results, [false, true].into());
}

#[test]
fn notify_one_may_wake_any_waiter() {
    let mut builder = Builder::new();
    builder.spurious_wakeups = 0;
    let (results, _) = seen_with(&builder, || {
        let state = StdArc::new((Mutex::new((0, 0)), Condvar::new()));
        let waiters = [1, 2].map(|name| {
            let state = state.clone();
            thread::spawn(move || {
                let mut guard = state.0.lock().unwrap();
                guard.0 += 1;
                while guard.1 == 0 {
                    guard = state.1.wait(guard).unwrap();
                }
                if guard.1 == 9 {
                    guard.1 = name;
                    drop(guard);
                    state.1.notify_all();
                }
            })
        });
        let mut guard = state.0.lock().unwrap();
        let both = guard.0 == 2;
        guard.1 = 9;
        drop(guard);
        state.1.notify_one();
        waiters.into_iter().for_each(|thread| thread.join().unwrap());
        let first = state.0.lock().unwrap().1;
        (both, first)
    });
    assert!(results.contains(&(true, 1)) && results.contains(&(true, 2)));
}

#[test]
fn unpark_before_park_is_not_lost() {
    seen(|| {
        let flag = StdArc::new(AtomicBool::new(false));
        let other = flag.clone();
        let parked = thread::spawn(move || {
            thread::park();
            assert!(other.load(Relaxed));
        });
        flag.store(true, Relaxed);
        parked.thread().unpark();
        parked.join().unwrap();
    });
}

#[test]
fn a_notify_hands_over_what_came_before() {
    seen(|| {
        let shared = StdArc::new((Notify::new(), AtomicUsize::new(0)));
        let other = shared.clone();
        let thread = thread::spawn(move || {
            other.1.store(1, Relaxed);
            other.0.notify();
        });
        shared.0.wait();
        assert_eq!(shared.1.load(Relaxed), 1);
        thread.join().unwrap();
    });
}

#[test]
fn a_barrier_has_one_leader_and_orders_all() {
    let (results, _) = seen(|| {
        let shared = StdArc::new((Barrier::new(2), AtomicUsize::new(0)));
        let threads = [1, 2].map(|bit| {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1.fetch_or(bit, Relaxed);
                let leader = shared.0.wait().is_leader();
                assert_eq!(shared.1.load(Relaxed), 3);
                leader
            })
        });
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(results, [[false, true], [true, false]].into());
}

#[test]
fn a_once_lock_is_filled_once() {
    let (results, _) = seen(|| {
        let lock = StdArc::new(OnceLock::new());
        let other = lock.clone();
        let thread = thread::spawn(move || *other.get_or_init(|| 1));
        let early = lock.get().copied();
        let own = *lock.get_or_init(|| 2);
        (early, own, thread.join().unwrap())
    });
    assert_eq!(results, [(None, 1, 1), (None, 2, 2), (Some(1), 1, 1)].into());
}

#[test]
fn a_channel_delivers_in_order_and_closes() {
    let (results, _) = seen(|| {
        let (sender, receiver) = mpsc::channel();
        let thread = thread::spawn(move || {
            sender.send(1).unwrap();
            sender.send(2).unwrap();
        });
        let early = receiver.try_recv().ok();
        let mut rest = Vec::new();
        while let Ok(message) = receiver.recv() {
            rest.push(message);
        }
        thread.join().unwrap();
        (early, rest)
    });
    assert_eq!(results, [(None, vec![1, 2]), (Some(1), vec![2])].into());
}

#[test]
fn a_weak_exchange_fails_spuriously_and_a_strong_one_does_not() {
    let (results, _) = seen(|| {
        let flag = AtomicU8::new(0);
        let strong = flag.compare_exchange(0, 1, SeqCst, SeqCst).is_ok();
        let weak = flag.compare_exchange_weak(1, 2, SeqCst, SeqCst).is_ok();
        (strong, weak)
    });
    assert_eq!(results, [(true, false), (true, true)].into());
}

#[test]
fn pointers_survive_another_allocation_in_each_run() {
    let (results, report) = seen(|| {
        let slot = StdArc::new(AtomicPtr::new(Box::into_raw(Box::new(1))));
        let other = slot.clone();
        let swap = |slot: &AtomicPtr<i32>, value| {
            let old = slot.swap(Box::into_raw(Box::new(value)), SeqCst);
            // SAFETY: the swap gave this thread the only pointer to it.
            *unsafe { Box::from_raw(old) }
        };
        let thread = thread::spawn(move || swap(&other, 2));
        let mine = swap(&slot, 3);
        let theirs = thread.join().unwrap();
        let last = slot.swap(std::ptr::null_mut(), SeqCst);
        // SAFETY: as above.
        (mine, theirs, *unsafe { Box::from_raw(last) })
    });
    assert_eq!(results, [(1, 3, 2), (2, 1, 3)].into());
    assert_eq!(report.executions, 2);
}

heddle::thread_local! {
    static COUNT: std::cell::Cell<usize> = std::cell::Cell::new(0);
}

#[test]
fn thread_locals_are_new_in_each_thread_and_execution() {
    let bump = || COUNT.with(|count| count.replace(count.get() + 1));
    seen(move || {
        let flag = StdArc::new(AtomicBool::new(false));
        let other = flag.clone();
        let thread = thread::spawn(move || {
            other.store(true, Release);
            (bump(), bump())
        });
        flag.load(Acquire);
        assert_eq!(bump(), 0);
        assert_eq!(thread.join().unwrap(), (0, 1));
    });
}

#[test]
fn choices_are_explored() {
    let (results, report) = seen(|| (heddle::model::choose(3), heddle::model::choose(2)));
    assert_eq!((results.len(), report.executions), (6, 6));
}

#[test]
fn scoped_threads_borrow_and_end_with_their_scope() {
    let (results, _) = seen(|| {
        let flag = AtomicUsize::new(0);
        let own = [1, 2, 3];
        let sum = thread::scope(|scope| {
            scope.spawn(|| flag.fetch_add(own.len(), Relaxed));
            let sum = scope.spawn(|| own.iter().sum::<usize>() + flag.load(Relaxed));
            sum.join().unwrap()
        });
        assert_eq!(flag.load(Relaxed), 3);
        sum
    });
    assert_eq!(results, [6, 9].into());
}
