//! One worker: the graph it explores, the run that follows it, the choices left.

mod alone;
mod branch;
mod buffering;
mod coroutine;
mod ending;
mod failing;
mod handles;
mod linear;
mod objects;
mod replay;
mod schedule;
mod search;
mod spin;
mod token;

use std::any::Any;
use std::rc::Rc;
use std::sync::Arc;

pub(crate) use coroutine::{Driver, exchange, install_panic_hook, perform, suspend, take_panic_site, try_with, with};
pub(crate) use objects::{CellName, Name};
pub(crate) use search::Task;
use search::{Choice, Frame, Item};
pub(crate) use token::Guide;

use crate::failure::{Failure, FailureKind};
use crate::graph::{EventId, Graph, Kind, LocationId, Mode, NONE, ReadOp, Site, ThreadId};
use crate::model::{Limits, LoadBuffering};
use crate::sync::State;
use objects::CellState;

/// The body of a thread.
pub(crate) type Entry = Box<dyn FnOnce()>;

/// An operation a thread asks for.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) kind: Kind,
    pub(crate) success: Mode,
    pub(crate) failure: Mode,
    pub(crate) op: ReadOp,
    pub(crate) object: Option<Object<'a>>,
    pub(crate) value: u64,
    /// Values are addresses, which may differ from run to run.
    pub(crate) pointer: bool,
    /// The caller has exclusive access: it must be ordered after every write.
    pub(crate) exclusive: bool,
    pub(crate) site: Site,
}

/// The atomic location a request names.
#[derive(Clone, Copy)]
pub(crate) struct Object<'a> {
    pub(crate) name: &'a Name,
    pub(crate) initial: u64,
    /// Of a lock, a queue or a count, not of the program: see [`buffering`].
    pub(crate) internal: bool,
}

/// What an operation gives back.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Answer {
    /// The value read, the child's slot, or the alternative.
    pub(crate) value: u64,
    /// Whether a read also wrote.
    pub(crate) wrote: bool,
}

/// What a thread is up to in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Not spawned yet.
    Absent,
    Ready,
    /// Its next event reads from an event no thread has replayed yet.
    Behind(EventId),
    /// Its next event joins a thread that has not ended yet in this run.
    BehindEnd(ThreadId),
    /// At an operation that the graph does not have yet.
    New(Pending),
    /// At a read in the graph whose value it cannot go on with.
    Blocked(EventId),
    /// In a loop that has read the same twice; its last round is the events
    /// from here on.
    Spinning(u32),
    Done,
}

/// A new operation, as the scheduler sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pending {
    Free,
    Join(ThreadId),
    /// Could only wait now; an access by another thread may change that.
    Waits,
}

/// A thread in this run.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) status: Status,
    /// How many of its events it has replayed or added.
    pub(crate) done: u32,
    /// The pending wait: on which location, with which operation.
    waits: Option<(Option<LocationId>, u64, ReadOp)>,
    /// Where it was at its last spin hint, and how many hints came since.
    spin: Option<(Site, u32, u32)>,
    /// One more than the events it had at its last access to a cell.
    touched: u32,
    /// Whether its loop is being tried for a bound.
    trial: Option<spin::Trial>,
    /// Where it last asked for an operation.
    pub(crate) site: Option<Site>,
    pub(crate) name: Option<String>,
    /// Spurious wake-ups it may still have.
    pub(crate) spurious: u32,
    /// It runs a destructor whose thread is a matter of chance.
    destructor: Option<handles::Destructor>,
    /// What `park` waits for.
    pub(crate) parking: Option<Arc<State>>,
    /// Values of `thread_local!` keys, by the address of the key.
    pub(crate) locals: Locals,
}

impl Slot {
    fn new(status: Status) -> Self {
        Self {
            status,
            done: 0,
            waits: None,
            spin: None,
            touched: 0,
            trial: None,
            site: None,
            name: None,
            spurious: 0,
            destructor: None,
            parking: None,
            locals: Vec::new(),
        }
    }
}

