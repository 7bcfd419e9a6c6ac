//! Threads that panic, and programs on statics.

use super::{Call, Draw, ObjectKind, Op, Operand, Program, Step, call, equals, messages, mutexes, poll, spin, threads};

/// Children that panic: with a mutex, a read-write lock, a sender in their hands.
pub(super) fn panics(draw: &mut Draw) -> Program {
    draw.sequential = false;
    let objects = vec![ObjectKind::Mutex, ObjectKind::RwLock, ObjectKind::Channel(0)];
    let threads = threads(draw, |draw, thread| {
        let mut body = Vec::new();
        for item in 0..=draw.below(2) {
            match draw.below(6) {
                0 | 1 => body.extend(mutex(draw, thread)),
                2 => body.extend(shared(draw, thread)),
                3 if thread == 0 => body.push(call(2, Call::Recv, 0, item)),
                3 => body.push(call(2, Call::Send, 1, item)),
                4 => body.push(draw.store(0, 1)),
                _ => body.push(draw.load(0, 2)),
            }
            if thread > 0 && draw.one_in(5) {
                body.push(Step::Op(Op::Panic));
            }
        }
        body
    });
    Program { locations: 1, objects, threads, statics: false }
}

/// A panic of a child, on what it read or always.
fn panic(draw: &mut Draw, thread: usize, reg: usize) -> Vec<Step> {
    let panic = Step::Op(Op::Panic);
    match draw.below(3) {
        _ if thread == 0 => Vec::new(),
        0 => vec![panic],
        1 => vec![Step::If { test: equals(reg, 1), then: vec![panic] }],
        _ => Vec::new(),
    }
}

fn mutex(draw: &mut Draw, thread: usize) -> Vec<Step> {
    let object = 0;
    let mut body = vec![Step::Op(Op::Lock { object }), call(object, Call::Poisoned, 0, 1)];
    body.push(Step::Op(Op::Get { object, reg: 0 }));
    body.push(Step::Op(Op::Put { object, value: Operand::Sum(0, 1) }));
    body.extend(panic(draw, thread, 0));
    body.push(Step::Op(Op::Unlock { object }));
    body
}

fn shared(draw: &mut Draw, thread: usize) -> Vec<Step> {
    let writes = draw.one_in(2);
    let mut body = vec![call(1, if writes { Call::Write } else { Call::Read }, 0, 0), call(1, Call::Look, 0, 5)];
    if writes {
        body.push(call(1, Call::Change, 1, 0));
    }
    body.extend(panic(draw, thread, 5));
    body.push(call(1, Call::Release, 0, 0));
    body
}

/// Programs of other kinds, on statics.
pub(super) fn statics(draw: &mut Draw) -> Program {
    let program = match draw.below(3) {
        0 => spin::program(draw),
        1 => poll::program(draw),
        _ => messages::once(draw),
    };
    debug_assert!(program.objects.len() <= mutexes(2).len(), "there are that many statics");
    Program { statics: true, ..program }
}
