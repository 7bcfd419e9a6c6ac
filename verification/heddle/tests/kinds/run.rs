//! Runs the judge's programs with control flow on heddle. Each kind of
//! operation is issued from one source line, as by a helper that all threads
//! call, so that nothing can be told apart by where it stands.

use std::collections::BTreeSet;
use std::sync::{Arc, LockResult, Mutex as StdMutex, PoisonError, TryLockError, TryLockResult};
use std::time::Duration;

use heddle::hint::spin_loop;
use heddle::model::{Builder, Report};
use heddle::sync::atomic::{AtomicU8, fence};
use heddle::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use heddle::sync::{Condvar, Mutex, MutexGuard, OnceLock, RwLock, RwLockReadGuard, RwLockWriteGuard};
use heddle::thread::{self, Thread};
use heddle_judge::machine::code::{EMPTY, ObjectKind, REGISTERS, Value};
use heddle_judge::machine::explore::{Outcome, PANICKED};
use heddle_judge::machine::{Call, Hint, Op, Operand, Program, Step};

/// What a wait is given that may time out at any time.
const LONG: Duration = Duration::from_secs(1);

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
    StaticMutex(&'static Mutex<Value>),
    RwLock(RwLock<Value>),
    Condvar(Condvar),
    Once(OnceLock<Value>),
    StaticOnce(&'static OnceLock<Value>),
    /// A token or a channel: who has it has it as its own.
    Elsewhere,
}

static MEMORY: [AtomicU8; 3] = [const { AtomicU8::new(0) }; 3];
static MUTEXES: [Mutex<Value>; 2] = [const { Mutex::new(0) }; 2];
static ONCES: [OnceLock<Value>; 2] = [const { OnceLock::new() }; 2];

struct Shared {
    memory: Vec<AtomicU8>,
    objects: Vec<Object>,
    statics: bool,
}

impl Shared {
    fn new(program: &Program) -> Self {
        let statics = program.statics;
        let object = |(at, kind): (usize, &ObjectKind)| match kind {
            ObjectKind::Mutex if statics => Object::StaticMutex(&MUTEXES[at]),
            ObjectKind::Mutex => Object::Mutex(Mutex::new(0)),
            ObjectKind::RwLock => Object::RwLock(RwLock::new(0)),
            ObjectKind::Condvar => Object::Condvar(Condvar::new()),
            ObjectKind::Once if statics => Object::StaticOnce(&ONCES[at]),
            ObjectKind::Once => Object::Once(OnceLock::new()),
            ObjectKind::Token(_) | ObjectKind::Channel(_) => Object::Elsewhere,
        };
        Self {
            memory: (0..program.locations).map(|_| AtomicU8::new(0)).collect(),
            objects: program.objects.iter().enumerate().map(object).collect(),
            statics,
        }
    }

    fn atomic(&self, loc: usize) -> &AtomicU8 {
        if self.statics { &MEMORY[loc] } else { &self.memory[loc] }
    }

    fn mutex(&self, at: usize) -> &Mutex<Value> {
        match &self.objects[at] {
            Object::Mutex(mutex) => mutex,
            Object::StaticMutex(mutex) => mutex,
            _ => unreachable!("it is no mutex"),
        }
    }

    fn once(&self, at: usize) -> &OnceLock<Value> {
        match &self.objects[at] {
            Object::Once(once) => once,
            Object::StaticOnce(once) => once,
            _ => unreachable!("it is no OnceLock"),
        }
    }

    /// What a lock guards when all threads have ended.
    fn last(&self, at: usize) -> Value {
        match &self.objects[at] {
            Object::Mutex(_) | Object::StaticMutex(_) => *whatever(self.mutex(at).lock()),
            Object::RwLock(lock) => *whatever(lock.read()),
            _ => 0,
        }
    }
}

/// The guard, poisoned or not.
fn whatever<T>(result: LockResult<T>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}

/// The guard of a `try_` call, poisoned or not.
fn attempted<T>(result: TryLockResult<T>) -> Option<T> {
    match result {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poison)) => Some(poison.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

enum Guard<'a> {
    Mutex(MutexGuard<'a, Value>),
    Read(RwLockReadGuard<'a, Value>),
    Write(RwLockWriteGuard<'a, Value>),
}

impl Guard<'_> {
    fn value(&self) -> Value {
        match self {
            Self::Mutex(guard) => **guard,
            Self::Read(guard) => **guard,
            Self::Write(guard) => **guard,
        }
    }

    fn change(&mut self, value: Value) {
        match self {
            Self::Mutex(guard) => **guard = value,
            Self::Write(guard) => **guard = value,
            Self::Read(_) => unreachable!("a reader changes nothing"),
        }
    }
}

/// The ends of a channel that a thread has; they are dropped in this order.
#[derive(Default)]
struct Ends {
    sender: Option<Sender<Value>>,
    receiver: Option<Receiver<Value>>,
}

/// What a thread has of its own; what it holds is dropped first.
struct Own<'a> {
    shared: &'a Shared,
    registers: [Value; REGISTERS],
    held: Vec<Vec<Guard<'a>>>,
    ends: Vec<Ends>,
    /// Whether the mutex was poisoned when it was taken.
    poisoned: Vec<bool>,
    /// The threads that were there before it, itself in the closure's case.
    known: Vec<Thread>,
    tokens: Vec<Option<usize>>,
}

fn run(program: &Arc<Program>) -> Outcome {
    let shared = Arc::new(Shared::new(program));
    let mut ends = ends(program);
    let own = ends.remove(0);
    let mut known = vec![thread::current()];
    let mut children = Vec::new();
    for (at, ends) in (1..).zip(ends) {
        let (program, shared, before) = (Arc::clone(program), Arc::clone(&shared), known.clone());
        let child = thread::spawn(move || run_thread(&program, at, &shared, ends, before));
        known.push(child.thread().clone());
        children.push(child);
    }
    let mut registers = vec![run_thread(program, 0, &shared, own, known)];
    registers.extend(children.into_iter().map(|child| child.join().unwrap_or(PANICKED)));
    let last = (0..program.locations).map(|loc| shared.atomic(loc).load(heddle::sync::atomic::Ordering::Relaxed));
    let data = (0..program.objects.len()).map(|at| shared.last(at));
    Outcome { registers, memory: last.chain(data).collect() }
}

/// By thread and object: the ends of channels.
fn ends(program: &Program) -> Vec<Vec<Ends>> {
    let threads = program.threads.len();
    let mut ends: Vec<Vec<Ends>> = (0..threads).map(|_| Vec::new()).collect();
    for (object, kind) in program.objects.iter().enumerate() {
        ends.iter_mut().for_each(|ends| ends.push(Ends::default()));
        let ObjectKind::Channel(receiver) = *kind else {
            continue;
        };
        let (sender, end) = channel();
        ends[receiver][object].receiver = Some(end);
        let mut senders: Vec<usize> = (0..threads).filter(|thread| program.sends(*thread, object)).collect();
        let last = senders.pop();
        for thread in senders {
            ends[thread][object].sender = Some(sender.clone());
        }
        if let Some(last) = last {
            ends[last][object].sender = Some(sender);
        }
    }
    ends
}

fn run_thread(
    program: &Program,
    at: usize,
    shared: &Shared,
    ends: Vec<Ends>,
    known: Vec<Thread>,
) -> [Value; REGISTERS] {
    let held = shared.objects.iter().map(|_| Vec::new()).collect();
    let token = |kind: &ObjectKind| match *kind {
        ObjectKind::Token(thread) => Some(thread),
        _ => None,
    };
    let tokens = program.objects.iter().map(token).collect();
    let poisoned = vec![false; shared.objects.len()];
    let mut own = Own { shared, registers: [0; REGISTERS], held, ends, poisoned, known, tokens };
    own.steps(&program.threads[at]);
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
        let atomic = op.location().map(|loc| self.shared.atomic(loc)).expect("it accesses a location");
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
        if matches!(op, Op::Panic) {
            panic!("as the program says");
        }
        let at = op.object().expect("it uses an object");
        let shared: &'a Shared = self.shared;
        match op {
            Op::Lock { .. } => {
                let result = shared.mutex(at).lock();
                self.poisoned[at] = result.is_err();
                self.held[at].push(Guard::Mutex(whatever(result)));
            }
            Op::TryLock { done, .. } => {
                let guard = attempted(shared.mutex(at).try_lock());
                self.registers[done] = u8::from(guard.is_some());
                self.held[at].extend(guard.map(Guard::Mutex));
            }
            Op::Unlock { .. } => drop(self.held[at].pop()),
            Op::Get { reg, .. } => self.registers[reg] = self.guard(at).value(),
            Op::Put { value, .. } => {
                let value = self.value(value);
                self.guard(at).change(value);
            }
            Op::Call { call, value, reg, .. } => self.call(at, call, self.value(value), reg),
            _ => unreachable!("it uses no object"),
        }
    }

    fn guard(&mut self, at: usize) -> &mut Guard<'a> {
        self.held[at].last_mut().expect("it is held")
    }

    fn call(&mut self, at: usize, call: Call, value: Value, reg: usize) {
        match call {
            Call::Release => drop(self.held[at].pop()),
            Call::Look => self.registers[reg] = self.guard(at).value(),
            Call::Change => self.guard(at).change(value),
            Call::Poisoned => self.registers[reg] = u8::from(self.poisoned[at]),
            Call::Read | Call::Write | Call::TryRead | Call::TryWrite => self.lock(at, call, reg),
            Call::Wait | Call::WaitTimeout | Call::NotifyOne | Call::NotifyAll => self.condition(at, call, reg),
            Call::Park => thread::park(),
            Call::ParkTimeout => thread::park_timeout(LONG),
            Call::Unpark => self.known[self.tokens[at].expect("it is a token")].unpark(),
            Call::Glance => {
                self.registers[reg] = self.shared.once(at).get().map_or(0, |value| value.wrapping_add(1));
            }
            Call::Fill => self.registers[reg] = u8::from(self.shared.once(at).set(value).is_ok()),
            Call::Init => self.registers[reg] = self.shared.once(at).get_or_init(|| value).wrapping_add(1),
            _ => self.message(at, call, value, reg),
        }
    }

    fn lock(&mut self, at: usize, call: Call, reg: usize) {
        let shared: &'a Shared = self.shared;
        let Object::RwLock(lock) = &shared.objects[at] else {
            unreachable!("it is an RwLock");
        };
        let guard = match call {
            Call::Read => Some(Guard::Read(whatever(lock.read()))),
            Call::Write => Some(Guard::Write(whatever(lock.write()))),
            Call::TryRead => attempted(lock.try_read()).map(Guard::Read),
            _ => attempted(lock.try_write()).map(Guard::Write),
        };
        if matches!(call, Call::TryRead | Call::TryWrite) {
            self.registers[reg] = u8::from(guard.is_some());
        }
        self.held[at].extend(guard);
    }

    fn condition(&mut self, at: usize, call: Call, reg: usize) {
        let shared: &'a Shared = self.shared;
        let Object::Condvar(condvar) = &shared.objects[at] else {
            unreachable!("it is a condvar");
        };
        match call {
            Call::NotifyOne => return condvar.notify_one(),
            Call::NotifyAll => return condvar.notify_all(),
            _ => {}
        }
        let Some(Guard::Mutex(guard)) = self.held[at - 1].pop() else {
            unreachable!("the mutex is held");
        };
        let guard = if call == Call::Wait {
            whatever(condvar.wait(guard))
        } else {
            let (guard, result) = whatever(condvar.wait_timeout(guard, LONG));
            self.registers[reg] = u8::from(result.timed_out());
            guard
        };
        self.held[at - 1].push(Guard::Mutex(guard));
    }

    fn message(&mut self, at: usize, call: Call, value: Value, reg: usize) {
        let ends = &mut self.ends[at];
        let receiver = || ends.receiver.as_ref().expect("the thread receives");
        let answer = match call {
            Call::Send => u8::from(ends.sender.as_ref().expect("the thread sends").send(value).is_ok()),
            Call::DropSender => return drop(ends.sender.take()),
            Call::DropReceiver => return drop(ends.receiver.take()),
            Call::Recv => receiver().recv().map_or(0, |message| message.wrapping_add(1)),
            Call::TryRecv => match receiver().try_recv() {
                Ok(message) => message.wrapping_add(1),
                Err(TryRecvError::Empty) => EMPTY,
                Err(TryRecvError::Disconnected) => 0,
            },
            _ => match receiver().recv_timeout(LONG) {
                Ok(message) => message.wrapping_add(1),
                Err(RecvTimeoutError::Timeout) => EMPTY,
                Err(RecvTimeoutError::Disconnected) => 0,
            },
        };
        self.registers[reg] = answer;
    }
}
