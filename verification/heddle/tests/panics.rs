//! A panic that the program goes on after: locks are poisoned, scopes pass it
//! on, and a value that could not be made is made by the next caller; as in std.

mod seen;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Plain;

use heddle::model::{Builder, FailureKind, Report};
use heddle::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use heddle::sync::atomic::{AtomicBool, AtomicUsize};
use heddle::sync::{Condvar, Mutex, OnceLock, RwLock, TryLockError};
use heddle::thread;
use seen::seen_with;

fn child_panics() -> Builder {
    let mut builder = Builder::new();
    builder.child_panics = true;
    builder
}

/// Leaves the way a thread that panics does.
fn quietly(f: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(f)).is_err());
}

#[test]
fn a_panic_poisons_the_mutex_it_holds() {
    let (results, _) = seen_with(&child_panics(), || {
        let account = Arc::new(Mutex::new((10, 0)));
        let other = account.clone();
        let worker = thread::spawn(move || {
            let mut account = other.lock().unwrap();
            account.0 -= 5;
            panic!("between the two halves");
        });
        let early = account.lock().is_err();
        assert!(worker.join().is_err());
        assert!(account.is_poisoned());
        let error = account.lock().expect_err("half an update");
        (early, **error.get_ref())
    });
    assert_eq!(results, [(false, (5, 0)), (true, (5, 0))].into());
}

#[test]
fn poison_stays_until_it_is_cleared() {
    let (results, _) = seen_with(&Builder::new(), || {
        let mut mutex = Mutex::new(1);
        quietly(|| {
            let _guard = mutex.lock().unwrap();
            panic!("x");
        });
        drop(mutex.lock().unwrap_err());
        assert!(matches!(mutex.try_lock(), Err(TryLockError::Poisoned(_))));
        assert!(mutex.get_mut().is_err());
        mutex.clear_poison();
        assert!(!mutex.is_poisoned() && mutex.try_lock().is_ok() && mutex.get_mut().is_ok());
        quietly(|| {
            let _guard = mutex.lock().unwrap();
            resume_unwind(Box::new("without a hook"));
        });
        *mutex.into_inner().unwrap_err().get_ref()
    });
    assert_eq!(results, [1].into());
}

#[test]
fn a_guard_taken_while_unwinding_poisons_nothing() {
    struct Locks(Arc<Mutex<u32>>);
    impl Drop for Locks {
        fn drop(&mut self) {
            assert!(thread::panicking());
            *self.0.lock().unwrap() += 1;
        }
    }
    seen_with(&child_panics(), || {
        let mutex = Arc::new(Mutex::new(0));
        let other = mutex.clone();
        let thread = thread::spawn(move || {
            let _locks = Locks(other);
            panic!("x");
        });
        assert!(!thread::panicking());
        *mutex.lock().unwrap() += 1;
        assert!(thread.join().is_err());
        assert_eq!(*mutex.lock().unwrap(), 2);
    });
}

#[test]
fn only_a_writer_poisons_an_rw_lock() {
    let (results, _) = seen_with(&child_panics(), || {
        let locks = Arc::new((RwLock::new(1), RwLock::new(2)));
        let other = locks.clone();
        let thread = thread::spawn(move || {
            let _read = other.0.read().unwrap();
            let _write = other.1.write().unwrap();
            panic!("x");
        });
        let early = locks.1.read().is_err();
        assert!(thread.join().is_err());
        assert!(locks.0.read().is_ok() && locks.0.try_write().is_ok() && !locks.0.is_poisoned());
        assert!(locks.1.read().is_err() && locks.1.write().is_err() && locks.1.is_poisoned());
        assert!(matches!(locks.1.try_read(), Err(TryLockError::Poisoned(_))));
        assert!(matches!(locks.1.try_write(), Err(TryLockError::Poisoned(_))));
        locks.1.clear_poison();
        assert!(locks.1.read().is_ok() && locks.1.write().is_ok());
        early
    });
    assert_eq!(results, [false, true].into());
    seen_with(&Builder::new(), || {
        let mut lock = RwLock::new(1);
        quietly(|| {
            let _guard = lock.write().unwrap();
            panic!("x");
        });
        assert!(lock.get_mut().is_err());
        assert_eq!(*lock.into_inner().unwrap_err().get_ref(), 1);
    });
}

