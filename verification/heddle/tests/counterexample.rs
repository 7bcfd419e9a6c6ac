//! What a failing execution says to the person who reads it.

use std::sync::Arc;

use heddle::cell::UnsafeCell;
use heddle::model::{Again, Builder, Failure, FailureKind, Unseen, WaitsFor};
use heddle::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use heddle::sync::atomic::{AtomicBool, AtomicUsize, fence};
use heddle::sync::{Condvar, Mutex, RwLock, mpsc};
use heddle::thread;

fn simplest(model: impl Fn() + Send + Sync + 'static) -> Failure {
    let mut builder = Builder::new();
    builder.simplest_failure = true;
    builder.explore(model).failure.expect("the model fails")
}

/// The wake-up comes between the look at the condition and the wait.
fn lost_wakeup() {
    let shared = Arc::new((AtomicUsize::new(0), Mutex::new(()), Condvar::new()));
    let other = shared.clone();
    let waiter = thread::Builder::new().name("waiter".to_owned());
    let waiter = waiter.spawn(move || {
        let mut guard = other.1.lock().unwrap();
        while other.0.load(Acquire) == 0 {
            guard = other.2.wait(guard).unwrap();
        }
    });
    shared.0.store(1, Release);
    shared.2.notify_one();
    waiter.unwrap().join().unwrap();
}

#[test]
fn the_simplest_lost_wakeup_has_nothing_spurious() {
    let failure = simplest(lost_wakeup);
    assert_eq!((failure.kind, failure.events), (FailureKind::Deadlock, 10));
    assert_eq!((failure.interleaving, failure.spurious, failure.preemptions), (true, 0, 2));
}

#[test]
fn a_deadlock_names_the_notification_that_came_too_early() {
    let failure = simplest(lost_wakeup);
    let waits: Vec<WaitsFor> = failure.waiting.iter().map(|waiting| waiting.waits_for).collect();
    assert_eq!(waits, [WaitsFor::Join(1), WaitsFor::Condvar]);
    let waiter = &failure.waiting[1];
    assert_eq!((waiter.thread, waiter.thread_name.as_deref()), (1, Some("waiter")));
    assert_eq!(waiter.missed.map(|deed| deed.thread), Some(0));
    let text = failure.message.split("; ").nth(1).unwrap();
    assert!(text.contains("for a notification of a Condvar, notified by thread 0 at "), "{text}");
    assert!(text.ends_with(" before it waited"), "{text}");
}

/// The weak execution needs fewer preemptions and events than the plain one.
#[test]
fn what_an_interleaving_explains_comes_first() {
    let failure = simplest(|| {
        let shared = Arc::new([const { AtomicUsize::new(0) }; 3]);
        let other = shared.clone();
        let thread = thread::spawn(move || {
            other[0].store(1, Relaxed);
            other[1].store(1, Relaxed);
            other[2].store(1, SeqCst);
            other[2].store(2, SeqCst);
        });
        let late = shared[2].load(SeqCst);
        let weak = shared[1].load(Relaxed) == 1 && shared[0].load(Relaxed) == 0;
        thread.join().unwrap();
        assert!(!weak && late != 1);
    });
    assert!(failure.interleaving, "{failure}");
    assert_eq!(failure.weak, None);
    assert!(failure.preemptions > 0, "{failure}");
}

#[test]
fn a_weak_exchange_does_not_fail_without_need() {
    let failure = simplest(|| {
        let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let other = shared.clone();
        let thread = thread::spawn(move || {
            let failed = other.0.compare_exchange_weak(0, 1, SeqCst, SeqCst).is_err();
            // Both ways fail; the first in fewer steps.
            assert!(!failed);
            other.1.store(1, SeqCst);
            other.1.store(2, SeqCst);
            assert_eq!(other.1.load(SeqCst), 0);
        });
        thread.join().unwrap();
    });
    assert_eq!(failure.spurious, 0, "{failure}");
}

fn words(failure: &Failure) -> Vec<&str> {
    failure.steps.iter().map(|step| step.words.as_str()).collect()
}

