//! Loops around a compare-exchange, spin locks, ticket locks.

use super::spin::effect;
use super::{Draw, Op, Operand, Program, Step, Test, equals, threads};

/// Registers: 0 and 1 are read into, 2 for other reads, 3 and 4 count, 5 holds
/// a ticket, 6 says whether an exchange succeeded.
const ROUNDS: [usize; 2] = [3, 4];
const TICKET: usize = 5;
const DONE: usize = 6;

pub(super) fn program(draw: &mut Draw) -> Program {
    let locations = 2 + draw.below(2);
    let shape = draw.below(6);
    let threads = threads(draw, |draw, thread| match shape {
        0 => spin_lock(draw),
        1 if locations > 2 => ticket(draw),
        2 => several(draw, locations),
        _ => {
            let mut body = Vec::new();
            if draw.one_in(3) {
                body.extend(effect(draw, locations));
            }
            body.extend(retry(draw, locations, 0));
            if thread > 0 && draw.one_in(3) {
                body.extend(retry(draw, locations, 1));
            }
            if draw.one_in(3) {
                body.extend(effect(draw, locations));
            }
            body
        }
    });
    Program { locations, objects: Vec::new(), threads }
}

/// `loop { load; compare_exchange }`, or with what the failure found.
fn retry(draw: &mut Draw, locations: usize, nth: usize) -> Vec<Step> {
    let loc = draw.below(locations.min(2));
    let reg = nth;
    let rounds = draw.rounds(ROUNDS[nth]);
    let first = draw.load(loc, reg);
    let new = match draw.below(4) {
        0 => Operand::Constant(1),
        1 => Operand::Register(reg),
        _ => Operand::Sum(reg, 1),
    };
    let exchange = draw.exchange(loc, Operand::Register(reg), new, [reg, DONE]);
    let mut round = Vec::new();
    let mut steps = Vec::new();
    // The failed exchange has the new value already.
    if draw.one_in(2) {
        steps.push(first)
    } else {
        round.push(first)
    }
    if draw.one_in(8) {
        round.push(Step::Break(equals(reg, 2)));
    }
    round.push(exchange);
    round.push(Step::Break(equals(DONE, 1)));
    if draw.one_in(2) {
        round.extend(draw.hint());
    }
    steps.push(Step::Loop { rounds, body: round });
    steps
}

/// Weak exchanges of one helper, in turn on each location: the first free slot.
fn several(draw: &mut Draw, locations: usize) -> Vec<Step> {
    let mut body = Vec::new();
    let rounds = Some((1, 3));
    let mut slots = Vec::new();
    for loc in 0..locations.min(3) {
        let exchange = draw.exchange(loc, Operand::Constant(0), Operand::Constant(1), [loc.min(2), DONE]);
        slots.push(exchange);
        slots.push(Step::Break(equals(DONE, 1)));
    }
    if draw.one_in(2) {
        body.extend(effect(draw, locations));
    }
    body.push(Step::Loop { rounds, body: slots });
    if draw.one_in(3) {
        body.push(draw.exchange(0, Operand::Constant(1), Operand::Constant(0), [2, 7]));
    }
    body
}

/// Takes a lock by swap or exchange, does something, gives it back.
fn spin_lock(draw: &mut Draw) -> Vec<Step> {
    let rounds = draw.rounds(ROUNDS[0]);
    let (taken, take) = match draw.below(3) {
        0 => (equals(DONE, 1), draw.exchange(0, Operand::Constant(0), Operand::Constant(1), [0, DONE])),
        _ => (equals(0, 0), draw.swap(0, 1, 0)),
    };
    let mut round = vec![take, Step::Break(taken)];
    if draw.one_in(3) {
        // Test and test-and-set.
        let look = vec![draw.load(0, 1), Step::Break(equals(1, 0))];
        let mut look = look;
        look.extend(draw.hint());
        round.push(Step::Loop { rounds: None, body: look });
    } else {
        round.extend(draw.hint());
    }
    let mut inside = vec![draw.load(1, 2)];
    let order = draw.stores();
    inside.push(Step::Op(Op::Store { loc: 1, order, value: Operand::Sum(2, 1) }));
    inside.push(draw.store(0, 0));
    vec![Step::Loop { rounds, body: round }, Step::If { test: taken, then: inside }]
}

/// A ticket lock: the next ticket at 0, who is served at 1.
fn ticket(draw: &mut Draw) -> Vec<Step> {
    let take = draw.add(0, 1, TICKET);
    let mut round = vec![draw.load(1, 0)];
    round.push(Step::Break(Test { reg: 0, equal: true, value: Operand::Register(TICKET) }));
    round.extend(draw.hint());
    let order = draw.stores();
    let mut body = vec![take, Step::Loop { rounds: None, body: round }];
    body.push(draw.load(2, 2));
    let data = draw.stores();
    body.push(Step::Op(Op::Store { loc: 2, order: data, value: Operand::Sum(2, 1) }));
    body.push(Step::Op(Op::Store { loc: 1, order, value: Operand::Sum(TICKET, 1) }));
    body
}
