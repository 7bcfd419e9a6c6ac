//! The judge's programs on the types of the engine that the parent names.

use std::sync::Arc as StdArc;

use heddle_judge::outcome::Outcome;
use heddle_judge::program::{Instruction, Kind, Operand, Program, RmwOp, Value};

use super::engine;
use engine::cell::UnsafeCell;
use engine::sync::atomic::{AtomicU64, Ordering, fence};
use engine::sync::{Mutex, MutexGuard};

enum Place {
    Atomic(AtomicU64),
    NonAtomic(UnsafeCell<Value>),
    Mutex(Mutex<()>),
}

struct Memory(Vec<Place>);

// SAFETY: all threads of a model run on one OS thread, and the engine checks
// the accesses to the cells.
unsafe impl Sync for Memory {}
// SAFETY: as above.
unsafe impl Send for Memory {}

impl Memory {
    fn new(program: &Program) -> Self {
        let place = |loc| match program.kind(loc) {
            Kind::Atomic => Place::Atomic(AtomicU64::new(0)),
            Kind::NonAtomic => Place::NonAtomic(UnsafeCell::new(0)),
            Kind::Mutex => Place::Mutex(Mutex::new(())),
        };
        Self((0..program.locations()).map(place).collect())
    }

    fn atomic(&self, loc: usize) -> &AtomicU64 {
        match &self.0[loc] {
            Place::Atomic(atomic) => atomic,
            _ => unreachable!("a checked program uses each location as one kind"),
        }
    }

    fn last(&self, loc: usize) -> Value {
        match &self.0[loc] {
            Place::Atomic(atomic) => atomic.load(Ordering::Relaxed),
            // SAFETY: the engine reports a race before the pointer is used.
            Place::NonAtomic(cell) => cell.with(|value| unsafe { *value }),
            Place::Mutex(_) => 0,
        }
    }
}

fn operand(operand: Operand, registers: &[Value]) -> Value {
    match operand {
        Operand::Constant(value) => value,
        Operand::Register(reg) => registers[reg],
    }
}

fn run_thread(memory: &Memory, body: &[Instruction], registers: &mut [Value]) {
    let mut held: Vec<Option<MutexGuard<'_, ()>>> = (0..memory.0.len()).map(|_| None).collect();
    let mut index = 0;
    while index < body.len() {
        let instruction = body[index];
        index += 1;
        match instruction {
            Instruction::Lock { mutex } => match &memory.0[mutex] {
                Place::Mutex(place) => held[mutex] = Some(place.lock().unwrap()),
                _ => unreachable!("a checked program locks mutexes"),
            },
            Instruction::Unlock { mutex } => held[mutex] = None,
            Instruction::SkipIf { reg, value, count } => {
                if registers[reg] == value {
                    index += count;
                }
            }
            other => access(memory, other, registers),
        }
    }
}

fn access(memory: &Memory, instruction: Instruction, registers: &mut [Value]) {
    match instruction {
        Instruction::Load { loc, order, reg } => {
            registers[reg] = memory.atomic(loc).load(order.into());
        }
        Instruction::Store { loc, order, value } => {
            memory.atomic(loc).store(operand(value, registers), order.into());
        }
        Instruction::Rmw { loc, order, op, reg } => {
            let value = operand(op.operand(), registers);
            registers[reg] = match op {
                RmwOp::Add(_) => memory.atomic(loc).fetch_add(value, order.into()),
                RmwOp::Swap(_) => memory.atomic(loc).swap(value, order.into()),
            };
        }
        Instruction::CompareExchange { loc, expected, new, success, failure, weak, reg } => {
            let (expected, new) = (operand(expected, registers), operand(new, registers));
            let atomic = memory.atomic(loc);
            let result = if weak {
                atomic.compare_exchange_weak(expected, new, success.into(), failure.into())
            } else {
                atomic.compare_exchange(expected, new, success.into(), failure.into())
            };
            registers[reg] = result.unwrap_or_else(|value| value);
        }
        Instruction::Fence { order } => fence(order.into()),
        Instruction::NonAtomicLoad { loc, reg } => {
            if let Place::NonAtomic(cell) = &memory.0[loc] {
                // SAFETY: the engine reports a race before the pointer is used.
                registers[reg] = cell.with(|value| unsafe { *value });
            }
        }
        Instruction::NonAtomicStore { loc, value } => {
            if let Place::NonAtomic(cell) = &memory.0[loc] {
                let new = operand(value, registers);
                // SAFETY: the engine reports a race before the pointer is used.
                cell.with_mut(|value| unsafe { *value = new });
            }
        }
        _ => unreachable!("control flow and locks are handled by the caller"),
    }
}

/// Who spawns the threads: this changes no outcome and no number of executions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spawning {
    /// The closure spawns all.
    Flat,
    /// Each thread spawns the next one and joins it.
    Nested,
}

type Registers = Vec<Vec<Value>>;

fn run_nested(memory: &StdArc<Memory>, program: &StdArc<Program>, thread: usize) -> Registers {
    let next = (thread + 1 < program.threads().len()).then(|| {
        let (memory, program) = (StdArc::clone(memory), StdArc::clone(program));
        engine::thread::spawn(move || run_nested(&memory, &program, thread + 1))
    });
    let mut registers = vec![0; program.registers(thread)];
    run_thread(memory, &program.threads()[thread], &mut registers);
    let mut all = vec![registers];
    all.extend(next.into_iter().flat_map(|next| next.join().unwrap()));
    all
}

fn run_flat(memory: &StdArc<Memory>, program: &StdArc<Program>, threads: usize) -> Registers {
    let threads: Vec<_> = (0..threads)
        .map(|thread| {
            let (memory, program) = (StdArc::clone(memory), StdArc::clone(program));
            engine::thread::spawn(move || {
                let mut registers = vec![0; program.registers(thread)];
                run_thread(&memory, &program.threads()[thread], &mut registers);
                registers
            })
        })
        .collect();
    let threads = threads.into_iter();
    threads.map(|thread| thread.join().unwrap()).collect()
}

/// The last thread's body comes when all others have been joined, and is the
/// closure's own; `before` comes right before it.
pub(crate) fn run_last_alone(program: &StdArc<Program>, before: impl Fn()) -> Outcome {
    let memory = StdArc::new(Memory::new(program));
    let last = program.threads().len() - 1;
    let mut registers = run_flat(&memory, program, last);
    before();
    let mut own = vec![0; program.registers(last)];
    run_thread(&memory, &program.threads()[last], &mut own);
    registers.push(own);
    outcome(&memory, program, registers)
}

/// One execution of a program, and what it leaves behind.
pub(crate) fn run(program: &StdArc<Program>, spawning: Spawning) -> Outcome {
    let memory = StdArc::new(Memory::new(program));
    let registers = match spawning {
        Spawning::Flat => run_flat(&memory, program, program.threads().len()),
        Spawning::Nested => run_nested(&memory, program, 0),
    };
    outcome(&memory, program, registers)
}

fn outcome(memory: &Memory, program: &Program, registers: Registers) -> Outcome {
    let memory = (0..program.locations()).map(|loc| memory.last(loc)).collect();
    Outcome::Complete { registers, memory }
}
