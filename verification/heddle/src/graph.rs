//! Execution graphs: events in the order they were added, program order,
//! reads-from, one modification order a location, and the views (vector clocks)
//! that stand for happens-before and for the causal prefix.
//!
//! An [`EventId`] is the event's place in the order of addition. Removing the
//! newest events ([`Graph::cut`]) and keeping a causally closed subset
//! ([`Graph::restrict`]) are the only ways back.

mod buffering;
mod coherence;
mod op;
mod reduce;
mod sc;
mod views;

use std::panic::Location;

pub(crate) use op::{Mode, ReadOp, Rmw, Rule, Step};
pub(crate) use views::View;

/// An event's place in the order of addition.
pub(crate) type EventId = u32;

/// A thread's slot: 0 is the closure itself.
pub(crate) type ThreadId = u32;

/// A memory location's slot.
pub(crate) type LocationId = u32;

/// Whether two operations are from the same call: the same call may have more
/// than one `Location`, so that their addresses only say yes.
pub(crate) fn same_site(a: Site, b: Site) -> bool {
    std::ptr::eq(a, b) || a == b
}

/// No event; as the source of a read: the initial write of its location.
pub(crate) const NONE: u32 = u32::MAX;

/// The code that asked for an operation.
pub(crate) type Site = &'static Location<'static>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
    Fence,
    /// `value` is the child's slot.
    Spawn,
    /// `value` is the child's slot.
    Join,
    /// `value` is the alternative taken.
    Choose,
}

/// One event. Fields that do not fit a kind keep their neutral value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) kind: Kind,
    /// The ordering in force: of a compare-exchange, that of its result.
    pub(crate) mode: Mode,
    /// Of a read that does not become a read-modify-write.
    pub(crate) failure: Mode,
    /// Of a read-modify-write.
    pub(crate) success: Mode,
    /// A read whose write follows, or a write whose read precedes it.
    pub(crate) rmw: bool,
    /// A read at which its thread waits.
    pub(crate) blocked: bool,
    /// By a caller that nobody may run beside.
    pub(crate) exclusive: bool,
    /// Right after a spin hint: its thread lets others go first.
    pub(crate) yields: bool,
    /// Its thread accessed a cell after its event before this one.
    pub(crate) after_cell: bool,
    /// Which alternative of [`ReadOp::resolve`] was taken.
    pub(crate) alternative: u8,
    pub(crate) thread: ThreadId,
    /// Place in program order.
    pub(crate) index: u32,
    pub(crate) location: LocationId,
    /// What a read reads from.
    pub(crate) source: EventId,
    /// A write's place in modification order; the initial write has place 0.
    pub(crate) place: u32,
    /// The newest release fence of the thread, itself included.
    pub(crate) release_fence: EventId,
    pub(crate) value: u64,
    pub(crate) op: ReadOp,
    pub(crate) site: Site,
}

