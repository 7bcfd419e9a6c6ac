//! The atomics of the closure in one run: which location of the graph each is.
//!
//! An atomic gets its location when it is first used, so that `new` can be
//! `const`: the graph says which one, or a new location is made.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::name::MAX_OBJECTS;
use super::{Answer, Engine, Name, Object, Request};
use crate::failure::FailureKind;
use crate::graph::{EventId, Kind, LocationId, NONE, Step, ThreadId, View};

/// A run's number is its engine's number and a count.
const COUNT_BITS: u32 = 26;

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

/// Whether another engine that is at work named it.
fn is_shared(name: &Name, run: u64) -> bool {
    let engine = name.engine(COUNT_BITS);
    engine != 0 && engine != run >> COUNT_BITS && live().contains(&engine)
}

impl Object<'_> {
    fn key(&self) -> u64 {
        self.name.addr() as u64
    }
}

impl Engine {
    /// The location of a request's atomic. `known` is what the graph calls it.
    pub(super) fn locate(&mut self, object: Object<'_>, known: LocationId, request: &Request<'_>) -> Option<LocationId> {
        let run = self.run.id;
        let &Request { pointer, site, .. } = request;
        if let Some(location) = object.name.location(run) {
            if known == NONE || known == location {
                return Some(location);
            }
            return self.mixed_up();
        }
        if object.name.is_ended() {
            self.uses_ended(object.name, site);
            return None;
        }
        if is_shared(object.name, run) {
            let message = "a static is used by two searches or workers at once: make it in the \
                           closure, or use one worker";
            self.fail(FailureKind::Unsupported, message.to_owned());
            return None;
        }
        if known == NONE {
            if self.graph.locations.len() == MAX_OBJECTS {
                self.too_many_objects(site);
                return None;
            }
            let location = self.graph.add_location(object.initial);
            self.run.named.push(true);
            object.name.name_location(run, location);
            return Some(location);
        }
        let initial = &mut self.graph.locations[known as usize].initial;
        if self.run.named[known as usize] || (*initial != object.initial && !pointer) {
            return self.mixed_up();
        }
        *initial = object.initial;
        self.run.named[known as usize] = true;
        object.name.name_location(run, known);
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