#[test]
fn steps_have_words_names_and_places() {
    let failure = simplest(|| {
        let shared = Arc::new((AtomicUsize::new(7), AtomicUsize::new(0), Mutex::new(())));
        heddle::name(&shared.0, "tail");
        heddle::name(&shared.2, "door");
        shared.0.store(1, Release);
        shared.0.fetch_add(2, AcqRel);
        shared.1.swap(9, Relaxed);
        drop(shared.2.lock());
        let _ = shared.0.compare_exchange(3, 4, SeqCst, Relaxed);
        let _ = shared.0.compare_exchange(3, 5, SeqCst, Relaxed);
        fence(SeqCst);
        heddle::model::choose(1);
        let other = shared.clone();
        thread::spawn(move || other.0.load(Acquire)).join().unwrap();
        panic!("on purpose");
    });
    assert_eq!(
        words(&failure),
        [
            "stores 1 to tail (Release)",
            "changes tail from 1 to 3 (AcqRel), written at step 1",
            "swaps 9 into atomic 1 (Relaxed) and gets 0, its first value",
            "locks mutex door",
            "unlocks mutex door (locked at this line)",
            "exchanges 3 for 4 in tail (SeqCst), written at step 2",
            "expects 3 in tail and reads 4 (Relaxed), written at step 6",
            "fence (SeqCst)",
            "chooses 0",
            "spawns thread 1",
            "reads 4 from tail (Acquire), written at step 6",
            "joins thread 1",
        ]
    );
    assert_eq!(failure.again, Again::Same);
    let printed = failure.to_string();
    assert!(printed.contains("1  0       stores 1 to tail (Release)"), "{printed}");
    assert!(printed.contains("tests/counterexample.rs:"), "{printed}");
    assert!(printed.ends_with(&failure.token), "{printed}");
}

#[test]
fn a_name_goes_with_a_variable_that_moves() {
    let failure = simplest(|| {
        let (count, cell) = (AtomicUsize::new(0), UnsafeCell::new(0));
        heddle::name(&count, "count");
        heddle::name(&cell, "content");
        let moved = Box::new((count, cell));
        moved.0.store(1, Relaxed);
        moved.1.with(|_| {});
        panic!("on purpose");
    });
    assert_eq!(words(&failure), ["stores 1 to count (Relaxed)", "reads content, not atomic"]);
}

#[test]
fn a_race_shows_both_accesses() {
    struct Shared(UnsafeCell<usize>);
    // SAFETY: heddle checks the accesses to the cell.
    unsafe impl Sync for Shared {}
    // SAFETY: as above.
    unsafe impl Send for Shared {}
    let failure = simplest(|| {
        let shared = Arc::new(Shared(UnsafeCell::new(0)));
        heddle::name(&shared.0, "slot");
        let other = shared.clone();
        let thread = thread::spawn(move || other.0.with_mut(|_| {}));
        shared.0.with(|_| {});
        thread.join().unwrap();
    });
    assert_eq!(failure.kind, FailureKind::DataRace);
    let words = words(&failure);
    assert!(words.contains(&"writes slot, not atomic") && words.contains(&"reads slot, not atomic"), "{failure}");
}

const RAISE: u32 = line!() + 2;
fn raise(flag: &AtomicBool, order: heddle::sync::atomic::Ordering) {
    flag.store(true, order);
}

const SEE: u32 = line!() + 2;
fn see(flag: &AtomicBool, order: heddle::sync::atomic::Ordering) -> bool {
    flag.load(order)
}

fn message_passing(raised: heddle::sync::atomic::Ordering, seen: heddle::sync::atomic::Ordering) -> Failure {
    simplest(move || {
        let shared = Arc::new((AtomicUsize::new(0), AtomicBool::new(false)));
        let other = shared.clone();
        let thread = thread::spawn(move || {
            other.0.store(42, Relaxed);
            raise(&other.1, raised);
        });
        if see(&shared.1, seen) {
            assert_eq!(shared.0.load(Relaxed), 42);
        }
        thread.join().unwrap();
    })
}

fn lines(failure: &Failure) -> Vec<(u32, heddle::sync::atomic::Ordering, heddle::sync::atomic::Ordering)> {
    let weak = failure.weak.as_ref().expect("no interleaving explains it");
    weak.too_weak.iter().map(|line| (line.site.line(), line.ordering, line.enough)).collect()
}

#[test]
fn a_stale_read_names_the_line_that_is_too_weak() {
    let failure = message_passing(Relaxed, Acquire);
    assert!(!failure.interleaving);
    assert_eq!(lines(&failure), [(RAISE, Relaxed, Release)]);
    assert_eq!(lines(&message_passing(Release, Relaxed)), [(SEE, Relaxed, Acquire)]);
    let both = message_passing(Relaxed, Relaxed);
    assert_eq!(lines(&both), [(RAISE, Relaxed, Release), (SEE, Relaxed, Acquire)]);
    let weak = failure.weak.as_ref().unwrap();
    let [Unseen::Read { step, write }] = weak.unseen[..] else { panic!("{weak:?}") };
    assert_eq!(failure.steps[step - 1].words, "reads 0 from atomic 0 (Relaxed), its first value");
    assert_eq!(failure.steps[write - 1].words, "stores 42 to atomic 0 (Relaxed)");
    let printed = failure.to_string();
    let sentence =
        format!("step {step} does not see step {write}, since line verification/heddle/tests/counterexample.rs");
    assert!(
        printed.contains(&sentence) && printed.contains(" is Relaxed (it could not be with Release there)"),
        "{printed}"
    );
}

