//! Which thread moves: a function of the graph alone, as the search needs.

use super::{Engine, Pending, Status};
use crate::failure::FailureKind;
use crate::graph::{EventId, LocationId, NONE, ReadOp, Step, ThreadId};

impl Engine {
    /// The thread to resume: first every thread catches up with the graph, each
    /// event after its causes; then the first thread that can go on does.
    pub(crate) fn schedule(&mut self) -> Option<ThreadId> {
        if self.is_over() {
            return None;
        }
        if let Some(thread) = self.run.preferred.filter(|thread| self.is_ready(*thread)) {
            self.run.current = thread;
            return Some(thread);
        }
        let mut behind = NONE;
        for index in 0..self.graph.ranks.len() {
            let thread = self.graph.ranks[index];
            if matches!(self.status(thread), Status::Behind(_) | Status::BehindEnd(_)) {
                behind = thread;
            }
            if self.is_ready(thread) {
                self.run.current = thread;
                return Some(thread);
            }
        }
        if behind != NONE || !self.is_caught_up() {
            self.fail(FailureKind::Nondeterminism, "the threads did not do again what they did before".to_owned());
            return None;
        }
        let next = self.next_new()?;
        if matches!(self.status(next), Status::Spinning(_)) {
            self.resume_loop(next);
            if self.is_over() {
                return None;
            }
        }
        self.run.current = next;
        self.run.granted = next;
        Some(next)
    }

    /// Whether a thread can follow the graph, or begins.
    fn is_ready(&self, thread: ThreadId) -> bool {
        match self.status(thread) {
            Status::Ready => true,
            Status::Behind(event) => self.is_replayed(event),
            Status::BehindEnd(other) => self.status(other) == Status::Done,
            _ => false,
        }
    }

    /// Whether the current thread has to let the preferred one go first.
    pub(super) fn gives_way(&self) -> bool {
        self.run.preferred.is_some_and(|thread| thread != self.run.current && self.is_ready(thread))
    }

    pub(super) fn is_replayed(&self, event: EventId) -> bool {
        let event = self.graph.event(event);
        let slot = self.run.slots.get(event.thread as usize);
        slot.is_some_and(|slot| slot.done > event.index)
    }

    fn is_caught_up(&self) -> bool {
        self.graph.ranks.iter().all(|thread| {
            let events = self.graph.thread(*thread).events.len() as u32;
            let slot = self.run.slots.get(*thread as usize);
            slot.is_some_and(|slot| slot.done == events)
        })
    }

    /// The lowest thread with a new operation that need not wait, else the
    /// lowest that must. A function of the graph alone, as the search needs.
    fn next_new(&self) -> Option<ThreadId> {
        if let Some(guide) = &self.run.guide {
            // A made-up token may name a thread that cannot move.
            return guide.next().filter(|thread| match self.status(*thread) {
                Status::New(Pending::Waits) => true,
                _ => self.is_free(*thread),
            });
        }
        let ranks = self.graph.ranks.iter().copied();
        let mut free = ranks.clone().filter(|thread| self.is_free(*thread));
        let mut waiting = ranks.clone().filter(|t| self.status(*t) == Status::New(Pending::Waits));
        let mut woken = ranks.filter(|thread| self.is_woken(*thread));
        free.next().or_else(|| waiting.next()).or_else(|| woken.next())
    }

    pub(super) fn is_free(&self, thread: ThreadId) -> bool {
        match self.status(thread) {
            Status::New(Pending::Free) => true,
            Status::New(Pending::Join(child)) => self.status(child) == Status::Done,
            Status::New(Pending::Waits) => {
                let waits = self.run.slots[thread as usize].waits;
                waits.is_some_and(|(location, initial, op)| !self.would_wait(location, initial, op))
            }
            _ => false,
        }
    }

    /// Whether the newest value only lets the operation wait.
    pub(super) fn would_wait(&self, location: Option<LocationId>, initial: u64, op: ReadOp) -> bool {
        let value = location.map_or(initial, |location| self.graph.newest_value(location));
        op.resolve(value, 0) == Some(Step::Blocked)
    }
}
