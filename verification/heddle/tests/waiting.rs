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