#[test]
fn store_buffering_asks_for_seq_cst_everywhere() {
    let failure = simplest(|| {
        let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let other = shared.clone();
        let thread = thread::spawn(move || {
            other.0.store(1, Release);
            other.1.load(Acquire)
        });
        shared.1.store(1, Release);
        let seen = shared.0.load(Acquire);
        assert!(seen == 1 || thread.join().unwrap() == 1);
    });
    let lines = lines(&failure);
    assert_eq!(lines.len(), 4, "{failure}");
    assert!(lines.iter().all(|(_, ordering, enough)| *ordering != SeqCst && *enough == SeqCst), "{failure}");
}

#[test]
fn a_closure_that_differs_the_second_time_is_told() {
    let runs = std::sync::atomic::AtomicUsize::new(0);
    let mut builder = Builder::new();
    let report = builder.explore(move || {
        AtomicUsize::new(0).store(1, Relaxed);
        assert!(runs.fetch_add(1, SeqCst) > 0, "only the first time");
    });
    let failure = report.failure.expect("it failed the first time");
    assert_eq!(failure.again, Again::Differs { failure: None });
    assert!(failure.to_string().contains("Run again, the same execution gave no failure"), "{failure}");
    builder.explain = false;
    let failure = builder.explore(|| panic!("on purpose")).failure.unwrap();
    assert_eq!((failure.again, failure.steps), (Again::NotRun, Vec::new()));
}

fn waits_for(model: impl Fn() + Send + Sync + 'static) -> (WaitsFor, String) {
    let failure = simplest(model);
    assert_eq!(failure.kind, FailureKind::Deadlock);
    let last = failure.waiting.last().expect("somebody waits");
    (last.waits_for, last.to_string())
}

#[test]
fn each_kind_of_wait_is_named() {
    let (kind, text) = waits_for(|| {
        let lock = Mutex::new(());
        let _held = lock.lock();
        drop(lock.lock());
    });
    assert_eq!(kind, WaitsFor::Mutex);
    assert!(text.contains("for a mutex, which it holds itself since "), "{text}");
    let (kind, text) = waits_for(|| {
        let lock = RwLock::new(());
        let _held = lock.read();
        drop(lock.write());
    });
    assert_eq!(kind, WaitsFor::WriteLock);
    assert!(text.contains("for an RwLock to write, last changed by thread 0 at "), "{text}");
    let kind = waits_for(|| {
        let lock = RwLock::new(());
        let _held = lock.write();
        drop(lock.read());
    });
    assert_eq!(kind.0, WaitsFor::ReadLock);
    let (kind, text) = waits_for(|| {
        let (_sender, receiver) = mpsc::channel::<()>();
        let _ = receiver.recv();
    });
    assert_eq!(kind, WaitsFor::Message);
    assert!(text.contains("for a message of a channel"), "{text}");
    let kind = waits_for(|| {
        heddle::sync::Barrier::new(3).wait();
    });
    assert_eq!(kind.0, WaitsFor::Barrier { missing: 2 });
    assert_eq!(waits_for(|| heddle::sync::Notify::new().wait()).0, WaitsFor::Notify);
    let (kind, text) = waits_for(|| {
        let pair = (Mutex::new(()), Condvar::new());
        loop {
            drop(pair.1.wait(pair.0.lock().unwrap()));
        }
    });
    assert_eq!(kind, WaitsFor::Condvar);
    assert!(text.ends_with("for a notification of a Condvar, which nobody notified"), "{text}");
    let kind = waits_for(|| {
        let flag = AtomicBool::new(false);
        while !flag.load(Relaxed) {
            heddle::hint::spin_loop();
        }
    });
    assert_eq!(kind.0, WaitsFor::Spin);
}

#[test]
fn who_waits_for_a_held_lock_names_its_holder() {
    let failure = simplest(|| {
        let locks = Arc::new((Mutex::new(()), Mutex::new(())));
        heddle::name(&locks.0, "first");
        let other = locks.clone();
        let thread = thread::spawn(move || {
            let _b = other.1.lock().unwrap();
            let _a = other.0.lock().unwrap();
        });
        let a = locks.0.lock().unwrap();
        let b = locks.1.lock().unwrap();
        drop((a, b));
        thread.join().unwrap();
    });
    let [zero, one] = &failure.waiting[..] else { panic!("{failure}") };
    assert_eq!((zero.last.unwrap().thread, one.last.unwrap().thread), (1, 0));
    assert_eq!(one.name.as_deref(), Some("first"));
    assert!(one.to_string().contains("for a mutex (first), held by thread 0 at "), "{failure}");
}
