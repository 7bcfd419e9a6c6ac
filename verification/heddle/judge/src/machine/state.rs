//! A state of a program: where each thread is, and what memory holds.

use super::code::{COORDINATES, Flat, ObjectKind, Program, REGISTERS, Value, flatten};
use super::code::{Op, Operand};
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
    Mutex { holder: Option<u8>, used: bool, data: Value, view: View },
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
        let code: Vec<Vec<Flat>> = program.threads.iter().map(|body| flatten(body)).collect();
        let ahead = code.iter().map(|code| ahead(code)).collect();
        let fence = |op| matches!(op, Op::Fence { order } if Order::acquires(order));
        let acquire_fences = program.operations().any(fence);
        let tries = program.operations().any(|op| matches!(op, Op::TryLock { .. }));
        Some(Self { code, sequential, locations: program.locations, ahead, acquire_fences, tries })
    }

    pub(super) fn start(&self, program: &Program) -> State {
        let zero = [0; COORDINATES];
        let thread = Thread { at: 0, registers: [0; REGISTERS], now: zero, pending: zero, fenced: zero };
        let first = Message { value: 0, view: zero, attached: false };
        let object = |kind: &ObjectKind| match kind {
            ObjectKind::Mutex => Object::Mutex { holder: None, used: false, data: 0, view: zero },
        };
        State {
            threads: vec![thread; program.threads.len()],
            memory: vec![vec![first]; program.locations],
            objects: program.objects.iter().map(object).collect(),
        }
    }

    /// The coordinate of an object in views.
    pub(super) fn coordinate(&self, object: usize) -> usize {
        self.locations + object
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
                Object::Mutex { view, .. } => change(view),
            }
        }
    }

    pub(super) fn holds_any(&self, thread: usize) -> bool {
        self.objects.iter().any(|object| match object {
            Object::Mutex { holder, .. } => *holder == Some(thread as u8),
        })
    }

    pub(super) fn operand(&self, thread: usize, operand: Operand) -> Value {
        operand.of(&self.threads[thread].registers)
    }
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
