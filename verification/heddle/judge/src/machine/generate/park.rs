//! `park` and `unpark`.

use super::{Call, Draw, ObjectKind, Program, Step, call, equals};

/// Registers: 0 and 1 are read into, 3 and 4 count.
const ROUNDS: usize = 3;

pub(super) fn program(draw: &mut Draw) -> Program {
    draw.sequential = false;
    let count = if draw.one_in(3) { 3 } else { 2 };
    let locations = 1;
    // Somebody must wait: not always the closure.
    let waiter = draw.below(2);
    let objects = (0..2).map(ObjectKind::Token).collect();
    let body = |draw: &mut Draw, thread: usize| {
        let mut body = Vec::new();
        for item in 0..=draw.below(2) {
            match draw.below(6) {
                0..3 if thread == waiter => body.extend(wait(draw, thread, item)),
                0 if thread < 2 => body.extend(wait(draw, thread, item)),
                3 => body.push(draw.load(0, 1)),
                // A thread has handles of those that were there before it.
                _ => body.extend(wake(draw, if thread == 0 || thread == 2 { draw_token(thread, waiter) } else { 0 })),
            }
        }
        body
    };
    let threads = (0..count).map(|thread| body(draw, thread)).collect();
    Program { locations, objects, threads, statics: false }
}

/// Whom a thread wakes.
fn draw_token(thread: usize, waiter: usize) -> usize {
    if thread == 0 { 1 } else { waiter }
}

fn wait(draw: &mut Draw, thread: usize, reg: usize) -> Vec<Step> {
    let park = if draw.one_in(4) { Call::ParkTimeout } else { Call::Park };
    let park = call(thread, park, 0, 0);
    match draw.below(3) {
        0 => vec![park],
        1 => vec![park, draw.load(0, reg)],
        _ => {
            let rounds = draw.rounds(ROUNDS + reg).map(|(rounds, reg)| (rounds.min(2), reg));
            let round = vec![draw.load(0, reg), Step::Break(equals(reg, 1)), park];
            vec![Step::Loop { rounds, body: round }]
        }
    }
}

fn wake(draw: &mut Draw, token: usize) -> Vec<Step> {
    let unpark = call(token, Call::Unpark, 0, 0);
    match draw.below(5) {
        0 => vec![unpark],
        1 => vec![unpark, draw.store(0, 1)],
        _ => vec![draw.store(0, 1), unpark],
    }
}
