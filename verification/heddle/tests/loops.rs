//! Loops: those that wait are waited for, those that give up are unrolled, and
//! those without an end are cut short and named.

use std::sync::Arc;

use heddle::model::{Builder, Completion, Failure, FailureKind, Report};
use heddle::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use heddle::sync::atomic::{AtomicBool, AtomicUsize};
use heddle::{hint, thread};

fn failure(report: Report) -> Failure {
    assert_ne!(report.completion, Completion::Exhausted);
    report.failure.expect("the model fails")
}

#[test]
fn a_spin_loop_is_a_wait() {
    let report = Builder::new().explore(|| {
        let flag = Arc::new((AtomicBool::new(false), AtomicUsize::new(0)));
        let other = flag.clone();
        let thread = thread::spawn(move || {
            other.1.store(7, Relaxed);
            other.0.store(true, Release);
        });
        while !flag.0.load(Acquire) {
            hint::spin_loop();
        }
        assert_eq!(flag.1.load(Relaxed), 7);
        thread.join().unwrap();
    });
    assert_eq!(report.completion, Completion::Exhausted, "{report:?}");
    assert!(report.executions > 0);
}

#[test]
fn a_spin_lock_of_swaps_is_a_wait() {
    let report = Builder::new().explore(|| {
        let lock = Arc::new((AtomicBool::new(false), AtomicUsize::new(0)));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let lock = lock.clone();
                thread::spawn(move || {
                    while lock.0.swap(true, Acquire) {
                        hint::spin_loop();
                    }
                    lock.1.store(lock.1.load(Relaxed) + 1, Relaxed);
                    lock.0.store(false, Release);
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(lock.1.load(Relaxed), 2);
    });
    assert_eq!(report.completion, Completion::Exhausted, "{report:?}");
    assert!(report.executions >= 2);
}

#[test]
fn a_weak_exchange_in_a_retry_loop_comes_to_an_end() {
    let report = Builder::new().explore(|| {
        let count = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let count = count.clone();
                thread::spawn(move || {
                    let mut value = count.load(Relaxed);
                    while let Err(newer) = count.compare_exchange_weak(value, value + 1, Relaxed, Relaxed) {
                        value = newer;
                        hint::spin_loop();
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(count.load(Relaxed), 2);
    });
    assert_eq!(report.completion, Completion::Exhausted, "{report:?}");
}

#[test]
fn a_loop_that_gives_up_is_not_taken_for_a_wait() {
    let seen = Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
    let recorder = seen.clone();
    let report = Builder::new().explore(move || {
        let flag = Arc::new(AtomicBool::new(false));
        let other = flag.clone();
        let thread = thread::spawn(move || other.store(true, Relaxed));
        let mut rounds = 0;
        while rounds < 4 && !flag.load(Relaxed) {
            rounds += 1;
            hint::spin_loop();
        }
        thread.join().unwrap();
        recorder.lock().unwrap().insert(rounds);
    });
    assert_eq!(report.completion, Completion::Exhausted, "{report:?}");
    assert_eq!(report.executions, 5);
    assert_eq!(*seen.lock().unwrap(), (0..=4).collect());
}

#[test]
fn a_spin_loop_that_nothing_ends_is_a_deadlock() {
    let failure = failure(Builder::new().explore(|| {
        let flag = AtomicBool::new(false);
        while !flag.load(Acquire) {
            thread::yield_now();
        }
    }));
    assert_eq!(failure.kind, FailureKind::Deadlock);
    assert!(failure.message.contains("spins"), "{failure}");
}

#[test]
fn a_loop_without_a_bound_is_truncated_with_its_line() {
    let mut builder = Builder::new();
    builder.max_branches = 100;
    let report = builder.explore(|| {
        let count = AtomicUsize::new(0);
        loop {
            count.fetch_add(1, Relaxed);
        }
    });
    assert_eq!(report.completion, Completion::Truncated);
    builder.keep_going = true;
    let kept = builder.explore(|| {
        let count = AtomicUsize::new(0);
        assert!(heddle::model::choose(2) == 1, "the first failure");
        loop {
            count.fetch_add(1, Relaxed);
        }
    });
    assert_eq!(kept.completion, Completion::Truncated);
    assert!(failure(report).message.contains("tests/loops.rs"));
}
