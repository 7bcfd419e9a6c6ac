//! The objects of the closure in one run: which location of the graph an atomic
//! is, who accessed a cell, what is still allocated.
//!
//! An atomic gets its location when it is first used, so that `new` can be
//! `const`: the graph says which one, or a new location is made.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Answer, Engine, Object, Request};
use crate::failure::FailureKind;
use crate::graph::{EventId, Kind, LocationId, NONE, Site, Step, ThreadId, View};

/// A run's number is its engine's number and a count.
const COUNT_BITS: u32 = 26;
const INDEX_BITS: u32 = 20;

static NEXT_ENGINE: AtomicU64 = AtomicU64::new(1);

/// Engines at work in this process. Only an object that two of them use, a
/// static, makes anyone look here.
static LIVE: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

fn live() -> MutexGuard<'static, BTreeSet<u64>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The numbers an engine gives its runs.
#[derive(Debug)]
pub(super) struct Runs {
    engine: u64,
    count: u64,
}

impl Runs {
    pub(super) fn new() -> Self {
        // Relaxed: only uniqueness matters.
        let engine = NEXT_ENGINE.fetch_add(1, Ordering::Relaxed) & ((1 << 18) - 1);
        live().insert(engine);
        Self { engine, count: 0 }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.count += 1;
        if self.count >> COUNT_BITS != 0 {
            *self = Self::new();
            self.count = 1;
        }
        self.engine << COUNT_BITS | self.count
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        live().remove(&self.engine);
    }
}

/// What an object of the closure is called in one run: its index in the run's
/// tables and the run, in one word; 0 before its first use.
#[derive(Debug, Default)]
pub(crate) struct Name(AtomicU64);

impl Name {
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Relaxed: all threads of a run are on one OS thread.
    pub(crate) fn location(&self, run: u64) -> Option<u32> {
        let word = self.0.load(Ordering::Relaxed);
        (word >> INDEX_BITS == run).then_some(word as u32 & ((1 << INDEX_BITS) - 1))
    }

    /// Whether another engine that is at work named it.
    fn is_shared(&self, run: u64) -> bool {
        let engine = self.0.load(Ordering::Relaxed) >> (INDEX_BITS + COUNT_BITS);
        engine != 0 && engine != run >> COUNT_BITS && live().contains(&engine)
    }

    fn set(&self, run: u64, index: u32) {
        self.0.store(run << INDEX_BITS | u64::from(index), Ordering::Relaxed);
    }
}

/// As [`Name`], of a cell.
pub(crate) type CellName = Name;

/// Who accessed a non-atomic cell.
#[derive(Debug, Default)]
pub(super) struct CellState {
    /// For each thread, one more than the events it had at its last write.
    writes: Vec<(u32, Site)>,
    reads: Vec<(u32, Site)>,
}

impl Object<'_> {
    fn key(&self) -> u64 {
        std::ptr::from_ref(self.name).addr() as u64
    }
}

impl Engine {
    /// The location of an atomic. `known` is what the graph calls it.
    pub(super) fn locate(&mut self, object: Object<'_>, known: LocationId, pointer: bool) -> Option<LocationId> {
        let run = self.run.id;
        if let Some(location) = object.name.location(run) {
            if known == NONE || known == location {
                return Some(location);
            }
            return self.mixed_up();
        }
        if object.name.is_shared(run) {
            let message = "a static is used by two searches or workers at once: make it in the \
                           closure, or use one worker";
            self.fail(FailureKind::Unsupported, message.to_owned());
            return None;
        }
        if known == NONE {
            let location = self.graph.add_location(object.initial, object.internal);
            self.run.named.push(true);
            object.name.set(run, location);
            return Some(location);
        }
        let initial = &mut self.graph.locations[known as usize].initial;
        if self.run.named[known as usize] || (*initial != object.initial && !pointer) {
            return self.mixed_up();
        }
        *initial = object.initial;
        self.run.named[known as usize] = true;
        object.name.set(run, known);
        Some(known)
    }

    fn mixed_up(&mut self) -> Option<LocationId> {
        let message = "an atomic is not the one used here in an earlier run, or began with another \
                       value: the closure must create what it shares, and the same way each time";
        self.fail(FailureKind::Nondeterminism, message.to_owned());
        None
    }

    /// How many events of `other` the current thread has seen.
    pub(super) fn seen(&self, thread: ThreadId, other: ThreadId) -> u32 {
        let newest = self.newest(thread);
        let extra = self.seen_in_destructor(thread, other);
        if newest == NONE {
            return extra;
        }
        let view = self.graph.view(newest, View::Happens);
        view.get(other as usize).copied().unwrap_or(0).max(extra)
    }

