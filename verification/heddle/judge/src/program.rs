//! Tiny concurrent programs as data: what the judge enumerates and the
//! explorer runs.
//!
//! A [`Program`] has no loops, so each instruction runs at most once in an
//! execution and `(thread, index)` names its event. All locations and registers
//! start at 0, and the initial writes happen before every thread. A location
//! has one [`Kind`], inferred from the instructions that name it.

pub use crate::validate::ProgramError;
use crate::validate::validate;

/// What a location or a register holds.
pub type Value = u64;

/// The index of a shared location, below [`Program::locations`].
pub type Location = usize;

/// The index of a thread's private register.
pub type Register = usize;

/// The most locations a program may have; each has a one-letter name in text.
pub const MAX_LOCATIONS: usize = 8;

/// The most registers a thread may have.
pub const MAX_REGISTERS: usize = 16;

/// The most events an execution graph may have: a row of a relation is one
/// machine word. A read-modify-write counts as two, each location's initial
/// write as one.
pub const MAX_EVENTS: usize = 64;

/// The ordering of an atomic operation, as in `core::sync::atomic::Ordering`
/// but exhaustive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Atomicity and coherence only.
    Relaxed,
    /// Reads and fences: synchronises with the release it observes.
    Acquire,
    /// Writes and fences: publishes what happened before.
    Release,
    /// Read-modify-writes and fences: both.
    AcqRel,
    /// Both, and a place in the order `psc` constrains.
    SeqCst,
}

impl Order {
    /// Every ordering, weakest first where they compare.
    pub const ALL: [Self; 5] = [Self::Relaxed, Self::Acquire, Self::Release, Self::AcqRel, Self::SeqCst];

    /// Orderings a load, or a failed compare-exchange, may have.
    pub const LOADS: [Self; 3] = [Self::Relaxed, Self::Acquire, Self::SeqCst];

    /// Orderings a store may have.
    pub const STORES: [Self; 3] = [Self::Relaxed, Self::Release, Self::SeqCst];

    /// Orderings a fence may have.
    pub const FENCES: [Self; 4] = [Self::Acquire, Self::Release, Self::AcqRel, Self::SeqCst];

    /// Whether the read or fence part acquires.
    #[must_use]
    pub fn acquires(self) -> bool {
        matches!(self, Self::Acquire | Self::AcqRel | Self::SeqCst)
    }

    /// Whether the write or fence part releases.
    #[must_use]
    pub fn releases(self) -> bool {
        matches!(self, Self::Release | Self::AcqRel | Self::SeqCst)
    }

    /// Whether it promises at most what the other does; `Acquire` and `Release`
    /// do not compare.
    #[must_use]
    pub fn is_at_most(self, other: Self) -> bool {
        (other.acquires() || !self.acquires())
            && (other.releases() || !self.releases())
            && (other == Self::SeqCst || self != Self::SeqCst)
    }
}

impl From<Order> for core::sync::atomic::Ordering {
    fn from(order: Order) -> Self {
        match order {
            Order::Relaxed => Self::Relaxed,
            Order::Acquire => Self::Acquire,
            Order::Release => Self::Release,
            Order::AcqRel => Self::AcqRel,
            Order::SeqCst => Self::SeqCst,
        }
    }
}

/// A constant, or what the thread's register holds when the instruction runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// This value.
    Constant(Value),
    /// The value of this register.
    Register(Register),
}

/// How a read-modify-write computes what it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RmwOp {
    /// Wrapping addition, as `fetch_add`.
    Add(Operand),
    /// The operand itself, as `swap`.
    Swap(Operand),
}

impl RmwOp {
    /// The operand, whatever the operation.
    #[must_use]
    pub fn operand(self) -> Operand {
        match self {
            Self::Add(operand) | Self::Swap(operand) => operand,
        }
    }
}