/// One run of the closure along the graph and beyond it.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// Never 0, never reused: objects of other runs are told apart by it.
    pub(crate) id: u64,
    pub(crate) current: ThreadId,
    /// The thread that may add events.
    granted: ThreadId,
    pub(crate) slots: Vec<Slot>,
    /// Which locations of the graph have met their object.
    named: Vec<bool>,
    cells: Vec<CellState>,
    pub(crate) failure: Option<Failure>,
    /// The run came to nothing and is to be made again along the same graph.
    again: bool,
    /// Threads are being unwound: operations give the newest value and leave
    /// no event.
    pub(crate) teardown: bool,
    /// What operations during the teardown wrote.
    scratch: Vec<(u64, u64)>,
    /// Live tracked allocations and handles.
    pub(crate) tracked: Vec<Option<Site>>,
    /// Values of `lazy_static!`, by the address of the key.
    pub(crate) statics: Locals,
    /// Tracked memory: its address and number in `tracked`.
    pub(crate) allocations: Vec<(usize, usize)>,
    guide: Option<Guide>,
    alone: alone::Alone,
}

/// Values of the closure's variables, by the address of their key.
pub(crate) type Locals = Vec<(usize, Rc<dyn Any>)>;

/// What a search has done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stats {
    pub(crate) executions: u64,
    pub(crate) blocked: u64,
    pub(crate) pruned: u64,
    pub(crate) events: u64,
    pub(crate) failures: u64,
    /// Executions that need more preemptions than the bound.
    pub(crate) beyond: u64,
    /// Failures after which something stays unexplored: truncated executions,
    /// and others that could not be followed.
    pub(crate) truncated: u64,
    pub(crate) lost: u64,
}

impl Run {
    /// The values of a thread's local variables, to be dropped.
    fn take_locals(&mut self, thread: usize) -> Locals {
        let slot = self.slots.get_mut(thread);
        slot.map(|slot| std::mem::take(&mut slot.locals)).unwrap_or_default()
    }
}

impl Stats {
    pub(crate) fn add(&mut self, other: &Self) {
        self.executions += other.executions;
        self.blocked += other.blocked;
        self.pruned += other.pruned;
        self.events += other.events;
        self.failures += other.failures;
        self.beyond += other.beyond;
        self.truncated += other.truncated;
        self.lost += other.lost;
    }
}

/// A worker's state; each OS thread has at most one.
pub(crate) struct Engine {
    pub(crate) graph: Graph,
    pub(crate) items: Vec<Item>,
    pub(crate) frames: Vec<Frame>,
    spare: Vec<Graph>,
    runs: objects::Runs,
    pub(crate) run: Run,
    pub(crate) entries: Vec<Option<Entry>>,
    pub(crate) stats: Stats,
    /// The graph's share of the search, and what is behind this worker.
    share: f64,
    pub(crate) explored: f64,
    /// The first failure of the search.
    pub(crate) failure: Option<Failure>,
    /// The first sign of load buffering.
    pub(crate) load_buffering: Option<LoadBuffering>,
    pub(crate) limits: Limits,
    pub(crate) weakened: Vec<crate::model::Weakening>,
    /// Whether the model uses atomics without synchronisation.
    exclusive: bool,
    /// Loops that were found to wait for ever.
    waits: Vec<u64>,
    /// Loops that were found to give up.
    bounded: Vec<u64>,
}

impl Engine {
    pub(crate) fn new(limits: Limits, graph: Graph) -> Self {
        Self {
            graph,
            items: Vec::new(),
            frames: Vec::new(),
            spare: Vec::new(),
            runs: objects::Runs::new(),
            run: Run::default(),
            entries: Vec::new(),
            stats: Stats::default(),
            share: 1.0,
            explored: 0.0,
            failure: None,
            load_buffering: None,
            limits,
            weakened: Vec::new(),
            exclusive: false,
            waits: Vec::new(),
            bounded: Vec::new(),
        }
    }

    /// Prepares a run of `body` along the graph.
    pub(crate) fn start_run(&mut self, body: Entry) {
        self.graph.forget_locations();
        let run = &mut self.run;
        run.id = self.runs.next();
        run.current = 0;
        run.granted = NONE;
        run.slots.clear();
        run.named.clear();
        run.named.resize(self.graph.locations.len(), false);
        run.cells.clear();
        run.failure = None;
        run.again = false;
        run.teardown = false;
        run.scratch.clear();
        run.alone.clear();
        run.tracked.clear();
        run.allocations.clear();
        self.entries.clear();
        self.start_thread(0, body, None);
    }

