//! Waits that end in more ways than one: behind a writer, without a reason, and
//! after a time.

mod seen;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use heddle::cell::UnsafeCell;
use heddle::future::block_on;
use heddle::model::{Builder, Completion, FailureKind, Report};
use heddle::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use heddle::sync::atomic::{AtomicBool, AtomicUsize};
use heddle::sync::{Condvar, Mutex, RwLock, TryLockError, mpsc};
use heddle::thread;
use seen::{seen, seen_with};

fn kind(report: &Report) -> Option<FailureKind> {
    report.failure.as_ref().map(|failure| failure.kind)
}

/// A cell that the engine checks.
struct Plain(UnsafeCell<u64>);

// SAFETY: all threads of a model run on one OS thread.
unsafe impl Sync for Plain {}
// SAFETY: as above.
unsafe impl Send for Plain {}

impl Plain {
    fn new() -> Arc<Self> {
        Arc::new(Self(UnsafeCell::new(0)))
    }

    fn set(&self, value: u64) {
        // SAFETY: the engine reports a race before the pointer is used.
        self.0.with_mut(|at| unsafe { *at = value });
    }

    fn get(&self) -> u64 {
        // SAFETY: as above.
        self.0.with(|at| unsafe { *at })
    }
}

/// Reads twice while another thread writes; releases between if that is right.
fn reads_twice(between: bool) -> impl Fn() + Send + Sync + 'static {
    move || {
        let lock = Arc::new(RwLock::new(1));
        let other = lock.clone();
        let writer = thread::spawn(move || *other.write().unwrap() += 1);
        let outer = lock.read().unwrap();
        if between {
            drop(outer);
            drop(lock.read().unwrap());
        } else {
            drop(lock.read().unwrap());
            drop(outer);
        }
        writer.join().unwrap();
    }
}

#[test]
fn a_reader_may_block_behind_a_waiting_writer() {
    let report = Builder::new().explore(reads_twice(false));
    assert_eq!(kind(&report), Some(FailureKind::Deadlock));
    let token = report.failure.unwrap().token;
    let again = Builder::new().replay(&token, reads_twice(false)).unwrap();
    assert_eq!(kind(&again), Some(FailureKind::Deadlock));
    heddle::model(reads_twice(true));
}

#[test]
fn a_held_reader_that_needs_a_queued_one_deadlocks() {
    let model = |writes: bool| {
        move || {
            let lock = Arc::new(RwLock::new(()));
            let (reads, other) = (lock.clone(), lock.clone());
            let held = lock.read().unwrap();
            let reader = thread::spawn(move || drop(reads.read().unwrap()));
            let writer = thread::spawn(move || writes.then(|| drop(other.write().unwrap())));
            reader.join().unwrap();
            drop(held);
            writer.join().unwrap();
        }
    };
    assert_eq!(kind(&Builder::new().explore(model(true))), Some(FailureKind::Deadlock));
    heddle::model(model(false));
}

