//! A second opinion on programs whose atomics are all `SeqCst`: their
//! executions are those of threads that take turns on one memory.
//!
//! Nothing here knows of relations or axioms, nor how `run` enumerates.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::outcome::Outcome;
use crate::program::{Instruction, Kind, Location, Operand, Program, RmwOp, Value};

/// Which of the writes made so far a read may return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// The last one: sequential consistency.
    Latest,
    /// Any: every execution whose program order and reads-from have no cycle,
    /// whatever else is wrong with it. Modification order is not kept.
    Any,
}

/// What the interleavings of a program add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interleavings {
    /// Of those that run to the end; empty for [`Memory::Any`].
    pub outcomes: BTreeSet<Outcome>,
    /// How many differ in events, reads-from or modification order and run to
    /// the end.
    pub graphs: u64,
    /// How many differ so and get stuck.
    pub deadlocks: u64,
}

/// A thread and an instruction; `None` for the initial write.
type Write = Option<(usize, usize)>;

/// All that happened, without the order in which threads took turns: two
/// interleavings of one execution graph meet in one state.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    positions: Vec<usize>,
    registers: Vec<Vec<Value>>,
    /// By location, in modification order, or sorted for [`Memory::Any`].
    writes: Vec<Vec<(Write, Value)>>,
    /// What each executed read read, and whether it went on to write.
    reads: BTreeMap<(usize, usize), (Write, bool)>,
}

/// Runs every interleaving. Orderings and fences change nothing, non-atomic
/// accesses count as atomic: compare only programs whose orderings are all
/// `SeqCst` and that have no non-atomic location.
#[must_use]
pub fn interleave(program: &Program, memory: Memory) -> Interleavings {
    let threads = program.threads().len();
    let start = State::start(program);
    let mut all = Interleavings::default();
    let mut seen = BTreeSet::from([start.clone()]);
    let mut open = vec![start];
    while let Some(state) = open.pop() {
        let next: Vec<State> = (0..threads).flat_map(|thread| state.turns(program, thread, memory)).collect();
        if next.is_empty() {
            if state.is_complete(program) {
                all.graphs += 1;
                if memory == Memory::Latest {
                    all.outcomes.insert(state.outcome(program));
                }
            } else {
                all.deadlocks += 1;
            }
        }
        open.extend(next.into_iter().filter(|state| seen.insert(state.clone())));
    }
    all
}

/// How many graphs have an interleaving with this many preemptions, and none with
/// fewer; those that get stuck are left out. A preemption interrupts a thread
/// that could have gone on.
#[must_use]
pub fn preemptions(program: &Program) -> BTreeMap<u32, u64> {
    let start = State::start(program).settle(program);
    let mut best = BTreeMap::from([((start.clone(), None), 0)]);
    let mut open = VecDeque::from([(0, start, None)]);
    let mut fewest: BTreeMap<State, u32> = BTreeMap::new();
    while let Some((cost, state, last)) = open.pop_front() {
        let turns: Vec<Vec<State>> =
            (0..program.threads().len()).map(|thread| state.turns(program, thread, Memory::Latest)).collect();
        if state.is_complete(program) {
            let least = fewest.entry(state).or_insert(cost);
            *least = cost.min(*least);
            continue;
        }
        let interrupts = |thread| last.is_some_and(|last: usize| last != thread && !turns[last].is_empty());
        for (thread, turns) in turns.iter().enumerate() {
            let cost = cost + u32::from(interrupts(thread));
            for turn in turns.iter().cloned().map(|turn| turn.settle(program)) {
                let known = best.get(&(turn.clone(), Some(thread)));
                if known.is_none_or(|known| *known > cost) {
                    best.insert((turn.clone(), Some(thread)), cost);
                    open.push_back((cost, turn, Some(thread)));
                }
            }
        }
    }
    let mut counts = BTreeMap::new();
    for least in fewest.into_values() {
        *counts.entry(least).or_default() += 1;
    }
    counts
}