/// One step of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Instruction {
    /// `reg = loc.load(order)`.
    Load {
        /// An atomic location.
        loc: Location,
        /// One of [`Order::LOADS`].
        order: Order,
        /// Receives the value read.
        reg: Register,
    },
    /// `loc.store(value, order)`.
    Store {
        /// An atomic location.
        loc: Location,
        /// One of [`Order::STORES`].
        order: Order,
        /// What is stored.
        value: Operand,
    },
    /// `reg = loc.fetch_add(…)` or `reg = loc.swap(…)`.
    Rmw {
        /// An atomic location.
        loc: Location,
        /// Any ordering.
        order: Order,
        /// What is written.
        op: RmwOp,
        /// Receives the value read.
        reg: Register,
    },
    /// `reg = loc.compare_exchange(expected, new, success, failure)`, the value
    /// read whether it succeeded or not.
    CompareExchange {
        /// An atomic location.
        loc: Location,
        /// Succeeds only on reading this.
        expected: Operand,
        /// Written on success.
        new: Operand,
        /// Any ordering, for the read-modify-write of a success.
        success: Order,
        /// One of [`Order::LOADS`], for the plain read of a failure.
        failure: Order,
        /// Whether it may also fail on reading `expected`
        /// (`compare_exchange_weak`): a graph of its own.
        weak: bool,
        /// Receives the value read.
        reg: Register,
    },
    /// `fence(order)`.
    Fence {
        /// One of [`Order::FENCES`].
        order: Order,
    },
    /// Takes the mutex, waiting while another thread holds it.
    Lock {
        /// A mutex location.
        mutex: Location,
    },
    /// Gives the mutex back.
    Unlock {
        /// A mutex location the thread holds.
        mutex: Location,
    },
    /// A plain read of an `UnsafeCell`.
    NonAtomicLoad {
        /// A non-atomic location.
        loc: Location,
        /// Receives the value read.
        reg: Register,
    },
    /// A plain write of an `UnsafeCell`.
    NonAtomicStore {
        /// A non-atomic location.
        loc: Location,
        /// What is stored.
        value: Operand,
    },
    /// Jumps over the next `count` instructions if `reg == value`.
    SkipIf {
        /// The register compared.
        reg: Register,
        /// With this constant.
        value: Value,
        /// How many instructions are skipped when they are equal.
        count: usize,
    },
}

impl Instruction {
    /// The location it accesses, and as what.
    #[must_use]
    pub fn access(self) -> Option<(Location, Kind)> {
        match self {
            Self::Load { loc, .. }
            | Self::Store { loc, .. }
            | Self::Rmw { loc, .. }
            | Self::CompareExchange { loc, .. } => Some((loc, Kind::Atomic)),
            Self::Lock { mutex } | Self::Unlock { mutex } => Some((mutex, Kind::Mutex)),
            Self::NonAtomicLoad { loc, .. } | Self::NonAtomicStore { loc, .. } => Some((loc, Kind::NonAtomic)),
            Self::Fence { .. } | Self::SkipIf { .. } => None,
        }
    }

    /// The location it accesses, to change it.
    pub fn loc_mut(&mut self) -> Option<&mut Location> {
        match self {
            Self::Load { loc, .. }
            | Self::Store { loc, .. }
            | Self::Rmw { loc, .. }
            | Self::CompareExchange { loc, .. }
            | Self::Lock { mutex: loc }
            | Self::Unlock { mutex: loc }
            | Self::NonAtomicLoad { loc, .. }
            | Self::NonAtomicStore { loc, .. } => Some(loc),
            Self::Fence { .. } | Self::SkipIf { .. } => None,
        }
    }

    /// Every register it names, to write, compare or read.
    pub fn registers(self) -> impl Iterator<Item = Register> {
        let target = match self {
            Self::Load { reg, .. }
            | Self::Rmw { reg, .. }
            | Self::CompareExchange { reg, .. }
            | Self::NonAtomicLoad { reg, .. }
            | Self::SkipIf { reg, .. } => Some(reg),
            _ => None,
        };
        let operands = self.operands().into_iter().flatten();
        let read = operands.filter_map(|operand| match operand {
            Operand::Register(reg) => Some(reg),
            Operand::Constant(_) => None,
        });
        target.into_iter().chain(read)
    }

