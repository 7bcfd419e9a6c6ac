//! What loom 0.7.2 does not show, or shows wrongly, heddle shows as it is.

mod seen;

use std::sync::Arc;
use std::time::Duration;

use heddle::sync::atomic::AtomicUsize;
use heddle::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use heddle::sync::{Condvar, Mutex};
use heddle::thread;
use seen::seen;

#[test]
fn a_load_before_the_other_threads_store_hides_nothing() {
    let (results, _) = seen(|| {
        let x = Arc::new(AtomicUsize::new(0));
        let other = x.clone();
        let thread = thread::spawn(move || {
            other.load(SeqCst);
            other.store(1, SeqCst);
        });
        let read = x.load(SeqCst);
        thread.join().unwrap();
        read
    });
    assert_eq!(results, [0, 1].into());
}

#[test]
fn two_loads_and_a_store_show_the_stored_value() {
    let (results, _) = seen(|| {
        let x = Arc::new(AtomicUsize::new(0));
        let (one, two) = (x.clone(), x.clone());
        let reader = thread::spawn(move || one.load(SeqCst));
        let writer = thread::spawn(move || {
            two.load(SeqCst);
            two.store(21, SeqCst);
        });
        writer.join().unwrap();
        reader.join().unwrap()
    });
    assert_eq!(results, [0, 21].into());
}

fn store_buffering(store: heddle::sync::atomic::Ordering, load: heddle::sync::atomic::Ordering) -> bool {
    let (results, _) = seen(move || {
        let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let other = shared.clone();
        let thread = thread::spawn(move || {
            other.0.store(1, store);
            other.1.load(load)
        });
        shared.1.store(1, store);
        let read = shared.0.load(load);
        (read, thread.join().unwrap())
    });
    results.contains(&(0, 0))
}

#[test]
fn seqcst_accesses_do_not_buffer_stores_and_weaker_ones_do() {
    assert!(!store_buffering(SeqCst, SeqCst));
    assert!(store_buffering(Release, Acquire));
    assert!(store_buffering(Release, SeqCst));
    assert!(store_buffering(SeqCst, Acquire));
}

#[test]
fn writes_may_be_placed_before_writes_that_ran_earlier() {
    // 2+2W: both locations may end with what their thread wrote first.
    let (results, _) = seen(|| {
        let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let other = shared.clone();
        let thread = thread::spawn(move || {
            other.0.store(1, Relaxed);
            other.1.store(2, Relaxed);
        });
        shared.1.store(1, Relaxed);
        shared.0.store(2, Relaxed);
        thread.join().unwrap();
        (shared.0.load(Relaxed), shared.1.load(Relaxed))
    });
    assert_eq!(results.len(), 4);
}

#[test]
fn a_swap_comes_right_after_what_it_read() {
    let (results, _) = seen(|| {
        let x = Arc::new(AtomicUsize::new(0));
        let other = x.clone();
        let thread = thread::spawn(move || other.store(1, Relaxed));
        let old = x.swap(2, AcqRel);
        thread.join().unwrap();
        (old, x.load(Relaxed))
    });
    assert_eq!(results, [(0, 1), (1, 2)].into());
}

#[test]
fn two_try_locks_are_no_deadlock() {
    let (results, _) = seen(|| {
        let mutex = Arc::new(Mutex::new(()));
        let other = mutex.clone();
        let thread = thread::spawn(move || other.try_lock().is_ok());
        let mine = mutex.try_lock().is_ok();
        (mine, thread.join().unwrap())
    });
    assert_eq!(results, [(false, true), (true, false), (true, true)].into());
}

#[test]
fn unparking_a_thread_that_joins_is_no_error() {
    seen(|| {
        let main = thread::current();
        let thread = thread::spawn(move || main.unpark());
        thread.join().unwrap();
    });
}

#[test]
fn a_wait_times_out_although_a_notification_may_come() {
    let (results, _) = seen(|| {
        let pair = Arc::new((Mutex::new(()), Condvar::new()));
        let other = pair.clone();
        let thread = thread::spawn(move || {
            let _guard = other.0.lock().unwrap();
            other.1.notify_one();
        });
        let guard = pair.0.lock().unwrap();
        let (guard, result) = pair.1.wait_timeout(guard, Duration::from_secs(1)).unwrap();
        drop(guard);
        thread.join().unwrap();
        result.timed_out()
    });
    assert_eq!(results, [false, true].into());
}

#[test]
fn an_atomic_may_have_more_than_seven_writes_and_a_model_more_than_five_threads() {
    let (results, report) = seen(|| {
        let x = Arc::new(AtomicUsize::new(0));
        for value in 1..=8 {
            x.store(value, Relaxed);
        }
        let other = x.clone();
        let late = thread::spawn(move || {
            for value in 9..=20 {
                other.store(value, Relaxed);
            }
        });
        let idle: Vec<_> = (0..6).map(|_| thread::spawn(|| {})).collect();
        let read = x.load(Relaxed);
        late.join().unwrap();
        idle.into_iter().for_each(|thread| thread.join().unwrap());
        read
    });
    assert_eq!((results.len(), report.executions), (13, 13));
}