    pub(crate) fn start_thread(&mut self, thread: ThreadId, body: Entry, name: Option<String>) {
        let slot = thread as usize;
        while self.run.slots.len() <= slot {
            self.run.slots.push(Slot::new(Status::Absent));
            self.entries.push(None);
        }
        self.run.slots[slot] = Slot::new(Status::Ready);
        self.run.slots[slot].name = name;
        self.run.slots[slot].spurious = self.limits.spurious_wakeups;
        self.entries[slot] = Some(body);
    }

    fn slot(&mut self, thread: ThreadId) -> &mut Slot {
        &mut self.run.slots[thread as usize]
    }

    /// What `park` waits for in this thread.
    pub(crate) fn parking(&mut self, thread: ThreadId) -> Arc<State> {
        Arc::clone(self.slot(thread).parking.get_or_insert_default())
    }

    fn status(&self, thread: ThreadId) -> Status {
        let slot = self.run.slots.get(thread as usize);
        slot.map_or(Status::Absent, |slot| slot.status)
    }

    /// One step of the current thread; `None` if it must be suspended first.
    pub(crate) fn step(&mut self, request: &Request<'_>) -> Option<Answer> {
        let thread = self.run.current;
        if self.run.teardown {
            return Some(self.tear(request));
        }
        if self.is_over() {
            return None;
        }
        if self.slot(thread).destructor.is_some() {
            return self.destruct(request);
        }
        if self.slot(thread).trial.is_some() {
            return self.try_round(request);
        }
        let done = self.slot(thread).done as usize;
        self.slot(thread).site = Some(request.site);
        if done < self.graph.thread(thread).events.len() {
            return self.replay(thread, request);
        }
        if self.is_alone(thread) {
            let answer = self.go_alone(request);
            if answer.is_some() || self.is_over() {
                return answer;
            }
        }
        let pending = self.pending(thread, request);
        if self.run.granted != thread || pending != Pending::Free && !self.forced(thread, pending) {
            self.slot(thread).status = Status::New(pending);
            return None;
        }
        self.slot(thread).status = Status::Ready;
        let answer = self.add(thread, request);
        self.divide();
        answer
    }

    /// Whether the scheduler resumed the thread at this very operation.
    fn forced(&mut self, thread: ThreadId, pending: Pending) -> bool {
        match pending {
            Pending::Join(child) => self.status(child) == Status::Done,
            _ => matches!(self.status(thread), Status::New(_)),
        }
    }

    fn pending(&mut self, thread: ThreadId, request: &Request<'_>) -> Pending {
        match request.kind {
            Kind::Join => Pending::Join(request.value as ThreadId),
            Kind::Read => {
                let Some(object) = request.object else {
                    return Pending::Free;
                };
                if !matches!(request.op, ReadOp::Custom { .. }) {
                    return Pending::Free;
                }
                let location = object.name.location(self.run.id);
                if !self.would_wait(location, object.initial, request.op) {
                    return Pending::Free;
                }
                self.slot(thread).waits = Some((location, object.initial, request.op));
                Pending::Waits
            }
            _ => Pending::Free,
        }
    }

    /// The statics of an execution that came to its end, to be dropped before
    /// leaks are looked for: they count as never dropped.
    fn take_ended_statics(&mut self) -> Locals {
        if self.graph.ranks.iter().any(|thread| self.status(*thread) != Status::Done) {
            return Locals::new();
        }
        self.run.teardown = true;
        std::mem::take(&mut self.run.statics)
    }

    /// The body of a thread returned.
    pub(crate) fn end_thread(&mut self) {
        let thread = self.run.current;
        if self.slot(thread).trial.is_some() {
            self.gives_up();
        }
        let events = self.graph.thread(thread).events.len() as u32;
        if self.slot(thread).done != events && !self.is_over() {
            let message = "a thread ended before the events it had in an earlier run".to_owned();
            self.fail(FailureKind::Nondeterminism, message);
        }
        self.slot(thread).status = Status::Done;
        self.run.granted = NONE;
    }
}
