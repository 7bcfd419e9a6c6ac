//! The end of most executions: one thread has joined all others and goes on
//! alone, to look at what they left. Its events stay out of the graph until the
//! graph needs them, and most often it never does.
//!
//! All that is in the graph happens before what it does then. So coherence gives
//! each of its reads the newest write, and each of its writes the last place; no
//! earlier read may be revisited by such a write, since every one is in its
//! causal prefix; and no cycle of the SC axiom goes through what nothing comes
//! before. There is nothing to choose, and nothing that another execution would
//! follow: the answers are all that is needed.
//!
//! What may be answered in more than one way, or may wait, needs the graph: another
//! spawn, a choice, a failure for no reason, a lock that is held, a loop that
//! spins. So does whoever asks for a replay token. Then the events that were left
//! out are added first, as they would have been.

use super::{Answer, Engine, Request};
use crate::graph::{Event, Kind, LocationId, NONE, Step, ThreadId, View};

/// What the thread that goes on alone has done.
#[derive(Debug, Default)]
pub(super) struct Alone {
    /// Its events, of a read-modify-write the read.
    left_out: Vec<Event>,
    /// How many they are with the writes of read-modify-writes.
    events: u32,
    /// What it wrote, by location.
    values: Vec<Option<u64>>,
}

impl Alone {
    pub(super) fn clear(&mut self) {
        self.left_out.clear();
        self.events = 0;
        self.values.clear();
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

    fn leave_out(&mut self, event: Event, events: u32) {
        self.left_out.push(event);
        self.events += events;
    }
}

impl Engine {
    /// How many events the execution has.
    pub(crate) fn events(&self) -> usize {
        self.graph.events.len() + self.run.alone.events as usize
    }

    /// How many events a thread has in this run.
    pub(super) fn done(&self, thread: ThreadId) -> u32 {
        let left_out = if thread == 0 { self.run.alone.events } else { 0 };
        self.run.slots[thread as usize].done + left_out
    }

    /// Whether what the thread does next need not be in the graph: others were
    /// there, and all of them were joined, by this thread or by one that it joined.
    /// Then all that they did, to cells too, happens before it.
    pub(super) fn is_alone(&self, thread: ThreadId) -> bool {
        if thread != 0 || self.run.guide.is_some() || self.graph.ranks.len() < 2 {
            return false;
        }
        if self.run.alone.events > 0 {
            return true;
        }
        let newest = self.newest(thread);
        newest != NONE
            && self.graph.ranks[1..].iter().all(|other| {
                let events = self.graph.thread(*other).events.len();
                let seen = self.graph.view(newest, View::Happens)[*other as usize];
                // Joining counts one more than the events.
                seen as usize > events
            })
    }

    /// An operation whose event is left out; `None` if it needs the graph, which
    /// is whole then, or if it failed.
    pub(super) fn go_alone(&mut self, request: &Request<'_>) -> Option<Answer> {
        let answer = self.answer_alone(request);
        if answer.is_none() {
            self.add_left_out();
        }
        answer
    }

    fn answer_alone(&mut self, request: &Request<'_>) -> Option<Answer> {
        if self.events() >= self.limits.max_events || matches!(request.kind, Kind::Spawn | Kind::Choose) {
            return None;
        }
        let event = self.event_of(0, request)?;
        if request.kind != Kind::Read {
            if request.kind == Kind::Write {
                self.run.alone.write(event.location, request.value);
            }
            self.run.alone.leave_out(event, 1);
            return Some(Answer { value: request.value, wrote: false });
        }
        let own = self.run.alone.value(event.location);
        let value = own.unwrap_or_else(|| self.graph.newest_value(event.location));
        if request.op.resolve(value, 1).is_some() {
            return None;
        }
        let wrote = match request.op.resolve(value, 0)? {
            Step::Blocked => return None,
            Step::Read => false,
            Step::Write(written) => {
                self.run.alone.write(event.location, written);
                true
            }
        };
        self.run.alone.leave_out(event, if wrote { 2 } else { 1 });
        Some(Answer { value, wrote })
    }

    /// Adds the events that were left out: none of them has an alternative.
    pub(super) fn add_left_out(&mut self) {
        let mut left_out = std::mem::take(&mut self.run.alone.left_out);
        for event in left_out.drain(..) {
            let id = self.push(event);
            if event.kind == Kind::Read {
                self.graph.set_first_source(id, self.graph.newest_write(event.location), 0);
                self.finish_rmw(id);
            }
        }
        self.run.alone.left_out = left_out;
        self.run.slots[0].done += self.run.alone.events;
        self.run.alone.clear();
    }
}
