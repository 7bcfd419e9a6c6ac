//! `RwLock`s.

use super::{Call, Draw, ObjectKind, Op, Operand, Program, Step, call, equals, threads};

/// Registers: 0 to 2 are read into, 3 counts, 6 says whether a lock was taken.
const ROUNDS: usize = 3;
const DONE: usize = 6;

pub(super) fn program(draw: &mut Draw) -> Program {
    draw.sequential = false;
    let count = 1 + draw.below(2);
    let locations = 1;
    let threads = threads(draw, |draw, _| {
        let items = 1 + draw.below(2);
        let mut body = Vec::new();
        for item in 0..items {
            let object = draw.below(count);
            match draw.below(8) {
                0 | 1 => body.extend(read(draw, object, count, item)),
                2..4 => body.extend(write(draw, object, count)),
                4 => body.extend(attempt(draw, object)),
                5 => body.extend(poll(draw, object, item)),
                6 => body.push(draw.store(0, 1)),
                _ => body.push(draw.load(0, 2)),
            }
        }
        body
    });
    Program { locations, objects: vec![ObjectKind::RwLock; count], threads, statics: false }
}

/// Reads, and now and then once more before it gives the lock back.
fn read(draw: &mut Draw, object: usize, count: usize, reg: usize) -> Vec<Step> {
    let mut body = vec![call(object, Call::Read, 0, 0), call(object, Call::Look, 0, reg)];
    match draw.below(5) {
        0 => {
            body.extend([call(object, Call::Read, 0, 0), call(object, Call::Look, 0, 2)]);
            body.push(call(object, Call::Release, 0, 0));
        }
        1 if count > 1 => body.extend(attempt(draw, 1 - object)),
        2 => body.push(draw.load(0, 2)),
        _ => {}
    }
    body.push(call(object, Call::Release, 0, 0));
    body
}

fn change(object: usize, value: Operand) -> Step {
    Step::Op(Op::Call { object, call: Call::Change, value, reg: 0 })
}

fn write(draw: &mut Draw, object: usize, count: usize) -> Vec<Step> {
    let mut body = vec![call(object, Call::Write, 0, 0), call(object, Call::Look, 0, 1)];
    body.push(change(object, Operand::Sum(1, 1)));
    match draw.below(5) {
        0 if count > 1 => body.extend([call(1 - object, Call::Read, 0, 0), call(1 - object, Call::Release, 0, 0)]),
        1 => body.push(draw.store(0, 2)),
        _ => {}
    }
    body.push(call(object, Call::Release, 0, 0));
    body
}

/// A `try_` call.
fn attempt(draw: &mut Draw, object: usize) -> Vec<Step> {
    let writes = draw.one_in(2);
    let mut inside = vec![call(object, Call::Look, 0, 2)];
    if writes {
        inside.push(change(object, Operand::Constant(5)));
    }
    inside.push(call(object, Call::Release, 0, 0));
    let attempt = if writes { Call::TryWrite } else { Call::TryRead };
    vec![call(object, attempt, 0, DONE), Step::If { test: equals(DONE, 1), then: inside }]
}

/// Waits until somebody has written.
fn poll(draw: &mut Draw, object: usize, reg: usize) -> Vec<Step> {
    let rounds = draw.rounds(ROUNDS);
    let mut round = vec![call(object, Call::Read, 0, 0), call(object, Call::Look, 0, reg)];
    round.push(call(object, Call::Release, 0, 0));
    round.push(Step::Break(equals(reg, 1)));
    round.extend(draw.hint());
    vec![Step::Loop { rounds, body: round }]
}
