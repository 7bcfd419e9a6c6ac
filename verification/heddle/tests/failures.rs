//! What is wrong is found, named, and can be seen again.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Plain;

use heddle::cell::UnsafeCell;
use heddle::model::{Builder, Completion, Failure, FailureKind, Report, Weakening};
use heddle::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use heddle::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, fence};
use heddle::sync::{Condvar, Mutex};
use heddle::thread;

fn failure(report: Report) -> Failure {
    assert_ne!(report.completion, Completion::Exhausted);
    report.failure.expect("the model fails")
}

struct Shared(UnsafeCell<usize>, AtomicBool);

// SAFETY: heddle checks the accesses to the cell.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

fn publish(order: heddle::sync::atomic::Ordering) -> impl Fn() + Send + Sync + 'static {
    move || {
        let shared = Arc::new(Shared(UnsafeCell::new(0), AtomicBool::new(false)));
        let other = shared.clone();
        let thread = thread::spawn(move || {
            // SAFETY: heddle reports a race first.
            other.0.with_mut(|value| unsafe { *value = 1 });
            other.1.store(true, order);
        });
        if shared.1.load(Acquire) {
            // SAFETY: as above.
            assert_eq!(shared.0.with(|value| unsafe { *value }), 1);
        }
        thread.join().unwrap();
    }
}

#[test]
fn a_relaxed_publication_is_a_race_and_a_release_is_none() {
    let builder = Builder::new();
    assert_eq!(builder.explore(publish(Release)).completion, Completion::Exhausted);
    let failure = failure(builder.explore(publish(Relaxed)));
    assert_eq!(failure.kind, FailureKind::DataRace);
    assert!(failure.message.contains("tests/failures.rs"), "{failure}");
}

#[test]
fn an_unsynchronised_load_beside_a_store_is_a_race() {
    for main_first in [false, true] {
        let failure = failure(Builder::new().explore(move || {
            let shared = Arc::new(AtomicUsize::new(0));
            let other = shared.clone();
            let unsync = |x: &AtomicUsize| {
                // SAFETY: heddle reports a race and ends the execution.
                unsafe { x.unsync_load() }
            };
            let thread = thread::spawn(move || {
                if main_first {
                    other.store(1, Relaxed);
                } else {
                    unsync(&other);
                }
            });
            if main_first {
                unsync(&shared);
            } else {
                shared.store(1, Relaxed);
            }
            thread.join().unwrap();
        }));
        assert_eq!(failure.kind, FailureKind::DataRace);
    }
}

#[test]
fn a_failing_execution_replays_from_its_token() {
    let builder = Builder::new();
    let first = failure(builder.explore(publish(Relaxed)));
    let again = builder.replay(&first.token, publish(Relaxed)).expect("it is a token");
    assert_eq!(again.executions + again.blocked, 0);
    assert_eq!(again.failure, Some(first));
}

#[test]
fn a_lock_cycle_is_a_deadlock_that_names_both_sides() {
    let failure = failure(Builder::new().explore(|| {
        let locks = Arc::new((Mutex::new(()), Mutex::new(())));
        let other = locks.clone();
        let thread = thread::spawn(move || {
            let _b = other.1.lock().unwrap();
            let _a = other.0.lock().unwrap();
        });
        let a = locks.0.lock().unwrap();
        let b = locks.1.lock().unwrap();
        drop((a, b));
        thread.join().unwrap();
    }));
    assert_eq!(failure.kind, FailureKind::Deadlock);
    assert!(failure.message.contains("thread 0 waits"), "{failure}");
    assert!(failure.message.contains("last changed by thread 0"), "{failure}");
}

#[test]
fn a_lost_wakeup_is_a_deadlock() {
    let mut builder = Builder::new();
    builder.spurious_wakeups = 0;
    let failure = failure(builder.explore(|| {
        let pair = Arc::new((Mutex::new(()), Condvar::new(), AtomicBool::new(false)));
        let other = pair.clone();
        let thread = thread::spawn(move || {
            other.2.store(true, SeqCst);
            other.1.notify_one();
        });
        if !pair.2.load(SeqCst) {
            drop(pair.1.wait(pair.0.lock().unwrap()).unwrap());
        }
        thread.join().unwrap();
    }));
    assert_eq!(failure.kind, FailureKind::Deadlock);
}

