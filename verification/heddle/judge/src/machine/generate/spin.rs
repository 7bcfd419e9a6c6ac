//! Loops that wait for a value.

use super::{Draw, Operand, Program, Step, differs, equals, set, threads};

/// Registers: 0 to 2 are read into, 3 and 4 count rounds, 5 says which flag.
const ROUNDS: [usize; 2] = [3, 4];
const WHICH: usize = 5;

pub(super) fn program(draw: &mut Draw) -> Program {
    let locations = 1 + draw.below(2);
    let threads = threads(draw, |draw, thread| {
        // Somebody must set flags.
        let waiters = if thread == 0 { 2 } else { 3 };
        let items = 1 + draw.below(2);
        let mut waits = 0;
        let mut body = Vec::new();
        for _ in 0..=items {
            if draw.below(4) < waiters && waits < 2 {
                body.extend(wait(draw, locations, waits));
                waits += 1;
            } else {
                body.extend(effect(draw, locations));
            }
        }
        body
    });
    Program { locations, objects: Vec::new(), threads }
}

/// What somebody may wait for: a store, one twice, one and back.
pub(super) fn effect(draw: &mut Draw, locations: usize) -> Vec<Step> {
    let loc = draw.below(locations);
    match draw.below(10) {
        0..5 => vec![draw.store(loc, 1)],
        5 => vec![draw.store(loc, 1), draw.store(loc, 0)],
        6 => vec![draw.store(loc, 0)],
        7 => vec![draw.add(loc, 1, 2)],
        8 => vec![draw.load(loc, 2)],
        _ => {
            let fence = draw.fence();
            vec![fence, draw.store(loc, 1)]
        }
    }
}

/// A loop that waits, with a bound or without.
fn wait(draw: &mut Draw, locations: usize, nth: usize) -> Vec<Step> {
    let rounds = draw.rounds(ROUNDS[nth]);
    if locations > 1 && draw.one_in(6) {
        return alternate(draw, rounds);
    }
    let loc = draw.below(locations);
    let reg = nth.min(1);
    let mut round = Vec::new();
    if draw.one_in(10) {
        round.push(draw.fence());
    }
    round.push(look(draw, loc, reg));
    if draw.one_in(12) {
        round.push(draw.fence());
    }
    round.push(Step::Break(equals(reg, 1)));
    if draw.one_in(6) {
        // Another flag, in the same round.
        let other = draw.below(locations);
        round.push(look(draw, other, 2));
        round.push(Step::Break(equals(2, 1)));
    }
    finish(draw, rounds, round)
}

/// The ways to look at a flag.
fn look(draw: &mut Draw, loc: usize, reg: usize) -> Step {
    match draw.below(10) {
        0..6 => draw.load(loc, reg),
        6 => draw.add(loc, 0, reg),
        7 => draw.swap(loc, 0, reg),
        8 => draw.exchange(loc, Operand::Constant(1), Operand::Constant(2), [reg, 6]),
        _ => draw.exchange(loc, Operand::Constant(1), Operand::Constant(1), [reg, 6]),
    }
}

/// Polls one flag so many times, then the other, and so on.
fn alternate(draw: &mut Draw, rounds: Option<(u8, usize)>) -> Vec<Step> {
    let period = 2 + draw.below(3) as u8;
    let turn = 1 + draw.below(period as usize - 1) as u8;
    let first = draw.load(0, 0);
    let second = draw.load(1, 0);
    // The register goes round 0..period; from `turn` on it is the other flag.
    let at_first = (0..turn).map(|value| Step::If { test: equals(WHICH, value), then: vec![first.clone()] });
    let mut round: Vec<Step> = at_first.collect();
    let at_second = (turn..period).map(|value| Step::If { test: equals(WHICH, value), then: vec![second.clone()] });
    round.extend(at_second);
    round.push(Step::Break(equals(0, 1)));
    round.push(set(WHICH, Operand::Sum(WHICH, 1)));
    round.push(Step::If { test: equals(WHICH, period), then: vec![set(WHICH, Operand::Constant(0))] });
    let mut steps = vec![set(0, Operand::Constant(0)), set(WHICH, Operand::Constant(0))];
    steps.extend(finish(draw, rounds, round));
    steps
}

/// The loop of a round. What counts the rounds of a loop may be forgotten.
fn finish(draw: &mut Draw, rounds: Option<(u8, usize)>, mut round: Vec<Step>) -> Vec<Step> {
    if rounds.is_some() {
        if draw.one_in(2) {
            round.extend(draw.hint());
        }
    } else {
        round.extend(draw.hint());
    }
    let mut steps = vec![Step::Loop { rounds, body: round }];
    if let Some((bound, reg)) = rounds {
        if draw.one_in(2) {
            // Only whether it gave up.
            steps.push(Step::If { test: differs(reg, bound), then: vec![set(reg, Operand::Constant(0))] });
        }
    }
    steps
}
