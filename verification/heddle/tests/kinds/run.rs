//! Runs the judge's programs with control flow on heddle. Each kind of
//! operation is issued from one source line, as by a helper that all threads
//! call, so that nothing can be told apart by where it stands.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex as StdMutex};

use heddle::hint::spin_loop;
use heddle::model::{Builder, Report};
use heddle::sync::atomic::{AtomicU8, fence};
use heddle::sync::{Mutex, MutexGuard};
use heddle::thread;
use heddle_judge::machine::code::{ObjectKind, REGISTERS, Value};
use heddle_judge::machine::explore::Outcome;
use heddle_judge::machine::{Hint, Op, Operand, Program, Step};

/// What heddle makes of a program.
pub(crate) struct Observed {
    pub(crate) outcomes: BTreeSet<Outcome>,
    pub(crate) report: Report,
}

/// Explores all executions of a program.
pub(crate) fn observe(program: &Program, builder: &Builder) -> Observed {
    let outcomes: Arc<StdMutex<BTreeSet<Outcome>>> = Arc::default();
    let seen = Arc::clone(&outcomes);
    let program = Arc::new(program.clone());
    let report = builder.explore(move || {
        let outcome = run(&program);
        seen.lock().unwrap().insert(outcome);
    });
    let outcomes = outcomes.lock().unwrap().clone();
    Observed { outcomes, report }
}

enum Object {
    Mutex(Mutex<Value>),
}

struct Shared {
    memory: Vec<AtomicU8>,
    objects: Vec<Object>,
}

/// What a thread has of its own.
struct Own<'a> {
    shared: &'a Shared,
    registers: [Value; REGISTERS],
    held: Vec<Option<MutexGuard<'a, Value>>>,
}

fn run(program: &Arc<Program>) -> Outcome {
    let object = |kind: &ObjectKind| match kind {
        ObjectKind::Mutex => Object::Mutex(Mutex::new(0)),
    };
    let shared = Arc::new(Shared {
        memory: (0..program.locations).map(|_| AtomicU8::new(0)).collect(),
        objects: program.objects.iter().map(object).collect(),
    });
    let children: Vec<_> = (1..program.threads.len())
        .map(|at| {
            let (program, shared) = (Arc::clone(program), Arc::clone(&shared));
            thread::spawn(move || run_thread(&program.threads[at], &shared))
        })
        .collect();
    let mut registers = vec![run_thread(&program.threads[0], &shared)];
    registers.extend(children.into_iter().map(|child| child.join().unwrap()));
    let last = shared.memory.iter().map(|place| place.load(heddle::sync::atomic::Ordering::Relaxed));
    let data = shared.objects.iter().map(|object| match object {
        Object::Mutex(mutex) => *mutex.lock().unwrap(),
    });
    Outcome { registers, memory: last.chain(data).collect() }
}

fn run_thread(body: &[Step], shared: &Shared) -> [Value; REGISTERS] {
    let held = shared.objects.iter().map(|_| None).collect();
    let mut own = Own { shared, registers: [0; REGISTERS], held };
    own.steps(body);
    own.registers
}

impl<'a> Own<'a> {
    /// Whether the loop around it is to be left.
    fn steps(&mut self, body: &[Step]) -> bool {
        for step in body {
            let left = match step {
                Step::Op(op) => {
                    self.operation(*op);
                    false
                }
                Step::Break(test) => test.holds(&self.registers),
                Step::If { test, then } => test.holds(&self.registers) && self.steps(then),
                Step::Loop { rounds: None, body } => {
                    while !self.steps(body) {}
                    false
                }
                Step::Loop { rounds: Some((rounds, reg)), body } => {
                    self.registers[*reg] = 0;
                    while self.registers[*reg] != *rounds && !self.steps(body) {
                        self.registers[*reg] = self.registers[*reg].wrapping_add(1);
                    }
                    false
                }
            };
            if left {
                return true;
            }
        }
        false
    }

    fn value(&self, operand: Operand) -> Value {
        operand.of(&self.registers)
    }

    fn operation(&mut self, op: Op) {
        match op {
            Op::Set { reg, value } => self.registers[reg] = self.value(value),
            Op::Hint(Hint::Spin) => spin_loop(),
            Op::Hint(Hint::Yield) => thread::yield_now(),
            Op::Fence { order } => fence(order.into()),
            _ if op.location().is_some() => self.access(op),
            _ => self.operate(op),
        }
    }

    fn access(&mut self, op: Op) {
        let atomic = op.location().map(|loc| &self.shared.memory[loc]).expect("it accesses a location");
        match op {
            Op::Load { order, reg, .. } => self.registers[reg] = atomic.load(order.into()),
            Op::Store { order, value, .. } => atomic.store(self.value(value), order.into()),
            Op::Add { order, value, reg, .. } => {
                self.registers[reg] = atomic.fetch_add(self.value(value), order.into());
            }
            Op::Swap { order, value, reg, .. } => {
                self.registers[reg] = atomic.swap(self.value(value), order.into());
            }
            Op::Exchange { expected, new, success, failure, weak, reg, done, .. } => {
                let (expected, new) = (self.value(expected), self.value(new));
                let result = if weak {
                    atomic.compare_exchange_weak(expected, new, success.into(), failure.into())
                } else {
                    atomic.compare_exchange(expected, new, success.into(), failure.into())
                };
                self.registers[reg] = result.unwrap_or_else(|found| found);
                self.registers[done] = u8::from(result.is_ok());
            }
            _ => unreachable!("it accesses no location"),
        }
    }

    fn operate(&mut self, op: Op) {
        let at = op.object().expect("it uses an object");
        let shared: &'a Shared = self.shared;
        let Object::Mutex(mutex) = &shared.objects[at];
        match op {
            Op::Lock { .. } => self.held[at] = Some(mutex.lock().unwrap()),
            Op::TryLock { done, .. } => {
                let guard = mutex.try_lock().ok();
                self.registers[done] = u8::from(guard.is_some());
                if guard.is_some() {
                    self.held[at] = guard;
                }
            }
            Op::Unlock { .. } => self.held[at] = None,
            Op::Get { reg, .. } => self.registers[reg] = **self.held[at].as_ref().expect("it is held"),
            Op::Put { value, .. } => {
                let value = self.value(value);
                **self.held[at].as_mut().expect("it is held") = value;
            }
            _ => unreachable!("it uses no object"),
        }
    }
}
