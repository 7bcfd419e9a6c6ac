//! What crossbeam-epoch promises, on each of its own atomics: `RUSTFLAGS="--cfg crossbeam_loom" cargo test`.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use crossbeam_epoch::Collector;
use crossbeam_example::{GiveBack, Records};
use loom::{
    model::{Builder, Completion, FailureKind, Report},
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
};

// Without the flag crossbeam-epoch is on std's atomics, and a model of it has one execution.
#[cfg(not(crossbeam_loom))]
compile_error!("crossbeam-epoch shows its atomics with RUSTFLAGS=\"--cfg crossbeam_loom\" only");

/// What is deferred does not run while somebody is pinned who was so before. Every execution.
#[test]
fn a_pinned_client_holds_up_what_is_deferred_after() {
    let ran = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&ran);
    let report = Builder::new().explore(move || {
        let collector = Collector::new();
        let done = Arc::new(AtomicBool::new(false));
        let client = collector.register();
        let pinned = client.pin();
        let (theirs, deferred, ran) = (collector.clone(), Arc::clone(&done), Arc::clone(&counted));
        let other = thread::spawn(move || {
            let other = theirs.register();
            other.pin().defer(move || {
                deferred.store(true, SeqCst);
                ran.fetch_add(1, Relaxed);
            });
        });
        assert!(!done.load(SeqCst), "it runs under a pinned client");
        drop(pinned);
        other.join().unwrap();
        drop((client, collector));
    });
    assert_eq!((report.failure, report.completion), (None, Completion::Exhausted));
    assert!(report.executions > 1, "crossbeam's own atomics are explored: {}", report.executions);
    assert_eq!(ran.load(Relaxed), report.executions, "what is deferred runs at last, each time");
    println!("{} executions, exhausted", report.executions);
}

/// A client reads while plan 2 is applied, and then plan 3 into the place of plan 1.
fn explore(give_back: GiveBack) -> (Report, [u64; 2]) {
    let used_again = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
    let counted = Arc::clone(&used_again);
    let mut builder = Builder::new();
    builder.workers = thread_count();
    let report = builder.explore(move || {
        let records = Arc::new(Records::new(give_back));
        let theirs = Arc::clone(&records);
        let client = records.client();
        let automation = thread::spawn(move || theirs.apply(&[2, 3]));
        let [one, two] = records.resolve(&client);
        let applied = automation.join().unwrap();
        assert_eq!(one, two, "a torn answer");
        counted[usize::from(applied == 2)].fetch_add(1, Relaxed);
    });
    (report, [0, 1].map(|index: usize| used_again[index].load(Relaxed)))
}

fn thread_count() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Every execution. The client is known before the automation starts: getting known, and going, at the same time is too much.
#[test]
fn no_place_is_used_again_under_a_client() {
    let (report, [kept, used_again]) = explore(GiveBack::Deferred);
    assert_eq!((report.failure, report.completion), (None, Completion::Exhausted));
    assert!(
        kept > 0 && used_again > 0,
        "the client kept the place {kept} times, and {used_again} times it was used again"
    );
    println!("{} executions, exhausted", report.executions);
}

#[test]
fn a_place_that_is_given_back_at_once_is_torn_under_a_client() {
    let (report, _) = explore(GiveBack::AtOnce);
    let failure = report.failure.expect("it is refuted");
    assert_eq!(failure.kind, FailureKind::Panic);
    assert!(failure.message.contains("a torn answer"), "{failure}");
}
