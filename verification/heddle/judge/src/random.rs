//! Seeded random programs.
//!
//! Uniformly random programs hardly ever tell the axioms of `SeqCst` apart:
//! that takes a cycle through several threads whose every step is of the right
//! kind. So most of a sample are litmus tests of the literature with a few
//! things changed at random, see `perturb`.

use std::collections::HashSet;
use std::ops::Range;

use fastrand::Rng;

use crate::litmus;
use crate::program::{Instruction, Kind, Location, Operand, Order, Program, Register, RmwOp};

mod perturb;

/// The most executions, before any axiom, that a sampled program may have; it
/// keeps brute force within some ten milliseconds.
const MAX_CANDIDATES: u64 = 20_000;

/// The most events a sampled program may have.
const MAX_SAMPLED_EVENTS: usize = 28;

/// An endless sample of small programs, no two equal, the same for the same
/// seed.
#[derive(Clone, Debug)]
pub struct Sample {
    rng: Rng,
    shapes: Vec<Program>,
    drawn: HashSet<Program>,
}

impl Sample {
    /// The sample of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let shapes = litmus::all().into_iter().map(|test| test.program);
        Self {
            rng: Rng::with_seed(seed),
            shapes: shapes.filter(|shape| shape.threads().len() > 1).collect(),
            drawn: HashSet::new(),
        }
    }

    /// A program drawn instruction by instruction: 2 or 3 threads, 1 to 3
    /// locations of any kind.
    pub fn uniform(&mut self) -> Program {
        loop {
            let threads = self.rng.usize(2..=3);
            let locations = self.rng.usize(1..=3);
            let kinds: Vec<Kind> = (0..locations).map(|_| kind(&mut self.rng)).collect();
            let longest = if threads == 2 { 5 } else { 3 };
            let bodies = (0..threads)
                .map(|_| {
                    let length = self.rng.usize(2..=longest);
                    body(&mut self.rng, &kinds, length)
                })
                .collect();
            if let Some(program) = self.accept(locations, bodies) {
                return program;
            }
        }
    }

    /// A litmus test of the literature with one to five changes.
    pub fn perturbed(&mut self) -> Program {
        loop {
            let shape = self.rng.usize(..self.shapes.len());
            let shape = &self.shapes[shape];
            let mut bodies = shape.threads().to_vec();
            let mut locations = shape.locations();
            for _ in 0..self.rng.usize(1..=5) {
                perturb::perturb(&mut self.rng, &mut locations, &mut bodies);
            }
            if let Some(program) = self.accept(locations, bodies) {
                return program;
            }
        }
    }

    /// A program that keeps the rules, is small enough and new.
    fn accept(&mut self, locations: usize, bodies: Vec<Vec<Instruction>>) -> Option<Program> {
        let program = Program::new(locations, bodies).ok()?;
        let small = program.events() <= MAX_SAMPLED_EVENTS && candidates(&program) <= MAX_CANDIDATES;
        (small && self.drawn.insert(program.clone())).then_some(program)
    }
}

/// One uniform program in four, the others perturbed.
impl Iterator for Sample {
    type Item = Program;

    fn next(&mut self) -> Option<Program> {
        Some(if self.rng.usize(..4) == 0 { self.uniform() } else { self.perturbed() })
    }
}

/// About how many reads-from × modification orders there are.
fn candidates(program: &Program) -> u64 {
    let mut product: u64 = 1;
    for loc in 0..program.locations() {
        let accesses = program.threads().iter().flatten();
        let accesses = accesses.filter(|i| i.access().is_some_and(|a| a.0 == loc));
        let (mut reads, mut writes) = (0, 0);
        for access in accesses {
            let (read, write) = reads_and_writes(*access);
            reads += u32::from(read);
            writes += u64::from(write);
        }
        product = product.saturating_mul((writes + 1).saturating_pow(reads)).saturating_mul((1..=writes).product());
    }
    product
}

fn reads_and_writes(instruction: Instruction) -> (bool, bool) {
    match instruction {
        Instruction::Load { .. } | Instruction::NonAtomicLoad { .. } => (true, false),
        // Critical sections take turns: one more multiplies like one more write.
        Instruction::Lock { .. } | Instruction::Store { .. } | Instruction::NonAtomicStore { .. } => (false, true),
        Instruction::Unlock { .. } => (false, false),
        _ => (true, true),
    }
}