#[test]
fn readers_alone_never_queue() {
    let (_, report) = seen(|| {
        let lock = RwLock::new(());
        let _outer = lock.read().unwrap();
        drop(lock.read().unwrap());
    });
    assert_eq!((report.executions, report.blocked), (1, 0));
    heddle::model(|| {
        let lock = Arc::new(RwLock::new(()));
        let threads = [1, 2].map(|_| {
            let lock = lock.clone();
            thread::spawn(move || {
                let _outer = lock.read().unwrap();
                drop(lock.read().unwrap());
            })
        });
        let _ = threads.map(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_try_read_fails_only_while_a_writer_holds() {
    seen(|| {
        let lock = Arc::new(RwLock::new(()));
        let other = lock.clone();
        let held = lock.read().unwrap();
        let writer = thread::spawn(move || drop(other.write().unwrap()));
        assert!(!matches!(lock.try_read(), Err(TryLockError::WouldBlock)));
        drop(held);
        writer.join().unwrap();
    });
}

#[test]
fn a_reader_learns_nothing_from_readers_before() {
    let race = |writes: bool| {
        let report = Builder::new().explore(move || {
            let shared = Arc::new((RwLock::new(0), Plain::new()));
            let other = shared.clone();
            let thread = thread::spawn(move || {
                if writes {
                    let mut turn = other.0.write().unwrap();
                    other.1.set(1);
                    *turn = 1;
                } else {
                    let _turn = other.0.read().unwrap();
                    other.1.set(1);
                }
            });
            let turn = shared.0.read().unwrap();
            // Only a writer's turn is told.
            if *turn == 1 || !writes {
                shared.1.get();
            }
            drop(turn);
            thread.join().unwrap();
        });
        kind(&report)
    };
    assert_eq!(race(true), None);
    assert_eq!(race(false), Some(FailureKind::DataRace));
}

#[test]
fn a_writer_learns_from_all_readers_before() {
    heddle::model(|| {
        let shared = Arc::new((RwLock::new(()), [Plain::new(), Plain::new()], AtomicUsize::new(0)));
        let readers = [0, 1].map(|own| {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1[own].set(1);
                let _turn = shared.0.read().unwrap();
                shared.2.fetch_or(1 << own, Relaxed);
            })
        });
        let turn = shared.0.write().unwrap();
        let came = shared.2.load(Relaxed);
        (0..2).filter(|own| came >> own & 1 == 1).for_each(|own| assert_eq!(shared.1[own].get(), 1));
        drop(turn);
        let _ = readers.map(|reader| reader.join().unwrap());
    });
}

/// A cell handed over with a flag and `unpark`.
fn parks(again: bool) -> impl Fn() + Send + Sync + 'static {
    move || {
        let shared = Arc::new((AtomicBool::new(false), Plain::new()));
        let (other, waiter) = (shared.clone(), thread::current());
        let producer = thread::spawn(move || {
            other.1.set(5);
            other.0.store(true, Release);
            waiter.unpark();
        });
        if again {
            while !shared.0.load(Acquire) {
                thread::park();
            }
        } else if !shared.0.load(Acquire) {
            thread::park();
        }
        assert_eq!(shared.1.get(), 5);
        producer.join().unwrap();
    }
}

#[test]
fn a_park_may_return_for_no_reason() {
    assert!(kind(&Builder::new().explore(parks(false))).is_some());
    for wakeups in 0..4 {
        let mut builder = Builder::new();
        builder.spurious_wakeups = wakeups;
        let (_, report) = seen_with(&builder, parks(true));
        // One that finds the flag, one that parks, and one for each return before.
        assert_eq!(report.executions, [2, 4, 5, 6][wakeups as usize], "{wakeups}");
        if wakeups == 0 {
            builder.check(parks(false));
        }
    }
}

#[test]
fn parking_and_waiting_share_a_budget() {
    let mut builder = Builder::new();
    builder.spurious_wakeups = 2;
    let report = builder.explore(|| {
        let (mutex, condvar) = (Mutex::new(()), Condvar::new());
        thread::park();
        drop(condvar.wait(mutex.lock().unwrap()));
        thread::park();
    });
    assert_eq!((report.executions, kind(&report)), (0, Some(FailureKind::Deadlock)));
    builder.spurious_wakeups = 3;
    builder.keep_going = true;
    let report = builder.explore(|| {
        let (mutex, condvar) = (Mutex::new(()), Condvar::new());
        thread::park();
        drop(condvar.wait(mutex.lock().unwrap()));
        thread::park();
    });
    assert_eq!((report.executions, report.failures), (1, 3));
}

#[test]
fn a_timed_wait_may_wake_for_no_reason() {
    let results = |wakeups| {
        let mut builder = Builder::new();
        builder.spurious_wakeups = wakeups;
        let (results, _) = seen_with(&builder, || {
            let pair = Arc::new((Mutex::new(false), Condvar::new()));
            let other = pair.clone();
            let thread = thread::spawn(move || {
                *other.0.lock().unwrap() = true;
                other.1.notify_one();
            });
            let guard = pair.0.lock().unwrap();
            let (guard, result) = pair.1.wait_timeout(guard, Duration::from_secs(1)).unwrap();
            let results = (*guard, result.timed_out());
            drop(guard);
            thread.join().unwrap();
            results
        });
        results
    };
    assert_eq!(results(0), [(false, true), (true, false), (true, true)].into());
    assert_eq!(results(1), [(false, false), (false, true), (true, false), (true, true)].into());
}

#[test]
fn a_timed_wait_for_a_condition_gives_up_or_has_it() {
    let (results, _) = seen(|| {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let other = pair.clone();
        let thread = thread::spawn(move || {
            *other.0.lock().unwrap() = true;
            other.1.notify_one();
        });
        let guard = pair.0.lock().unwrap();
        let waited = pair.1.wait_timeout_while(guard, Duration::from_secs(1), |ready| !*ready);
        let (guard, result) = waited.unwrap();
        let results = (*guard, result.timed_out());
        drop(guard);
        thread.join().unwrap();
        results
    });
    assert_eq!(results, [(false, true), (true, false)].into());
}

#[test]
fn giving_up_counts_as_a_spin_hint() {
    // Each loop only waits, however often it is given up.
    let waits: [fn(&AtomicBool); 3] = [
        |flag| {
            while !flag.load(Acquire) {
                thread::park_timeout(Duration::from_millis(1));
            }
        },
        |flag| {
            let (_sender, receiver) = mpsc::channel::<()>();
            while !flag.load(Acquire) {
                assert!(receiver.recv_timeout(Duration::from_millis(1)).is_err());
            }
        },
        |flag| {
            while !flag.load(Acquire) {
                thread::sleep(Duration::from_millis(1));
            }
        },
    ];
    for wait in waits {
        let (_, report) = seen(move || {
            let flag = Arc::new(AtomicBool::new(false));
            let other = flag.clone();
            let thread = thread::spawn(move || other.store(true, Release));
            wait(&flag);
            thread.join().unwrap();
        });
        assert!(report.executions < 10);
        let report = Builder::new().explore(move || wait(&AtomicBool::new(false)));
        assert_eq!(kind(&report), Some(FailureKind::Deadlock));
    }
}

#[test]
fn a_condvar_with_too_many_threads_is_refused() {
    let report = Builder::new().explore(|| {
        for _ in 0..31 {
            thread::spawn(|| ()).join().unwrap();
        }
        thread::spawn(|| {
            let (mutex, condvar) = (Mutex::new(()), Condvar::new());
            drop(condvar.wait(mutex.lock().unwrap()));
        });
    });
    let line = line!() - 3;
    let failure = report.failure.expect("it is refused");
    assert_eq!(failure.kind, FailureKind::Unsupported);
    assert!(failure.message.contains(&format!("waiting.rs:{line}")), "{failure}");
    assert_eq!(report.completion, Completion::Failed);
}

/// Polls a future that is ready when a flag is set; how often it was polled.
fn polls(ready: impl Fn() -> bool, waker: impl Fn(&std::task::Waker)) -> usize {
    let mut polls = 0;
    block_on(poll_fn(|context| {
        polls += 1;
        if ready() {
            return Poll::Ready(());
        }
        waker(context.waker());
        Poll::Pending
    }));
    polls
}

#[test]
fn a_future_may_be_polled_without_a_wake() {
    // Nobody wakes it: it is polled again only for no reason, and once.
    let finished = |wakeups, needed| {
        let mut builder = Builder::new();
        (builder.spurious_wakeups, builder.keep_going) = (wakeups, true);
        let report = builder.explore(move || {
            let count = std::cell::Cell::new(0);
            let ready = || count.replace(count.get() + 1) == needed;
            assert_eq!(polls(ready, |_| ()), needed + 1);
        });
        assert!(report.failure.is_none_or(|failure| failure.kind == FailureKind::Deadlock));
        (report.executions, report.failures)
    };
    assert_eq!([finished(0, 0), finished(0, 1)], [(1, 0), (0, 1)]);
    assert_eq!([finished(1, 0), finished(1, 1), finished(1, 2)], [(1, 0), (1, 1), (0, 2)]);
}

#[test]
fn a_future_that_wakes_itself_waits() {
    for yields in [false, true] {
        let (_, report) = seen(move || {
            let flag = Arc::new(AtomicBool::new(false));
            let other = flag.clone();
            let thread = thread::spawn(move || other.store(true, Release));
            polls(
                || flag.load(Acquire),
                |waker| {
                    waker.wake_by_ref();
                    if yields {
                        thread::yield_now();
                    }
                },
            );
            thread.join().unwrap();
        });
        assert!(report.executions < 10);
    }
    let report = Builder::new().explore(|| {
        polls(|| false, std::task::Waker::wake_by_ref);
    });
    assert_eq!(kind(&report), Some(FailureKind::Deadlock));
}
