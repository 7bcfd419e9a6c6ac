//! Makes a program on which something fails small before it is reported.

use super::code::{Op, Operand, Program, Step};
use crate::program::Order;

/// A program that still fails, and of which no single cut does.
///
/// `fails` must hold for the program given. It is asked about programs that may
/// keep no rule.
#[must_use]
pub fn shrink(program: Program, mut fails: impl FnMut(&Program) -> bool) -> Program {
    let mut smallest = program;
    while let Some(smaller) = cuts(&smallest).into_iter().find(|cut| fails(cut)) {
        smallest = smaller;
    }
    smallest
}

fn cuts(program: &Program) -> Vec<Program> {
    let mut cuts = Vec::new();
    let mut push = |threads| cuts.push(Program { threads, ..program.clone() });
    for thread in 1..program.threads.len() {
        let mut threads = program.threads.clone();
        threads.remove(thread);
        push(threads);
    }
    for (thread, body) in program.threads.iter().enumerate() {
        for body in smaller(body) {
            let mut threads = program.threads.clone();
            threads[thread] = body;
            push(threads);
        }
    }
    cuts
}

/// The body with one statement less, simpler, or given up for what is in it.
fn smaller(body: &[Step]) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    let replaced = |at: usize, by: Vec<Step>| {
        let mut body = body.to_vec();
        body.splice(at..=at, by);
        body
    };
    for at in 0..body.len() {
        found.push(replaced(at, Vec::new()));
        for other in at + 1..body.len() {
            // A lock goes with its unlock.
            if let (Step::Op(Op::Lock { object: a }), Step::Op(Op::Unlock { object: b })) = (&body[at], &body[other]) {
                if a == b {
                    let mut both = replaced(other, Vec::new());
                    both.remove(at);
                    found.push(both);
                }
            }
        }
    }
    for (at, step) in body.iter().enumerate() {
        match step {
            Step::Op(op) => found.extend(simpler(*op).into_iter().map(|op| replaced(at, vec![Step::Op(op)]))),
            Step::If { test, then } => {
                found.push(replaced(at, then.clone()));
                let inner = smaller(then).into_iter();
                found.extend(inner.map(|then| replaced(at, vec![Step::If { test: *test, then }])));
            }
            Step::Loop { rounds, body: inner } => {
                let once = inner.iter().filter(|step| !matches!(step, Step::Break(_)));
                found.push(replaced(at, once.cloned().collect()));
                if let Some((rounds @ 2.., reg)) = *rounds {
                    let body = inner.clone();
                    found.push(replaced(at, vec![Step::Loop { rounds: Some((rounds - 1, reg)), body }]));
                }
                let inner = smaller(inner).into_iter();
                found.extend(inner.map(|body| replaced(at, vec![Step::Loop { rounds: *rounds, body }])));
            }
            Step::Break(_) => {}
        }
    }
    found
}

/// The operation in weaker or simpler forms; none leads back.
fn simpler(op: Op) -> Vec<Op> {
    let mut found = Vec::new();
    let weaken = |order: Order| if order == Order::SeqCst { order } else { Order::Relaxed };
    match op {
        Op::Load { loc, order, reg } => found.push(Op::Load { loc, order: weaken(order), reg }),
        Op::Store { loc, order, value } => {
            found.push(Op::Store { loc, order: weaken(order), value });
            found.push(Op::Store { loc, order, value: Operand::Constant(1) });
        }
        Op::Add { loc, order, value, reg } => {
            found.push(Op::Add { loc, order: weaken(order), value, reg });
            let load = if order == Order::SeqCst { order } else { Order::Acquire };
            found.push(Op::Load { loc, order: load, reg });
        }
        Op::Swap { loc, order, value, reg } => {
            found.push(Op::Swap { loc, order: weaken(order), value, reg });
            let store = if order == Order::SeqCst { order } else { Order::Release };
            found.push(Op::Store { loc, order: store, value });
        }
        Op::Exchange { loc, expected, new, success, failure, weak, reg, done } => {
            let (success, failure) = (weaken(success), weaken(failure));
            found.push(Op::Exchange { loc, expected, new, success, failure, weak, reg, done });
            found.push(Op::Exchange { loc, expected, new, success, failure, weak: false, reg, done });
        }
        _ => {}
    }
    found.retain(|simpler| *simpler != op);
    found
}
