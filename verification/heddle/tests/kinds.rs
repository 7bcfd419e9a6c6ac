//! heddle against the judge's interpreter of programs with control flow, kind
//! by kind: equal outcomes, and the same said about waiting for ever.
//!
//! `HEDDLE_KIND=spin HEDDLE_PROGRAMS=10000 HEDDLE_SEED=7` chooses the programs;
//! the program with seed `s` and number `n` is the one of seed `s + n`.
//! `HEDDLE_KEEP=1` goes on after a difference and counts them, `HEDDLE_UNFINISHED=1`
//! prints programs that heddle does not finish.

#[path = "kinds/run.rs"]
mod run;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::{Duration, Instant};

use heddle::model::{Builder, Completion};
use heddle_judge::machine::explore::{Outcome, Unjudged, Verdict, explore};
use heddle_judge::machine::generate::Kind;
use heddle_judge::machine::shrink::shrink;
use heddle_judge::machine::{Op, Program, Step};
use run::{Observed, observe};

/// The most states of a program that is judged.
const STATES: usize = 20_000;

/// The longest that heddle may explore one program.
const TIME: Duration = Duration::from_millis(1_000);

/// How many outcomes of a difference are printed.
const SHOWN: usize = 8;

/// What a comparison came to.
#[derive(Debug)]
enum Compared {
    Same {
        livelock_missed: bool,
    },
    /// heddle did not come to an end; what it found is right.
    Unfinished(Completion),
    Unjudged(Unjudged),
    Differs(String),
}

/// Whether a loop without a bound has no spin hint: heddle unrolls it.
fn is_unrolled(body: &[Step]) -> bool {
    let hint = |step: &Step| matches!(step, Step::Op(Op::Hint(_)));
    body.iter().any(|step| match step {
        Step::Loop { rounds, body } => rounds.is_none() && !body.iter().any(hint) || is_unrolled(body),
        Step::If { then, .. } => is_unrolled(then),
        _ => false,
    })
}

/// The most rounds that a loop with a bound has.
fn rounds(body: &[Step]) -> u32 {
    let of = |step: &Step| match step {
        Step::Loop { rounds: bound, body } => bound.map_or(1, |bound| u32::from(bound.0)) * rounds(body),
        Step::If { then, .. } => rounds(then),
        _ => 1,
    };
    body.iter().map(of).max().unwrap_or(1)
}

fn builder(program: &Program) -> Builder {
    let mut builder = Builder::new();
    builder.keep_going = true;
    builder.max_duration = Some(TIME);
    builder.max_branches = 200;
    let weak = program.operations().any(|op| matches!(op, Op::Exchange { weak: true, .. }));
    if weak {
        // A loop that gives up can fail spuriously in each of its rounds.
        builder.spurious_failures = program.threads.iter().map(|body| rounds(body)).max().unwrap_or(1);
    }
    builder
}

fn compare(program: &Program) -> Compared {
    match explore(program, STATES) {
        Err(reason) => Compared::Unjudged(reason),
        Ok(expected) => verdict(&expected, &observe(program, &builder(program))),
    }
}

fn verdict(expected: &Verdict, observed: &Observed) -> Compared {
    let report = &observed.report;
    let kind = report.failure.as_ref().map(|failure| format!("{:?}", failure.kind));
    let describe = |what: &str| {
        let completion = report.completion;
        let mut text =
            format!("{what}; {} executions, {completion:?}, failure {:?}", report.executions, report.failure);
        let _ = write!(text, "; hangs {}, livelocks {}", expected.hangs, expected.livelocks);
        let list = |outcomes: Vec<&Outcome>| -> String {
            let shown = outcomes.iter().take(SHOWN).map(|outcome| format!("\n    {outcome}"));
            let more = (outcomes.len() > SHOWN).then(|| format!("\n    and {} more", outcomes.len() - SHOWN));
            shown.chain(more).collect()
        };
        let only = |a: &BTreeSet<Outcome>, b: &BTreeSet<Outcome>| list(a.difference(b).collect());
        let _ = write!(text, "\n  missing:{}", only(&expected.outcomes, &observed.outcomes));
        let _ = write!(text, "\n  invented:{}", only(&observed.outcomes, &expected.outcomes));
        let _ = write!(text, "\n  both:{}", list(expected.outcomes.intersection(&observed.outcomes).collect()));
        Compared::Differs(text)
    };
    if !observed.outcomes.is_subset(&expected.outcomes) {
        return describe("invented outcomes");
    }
    let waits = matches!(kind.as_deref(), Some("Deadlock" | "Livelock"));
    match kind.as_deref() {
        None | Some("Truncated") => {}
        Some(_) if waits => {
            if !expected.hangs && !(expected.livelocks && kind.as_deref() == Some("Livelock")) {
                return describe("a false alarm");
            }
        }
        Some(_) => return describe("a failure that is none"),
    }
    let finished = matches!(report.completion, Completion::Exhausted | Completion::Failed);
    if !finished {
        return Compared::Unfinished(report.completion);
    }
    if expected.hangs && !waits {
        return describe("waiting for ever was missed");
    }
    if observed.outcomes != expected.outcomes {
        return describe("outcomes are missing");
    }
    Compared::Same { livelock_missed: expected.livelocks && !expected.hangs && !waits }
}

fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Compares the programs of a kind, and panics with the first that differs.
fn sweep(kind: Kind, default: u64) {
    let chosen = std::env::var("HEDDLE_KIND").ok();
    if chosen.is_some_and(|chosen| chosen != kind.name()) {
        return;
    }
    let seed = number("HEDDLE_SEED", 1);
    let programs = number("HEDDLE_PROGRAMS", default);
    let keep = number("HEDDLE_KEEP", 0) > 0;
    let started = Instant::now();
    let (mut same, mut missed, mut large, mut broken, mut differ, mut unrolled) = (0, 0, 0, 0, 0, 0);
    let mut unfinished = Vec::new();
    for at in 0..programs {
        let program = kind.program(seed.wrapping_add(at));
        match compare(&program) {
            Compared::Same { livelock_missed } => {
                same += 1;
                missed += u64::from(livelock_missed);
            }
            Compared::Unfinished(_) if program.threads.iter().any(|body| is_unrolled(body)) => unrolled += 1,
            Compared::Unfinished(completion) => unfinished.push((seed.wrapping_add(at), completion)),
            Compared::Unjudged(Unjudged::TooLarge) => large += 1,
            Compared::Unjudged(Unjudged::Broken) => broken += 1,
            Compared::Differs(why) => {
                differ += 1;
                let text = difference(kind, seed.wrapping_add(at), &program, &why);
                assert!(keep, "{text}");
                println!("{text}");
            }
        }
    }
    let truncated = unfinished.iter().filter(|(_, completion)| *completion == Completion::Truncated).count();
    let slow = unfinished.len() - truncated;
    println!(
        "{}: {programs} programs, {same} the same ({missed} with a livelock that was not told), {differ} differ; not \
         compared: {unrolled} without a hint, {truncated} truncated, {slow} too slow for heddle, {large} too large for the judge, {broken} broken; {:?}",
        kind.name(),
        started.elapsed()
    );
    if number("HEDDLE_UNFINISHED", 0) > 0 {
        for (seed, completion) in unfinished.iter().take(20) {
            println!("unfinished, seed {seed}: {completion:?}\n{}", kind.program(*seed));
        }
    }
    assert_eq!((differ, broken), (0, 0), "of {programs} programs of kind {}", kind.name());
    assert!(
        (unfinished.len() + large) as u64 * 10 <= programs,
        "too few programs of kind {} are compared",
        kind.name()
    );
}

/// The shrunk program and what is wrong with heddle's account of it.
fn difference(kind: Kind, seed: u64, program: &Program, why: &str) -> String {
    let until = Instant::now() + Duration::from_secs(20);
    let states = |program: &Program| explore(program, STATES).map_or(usize::MAX, |verdict| verdict.states);
    let most = states(program);
    let smallest = shrink(program.clone(), |smaller| {
        // More states: a cut made it go on counting, and that is another matter.
        Instant::now() < until && states(smaller) <= most && matches!(compare(smaller), Compared::Differs(_))
    });
    let why = match compare(&smallest) {
        Compared::Differs(why) => why,
        _ => why.to_owned(),
    };
    format!("kind {}, seed {seed}: {why}\n{smallest}", kind.name())
}

#[test]
fn waiting_loops_have_the_judges_outcomes() {
    sweep(Kind::Spin, 10_000);
}

#[test]
fn retry_loops_have_the_judges_outcomes() {
    sweep(Kind::Retry, 10_000);
}

#[test]
fn polls_of_mutexes_have_the_judges_outcomes() {
    sweep(Kind::Poll, 10_000);
}
