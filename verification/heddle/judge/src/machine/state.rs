//! A state of a program: where each thread is, and what memory holds.

use super::code::{COORDINATES, Flat, ObjectKind, Program, REGISTERS, Value, flatten};
use super::code::{Call, Op, Operand};
use crate::program::Order;

/// For each location the newest of its messages that is known; for each mutex
/// whether its last unlock is.
pub(super) type View = [u8; COORDINATES];

/// The union of what two views know.
pub(super) fn join(into: &mut View, other: &View) {
    for (into, other) in into.iter_mut().zip(other) {
        *into = (*into).max(*other);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Thread {
    pub(super) at: u16,
    /// How far it is in a call of several steps.
    pub(super) phase: u8,
    pub(super) panicked: bool,
    pub(super) registers: [Value; REGISTERS],
    /// What it knows.
    pub(super) now: View,
    /// What it will know after an acquire fence.
    pub(super) pending: View,
    /// What it knew at its last release fence.
    pub(super) fenced: View,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Message {
    pub(super) value: Value,
    /// What an acquire that reads it learns.
    pub(super) view: View,
    /// Nothing comes between it and the message before it.
    pub(super) attached: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Object {
    Mutex {
        holder: Option<u8>,
        used: bool,
        poisoned: bool,
        data: Value,
        view: View,
    },
    RwLock(RwLock),
    /// Who waits, and who has been woken, by thread.
    Condvar {
        waiting: u8,
        woken: u8,
    },
    Token {
        set: bool,
        view: View,
    },
    Channel(Channel),
    /// 0 is empty, 1 is being made, 2 is there.
    Once {
        full: u8,
        data: Value,
        view: View,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RwLock {
    pub(super) writer: Option<u8>,
    /// How often each thread reads.
    pub(super) readers: [u8; 4],
    /// Writers that wait, by thread.
    pub(super) waiting: u8,
    /// Whether anybody, and whether a writer, ever had it.
    pub(super) used: bool,
    pub(super) written: bool,
    pub(super) data: Value,
    /// What the last writer, and what everybody, released.
    pub(super) by_writer: View,
    pub(super) by_all: View,
}

impl RwLock {
    pub(super) fn is_free(&self) -> bool {
        self.writer.is_none() && self.readers == [0; 4]
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Channel {
    /// By change: how many messages were sent, which threads have a sender, and
    /// what was released.
    pub(super) history: Vec<(u8, u8, View)>,
    pub(super) queue: Vec<Value>,
    pub(super) gone: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) threads: Vec<Thread>,
    /// The messages of each location, in modification order.
    pub(super) memory: Vec<Vec<Message>>,
    pub(super) objects: Vec<Object>,
}

/// What does not change while a program runs.
pub(super) struct Machine {
    pub(super) code: Vec<Vec<Flat>>,
    pub(super) sequential: bool,
    locations: usize,
    /// By thread and place in its code: the locations that it may yet access.
    ahead: Vec<Vec<u32>>,
    acquire_fences: bool,
    /// Whether there is a `try_lock`.
    pub(super) tries: bool,
    /// By thread: one before where its code drops what it has; a panic goes on there.
    pub(super) ends: Vec<usize>,
}

/// A program that keeps no rule: it goes round without an operation, or uses a
/// lock that it does not hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Broken;

/// Steps of a thread's own in a row.
const PRIVATE_STEPS: usize = 300;

impl Machine {
    pub(super) fn new(program: &Program) -> Option<Self> {
        let sequential = program.is_sequential()?;
        let mut ends = Vec::new();
        let mut whole = |thread: usize| {
            let mut code = flatten(&program.threads[thread]);
            ends.push(code.len().wrapping_sub(1));
            code.extend(program.drops(thread).map(Flat::Op));
            code
        };
        let code: Vec<Vec<Flat>> = (0..program.threads.len()).map(&mut whole).collect();
        if program.locations + 2 * program.objects.len() > COORDINATES {
            return None;
        }
        let ahead = code.iter().map(|code| ahead(code)).collect();
        let fence = |op| matches!(op, Op::Fence { order } if Order::acquires(order));
        let acquire_fences = program.operations().any(fence);
        let tries = program.operations().any(|op| matches!(op, Op::TryLock { .. } | Op::Call { .. }));
        Some(Self { code, sequential, locations: program.locations, ahead, acquire_fences, tries, ends })
    }

    pub(super) fn start(&self, program: &Program) -> State {
        let zero = [0; COORDINATES];
        let thread = Thread {
            at: 0,
            phase: 0,
            panicked: false,
            registers: [0; REGISTERS],
            now: zero,
            pending: zero,
            fenced: zero,
        };
        let first = Message { value: 0, view: zero, attached: false };
        let object = |kind: &ObjectKind| match kind {
            ObjectKind::Mutex => Object::Mutex { holder: None, used: false, poisoned: false, data: 0, view: zero },
            ObjectKind::RwLock => Object::RwLock(RwLock {
                writer: None,
                readers: [0; 4],
                waiting: 0,
                used: false,
                written: false,
                data: 0,
                by_writer: zero,
                by_all: zero,
            }),
            ObjectKind::Condvar => Object::Condvar { waiting: 0, woken: 0 },
            ObjectKind::Token(_) => Object::Token { set: false, view: zero },
            ObjectKind::Channel(_) => Object::Channel(Channel { history: Vec::new(), queue: Vec::new(), gone: false }),
            ObjectKind::Once => Object::Once { full: 0, data: 0, view: zero },
        };
        let mut objects: Vec<Object> = program.objects.iter().map(object).collect();
        for (at, object) in objects.iter_mut().enumerate() {
            if let Object::Channel(channel) = object {
                let sends = (0..program.threads.len()).filter(|thread| program.sends(*thread, at));
                channel.history.push((0, sends.map(|thread| 1 << thread).sum(), zero));
            }
        }
        State { threads: vec![thread; program.threads.len()], memory: vec![vec![first]; program.locations], objects }
    }

    /// The first of the two coordinates of an object in views.
    pub(super) fn coordinate(&self, object: usize) -> usize {
        self.locations + 2 * object
    }

    pub(super) fn is_finished(&self, state: &State, thread: usize) -> bool {
        state.threads[thread].at as usize == self.code[thread].len()
    }

    /// Lets a thread do what nobody else can see, up to its next operation.
    pub(super) fn settle(&self, state: &mut State, thread: usize) -> Result<(), Broken> {
        for _ in 0..PRIVATE_STEPS {
            let own = &mut state.threads[thread];
            let Some(flat) = self.code[thread].get(own.at as usize) else {
                return Ok(());
            };
            let mut next = own.at as usize + 1;
            match *flat {
                Flat::Op(Op::Set { reg, value }) => own.registers[reg] = value.of(&own.registers),
                Flat::Op(Op::Hint(_)) => {}
                Flat::Op(Op::Fence { order }) => self.fence(own, order),
                Flat::Op(Op::Get { .. } | Op::Put { .. }) => self.guarded(state, thread)?,
                Flat::Op(Op::Call { object, call, value, reg }) if is_private(call) => {
                    self.look(state, thread, (object, call, value, reg))?;
                }
                Flat::Op(_) => return Ok(()),
                Flat::Goto(to) => next = to,
                Flat::If(test, to) if test.holds(&own.registers) => next = to,
                Flat::Full { reg, rounds, to } if own.registers[reg] == rounds => next = to,
                Flat::Count(reg) => own.registers[reg] = own.registers[reg].wrapping_add(1),
                Flat::If(..) | Flat::Full { .. } => {}
            }
            state.threads[thread].at = next as u16;
        }
        Err(Broken)
    }

    fn fence(&self, own: &mut Thread, order: Order) {
        if self.sequential {
            return;
        }
        if order.acquires() {
            own.now = own.pending;
        }
        if order.releases() {
            own.fenced = own.now;
        }
    }

    /// Forgets what makes no difference any more.
    pub(super) fn forget(&self, state: &mut State) {
        if self.sequential {
            return;
        }
        for thread in 0..state.threads.len() {
            let finished = self.is_finished(state, thread);
            let own = &mut state.threads[thread];
            if finished {
                own.now = [0; COORDINATES];
                own.pending = own.now;
                own.fenced = own.now;
            } else if !self.acquire_fences {
                own.pending = own.now;
            }
        }
        for loc in 0..self.locations {
            let mut floor = state.memory[loc].len() as u8 - 1;
            for (thread, own) in state.threads.iter().enumerate() {
                if self.ahead[thread][own.at as usize] & (1 << loc) != 0 {
                    floor = floor.min(own.now[loc]);
                }
            }
            if floor > 0 {
                state.memory[loc].drain(..floor as usize);
            }
            // Nothing can come before the first message that anybody can use.
            state.memory[loc][0].attached = false;
            state.for_each_view(|view| view[loc] = view[loc].saturating_sub(floor));
        }
    }
}

impl State {
    pub(super) fn for_each_view(&mut self, mut change: impl FnMut(&mut View)) {
        for thread in &mut self.threads {
            change(&mut thread.now);
            change(&mut thread.pending);
            change(&mut thread.fenced);
        }
        for message in self.memory.iter_mut().flatten() {
            change(&mut message.view);
        }
        for object in &mut self.objects {
            match object {
                Object::Mutex { view, .. } | Object::Token { view, .. } | Object::Once { view, .. } => change(view),
                Object::RwLock(lock) => {
                    change(&mut lock.by_writer);
                    change(&mut lock.by_all);
                }
                Object::Condvar { .. } => {}
                Object::Channel(channel) => channel.history.iter_mut().for_each(|(_, _, view)| change(view)),
            }
        }
    }

    pub(super) fn holds_any(&self, thread: usize) -> bool {
        self.objects.iter().any(|object| match object {
            Object::Mutex { holder, .. } => *holder == Some(thread as u8),
            Object::RwLock(lock) => lock.writer == Some(thread as u8) || lock.readers[thread] > 0,
            _ => false,
        })
    }

    pub(super) fn operand(&self, thread: usize, operand: Operand) -> Value {
        operand.of(&self.threads[thread].registers)
    }
}

/// Whether nobody else can see a call, since it is made under a lock.
fn is_private(call: Call) -> bool {
    matches!(call, Call::Look | Call::Change | Call::Poisoned)
}

/// By place: the locations that the code from there on may access.
fn ahead(code: &[Flat]) -> Vec<u32> {
    let mut ahead = vec![0; code.len() + 1];
    let mut changed = true;
    while changed {
        changed = false;
        for (at, flat) in code.iter().enumerate().rev() {
            let next = ahead[at + 1];
            let seen = match *flat {
                Flat::Op(op) => next | op.location().map_or(0, |loc| 1 << loc),
                Flat::Goto(to) => ahead[to],
                Flat::If(_, to) | Flat::Full { to, .. } => next | ahead[to],
                Flat::Count(_) => next,
            };
            changed |= ahead[at] != seen;
            ahead[at] = seen;
        }
    }
    ahead
}