fn kind(rng: &mut Rng) -> Kind {
    match rng.usize(..10) {
        0 => Kind::NonAtomic,
        1 => Kind::Mutex,
        _ => Kind::Atomic,
    }
}

/// One thread; a mutex is locked and then unlocked somewhere later in it.
fn body(rng: &mut Rng, kinds: &[Kind], length: usize) -> Vec<Instruction> {
    let mut body: Vec<Instruction> = Vec::new();
    let mut mutexes = Vec::new();
    while body.len() < length {
        let loc = rng.usize(..kinds.len());
        match kinds[loc] {
            Kind::Mutex if !mutexes.contains(&loc) => mutexes.push(loc),
            Kind::Mutex => {}
            Kind::NonAtomic => {
                let plain = non_atomic(rng, &body, loc);
                body.push(plain);
            }
            Kind::Atomic => {
                let access = atomic(rng, &body, loc);
                body.push(access);
            }
        }
        if mutexes.len() == kinds.len() {
            break;
        }
    }
    for mutex in mutexes {
        enclose(rng, &mut body, mutex);
    }
    body
}

/// Puts part of a thread between a lock and an unlock, and says which part.
fn enclose(rng: &mut Rng, body: &mut Vec<Instruction>, mutex: Location) -> Range<usize> {
    let first = rng.usize(..=body.len());
    let last = rng.usize(first..=body.len());
    body.insert(last, Instruction::Unlock { mutex });
    body.insert(first, Instruction::Lock { mutex });
    first + 1..last + 1
}

fn non_atomic(rng: &mut Rng, body: &[Instruction], loc: Location) -> Instruction {
    if rng.bool() {
        let reg = free_register(body);
        Instruction::NonAtomicLoad { loc, reg }
    } else {
        let value = operand(rng, body);
        Instruction::NonAtomicStore { loc, value }
    }
}

/// Any instruction that may stand in a thread at an atomic location; now and
/// then a fence or a skip.
fn atomic(rng: &mut Rng, body: &[Instruction], loc: Location) -> Instruction {
    let reg = free_register(body);
    match rng.usize(..16) {
        0..5 => Instruction::Load { loc, order: order(rng, &Order::LOADS), reg },
        5..10 => Instruction::Store { loc, order: order(rng, &Order::STORES), value: operand(rng, body) },
        10..12 => {
            let value = operand(rng, body);
            let op = if rng.bool() { RmwOp::Add(value) } else { RmwOp::Swap(value) };
            let order = order(rng, &Order::ALL);
            Instruction::Rmw { loc, order, op, reg }
        }
        12..14 => compare_exchange(rng, body, loc),
        14 => Instruction::Fence { order: order(rng, &Order::FENCES) },
        _ => Instruction::SkipIf { reg: reg.saturating_sub(1), value: rng.u64(..2), count: 1 },
    }
}

fn compare_exchange(rng: &mut Rng, body: &[Instruction], loc: Location) -> Instruction {
    Instruction::CompareExchange {
        loc,
        expected: Operand::Constant(rng.u64(..3)),
        new: operand(rng, body),
        success: order(rng, &Order::ALL),
        failure: order(rng, &Order::LOADS),
        weak: rng.usize(..4) == 0,
        reg: free_register(body),
    }
}

/// One of the legal orderings, `SeqCst` two times in five.
fn order(rng: &mut Rng, legal: &[Order]) -> Order {
    if rng.usize(..5) < 2 { Order::SeqCst } else { legal[rng.usize(..legal.len())] }
}

/// A small constant, or now and then what an earlier instruction read.
fn operand(rng: &mut Rng, body: &[Instruction]) -> Operand {
    match free_register(body) {
        registers @ 1.. if rng.usize(..5) == 0 => Operand::Register(rng.usize(..registers)),
        _ => Operand::Constant(rng.u64(1..=3)),
    }
}

/// The first register no instruction of the thread names.
fn free_register(body: &[Instruction]) -> Register {
    let named = body.iter().flat_map(|i| i.registers());
    named.map(|reg| reg + 1).max().unwrap_or(0)
}