    /// The newest event of a thread in this run, or what spawned it.
    pub(super) fn newest(&self, thread: ThreadId) -> EventId {
        let done = self.run.slots[thread as usize].done as usize;
        let thread = self.graph.thread(thread);
        match done {
            0 => thread.spawn,
            done => thread.events[done - 1],
        }
    }

    /// A non-atomic access by the current thread; `false` if it races.
    pub(crate) fn access_cell(&mut self, name: &CellName, write: bool, site: Site) -> bool {
        if self.run.teardown {
            return true;
        }
        let thread = self.run.current;
        let Some((other, other_site)) = self.record_access(name, write, site) else {
            return true;
        };
        let act = if write { "writes" } else { "reads" };
        self.fail(
            FailureKind::DataRace,
            format!(
                "thread {thread} {act} a cell at {site} while thread {other} accesses it at \
                 {other_site}, unordered"
            ),
        );
        false
    }

    /// Records an access and returns an unordered conflicting one.
    pub(super) fn record_access(&mut self, name: &CellName, write: bool, site: Site) -> Option<(usize, Site)> {
        let thread = self.run.current;
        let index = if let Some(index) = name.location(self.run.id) {
            index as usize
        } else {
            let index = self.run.cells.len();
            name.set(self.run.id, index as u32);
            self.run.cells.push(CellState::default());
            index
        };
        let done = self.done(thread);
        self.run.slots[thread as usize].touched = done + 1;
        let race = self.racing(index, thread, write);
        let state = &mut self.run.cells[index];
        let accesses = if write { &mut state.writes } else { &mut state.reads };
        if accesses.len() <= thread as usize {
            accesses.resize(thread as usize + 1, (0, site));
        }
        accesses[thread as usize] = (done + 1, site);
        race
    }

    fn racing(&self, index: usize, thread: ThreadId, write: bool) -> Option<(usize, Site)> {
        let state = &self.run.cells[index];
        let writes = state.writes.iter().enumerate();
        let reads = state.reads.iter().enumerate().filter(|_| write);
        // An access after `n` events is seen by who has seen event `n`.
        let unseen =
            |other: usize, after: u32| other != thread as usize && after > self.seen(thread, other as ThreadId);
        writes.chain(reads).find(|(other, (after, _))| unseen(*other, *after)).map(|(other, (_, site))| (other, *site))
    }

    /// Registers something that must be released before the execution ends;
    /// the run and the number to release it by.
    pub(crate) fn track(&mut self, site: Site) -> (u64, usize) {
        self.run.tracked.push(Some(site));
        (self.run.id, self.run.tracked.len() - 1)
    }

    pub(crate) fn untrack(&mut self, (run, number): (u64, usize)) {
        if run == self.run.id {
            self.run.tracked[number] = None;
        }
    }

    /// As [`Self::track`], for memory.
    pub(crate) fn track_memory(&mut self, address: usize, site: Site) {
        let (_, number) = self.track(site);
        self.run.allocations.push((address, number));
    }

    /// The memory is released; memory that was not tracked may be too.
    pub(crate) fn untrack_memory(&mut self, address: usize) {
        let allocations = &mut self.run.allocations;
        if let Some(index) = allocations.iter().position(|(other, _)| *other == address) {
            let (_, number) = allocations.swap_remove(index);
            self.run.tracked[number] = None;
        }
    }

    /// An operation while the run's threads are unwound: the newest value, and
    /// no event.
    pub(super) fn tear(&mut self, request: &Request<'_>) -> Answer {
        let Some(object) = request.object else {
            return Answer::default();
        };
        let key = object.key();
        let old = self.torn_value(object);
        match request.kind {
            Kind::Write => self.run.scratch.push((key, request.value)),
            _ => {
                if let Some(Step::Write(value)) = request.op.resolve(old, 0) {
                    self.run.scratch.push((key, value));
                    return Answer { value: old, wrote: true };
                }
            }
        }
        Answer { value: old, wrote: false }
    }

    pub(super) fn torn_value(&self, object: Object<'_>) -> u64 {
        let key = object.key();
        let mut scratch = self.run.scratch.iter().rev();
        if let Some((_, value)) = scratch.find(|(other, _)| *other == key) {
            return *value;
        }
        match object.name.location(self.run.id) {
            Some(location) if (location as usize) < self.graph.locations.len() => {
                if let Some(value) = self.run.alone.value(location) {
                    return value;
                }
                // What this run has not come to yet may be an address of an earlier one.
                let order = &self.graph.location(location).order;
                let newest = order.iter().rev().find(|write| self.is_replayed(**write));
                newest.map_or(object.initial, |write| self.graph.event(*write).value)
            }
            _ => object.initial,
        }
    }
}