#[test]
fn poison_may_be_cleared_while_the_lock_is_held() {
    let (results, _) = seen_with(&Builder::new(), || {
        let mutex = Arc::new(Mutex::new(()));
        quietly(|| {
            let _guard = mutex.lock().unwrap();
            panic!("x");
        });
        let other = mutex.clone();
        let thread = thread::spawn(move || other.lock().is_err());
        mutex.clear_poison();
        let poisoned = thread.join().unwrap();
        // Whoever holds the lock meanwhile does not bring the poison back.
        assert!(mutex.lock().is_ok());
        poisoned
    });
    assert_eq!(results, [false, true].into());
}

#[test]
fn a_wait_tells_of_poison() {
    let (results, _) = seen_with(&child_panics(), || {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let other = pair.clone();
        let thread = thread::spawn(move || {
            let mut ready = other.0.lock().unwrap();
            *ready = true;
            other.1.notify_one();
            panic!("x");
        });
        let mut poisoned = Vec::new();
        let guard = pair.0.lock();
        poisoned.push(guard.is_err());
        let mut guard = guard.unwrap_or_else(|poison| poison.into_inner());
        while !*guard {
            let woken = pair.1.wait(guard);
            poisoned.push(woken.is_err());
            guard = woken.unwrap_or_else(|poison| poison.into_inner());
        }
        drop(guard);
        assert!(thread.join().is_err());
        poisoned
    });
    // The last is a spurious wake-up.
    assert_eq!(results, [vec![true], vec![false, true], vec![false, false, true]].into());
}

/// Says what its thread was told while it unwound.
struct Asks {
    gate: Arc<AtomicUsize>,
    panicking: bool,
}

impl Drop for Asks {
    fn drop(&mut self) {
        // An event, so that other threads run in the middle of the unwinding.
        self.gate.fetch_add(1, Relaxed);
        assert_eq!(thread::panicking(), self.panicking);
    }
}

#[test]
fn whether_a_thread_panics_is_its_own() {
    seen_with(&child_panics(), || {
        let gate = Arc::new(AtomicUsize::new(0));
        let spawn = |panics: bool| {
            let gate = gate.clone();
            thread::spawn(move || {
                let asks = Asks { gate, panicking: panics };
                assert!(!thread::panicking());
                assert!(!panics, "x");
                drop(asks);
                assert!(!thread::panicking());
            })
        };
        let threads = [true, false, true].map(spawn);
        let results = threads.map(|thread| thread.join().is_err());
        assert_eq!(results, [true, false, true]);
        assert!(!thread::panicking());
    });
}

#[test]
fn a_panic_beside_another_poisons_only_its_own_lock() {
    seen_with(&child_panics(), || {
        let (gate, mutex) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(())));
        let theirs = gate.clone();
        let panics = thread::spawn(move || {
            let _asks = Asks { gate: theirs, panicking: true };
            panic!("x");
        });
        let other = mutex.clone();
        let locks = thread::spawn(move || {
            let guard = other.lock().unwrap();
            gate.load(Relaxed);
            drop(guard);
        });
        locks.join().unwrap();
        assert!(panics.join().is_err());
        assert!(mutex.lock().is_ok());
    });
}

fn failure(report: Report) -> (FailureKind, String) {
    let failure = report.failure.expect("an execution fails");
    (failure.kind, failure.message)
}

#[test]
fn an_abandoned_holder_poisons_nothing() {
    // The failure that ends the execution is the first panic, and no lock that was
    // held then says anything of poison to a destructor.
    static NOTICED: Plain = Plain::new(0);
    struct Locks(Arc<Mutex<u32>>);
    impl Drop for Locks {
        fn drop(&mut self) {
            let poisoned = self.0.is_poisoned();
            NOTICED.fetch_add(usize::from(poisoned), Relaxed);
        }
    }
    let report = Builder::new().explore(|| {
        let mutex = Arc::new(Mutex::new(0));
        let flag = Arc::new(AtomicBool::new(false));
        let (other, theirs) = (mutex.clone(), flag.clone());
        let thread = thread::spawn(move || {
            let _locks = Locks(other.clone());
            let _guard = other.lock().unwrap();
            theirs.store(true, Release);
        });
        assert!(!flag.load(Acquire), "expected");
        thread.join().unwrap();
    });
    let (kind, message) = failure(report);
    assert!(kind == FailureKind::Panic && message.starts_with("expected"), "{message}");
    assert_eq!(NOTICED.load(Relaxed), 0);
}

#[test]
fn a_scope_passes_on_a_panic_nobody_took() {
    let unjoined = || {
        thread::scope(|scope| {
            scope.spawn(|| panic!("theirs"));
        });
    };
    let (kind, message) = failure(child_panics().explore(unjoined));
    assert!(kind == FailureKind::Panic && message.starts_with("a scoped thread panicked"), "{message}");
    let dropped = move || {
        quietly(unjoined);
        thread::scope(|scope| drop(scope.spawn(|| assert_eq!(1, 1))));
    };
    seen_with(&child_panics(), dropped);
}

