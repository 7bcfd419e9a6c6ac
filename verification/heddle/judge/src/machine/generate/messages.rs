//! Channels and `OnceLock`s.

use super::{Call, Draw, ObjectKind, Program, Step, call, equals, threads};

/// Registers: 0 to 2 are read into, 3 counts, 6 says whether it was sent.
const ROUNDS: usize = 3;
const DONE: usize = 6;

pub(super) fn channel(draw: &mut Draw) -> Program {
    draw.sequential = false;
    let channels = if draw.one_in(4) { 2 } else { 1 };
    let receivers: Vec<usize> = (0..channels).map(|_| draw.below(2)).collect();
    let threads = threads(draw, |draw, thread| {
        let mut body = Vec::new();
        for item in 0..=draw.below(2) {
            let object = draw.below(channels);
            match draw.below(8) {
                0 => body.push(draw.store(0, 1)),
                1 => body.push(draw.load(0, 2)),
                2 if receivers[object] != thread => body.push(call(object, Call::DropSender, 0, 0)),
                _ if receivers[object] == thread => body.extend(receive(draw, object, item)),
                _ => body.push(call(object, Call::Send, 1 + item as u8, DONE)),
            }
        }
        // What is dropped cannot be used.
        let mut dropped = vec![false; channels];
        body.retain(|step| match step {
            Step::Op(super::Op::Call { object, call: Call::DropSender, .. }) => {
                !std::mem::replace(&mut dropped[*object], true)
            }
            Step::Op(super::Op::Call { object, call: Call::Send, .. }) => !dropped[*object],
            _ => true,
        });
        body
    });
    let objects = receivers.into_iter().map(ObjectKind::Channel).collect();
    Program { locations: 1, objects, threads, statics: false }
}

fn receive(draw: &mut Draw, object: usize, reg: usize) -> Vec<Step> {
    match draw.below(6) {
        0 => vec![call(object, Call::TryRecv, 0, reg)],
        1 => vec![call(object, Call::RecvTimeout, 0, reg)],
        2 => {
            let rounds = draw.rounds(ROUNDS);
            let attempt = if draw.one_in(2) { Call::TryRecv } else { Call::RecvTimeout };
            let mut round = vec![call(object, attempt, 0, reg)];
            round.push(Step::Break(super::differs(reg, super::super::code::EMPTY)));
            round.extend(draw.hint());
            vec![Step::Loop { rounds, body: round }]
        }
        _ => vec![call(object, Call::Recv, 0, reg)],
    }
}

pub(super) fn once(draw: &mut Draw) -> Program {
    draw.sequential = false;
    let cells = 1 + draw.below(2);
    let threads = threads(draw, |draw, thread| {
        let mut body = Vec::new();
        for item in 0..=draw.below(2) {
            let object = draw.below(cells);
            let value = 1 + thread as u8;
            match draw.below(8) {
                0 | 1 => body.push(call(object, Call::Glance, 0, item)),
                2 | 3 => body.push(call(object, Call::Fill, value, item)),
                4 | 5 => body.push(call(object, Call::Init, value, item)),
                6 => body.extend([draw.store(0, 1), call(object, Call::Fill, value, DONE)]),
                _ => {
                    let rounds = draw.rounds(ROUNDS);
                    let mut round = vec![call(object, Call::Glance, 0, item)];
                    round.push(Step::Break(super::differs(item, 0)));
                    round.extend(draw.hint());
                    body.push(Step::Loop { rounds, body: round });
                }
            }
            if draw.one_in(4) {
                body.push(draw.load(0, 2));
                body.push(Step::If { test: equals(2, 1), then: vec![call(object, Call::Glance, 0, 5)] });
            }
        }
        body
    });
    Program { locations: 1, objects: vec![ObjectKind::Once; cells], threads, statics: false }
}