impl Event {
    pub(crate) fn new(kind: Kind, mode: Mode, site: Site) -> Self {
        Self {
            kind,
            mode,
            failure: mode,
            success: mode,
            rmw: false,
            blocked: false,
            exclusive: false,
            yields: false,
            after_cell: false,
            alternative: 0,
            thread: 0,
            index: 0,
            location: NONE,
            source: NONE,
            place: NONE,
            release_fence: NONE,
            value: 0,
            op: ReadOp::Load,
            site,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    /// The value before every write.
    pub(crate) initial: u64,
    /// It is the state of one of heddle's own types, not an atomic.
    pub(crate) internal: bool,
    /// The writes, in modification order; place `p` is at index `p - 1`.
    pub(crate) order: Vec<EventId>,
    /// The reads, in the order of addition.
    pub(crate) reads: Vec<EventId>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Thread {
    /// In program order.
    pub(crate) events: Vec<EventId>,
    /// The event that spawned it; `NONE` for the closure itself.
    pub(crate) spawn: EventId,
    /// Whether the graph has that event.
    pub(crate) live: bool,
}

/// An execution graph.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    pub(crate) events: Vec<Event>,
    pub(crate) threads: Vec<Thread>,
    pub(crate) locations: Vec<Place>,
    /// Live threads in the order of their spawning paths: the same for graphs
    /// that are equal up to the numbering of slots.
    pub(crate) ranks: Vec<ThreadId>,
    views: Vec<u32>,
    /// Room for [`Graph::restrict`], kept for the next one.
    names: Vec<EventId>,
    /// Threads a view has room for.
    width: usize,
}

impl Graph {
    /// The graph of a program that has done nothing.
    pub(crate) fn new() -> Self {
        let mut graph = Self { width: 4, ..Self::default() };
        graph.reset();
        graph
    }

    fn reset(&mut self) {
        self.events.clear();
        self.views.clear();
        for thread in &mut self.threads {
            thread.events.clear();
            thread.live = false;
        }
        if self.threads.is_empty() {
            self.threads.push(Thread::default());
        }
        self.threads[0].live = true;
        self.threads[0].spawn = NONE;
        self.ranks.clear();
        self.ranks.push(0);
    }

    pub(crate) fn len(&self) -> EventId {
        self.events.len() as EventId
    }

    pub(crate) fn event(&self, id: EventId) -> &Event {
        &self.events[id as usize]
    }

    pub(crate) fn event_mut(&mut self, id: EventId) -> &mut Event {
        &mut self.events[id as usize]
    }

    pub(crate) fn location(&self, id: LocationId) -> &Place {
        &self.locations[id as usize]
    }

    pub(crate) fn thread(&self, id: ThreadId) -> &Thread {
        &self.threads[id as usize]
    }

    /// A new location.
    pub(crate) fn add_location(&mut self, initial: u64, internal: bool) -> LocationId {
        self.locations.push(Place { initial, internal, ..Place::default() });
        (self.locations.len() - 1) as LocationId
    }

    /// The event before this one in its thread.
    pub(crate) fn previous(&self, id: EventId) -> EventId {
        let event = self.event(id);
        match event.index {
            0 => NONE,
            index => self.thread(event.thread).events[index as usize - 1],
        }
    }

    /// The place in modification order of a write, or of a read's source.
    pub(crate) fn place_of(&self, write: EventId) -> u32 {
        if write == NONE { 0 } else { self.event(write).place }
    }

    /// The write at a place of a location.
    pub(crate) fn write_at(&self, location: LocationId, place: u32) -> EventId {
        match place {
            0 => NONE,
            place => self.location(location).order[place as usize - 1],
        }
    }

    /// The write that is last in modification order.
    pub(crate) fn newest_write(&self, location: LocationId) -> EventId {
        self.write_at(location, self.last_place(location))
    }

    /// What a read from that write sees.
    pub(crate) fn newest_value(&self, location: LocationId) -> u64 {
        self.written(location, self.newest_write(location))
    }

    /// How many writes follow the initial one.
    pub(crate) fn last_place(&self, location: LocationId) -> u32 {
        self.location(location).order.len() as u32
    }

    /// What a read from this write sees.
    pub(crate) fn written(&self, location: LocationId, write: EventId) -> u64 {
        if write == NONE { self.location(location).initial } else { self.event(write).value }
    }

    /// Appends an event to its thread, without its views. A write is put last
    /// in modification order.
    pub(crate) fn push(&mut self, mut event: Event) -> EventId {
        let id = self.len();
        let thread = &mut self.threads[event.thread as usize];
        event.index = thread.events.len() as u32;
        let previous = thread.events.last().copied();
        thread.events.push(id);
        event.release_fence = match event.kind {
            Kind::Fence if event.mode.releases() => id,
            _ => previous.map_or(NONE, |previous| self.event(previous).release_fence),
        };
        match event.kind {
            Kind::Read => self.locations[event.location as usize].reads.push(id),
            Kind::Write => {
                let order = &mut self.locations[event.location as usize].order;
                order.push(id);
                event.place = order.len() as u32;
            }
            Kind::Fence | Kind::Spawn | Kind::Join | Kind::Choose => {}
        }
        self.events.push(event);
        self.views.resize(self.events.len() * self.stride(), 0);
        id
    }

    /// A slot for a new thread.
    pub(crate) fn free_slot(&self) -> ThreadId {
        let free = self.threads.iter().position(|thread| !thread.live);
        free.unwrap_or(self.threads.len()) as ThreadId
    }

    /// Makes the child of a spawn event part of the graph.
    pub(crate) fn add_thread(&mut self, spawn: EventId) {
        let slot = self.event(spawn).value as usize;
        if slot == self.threads.len() {
            self.threads.push(Thread::default());
            self.widen();
        }
        let thread = &mut self.threads[slot];
        thread.events.clear();
        thread.spawn = spawn;
        thread.live = true;
        self.rank();
    }

    /// Moves a write to another place of its modification order.
    pub(crate) fn place_write(&mut self, write: EventId, place: u32) {
        let &Event { location, place: old, .. } = self.event(write);
        if place == old {
            return;
        }
        self.displace(write);
        let order = &mut self.locations[location as usize].order;
        order.insert(place as usize - 1, write);
        self.renumber(location, place);
    }

    fn displace(&mut self, write: EventId) {
        let Event { location, place, .. } = *self.event(write);
        self.locations[location as usize].order.remove(place as usize - 1);
        self.renumber(location, place);
    }

    fn renumber(&mut self, location: LocationId, from: u32) {
        let order = &self.locations[location as usize].order;
        for (index, write) in order.iter().enumerate().skip(from as usize - 1) {
            self.events[*write as usize].place = index as u32 + 1;
        }
    }

    /// Lets a read read from a write and take an alternative of its operation.
    pub(crate) fn set_source(&mut self, read: EventId, source: EventId, alternative: u8) {
        self.take_source(read, source, alternative);
        self.update_views(read);
    }

    /// The same for the newest event, whose clocks know of no source yet.
    pub(crate) fn set_first_source(&mut self, read: EventId, source: EventId, alternative: u8) {
        self.take_source(read, source, alternative);
        self.see_source(read);
    }

    fn take_source(&mut self, read: EventId, source: EventId, alternative: u8) {
        let event = *self.event(read);
        let value = self.written(event.location, source);
        let step =
            event.op.resolve(value, alternative).expect("a source is only set with an alternative that its value has");
        let event = self.event_mut(read);
        event.source = source;
        event.alternative = alternative;
        event.value = value;
        event.rmw = matches!(step, Step::Write(_));
        event.blocked = step == Step::Blocked;
        event.mode = match step {
            Step::Read => event.failure,
            Step::Write(_) => event.success,
            Step::Blocked => Mode::Relaxed,
        };
    }

    /// Recomputes `ranks`.
    fn rank(&mut self) {
        self.ranks.clear();
        let mut pending = vec![0];
        while let Some(thread) = pending.pop() {
            self.ranks.push(thread);
            let children = self.threads[thread as usize].events.iter().rev();
            let children = children.map(|id| &self.events[*id as usize]);
            let spawned = children.filter(|event| event.kind == Kind::Spawn);
            pending.extend(spawned.map(|event| event.value as ThreadId));
        }
    }
}
