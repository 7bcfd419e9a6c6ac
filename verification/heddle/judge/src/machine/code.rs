//! The programs, and the flat code that the interpreter runs.

use crate::program::Order;

/// What a location or a register holds.
pub type Value = u8;

/// The registers of each thread.
pub const REGISTERS: usize = 8;

/// The most locations and objects that a program may have together.
pub const COORDINATES: usize = 8;

/// A value that an instruction uses; sums wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// This value.
    Constant(Value),
    /// What the register holds.
    Register(usize),
    /// What the register holds and this.
    Sum(usize, Value),
}

impl Operand {
    /// Its value among these registers.
    #[must_use]
    pub fn of(self, registers: &[Value; REGISTERS]) -> Value {
        match self {
            Self::Constant(value) => value,
            Self::Register(reg) => registers[reg],
            Self::Sum(reg, value) => registers[reg].wrapping_add(value),
        }
    }
}

/// Whether a register is, or is not, a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Test {
    /// The register.
    pub reg: usize,
    /// Whether it is to be equal, or not to be.
    pub equal: bool,
    /// Compared with this.
    pub value: Operand,
}

impl Test {
    /// Whether it holds of these registers.
    #[must_use]
    pub fn holds(self, registers: &[Value; REGISTERS]) -> bool {
        (registers[self.reg] == self.value.of(registers)) == self.equal
    }
}

/// How a loop says that it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hint {
    /// `hint::spin_loop`.
    Spin,
    /// `thread::yield_now`.
    Yield,
}

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `reg = loc.load(order)`.
    Load {
        /// The location.
        loc: usize,
        /// One of [`Order::LOADS`].
        order: Order,
        /// Receives the value.
        reg: usize,
    },
    /// `loc.store(value, order)`.
    Store {
        /// The location.
        loc: usize,
        /// One of [`Order::STORES`].
        order: Order,
        /// What is stored.
        value: Operand,
    },
    /// `reg = loc.fetch_add(value, order)`.
    Add {
        /// The location.
        loc: usize,
        /// Any ordering.
        order: Order,
        /// What is added.
        value: Operand,
        /// Receives the value before.
        reg: usize,
    },
    /// `reg = loc.swap(value, order)`.
    Swap {
        /// The location.
        loc: usize,
        /// Any ordering.
        order: Order,
        /// What is stored.
        value: Operand,
        /// Receives the value before.
        reg: usize,
    },
    /// `loc.compare_exchange(expected, new, success, failure)`, or its weak form.
    Exchange {
        /// The location.
        loc: usize,
        /// What it must hold.
        expected: Operand,
        /// What it then is given.
        new: Operand,
        /// The ordering if it does.
        success: Order,
        /// The ordering if it does not: one of [`Order::LOADS`].
        failure: Order,
        /// Whether it may fail for no reason.
        weak: bool,
        /// Receives the value found.
        reg: usize,
        /// Receives 1 for success, 0 for failure.
        done: usize,
    },
    /// `fence(order)`.
    Fence {
        /// One of [`Order::FENCES`].
        order: Order,
    },
    /// A register is given a value.
    Set {
        /// The register.
        reg: usize,
        /// Its new value.
        value: Operand,
    },
    /// A spin hint: it does nothing.
    Hint(Hint),
    /// Takes a mutex, waiting for it.
    Lock {
        /// The mutex.
        object: usize,
    },
    /// Takes a mutex if it is free.
    TryLock {
        /// The mutex.
        object: usize,
        /// Receives 1 if it was taken, 0 if not.
        done: usize,
    },
    /// Gives back a mutex that the thread holds.
    Unlock {
        /// The mutex.
        object: usize,
    },
    /// Reads what a lock guards, while the thread holds it.
    Get {
        /// The lock.
        object: usize,
        /// Receives the value.
        reg: usize,
    },
    /// Changes what a lock guards, while the thread holds it.
    Put {
        /// The lock.
        object: usize,
        /// Its new value.
        value: Operand,
    },
}

impl Op {
    /// The location it accesses.
    #[must_use]
    pub fn location(self) -> Option<usize> {
        match self {
            Self::Load { loc, .. }
            | Self::Store { loc, .. }
            | Self::Add { loc, .. }
            | Self::Swap { loc, .. }
            | Self::Exchange { loc, .. } => Some(loc),
            _ => None,
        }
    }

    /// The object it uses.
    #[must_use]
    pub fn object(self) -> Option<usize> {
        match self {
            Self::Lock { object }
            | Self::TryLock { object, .. }
            | Self::Unlock { object }
            | Self::Get { object, .. }
            | Self::Put { object, .. } => Some(object),
            _ => None,
        }
    }

