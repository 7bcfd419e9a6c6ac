//! The interpreter of programs with loops, on programs without: it has the
//! outcomes of brute force.

use std::collections::BTreeSet;

use heddle_judge::enumerate::judge;
use heddle_judge::machine::explore::explore;
use heddle_judge::machine::{self, Op, Step, Test};
use heddle_judge::outcome::Outcome;
use heddle_judge::program::{Instruction, Kind, Operand, Order, Program, RmwOp};
use heddle_judge::random::Sample;

fn operand(operand: Operand) -> machine::Operand {
    match operand {
        Operand::Constant(value) => machine::Operand::Constant(value as u8),
        Operand::Register(reg) => machine::Operand::Register(reg),
    }
}

/// The same thread for the interpreter; none if it has more registers.
fn translate(body: &[Instruction], locks: usize) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut index = 0;
    while index < body.len() {
        let op = match body[index] {
            Instruction::Load { loc, order, reg } => Op::Load { loc, order, reg },
            Instruction::Store { loc, order, value } => Op::Store { loc, order, value: operand(value) },
            Instruction::Rmw { loc, order, op: RmwOp::Add(value), reg } => {
                Op::Add { loc, order, value: operand(value), reg }
            }
            Instruction::Rmw { loc, order, op: RmwOp::Swap(value), reg } => {
                Op::Swap { loc, order, value: operand(value), reg }
            }
            Instruction::CompareExchange { loc, expected, new, success, failure, weak, reg } => {
                let (expected, new) = (operand(expected), operand(new));
                Op::Exchange { loc, expected, new, success, failure, weak, reg, done: 7 }
            }
            Instruction::Fence { order } => Op::Fence { order },
            Instruction::Lock { mutex } => Op::Lock { object: mutex - locks },
            Instruction::Unlock { mutex } => Op::Unlock { object: mutex - locks },
            Instruction::NonAtomicLoad { .. } | Instruction::NonAtomicStore { .. } => return None,
            Instruction::SkipIf { reg, value, count } => {
                let test = Test { reg, equal: false, value: machine::Operand::Constant(value as u8) };
                // A skip may reach out of what another one skips.
                let then = translate(body.get(index + 1..=index + count)?, locks)?;
                steps.push(Step::If { test, then });
                index += count + 1;
                continue;
            }
        };
        steps.push(Step::Op(op));
        index += 1;
    }
    Some(steps)
}

/// Mutexes must be the last locations.
fn translated(program: &Program) -> Option<machine::Program> {
    let kinds: Vec<Kind> = (0..program.locations()).map(|loc| program.kind(loc)).collect();
    let locations = kinds.iter().take_while(|kind| **kind == Kind::Atomic).count();
    let rest = &kinds[locations..];
    let fits = (0..program.threads().len()).all(|thread| program.registers(thread) < 8);
    if !fits || rest.iter().any(|kind| *kind != Kind::Mutex) {
        return None;
    }
    let threads: Option<_> = program.threads().iter().map(|body| translate(body, locations)).collect();
    Some(machine::Program { locations, objects: vec![machine::code::ObjectKind::Mutex; rest.len()], threads: threads? })
}

/// The orderings of a program without `SeqCst`.
fn weakened(program: &Program) -> Program {
    let mut threads = program.threads().to_vec();
    for (order, legal) in threads.iter_mut().flatten().flat_map(Instruction::orders_mut) {
        if *order == Order::SeqCst {
            // The strongest of those that are left.
            *order = *legal.iter().rev().find(|order| **order != Order::SeqCst).expect("there are weaker ones");
        }
    }
    Program::new(program.locations(), threads).expect("weaker orderings are legal")
}

/// Outcomes as brute force prints them; whether there is a deadlock.
fn expected(program: &Program) -> (BTreeSet<(Vec<Vec<u64>>, Vec<u64>)>, bool) {
    let verdict = judge(program);
    let outcomes = verdict.outcomes.into_iter().filter_map(|outcome| match outcome {
        Outcome::Complete { registers, memory } => Some((registers, memory)),
        Outcome::Race => None,
    });
    (outcomes.collect(), verdict.deadlocks > 0)
}

fn found(program: &Program, machine: &machine::Program) -> (BTreeSet<(Vec<Vec<u64>>, Vec<u64>)>, bool) {
    let verdict = explore(machine, 1_000_000).expect("a small program that keeps the rules");
    let outcomes = verdict.outcomes.into_iter().map(|outcome| {
        let registers = outcome.registers.iter().enumerate().map(|(thread, registers)| {
            registers[..program.registers(thread)].iter().map(|value| u64::from(*value)).collect()
        });
        (registers.collect(), outcome.memory.iter().map(|value| u64::from(*value)).collect())
    });
    (outcomes.collect(), verdict.hangs)
}

fn compare(programs: impl Iterator<Item = Program>, at_least: usize) {
    let mut compared = 0;
    for program in programs {
        let Some(machine) = translated(&program) else {
            continue;
        };
        assert_eq!(found(&program, &machine), expected(&program), "{program}");
        compared += 1;
    }
    assert!(compared >= at_least, "{compared} programs");
}

#[test]
fn weak_programs_have_the_outcomes_of_brute_force() {
    compare(Sample::new(31).take(6_000).map(|program| weakened(&program)), 3_000);
}

#[test]
fn sequential_programs_have_the_outcomes_of_brute_force() {
    compare(Sample::new(32).take(4_000).map(|program| program.sequential()), 2_000);
}