    fn operands(self) -> [Option<Operand>; 2] {
        match self {
            Self::Store { value, .. } | Self::NonAtomicStore { value, .. } => [Some(value), None],
            Self::Rmw { op, .. } => [Some(op.operand()), None],
            Self::CompareExchange { expected, new, .. } => [Some(expected), Some(new)],
            _ => [None, None],
        }
    }

    /// Its orderings, each with those Rust accepts in its place. A
    /// compare-exchange has two, of success and of failure.
    pub fn orders_mut(&mut self) -> Vec<(&mut Order, &'static [Order])> {
        match self {
            Self::Load { order, .. } => vec![(order, &Order::LOADS)],
            Self::Store { order, .. } => vec![(order, &Order::STORES)],
            Self::Rmw { order, .. } => vec![(order, &Order::ALL)],
            Self::CompareExchange { success, failure, .. } => vec![(success, &Order::ALL), (failure, &Order::LOADS)],
            Self::Fence { order } => vec![(order, &Order::FENCES)],
            _ => Vec::new(),
        }
    }

    /// How many events it adds to a graph at most.
    #[must_use]
    pub fn events(self) -> usize {
        match self {
            Self::Rmw { .. } | Self::CompareExchange { .. } | Self::Lock { .. } => 2,
            Self::SkipIf { .. } => 0,
            _ => 1,
        }
    }
}

/// What a location is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Accessed by atomic operations only; also a location no one names.
    Atomic,
    /// Accessed by plain reads and writes only: a conflicting unordered pair is
    /// a data race.
    NonAtomic,
    /// Locked and unlocked only. It holds 0 in every complete outcome.
    Mutex,
}

/// Threads over shared locations; see the module for its meaning.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Program {
    locations: usize,
    threads: Vec<Vec<Instruction>>,
}

impl Program {
    /// A checked program.
    ///
    /// # Errors
    /// [`ProgramError`] names the first instruction that breaks a rule.
    pub fn new(locations: usize, threads: Vec<Vec<Instruction>>) -> Result<Self, ProgramError> {
        let program = Self { locations, threads };
        validate(&program)?;
        Ok(program)
    }

    /// How many locations there are, named or not.
    #[must_use]
    pub fn locations(&self) -> usize {
        self.locations
    }

    /// The instructions of each thread.
    #[must_use]
    pub fn threads(&self) -> &[Vec<Instruction>] {
        &self.threads
    }

    /// The same program with every ordering `SeqCst`.
    ///
    /// # Panics
    /// Never: `SeqCst` is legal everywhere.
    #[must_use]
    pub fn sequential(&self) -> Self {
        let mut threads = self.threads.clone();
        let instructions = threads.iter_mut().flatten();
        for (order, _) in instructions.flat_map(Instruction::orders_mut) {
            *order = Order::SeqCst;
        }
        Self::new(self.locations, threads).expect("SeqCst is legal everywhere")
    }

    /// What a location is, by its first use.
    #[must_use]
    pub fn kind(&self, loc: Location) -> Kind {
        let accesses = self.threads.iter().flatten().filter_map(|i| i.access());
        accesses.filter(|access| access.0 == loc).map(|access| access.1).next().unwrap_or(Kind::Atomic)
    }

    /// How many registers a thread has: one more than the highest it names.
    #[must_use]
    pub fn registers(&self, thread: usize) -> usize {
        let named = self.threads[thread].iter().flat_map(|i| i.registers());
        named.map(|reg| reg + 1).max().unwrap_or(0)
    }

    /// How many events the largest graph of the program has at most.
    #[must_use]
    pub fn events(&self) -> usize {
        let instructions = self.threads.iter().flatten();
        self.locations + instructions.map(|i| i.events()).sum::<usize>()
    }
}