impl State {
    fn start(program: &Program) -> Self {
        let threads = program.threads().len();
        let registers = (0..threads).map(|thread| vec![0; program.registers(thread)]);
        Self {
            positions: vec![0; threads],
            registers: registers.collect(),
            writes: vec![vec![(None, 0)]; program.locations()],
            reads: BTreeMap::new(),
        }
    }

    fn is_complete(&self, program: &Program) -> bool {
        program.threads().iter().map(Vec::len).eq(self.positions.iter().copied())
    }

    /// Takes the jumps that come next in each thread: they are no turns.
    fn settle(mut self, program: &Program) -> Self {
        for (thread, body) in program.threads().iter().enumerate() {
            while let Some(Instruction::SkipIf { reg, value, count }) = body.get(self.positions[thread]) {
                let taken = self.registers[thread][*reg] == *value;
                self.positions[thread] += if taken { count + 1 } else { 1 };
            }
        }
        self
    }

    fn outcome(self, program: &Program) -> Outcome {
        let last = |loc: Location| match program.kind(loc) {
            Kind::Mutex => 0,
            _ => self.writes[loc].last().map_or(0, |write| write.1),
        };
        let memory = (0..program.locations()).map(last).collect();
        Outcome::Complete { registers: self.registers, memory }
    }

    /// Every way the thread can take its next turn.
    fn turns(&self, program: &Program, thread: usize, memory: Memory) -> Vec<Self> {
        let index = self.positions[thread];
        let Some(instruction) = program.threads()[thread].get(index).copied() else {
            return Vec::new();
        };
        let mut next = self.clone();
        next.positions[thread] += 1;
        let value = |operand| match operand {
            Operand::Constant(value) => value,
            Operand::Register(reg) => self.registers[thread][reg],
        };
        let Some((loc, _)) = instruction.access() else {
            if let Instruction::SkipIf { reg, value, count } = instruction
                && self.registers[thread][reg] == value
            {
                next.positions[thread] += count;
            }
            return vec![next];
        };
        let candidates = match memory {
            Memory::Latest => &self.writes[loc][self.writes[loc].len() - 1..],
            Memory::Any => &self.writes[loc][..],
        };
        let mut turns = Vec::new();
        for (source, found) in candidates {
            let written = match instruction {
                Instruction::Store { value: v, .. } | Instruction::NonAtomicStore { value: v, .. } => {
                    return vec![next.write(thread, index, loc, value(v), memory)];
                }
                Instruction::Unlock { .. } => {
                    return vec![next.write(thread, index, loc, 0, memory)];
                }
                // The mutex holds 1 while locked.
                Instruction::Lock { .. } if *found == 1 => continue,
                Instruction::Lock { .. } => vec![Some(1)],
                Instruction::Rmw { op, .. } => vec![Some(match op {
                    RmwOp::Add(v) => found.wrapping_add(value(v)),
                    RmwOp::Swap(v) => value(v),
                })],
                Instruction::CompareExchange { expected, new, weak, .. } => match value(expected) == *found {
                    true if weak => vec![Some(value(new)), None],
                    true => vec![Some(value(new))],
                    false => vec![None],
                },
                _ => vec![None],
            };
            for written in written {
                let mut turn = next.clone();
                let read = (*source, written.is_some());
                turn.reads.insert((thread, index), read);
                if let Some(reg) = target(instruction) {
                    turn.registers[thread][reg] = *found;
                }
                if let Some(value) = written {
                    turn = turn.write(thread, index, loc, value, memory);
                }
                turns.push(turn);
            }
        }
        turns
    }

    fn write(mut self, thread: usize, index: usize, loc: Location, value: Value, memory: Memory) -> Self {
        self.writes[loc].push((Some((thread, index)), value));
        if memory == Memory::Any {
            self.writes[loc].sort_unstable();
        }
        self
    }
}

/// The register that receives what an instruction reads.
fn target(instruction: Instruction) -> Option<usize> {
    match instruction {
        Instruction::Load { reg, .. }
        | Instruction::Rmw { reg, .. }
        | Instruction::CompareExchange { reg, .. }
        | Instruction::NonAtomicLoad { reg, .. } => Some(reg),
        _ => None,
    }
}
