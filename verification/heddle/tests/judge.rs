//! heddle against the brute-force judge: equal outcomes, and as many executions
//! as there are consistent graphs.

mod interpreter;

use heddle::model::FailureKind;
use heddle_judge::enumerate::judge;
use heddle_judge::litmus::{self, Verdict};
use heddle_judge::program::{Instruction, Operand, Order, Program, RmwOp};
use heddle_judge::random::Sample;
use interpreter::{Spawning, failed, observe};

/// What is wrong with heddle's account of a program, if anything.
fn mismatch(program: &Program, spawning: Spawning, workers: usize) -> Option<String> {
    let expected = judge(program);
    let observed = observe(program, spawning, workers);
    let report = &observed.report;
    if expected.races > 0 {
        let found = failed(&observed, FailureKind::DataRace) || expected.deadlocks > 0;
        return (!found).then(|| format!("no race found: {report:?}"));
    }
    if expected.deadlocks > 0 {
        if !failed(&observed, FailureKind::Deadlock) {
            return Some(format!("no deadlock found: {report:?}"));
        }
    } else if report.failure.is_some() {
        return Some(format!("failed: {report:?}"));
    }
    if observed.outcomes != expected.outcomes {
        let missing: Vec<_> = expected.outcomes.difference(&observed.outcomes).map(ToString::to_string).collect();
        let extra: Vec<_> = observed.outcomes.difference(&expected.outcomes).map(ToString::to_string).collect();
        return Some(format!("missing {missing:?}, invented {extra:?}"));
    }
    (report.executions != expected.graphs)
        .then(|| format!("{} executions, {} graphs", report.executions, expected.graphs))
}

#[test]
fn every_litmus_test_has_its_verdict_and_its_graphs() {
    let mut wrong = Vec::new();
    for test in litmus::all() {
        let observed = observe(&test.program, Spawning::Flat, 1);
        let seen = observed.outcomes.iter().any(|outcome| test.condition.holds(outcome));
        let raced = failed(&observed, FailureKind::DataRace);
        if !raced && seen != (test.verdict == Verdict::Allowed) {
            wrong.push(format!("{}: {:?}, seen {seen}", test.name, test.verdict));
        }
        if let Some(mismatch) = mismatch(&test.program, Spawning::Flat, 1) {
            wrong.push(format!("{}: {mismatch}", test.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Compares random programs; `HEDDLE_PROGRAMS` of them from `HEDDLE_SEED`.
fn compare(seed: u64, default: u64, spawning: Spawning, workers: usize) {
    let programs = number("HEDDLE_PROGRAMS", default) as usize;
    let seed = number("HEDDLE_SEED", seed);
    for (index, program) in Sample::new(seed).take(programs).enumerate() {
        if let Some(mismatch) = mismatch(&program, spawning, workers) {
            panic!("seed {seed}, program {index}: {mismatch}\n{program}");
        }
    }
}

/// Programs on which heddle was once wrong, found by a long random comparison.
const FOUND: [&str; 1] = [
    // An access to a cell is an event of its own location for the SC axiom.
    "3 | st.sc x 1; st.na z 2; st.rel x 2 | ld.acq x r0; ld.sc y r1 | st.sc y 1; ld.sc x r0",
];

#[test]
fn what_was_once_wrong_is_right() {
    for text in FOUND {
        let program: Program = text.parse().expect("a program");
        assert_eq!(mismatch(&program, Spawning::Flat, 1), None, "{text}");
    }
}

#[test]
fn random_programs_have_the_judges_outcomes_and_graphs() {
    compare(1, 10_000, Spawning::Flat, 1);
}

/// A thread of read-modify-writes, mostly, on two locations.
fn contended_body(rng: &mut fastrand::Rng, length: usize) -> Vec<Instruction> {
    let pick = |rng: &mut fastrand::Rng, orders: &[Order]| orders[rng.usize(..orders.len())];
    let step = |reg| {
        let loc = usize::from(rng.u8(..4) == 0);
        let value = Operand::Constant(rng.u64(..3));
        let order = pick(rng, &Order::ALL);
        match rng.u8(..8) {
            0 => Instruction::Load { loc, order: pick(rng, &Order::LOADS), reg },
            1 => Instruction::Store { loc, order: pick(rng, &Order::STORES), value },
            2..5 => Instruction::CompareExchange {
                loc,
                expected: Operand::Constant(rng.u64(..3)),
                new: value,
                success: order,
                failure: pick(rng, &Order::LOADS),
                weak: rng.bool(),
                reg,
            },
            5 => Instruction::Rmw { loc, order, op: RmwOp::Swap(value), reg },
            _ => Instruction::Rmw { loc, order, op: RmwOp::Add(value), reg },
        }
    };
    (0..length).map(step).collect()
}

/// Read-modify-writes that compete for one write are where a revisit is hardest.
#[test]
fn contended_read_modify_writes_have_the_judges_graphs() {
    let seed = number("HEDDLE_SEED", 4);
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut graphs = 0;
    for index in 0..number("HEDDLE_PROGRAMS", 1500) {
        let lengths: &[usize] = match index % 3 {
            0 => &[1, 1, 1, 1],
            1 => &[2, 2, 1],
            _ => &[3, 2],
        };
        let bodies = lengths.iter().map(|length| contended_body(&mut rng, *length));
        let program = Program::new(2, bodies.collect()).expect("it keeps the rules");
        if let Some(mismatch) = mismatch(&program, Spawning::Flat, 1) {
            panic!("seed {seed}, program {index}: {mismatch}\n{program}");
        }
        graphs += judge(&program).graphs;
    }
    println!("{graphs} graphs");
}

/// The program with writes to cells that only one thread uses.
fn with_cells(rng: &mut fastrand::Rng, program: &Program) -> Option<Program> {
    let own = program.locations();
    let insert = |(thread, body): (usize, &Vec<Instruction>)| {
        let mut body = body.clone();
        let cell = Instruction::NonAtomicStore { loc: own + thread, value: Operand::Constant(1) };
        body.insert(rng.usize(..=body.len()), cell);
        body
    };
    let bodies = program.threads().iter().enumerate().map(insert).collect();
    Program::new(own + program.threads().len(), bodies).ok()
}

/// A cell that one thread uses changes nothing but what the SC axiom sees.
#[test]
fn cells_between_accesses_leave_the_judges_graphs() {
    let seed = number("HEDDLE_SEED", 5);
    let mut rng = fastrand::Rng::with_seed(seed);
    let skips = |i: &Instruction| matches!(i, Instruction::SkipIf { .. });
    let straight = Sample::new(seed).filter(|program| !program.threads().iter().flatten().any(skips));
    let mut changed = 0;
    for program in straight.take(number("HEDDLE_PROGRAMS", 4_000) as usize) {
        let Some(celled) = with_cells(&mut rng, &program) else {
            continue;
        };
        if let Some(mismatch) = mismatch(&celled, Spawning::Flat, 1) {
            panic!("seed {seed}: {mismatch}\n{celled}");
        }
        changed += u32::from(judge(&celled).graphs != judge(&program).graphs);
    }
    assert!(changed > 0, "the programs cannot tell");
}

#[test]
fn who_spawns_the_threads_makes_no_difference() {
    compare(2, 2000, Spawning::Nested, 1);
}

#[test]
fn how_many_workers_search_makes_no_difference() {
    compare(3, 500, Spawning::Flat, 3);
}
