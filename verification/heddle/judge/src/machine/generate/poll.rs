//! Loops that look at what a mutex guards.

use super::{Draw, Op, Operand, Program, Step, equals, mutexes, threads};

/// Registers: 0 and 1 are read into, 3 counts, 6 says whether a lock was taken.
const ROUNDS: usize = 3;
const DONE: usize = 6;

pub(super) fn program(draw: &mut Draw) -> Program {
    // What a failed `try_lock` sees is not sequentially consistent.
    let tries = draw.one_in(3);
    draw.sequential &= !tries;
    let locations = 1;
    let objects = mutexes(1 + draw.below(2));
    let count = objects.len();
    let threads = threads(draw, |draw, thread| {
        let mut body = Vec::new();
        if draw.one_in(4) {
            body.push(draw.store(0, 1));
        }
        match draw.below(if thread == 0 { 6 } else { 4 }) {
            0 | 1 => body.extend(poll(draw, count, tries)),
            2 if tries => body.extend(both(draw, count)),
            _ => body.extend(change(draw, count)),
        }
        if draw.one_in(4) {
            body.extend(change(draw, count));
        }
        if draw.one_in(4) {
            body.push(draw.load(0, 2));
        }
        body
    });
    Program { locations, objects, threads }
}

fn lock(object: usize) -> Step {
    Step::Op(Op::Lock { object })
}

fn unlock(object: usize) -> Step {
    Step::Op(Op::Unlock { object })
}

/// Changes what a mutex guards.
fn change(draw: &mut Draw, mutexes: usize) -> Vec<Step> {
    let object = draw.below(mutexes);
    let value = match draw.below(3) {
        0 => Operand::Sum(1, 1),
        _ => Operand::Constant(1),
    };
    let mut body = vec![lock(object), Step::Op(Op::Get { object, reg: 1 }), Step::Op(Op::Put { object, value })];
    if draw.one_in(6) {
        body.push(draw.store(0, 1));
    }
    body.push(unlock(object));
    body
}

/// `while !*mutex.lock() { hint }`, or what gives up.
fn poll(draw: &mut Draw, mutexes: usize, tries: bool) -> Vec<Step> {
    let object = draw.below(mutexes);
    let rounds = draw.rounds(ROUNDS);
    let get = Step::Op(Op::Get { object, reg: 0 });
    let mut round = Vec::new();
    if tries && draw.one_in(2) {
        round.push(Step::Op(Op::TryLock { object, done: DONE }));
        round.push(Step::If { test: equals(DONE, 1), then: vec![get, unlock(object)] });
    } else {
        round.extend([lock(object), get, unlock(object)]);
    }
    round.push(Step::Break(equals(0, 1)));
    if draw.one_in(5) {
        round.push(draw.load(0, 2));
        round.push(Step::Break(equals(2, 1)));
    }
    round.extend(draw.hint());
    vec![Step::Loop { rounds, body: round }]
}

/// Takes one mutex, tries the other, and gives the first back if that fails.
fn both(draw: &mut Draw, mutexes: usize) -> Vec<Step> {
    let first = draw.below(mutexes);
    let second = mutexes - 1 - first;
    if first == second {
        return change(draw, mutexes);
    }
    let rounds = draw.rounds(ROUNDS);
    let inside = vec![Step::Op(Op::Put { object: second, value: Operand::Constant(1) }), unlock(second)];
    let mut round = vec![lock(first), Step::Op(Op::TryLock { object: second, done: DONE })];
    round.push(Step::If { test: equals(DONE, 1), then: inside });
    round.push(unlock(first));
    round.push(Step::Break(equals(DONE, 1)));
    round.extend(draw.hint());
    vec![Step::Loop { rounds, body: round }]
}
