//! The end of most executions: one thread has joined all others and goes on
//! alone, to look at what they left. It leaves no events.
//!
//! All that is in the graph happens before what it does then. So coherence gives
//! each of its reads the newest write, and each of its writes the last place; no
//! earlier read may be revisited by such a write, since every one is in its
//! causal prefix; and no cycle of the SC axiom goes through what nothing comes
//! before. There is nothing to choose, and nothing that another execution would
//! follow: the answers are all that is needed. The operations are counted, and
//! replay tokens have them. A replay has the events, too.
//!
//! What may be answered in more than one way, or may wait, needs the graph after
//! all: another spawn, a choice, a failure for no reason, a lock that is held, a
//! loop that spins. Then the run is made again, and this engine never goes
//! without events any more.

use super::{Answer, Engine, Request, Status};
use crate::graph::{Kind, LocationId, NONE, Step, ThreadId, View};

/// What the thread that goes on alone has done.
#[derive(Debug, Default)]
pub(super) struct Alone {
    is_active: bool,
    /// What it wrote, by location.
    values: Vec<Option<u64>>,
    /// Its operations.
    pub(super) steps: usize,
    /// The events that they would have been.
    pub(super) events: usize,
}

impl Alone {
    pub(super) fn clear(&mut self) {
        self.is_active = false;
        self.values.clear();
        self.steps = 0;
        self.events = 0;
    }

    /// What it wrote last, if anything.
    pub(super) fn value(&self, location: LocationId) -> Option<u64> {
        self.values.get(location as usize).copied().flatten()
    }

    fn write(&mut self, location: LocationId, value: u64) {
        let index = location as usize;
        if self.values.len() <= index {
            self.values.resize(index + 1, None);
        }
        self.values[index] = Some(value);
    }
}

impl Engine {
    /// How many events the execution has.
    pub(crate) fn events(&self) -> usize {
        self.graph.events.len() + self.run.alone.events
    }

    /// Whether the current thread goes on without events; it is past those that
    /// the graph has.
    pub(super) fn is_alone(&mut self, thread: ThreadId) -> bool {
        if !self.run.alone.is_active {
            self.run.alone.is_active = self.becomes_alone(thread);
        }
        self.run.alone.is_active
    }

    /// Whether others were there, and all of them were joined, by this thread or by
    /// one that it joined: then all that they did, to cells too, happens before
    /// what this thread does next.
    fn becomes_alone(&self, thread: ThreadId) -> bool {
        if thread != 0 || self.every_event || self.run.guide.is_some() || self.graph.ranks.len() < 2 {
            return false;
        }
        let newest = self.newest(thread);
        newest != NONE
            && self.graph.ranks[1..].iter().all(|other| {
                let events = self.graph.thread(*other).events.len();
                let seen = self.graph.view(newest, View::Happens)[*other as usize];
                self.status(*other) == Status::Done && seen as usize > events
            })
    }

    /// An operation that leaves no event.
    pub(super) fn go_alone(&mut self, request: &Request<'_>) -> Option<Answer> {
        if self.events() >= self.limits.max_events {
            return self.need_events();
        }
        let (answer, events) = match request.kind {
            Kind::Spawn | Kind::Choose => return self.need_events(),
            Kind::Fence | Kind::Join => (Answer::default(), 1),
            Kind::Read | Kind::Write => {
                let Some(object) = request.object else {
                    return self.need_events();
                };
                let location = self.locate(object, NONE, request.pointer)?;
                if request.kind == Kind::Write {
                    self.run.alone.write(location, request.value);
                    (Answer { value: request.value, wrote: false }, 1)
                } else {
                    let value = self.newest_value(location);
                    if request.op.resolve(value, 1).is_some() {
                        return self.need_events();
                    }
                    match request.op.resolve(value, 0) {
                        Some(Step::Read) => (Answer { value, wrote: false }, 1),
                        Some(Step::Write(written)) => {
                            self.run.alone.write(location, written);
                            (Answer { value, wrote: true }, 2)
                        }
                        Some(Step::Blocked) | None => return self.need_events(),
                    }
                }
            }
        };
        self.run.alone.steps += 1;
        self.run.alone.events += events;
        Some(answer)
    }

    fn newest_value(&self, location: LocationId) -> u64 {
        self.run.alone.value(location).unwrap_or_else(|| {
            let newest = self.graph.last_place(location);
            self.graph.written(location, self.graph.write_at(location, newest))
        })
    }

    /// Whether a spin hint came from a thread that goes on alone.
    pub(super) fn spins_alone(&mut self) -> bool {
        let spins = self.run.alone.is_active;
        if spins {
            self.need_events();
        }
        spins
    }

    /// The run is to be made again, with all events.
    fn need_events(&mut self) -> Option<Answer> {
        self.every_event = true;
        self.run.again = true;
        None
    }
}