    /// Its orderings.
    #[must_use]
    pub fn orders(self) -> Vec<Order> {
        match self {
            Self::Load { order, .. }
            | Self::Store { order, .. }
            | Self::Add { order, .. }
            | Self::Swap { order, .. }
            | Self::Fence { order } => vec![order],
            Self::Exchange { success, failure, .. } => vec![success, failure],
            _ => Vec::new(),
        }
    }
}

/// One statement of a thread.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// An operation.
    Op(Op),
    /// Does this if a test holds.
    If {
        /// The test.
        test: Test,
        /// What is done.
        then: Vec<Step>,
    },
    /// Does this again and again.
    Loop {
        /// How many rounds at most, and the register that counts them.
        rounds: Option<(Value, usize)>,
        /// One round.
        body: Vec<Step>,
    },
    /// Leaves the innermost loop if the test holds.
    Break(Test),
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// `Mutex<u8>`, 0 at first.
    Mutex,
}

/// Threads over shared locations, all 0 at first. Thread 0 spawns the others
/// before its own body, and joins them after it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Program {
    /// How many atomic locations there are.
    pub locations: usize,
    /// The other shared things.
    pub objects: Vec<ObjectKind>,
    /// What each thread does.
    pub threads: Vec<Vec<Step>>,
}

/// An instruction of the flat code.
#[derive(Clone, Copy, Debug)]
pub(super) enum Flat {
    Op(Op),
    Goto(usize),
    If(Test, usize),
    /// Leaves a loop after its last round.
    Full {
        reg: usize,
        rounds: Value,
        to: usize,
    },
    Count(usize),
}

impl Program {
    /// Every operation, however deep.
    pub fn operations(&self) -> impl Iterator<Item = Op> {
        let mut found = Vec::new();
        self.threads.iter().for_each(|body| collect(body, &mut found));
        found.into_iter()
    }

    /// Whether all orderings are `SeqCst`; `None` if only some are.
    #[must_use]
    pub fn is_sequential(&self) -> Option<bool> {
        let orders: Vec<Order> = self.operations().flat_map(Op::orders).collect();
        let strong = orders.iter().filter(|order| **order == Order::SeqCst).count();
        match strong {
            0 => Some(orders.is_empty()),
            _ => (strong == orders.len()).then_some(true),
        }
    }
}

fn collect(body: &[Step], found: &mut Vec<Op>) {
    for step in body {
        match step {
            Step::Op(op) => found.push(*op),
            Step::If { then, .. } => collect(then, found),
            Step::Loop { body, .. } => collect(body, found),
            Step::Break(_) => {}
        }
    }
}

/// The code of a thread without its nesting.
pub(super) fn flatten(body: &[Step]) -> Vec<Flat> {
    let (mut code, mut breaks) = (Vec::new(), Vec::new());
    append(body, &mut code, &mut breaks);
    // Outside a loop, it is the thread that is left.
    leave(&mut code, breaks);
    code
}

fn leave(code: &mut [Flat], breaks: Vec<usize>) {
    let end = code.len();
    for place in breaks {
        if let Flat::If(_, to) = &mut code[place] {
            *to = end;
        }
    }
}

fn append(body: &[Step], code: &mut Vec<Flat>, breaks: &mut Vec<usize>) {
    for step in body {
        match step {
            Step::Op(op) => code.push(Flat::Op(*op)),
            Step::If { test, then } => {
                let skip = code.len();
                let otherwise = Test { equal: !test.equal, ..*test };
                code.push(Flat::If(otherwise, 0));
                append(then, code, breaks);
                code[skip] = Flat::If(otherwise, code.len());
            }
            Step::Break(test) => {
                breaks.push(code.len());
                code.push(Flat::If(*test, 0));
            }
            Step::Loop { rounds, body } => append_loop(*rounds, body, code),
        }
    }
}

fn append_loop(rounds: Option<(Value, usize)>, body: &[Step], code: &mut Vec<Flat>) {
    let mut breaks = Vec::new();
    if let Some((_, reg)) = rounds {
        code.push(Flat::Op(Op::Set { reg, value: Operand::Constant(0) }));
    }
    let head = code.len();
    if rounds.is_some() {
        code.push(Flat::Goto(0));
    }
    append(body, code, &mut breaks);
    if let Some((_, reg)) = rounds {
        code.push(Flat::Count(reg));
    }
    code.push(Flat::Goto(head));
    let end = code.len();
    if let Some((rounds, reg)) = rounds {
        code[head] = Flat::Full { reg, rounds, to: end };
    }
    leave(code, breaks);
}
