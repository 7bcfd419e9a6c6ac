//! Runs the judge's programs as heddle threads.

#![allow(dead_code, reason = "not every test file needs all of it")]

use heddle as engine;
mod threads;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use heddle::model::{Builder, FailureKind, Report};
use heddle_judge::outcome::Outcome;
use heddle_judge::program::Program;
pub(crate) use threads::Spawning;

/// What heddle makes of a program.
pub(crate) struct Observed {
    pub(crate) outcomes: BTreeSet<Outcome>,
    pub(crate) report: Report,
}

/// Explores all executions of a program.
pub(crate) fn observe(program: &Program, spawning: Spawning, workers: usize) -> Observed {
    observe_with(program, spawning, |builder| builder.workers = workers)
}

/// As [`observe`], with a builder that is changed.
pub(crate) fn observe_with(program: &Program, spawning: Spawning, change: impl FnOnce(&mut Builder)) -> Observed {
    let program = Arc::new(program.clone());
    explore(change, move || threads::run(&program, spawning))
}

/// The last thread's body is the closure's own, when it has joined all others;
/// `before` comes right before it.
pub(crate) fn observe_last_alone(program: &Program, before: fn()) -> Observed {
    let program = Arc::new(program.clone());
    explore(|_| (), move || threads::run_last_alone(&program, before))
}

fn explore(change: impl FnOnce(&mut Builder), run: impl Fn() -> Outcome + Send + Sync + 'static) -> Observed {
    let outcomes: Arc<Mutex<BTreeSet<Outcome>>> = Arc::default();
    let seen = Arc::clone(&outcomes);
    let mut builder = Builder::new();
    builder.keep_going = true;
    // The judge counts every spurious failure, and all calls here are one line.
    builder.spurious_failures = u32::MAX;
    change(&mut builder);
    let report = builder.explore(move || {
        let outcome = run();
        seen.lock().unwrap().insert(outcome);
    });
    let outcomes = outcomes.lock().unwrap().clone();
    Observed { outcomes, report }
}

/// Whether the first failure is of this kind.
pub(crate) fn failed(observed: &Observed, kind: FailureKind) -> bool {
    observed.report.failure.as_ref().is_some_and(|failure| failure.kind == kind)
}
