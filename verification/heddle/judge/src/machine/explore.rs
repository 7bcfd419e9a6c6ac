//! The search through all states of a program.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

use super::code::{Flat, Program, REGISTERS, Value};
use super::fair::has_fair_cycle;
use super::memory::Next;
use super::state::{Broken, Machine, Object, State};

/// What a run that came to its end leaves behind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outcome {
    /// The registers of each thread.
    pub registers: Vec<[Value; REGISTERS]>,
    /// The last value of each location, then of what each lock guards.
    pub memory: Vec<Value>,
}

/// Registers that are 0 are left out.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (thread, registers) in self.registers.iter().enumerate() {
            for (reg, value) in registers.iter().enumerate().filter(|(_, value)| **value != 0) {
                write!(f, "{thread}:r{reg}={value} ")?;
            }
        }
        write!(f, "memory {:?}", self.memory)
    }
}

/// Everything a program can come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How it can end.
    pub outcomes: BTreeSet<Outcome>,
    /// Whether it can come to where it never ends: all threads that are left
    /// wait for ever, in whatever way.
    pub hangs: bool,
    /// Whether it can go round for ever although every thread gets its turn and
    /// writes become visible; see `fair`.
    pub livelocks: bool,
    /// How many states there are.
    pub states: usize,
}

/// Why there is no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unjudged {
    /// More states than were allowed.
    TooLarge,
    /// The program keeps no rule: orderings are mixed, a loop goes round
    /// without an operation, a lock is used by who does not hold it.
    Broken,
}

impl From<Broken> for Unjudged {
    fn from(_: Broken) -> Self {
        Self::Broken
    }
}

/// A transition: where it leads, whose it is, whether no fair run takes it for
/// ever.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) to: u32,
    pub(super) thread: u8,
    pub(super) unlucky: bool,
}

/// Multiplies and rotates: states are hashed a great deal, by nobody's enemy.
#[derive(Default)]
struct Fold(u64);

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 29
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(23) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}

/// Everything a program can come to, if it has at most so many states.
///
/// # Errors
/// [`Unjudged`] says why there is no answer.
pub fn explore(program: &Program, at_most: usize) -> Result<Verdict, Unjudged> {
    let machine = Machine::new(program).ok_or(Unjudged::Broken)?;
    let mut search = Search { machine, ids: HashMap::default(), states: Vec::new(), edges: Vec::new() };
    let mut start = search.machine.start(program);
    for thread in 0..program.threads.len() {
        search.machine.settle(&mut start, thread)?;
    }
    search.machine.forget(&mut start);
    search.add(start);
    let mut verdict = Verdict::default();
    let mut ended = Vec::new();
    while search.edges.len() < search.states.len() {
        if search.states.len() > at_most {
            return Err(Unjudged::TooLarge);
        }
        let id = search.edges.len();
        let edges = search.visit(id)?;
        if edges.is_empty() {
            let state = &search.states[id];
            if (0..state.threads.len()).all(|thread| search.machine.is_finished(state, thread)) {
                verdict.outcomes.insert(outcome(state));
                ended.push(id as u32);
            } else {
                verdict.hangs = true;
                ended.push(id as u32);
            }
        }
        search.edges.push(edges);
    }
    verdict.states = search.states.len();
    verdict.hangs |= !search.all_reach(ended);
    let waits = |state: usize, thread: usize| search.edges[state].iter().all(|edge| edge.thread as usize != thread);
    verdict.livelocks = has_fair_cycle(&search.edges, program.threads.len(), waits);
    Ok(verdict)
}

fn outcome(state: &State) -> Outcome {
    let last = |messages: &Vec<super::state::Message>| messages.last().map_or(0, |message| message.value);
    let data = state.objects.iter().map(|object| match object {
        Object::Mutex { data, .. } => *data,
    });
    Outcome {
        registers: state.threads.iter().map(|thread| thread.registers).collect(),
        memory: state.memory.iter().map(last).chain(data).collect(),
    }
}

struct Search {
    machine: Machine,
    ids: HashMap<State, u32, BuildHasherDefault<Fold>>,
    states: Vec<State>,
    edges: Vec<Vec<Edge>>,
}

impl Search {
    fn add(&mut self, state: State) -> u32 {
        if let Some(id) = self.ids.get(&state) {
            return *id;
        }
        let id = self.states.len() as u32;
        self.states.push(state.clone());
        self.ids.insert(state, id);
        id
    }

    /// Takes every transition of a state.
    fn visit(&mut self, id: usize) -> Result<Vec<Edge>, Broken> {
        let mut edges = Vec::new();
        let mut found: Vec<Next> = Vec::new();
        for thread in 0..self.states[id].threads.len() {
            let state = &self.states[id];
            let Some(Flat::Op(op)) = self.machine.code[thread].get(state.threads[thread].at as usize) else {
                continue;
            };
            match op.location() {
                Some(_) => self.machine.access(state, thread, *op, &mut found),
                None => self.machine.operate(state, thread, *op, &mut found)?,
            }
            for Next { mut state, unlucky } in found.drain(..) {
                state.threads[thread].at += 1;
                self.machine.settle(&mut state, thread)?;
                if self.machine.is_finished(&state, thread) && state.holds_any(thread) {
                    return Err(Broken);
                }
                self.machine.forget(&mut state);
                let to = self.add(state);
                edges.push(Edge { to, thread: thread as u8, unlucky });
            }
        }
        Ok(edges)
    }

    /// Whether every state can still come to one of these.
    fn all_reach(&self, ended: Vec<u32>) -> bool {
        let mut before = vec![Vec::new(); self.states.len()];
        for (from, edges) in self.edges.iter().enumerate() {
            for edge in edges {
                before[edge.to as usize].push(from as u32);
            }
        }
        let mut reached = vec![false; self.states.len()];
        let mut pending = ended;
        pending.iter().for_each(|id| reached[*id as usize] = true);
        while let Some(id) = pending.pop() {
            for from in &before[id as usize] {
                if !std::mem::replace(&mut reached[*from as usize], true) {
                    pending.push(*from);
                }
            }
        }
        reached.iter().all(|reached| *reached)
    }
}
