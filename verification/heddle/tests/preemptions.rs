//! A preemption bound leaves out what needs more preemptions, and nothing else.

mod interpreter;

use std::sync::Arc;

use heddle::model::{Builder, Completion, FailureKind};
use heddle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use heddle::thread;
use heddle_judge::interleave::{Memory, interleave, preemptions};
use heddle_judge::program::{Kind, Program};
use heddle_judge::random::Sample;
use interpreter::{Spawning, observe_with};

fn has_no_cells(program: &Program) -> bool {
    (0..program.locations()).all(|loc| program.kind(loc) != Kind::NonAtomic)
}

fn bounded(program: &Program, bound: usize) -> heddle::model::Report {
    observe_with(program, Spawning::Flat, |builder| builder.preemption_bound = Some(bound)).report
}

#[test]
fn a_bound_keeps_the_graphs_that_have_an_interleaving_within_it() {
    let programs = Sample::new(31).filter(has_no_cells).map(|program| program.sequential());
    let mut beyond = 0;
    for program in programs.take(600) {
        let counts = preemptions(&program);
        let all: u64 = counts.values().sum();
        for bound in 0..4 {
            let expected: u64 = counts.range(..=bound).map(|(_, graphs)| graphs).sum();
            let report = bounded(&program, bound as usize);
            assert_eq!(report.executions, expected, "bound {bound}: {program}");
            if interleave(&program, Memory::Latest).deadlocks == 0 {
                assert_eq!(report.executions + report.beyond, all, "bound {bound}: {program}");
                assert_eq!(report.completion, Completion::Bounded);
            }
            beyond += report.beyond;
        }
    }
    assert!(beyond > 1_000, "{beyond} graphs were beyond a bound");
}

#[test]
fn a_bound_divides_the_executions_of_weak_programs_too() {
    for program in Sample::new(32).filter(has_no_cells).take(500) {
        let all = observe_with(&program, Spawning::Flat, |_| {}).report;
        if all.failure.is_some() {
            continue;
        }
        let mut before = 0;
        for bound in 0..3 {
            let report = bounded(&program, bound);
            assert_eq!(report.executions + report.beyond, all.executions, "bound {bound}: {program}");
            assert!(report.executions >= before);
            before = report.executions;
        }
    }
}

/// Each of two threads must be interrupted once for it to fail.
fn two_lost_updates() {
    let shared = Arc::new([const { AtomicUsize::new(0) }; 2]);
    let threads = [(); 2].map(|()| {
        let shared = shared.clone();
        thread::spawn(move || {
            for count in shared.iter() {
                let before = count.load(SeqCst);
                count.store(before + 1, SeqCst);
            }
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let counts = [shared[0].load(SeqCst), shared[1].load(SeqCst)];
    assert_ne!(counts, [1, 1], "both lost one");
}

#[test]
fn raising_the_bound_from_0_finds_the_counterexample_with_the_fewest_preemptions() {
    let mut builder = Builder::new();
    builder.simplest_failure = true;
    let simplest = builder.explore(two_lost_updates).failure.expect("both may lose one");
    builder.simplest_failure = false;
    let (bound, failure) = (0..)
        .find_map(|bound| {
            builder.preemption_bound = Some(bound);
            builder.explore(two_lost_updates).failure.map(|failure| (bound, failure))
        })
        .expect("some bound shows it");
    assert_eq!(bound, 2);
    assert_eq!((failure.preemptions as usize, failure.kind), (bound, FailureKind::Panic));
    assert_eq!(simplest.preemptions as usize, bound);
}

#[test]
fn a_thread_that_yields_is_not_preempted() {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(0);
    let report = builder.explore(|| {
        let flag = Arc::new(AtomicUsize::new(0));
        let other = flag.clone();
        let thread = thread::spawn(move || other.store(1, SeqCst));
        while flag.load(SeqCst) == 0 {
            heddle::hint::spin_loop();
        }
        thread.join().unwrap();
    });
    assert_eq!((report.failure, report.completion), (None, Completion::Bounded));
    // To read 1 at once takes a preemption of the closure; after a hint it takes none.
    assert_eq!((report.executions, report.beyond), (1, 1));
}