#[test]
fn a_scoped_panic_that_is_joined_is_a_value() {
    let (results, _) = seen_with(&child_panics(), || {
        thread::scope(|scope| {
            let fails = scope.spawn(|| -> u32 { panic!("theirs") });
            let holds = thread::Builder::new().name("holds".to_owned()).spawn_scoped(scope, || 3).unwrap();
            assert_eq!(holds.thread().name(), Some("holds"));
            let error = fails.join().unwrap_err();
            (error.downcast_ref::<&str>().copied(), holds.join().unwrap())
        })
    });
    assert_eq!(results, [(Some("theirs"), 3)].into());
}

#[test]
fn a_scope_that_panics_waits_for_its_threads() {
    seen_with(&Builder::new(), || {
        let (done, dropped) = (AtomicUsize::new(0), AtomicUsize::new(0));
        struct Counts<'a>(&'a AtomicUsize);
        impl Drop for Counts<'_> {
            fn drop(&mut self) {
                self.0.fetch_add(1, Relaxed);
            }
        }
        let result = catch_unwind(AssertUnwindSafe(|| {
            let _counts = Counts(&dropped);
            thread::scope(|scope| {
                scope.spawn(|| done.fetch_add(1, Relaxed));
                let _counts = Counts(&dropped);
                panic!("own");
            });
        }));
        assert_eq!(result.unwrap_err().downcast_ref::<&str>(), Some(&"own"));
        assert_eq!((done.load(Relaxed), dropped.load(Relaxed)), (1, 2));
    });
}

#[test]
fn the_place_of_a_panic_survives_others() {
    let report = child_panics().explore(|| {
        thread::scope(|scope| {
            scope.spawn(|| panic!("theirs"));
            panic!("own");
        });
    });
    let (kind, message) = failure(report);
    let line = line!() - 4;
    assert!(kind == FailureKind::Panic && message.starts_with("own"), "{message}");
    assert!(message.contains(&format!("panics.rs:{line}")), "{message}");
}

#[test]
fn the_next_caller_makes_what_a_panic_did_not() {
    let (results, _) = seen_with(&child_panics(), || {
        let cell = Arc::new(OnceLock::new());
        let other = cell.clone();
        let thread = thread::spawn(move || {
            other.get_or_init(|| -> u32 { panic!("x") });
        });
        let own = *cell.get_or_init(|| 3);
        let failed = thread.join().is_err();
        assert_eq!(cell.set(4), Err(4));
        (failed, own)
    });
    assert_eq!(results, [(false, 3), (true, 3)].into());
}

#[test]
fn an_initialiser_may_do_anything_but_ask_itself() {
    seen_with(&Builder::new(), || {
        let shared = Arc::new((OnceLock::new(), Mutex::new(1)));
        let other = shared.clone();
        let make = |shared: &(OnceLock<u32>, Mutex<u32>)| {
            *shared.0.get_or_init(|| {
                let seen = *shared.1.lock().unwrap();
                thread::spawn(move || seen + 1).join().unwrap()
            })
        };
        let thread = thread::spawn(move || make(&other));
        assert_eq!((make(&shared), thread.join().unwrap()), (2, 2));
    });
    let report = Builder::new().explore(|| {
        let cell = OnceLock::new();
        cell.get_or_init(|| *cell.get_or_init(|| 1) + 1);
    });
    assert_eq!(failure(report).0, FailureKind::Deadlock);
    let report = Builder::new().explore(|| {
        let cell = OnceLock::new();
        cell.get_or_init(|| cell.set(1).map_or(2, |()| 3));
    });
    assert_eq!(failure(report).0, FailureKind::Deadlock);
}

#[test]
fn a_once_lock_gives_its_value_back() {
    seen_with(&Builder::new(), || {
        let mut cell = OnceLock::from(1);
        *cell.get_mut().unwrap() += 1;
        assert_eq!((cell.take(), cell.take()), (Some(2), None));
        assert_eq!(cell.get(), None);
        assert_eq!(*cell.get_or_init(|| 5), 5);
        assert_eq!(cell.into_inner(), Some(5));
        let cell = Arc::new(OnceLock::new());
        let other = cell.clone();
        let thread = thread::spawn(move || *other.wait());
        cell.set(7).unwrap();
        assert_eq!(thread.join().unwrap(), 7);
    });
}
