//! Condition variables: a mutex and its condvar, never with atomics, since a
//! notification without the mutex orders nothing.

use super::{Call, Draw, ObjectKind, Op, Operand, Program, Step, call, equals, threads};

const MUTEX: usize = 0;
const CONDVAR: usize = 1;

/// Registers: 0 and 1 are read into, 3 and 4 count, 6 says whether a wait timed
/// out.
const ROUNDS: usize = 3;
const DONE: usize = 6;

pub(super) fn program(draw: &mut Draw) -> Program {
    draw.sequential = false;
    let threads = threads(draw, |draw, _| {
        let mut body = Vec::new();
        for _ in 0..=draw.below(2) {
            match draw.below(5) {
                0 => body.extend(wait_once(draw)),
                1 => body.extend(wait_until(draw)),
                _ => body.extend(notify(draw)),
            }
        }
        body
    });
    Program { locations: 0, objects: vec![ObjectKind::Mutex, ObjectKind::Condvar], threads, statics: false }
}

fn op(op: Op) -> Step {
    Step::Op(op)
}

fn wait(draw: &mut Draw) -> Step {
    let wait = if draw.one_in(3) { Call::WaitTimeout } else { Call::Wait };
    call(CONDVAR, wait, 0, DONE)
}

fn wait_once(draw: &mut Draw) -> Vec<Step> {
    let wait = wait(draw);
    let get = op(Op::Get { object: MUTEX, reg: 0 });
    let mut body = vec![op(Op::Lock { object: MUTEX })];
    if draw.one_in(2) {
        body.extend([get.clone(), Step::If { test: equals(0, 0), then: vec![wait] }]);
    } else {
        body.push(wait);
    }
    body.extend([get, op(Op::Unlock { object: MUTEX })]);
    body
}

/// `while !*guard { guard = condvar.wait(guard) }`, or what gives up.
fn wait_until(draw: &mut Draw) -> Vec<Step> {
    let rounds = draw.rounds(ROUNDS).map(|(rounds, reg)| (rounds.min(2), reg));
    let round = vec![op(Op::Get { object: MUTEX, reg: 1 }), Step::Break(equals(1, 1)), wait(draw)];
    vec![
        op(Op::Lock { object: MUTEX }),
        Step::Loop { rounds, body: round },
        op(Op::Put { object: MUTEX, value: Operand::Sum(1, 1) }),
        op(Op::Unlock { object: MUTEX }),
    ]
}

/// Changes what the mutex guards, and tells within or after it.
fn notify(draw: &mut Draw) -> Vec<Step> {
    let notify = if draw.one_in(2) { Call::NotifyAll } else { Call::NotifyOne };
    let notify = call(CONDVAR, notify, 0, 0);
    let value = Operand::Constant(1 + draw.below(2) as u8);
    let mut body = vec![op(Op::Lock { object: MUTEX }), op(Op::Put { object: MUTEX, value })];
    let unlock = op(Op::Unlock { object: MUTEX });
    match draw.below(4) {
        0 => body.extend([notify, unlock]),
        1 => body.push(unlock),
        _ => body.extend([unlock, notify]),
    }
    body
}