#[test]
fn a_childs_panic_is_its_result_if_asked_for() {
    let mut builder = Builder::new();
    builder.child_panics = true;
    builder.check(|| {
        let thread = thread::spawn(|| panic!("expected"));
        assert!(thread.join().is_err());
    });
}

#[test]
fn limits_are_never_taken_for_a_proof() {
    let mut builder = Builder::new();
    builder.max_permutations = Some(3);
    let model = || {
        let count = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let count = count.clone();
                thread::spawn(move || count.fetch_add(1, Relaxed))
            })
            .collect();
        threads.into_iter().for_each(|thread| drop(thread.join()));
    };
    let report = builder.explore(model);
    assert_eq!(report.completion, Completion::MaxPermutations);
    assert_eq!(report.executions + report.blocked, 3);
    let check = std::panic::AssertUnwindSafe(|| builder.check(model));
    assert!(std::panic::catch_unwind(check).is_err());
}

#[test]
fn a_panic_in_any_thread_fails_with_its_place() {
    let failure = failure(Builder::new().explore(|| {
        let thread = thread::spawn(|| assert_eq!(1, 2, "arithmetic"));
        thread.join().unwrap();
    }));
    assert_eq!((failure.kind, failure.thread), (FailureKind::Panic, 1));
    assert!(failure.message.contains("arithmetic"), "{failure}");
    assert!(failure.message.contains("tests/failures.rs"), "{failure}");
}

#[test]
fn a_leaked_handle_is_reported() {
    let failure = failure(Builder::new().explore(|| {
        std::mem::forget(heddle::sync::Arc::new(1));
    }));
    assert_eq!(failure.kind, FailureKind::Leak);
    assert!(failure.message.contains("tests/failures.rs"), "{failure}");
}

#[test]
fn a_closure_that_differs_from_run_to_run_is_named_so() {
    let runs = Plain::new(0);
    let failure = failure(Builder::new().explore(move || {
        let run = runs.fetch_add(1, SeqCst);
        let x = Arc::new(AtomicUsize::new(0));
        let other = x.clone();
        let thread = thread::spawn(move || other.store(1, Relaxed));
        x.store(run, Relaxed);
        x.load(Relaxed);
        thread.join().unwrap();
    }));
    assert_eq!(failure.kind, FailureKind::Nondeterminism);
}

#[test]
fn shards_refuse_an_unordered_count_of_handles() {
    let mut builder = Builder::new();
    builder.shard = Some((0, 2));
    let failure = failure(builder.explore(|| {
        let mine = heddle::sync::Arc::new(0);
        let theirs = mine.clone();
        let thread = thread::spawn(move || drop(theirs));
        heddle::sync::Arc::strong_count(&mine);
        thread.join().unwrap();
    }));
    assert_eq!(failure.kind, FailureKind::Unsupported);
    assert!(failure.message.contains("arc_counts"), "{failure}");
}

const RAISE: u32 = line!() + 2;
fn raise(flag: &AtomicBool) {
    flag.store(true, Release);
}

#[test]
fn weakening_one_line_shows_what_it_was_for() {
    let model = || {
        let shared = Arc::new((AtomicUsize::new(0), AtomicBool::new(false)));
        let other = shared.clone();
        let thread = thread::spawn(move || {
            other.0.store(1, Relaxed);
            raise(&other.1);
        });
        if shared.1.load(Acquire) {
            assert_eq!(shared.0.load(Relaxed), 1);
        }
        thread.join().unwrap();
    };
    let mut builder = Builder::new();
    assert_eq!(builder.explore(model).completion, Completion::Exhausted);
    let weakening = Weakening::new("tests/failures.rs", RAISE, Relaxed);
    builder.weakened.push(weakening);
    let failure = failure(builder.explore(model));
    assert_eq!(failure.kind, FailureKind::Panic);
}

#[test]
fn fences_order_relaxed_accesses() {
    let model = |order| {
        move || {
            let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
            let other = shared.clone();
            let thread = thread::spawn(move || {
                other.0.store(1, Relaxed);
                fence(order);
                other.1.load(Relaxed)
            });
            shared.1.store(1, Relaxed);
            fence(order);
            let mine = shared.0.load(Relaxed);
            assert!(mine + thread.join().unwrap() > 0);
        }
    };
    let builder = Builder::new();
    assert_eq!(builder.explore(model(SeqCst)).completion, Completion::Exhausted);
    let weak = heddle::sync::atomic::Ordering::AcqRel;
    assert_eq!(failure(builder.explore(model(weak))).kind, FailureKind::Panic);
}

