//! Random programs over `Arc` and `Weak` against the same programs over counts
//! written by hand from heddle's atomics: equal outcomes, with as few handles
//! counted as a search finds out, and with all.

mod manual;
mod program;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use heddle::model::{Builder, Completion, Report};
use manual::Manual;
use program::{Family, Outcome, Program, Real, random, run};

/// What the executions of a program show, or `None` if they are too many.
fn outcomes<F: Family>(program: &Program, counted: bool) -> Option<(BTreeSet<Outcome>, u64)> {
    let seen: Arc<Mutex<(BTreeSet<Outcome>, Option<Outcome>)>> = Arc::default();
    let mut builder = Builder::new();
    builder.arc_counts = counted;
    builder.max_permutations = Some(LIMIT);
    builder.progress_interval = 1;
    let after_run = seen.clone();
    builder.progress = Some(Arc::new(move |progress| {
        let mut seen = after_run.lock().unwrap();
        if progress.runs == 1 {
            // The search began anew.
            seen.0.clear();
        }
        let last = seen.1.take();
        seen.0.extend(last);
    }));
    let program = program.clone();
    let shown = program.clone();
    let in_run = seen.clone();
    let report = builder.explore(move || {
        in_run.lock().unwrap().1 = None;
        let outcome = run::<F>(&program);
        in_run.lock().unwrap().1 = Some(outcome);
    });
    assert_eq!(report.failure, None, "{shown:?}");
    let outcomes = seen.lock().unwrap().0.clone();
    (report.completion == Completion::Exhausted).then_some((outcomes, report.executions))
}

const LIMIT: usize = 400;

/// A program that fails on every other outcome. What a drop that may be the last
/// acquires is looked at when an execution fails: so this is what counts.
fn refuse(program: &Program, expected: BTreeSet<Outcome>) -> Report {
    let program = program.clone();
    Builder::new().explore(move || assert!(expected.contains(&run::<Real>(&program))))
}

fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn compare(seed: u64, default: u64, counted: bool) {
    let seed = number("HEDDLE_SEED", seed);
    let mut rng = fastrand::Rng::with_seed(seed);
    let (mut compared, mut several, mut own, mut by_hand, mut settled_later) = (0, 0, 0, 0, 0);
    let programs = number("HEDDLE_PROGRAMS", default);
    for index in 0..programs {
        let program = random(&mut rng);
        let Some((expected, manual)) = outcomes::<Manual>(&program, false) else {
            continue;
        };
        let (found, executions) = outcomes::<Real>(&program, counted).expect("fewer than by hand");
        let missing: Vec<_> = expected.difference(&found).collect();
        assert!(missing.is_empty(), "seed {seed}, program {index}: missing {missing:?}\n{program:#?}");
        if found != expected {
            let settled = refuse(&program, expected.clone());
            assert_eq!(settled.failure, None, "seed {seed}, program {index}: invented\n{program:#?}");
            settled_later += 1;
        }
        compared += 1;
        several += u64::from(expected.len() > 1);
        own += executions;
        by_hand += manual;
    }
    println!(
        "{compared} of {programs} compared, {several} with several outcomes, {settled_later} with some that only a \
         failure settles; {own} executions, {by_hand} by hand"
    );
    assert!(compared > programs * 3 / 4 && several > programs / 4, "the programs cannot tell: {compared}, {several}");
}

#[test]
fn handles_counted_on_demand_show_what_atomics_show() {
    compare(1, 10_000, false);
}

#[test]
fn handles_that_are_all_counted_show_what_atomics_show() {
    compare(2, 3_000, true);
}