#[test]
fn a_scope_that_panics_keeps_what_its_threads_borrow() {
    struct Drops<'a>(&'a [usize]);
    impl Drop for Drops<'_> {
        fn drop(&mut self) {
            assert_eq!(self.0, [1, 2, 3]);
        }
    }
    for blocked in [false, true] {
        let failure = failure(Builder::new().explore(move || {
            let own = vec![1, 2, 3];
            let mutex = Mutex::new(());
            thread::scope(|scope| {
                let _guard = mutex.lock().unwrap();
                scope.spawn(|| {
                    let drops = Drops(&own);
                    drop(mutex.lock().unwrap());
                    drop(drops);
                });
                assert!(blocked, "expected");
                mutex.lock().unwrap();
            });
        }));
        let expected = if blocked { FailureKind::Deadlock } else { FailureKind::Panic };
        assert_eq!(failure.kind, expected);
    }
}

/// Says, when it goes, whether its slot holds a number of another run.
struct Slot {
    number: u64,
    held: AtomicU64,
    stale: Arc<Plain>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let held = self.held.load(Relaxed);
        self.stale.fetch_add(usize::from(held != 0 && held != self.number), Relaxed);
    }
}

#[test]
fn a_run_that_is_given_up_goes_with_its_own_values() {
    let (runs, stale) = (Plain::new(0), Arc::new(Plain::new(0)));
    let theirs = Arc::clone(&stale);
    let failure = failure(Builder::new().explore(move || {
        // Another one in each run, as an address is.
        let number = runs.fetch_add(1, Relaxed) as u64 + 1;
        let (held, raced) = (AtomicU64::new(0), Arc::new(AtomicU64::new(0)));
        let slot = Slot { number, held, stale: Arc::clone(&theirs) };
        let other = Arc::clone(&raced);
        let thread = thread::spawn(move || other.store(1, Relaxed));
        slot.held.store(number, Relaxed);
        raced.load(Relaxed);
        thread.join().unwrap();
    }));
    assert_eq!(failure.kind, FailureKind::Nondeterminism);
    assert_eq!(stale.load(Relaxed), 0, "a destructor had what an earlier run had stored");
}

#[test]
fn a_race_without_synchronisation_is_found_by_whoever_takes_the_search_over() {
    let explore = |workers| {
        let mut builder = Builder::new();
        builder.keep_going = true;
        builder.workers = workers;
        builder.explore(|| {
            let value = Arc::new(AtomicUsize::new(0));
            let counter = Arc::new(AtomicUsize::new(0));
            let (theirs, adds) = (value.clone(), counter.clone());
            let other = thread::spawn(move || {
                theirs.store(2, SeqCst);
                theirs.load(SeqCst);
                // Work for the other workers.
                heddle::model::choose(6);
                theirs.store(4, SeqCst);
                adds.fetch_add(1, SeqCst);
                theirs.store(3, SeqCst);
            });
            value.store(1, SeqCst);
            value.store(5, SeqCst);
            // SAFETY: heddle reports that nothing orders this and the addition.
            unsafe { counter.unsync_load() };
            other.join().unwrap();
        })
    };
    let alone = explore(1);
    assert_eq!(alone.executions, 0, "{alone:?}");
    for _ in 0..20 {
        assert_eq!(explore(4).executions, 0);
    }
}

struct Reads(Arc<AtomicUsize>);

impl Drop for Reads {
    fn drop(&mut self) {
        self.0.load(SeqCst);
    }
}

heddle::thread_local! {
    static READS: std::cell::RefCell<Option<Reads>> = std::cell::RefCell::new(None);
}

#[test]
fn what_a_panicking_thread_keeps_for_itself_is_dropped_within_the_model() {
    let report = Builder::new().explore(|| {
        let value = Arc::new(AtomicUsize::new(0));
        READS.with(|reads| *reads.borrow_mut() = Some(Reads(value)));
        panic!("on purpose");
    });
    assert!(failure(report).message.starts_with("on purpose"));
}
