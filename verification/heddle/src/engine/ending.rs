//! What an execution amounts to once no thread can go on.

use super::linear::{Linear, linear};
use super::{Engine, Status};
use crate::failure::{Again, FailureKind, Waiting};
use crate::graph::{Event, EventId, Kind, ThreadId, What};

impl Engine {
    /// Gives the run its verdict and counts it; whether it is to be made again.
    pub(crate) fn end_run(&mut self) -> bool {
        if self.run.again && self.run.failure.is_none() {
            return true;
        }
        self.stats.events += self.events() as u64;
        self.explored += self.share;
        let mut order = None;
        match self.run.failure.as_ref().map(|failure| failure.kind) {
            None => self.judge(&mut order),
            // These say that something was not explored, in whatever order.
            Some(FailureKind::Nondeterminism | FailureKind::Unsupported) => {}
            Some(_) if self.is_beyond(&mut order) => self.run.failure = None,
            Some(_) => {}
        }
        // Only a failure that may be reported needs its best order.
        let reported = self.failure.is_none() || self.limits.simplest_failure;
        if self.run.failure.is_some() && reported {
            if self.events() > self.graph.events.len() {
                self.add_left_out();
                order = None;
            }
            let linear = order.unwrap_or_else(|| linear(&self.graph));
            let token = self.token_of(&linear);
            let spurious = self.graph.events.iter().filter(|event| is_spurious(event)).count();
            if let Some(failure) = &mut self.run.failure {
                failure.token = token;
                failure.interleaving = linear.is_interleaving;
                failure.spurious = spurious;
                failure.preemptions = linear.preemptions;
                failure.events = self.graph.events.len();
            }
            self.explain();
        }
        false
    }

    /// Whether the execution needs more preemptions than the bound, and is left
    /// out. One that is too long to tell is not.
    fn is_beyond(&mut self, order: &mut Option<Linear>) -> bool {
        let Some(bound) = self.limits.preemption_bound else {
            return false;
        };
        let order = order.get_or_insert_with(|| linear(&self.graph));
        let beyond = order.is_fewest && order.preemptions as usize > bound;
        self.stats.beyond += u64::from(beyond);
        beyond
    }

    fn judge(&mut self, order: &mut Option<Linear>) {
        let waiting: Vec<ThreadId> =
            self.graph.ranks.iter().copied().filter(|thread| self.status(*thread) != Status::Done).collect();
        if waiting.is_empty() {
            if self.is_beyond(order) {
                return;
            }
            self.stats.executions += 1;
            if let Some(site) = self.run.tracked.iter().flatten().next() {
                let message = format!("what was made at {site} was never released");
                self.fail(FailureKind::Leak, message);
            }
            return;
        }
        // Whoever waits on an old value would be woken by the newest one.
        let deadlocked = waiting.iter().all(|thread| self.waits_on_newest(*thread));
        if deadlocked && self.is_beyond(order) {
            return;
        }
        self.stats.blocked += 1;
        if deadlocked {
            self.run.current = waiting[0];
            let waiting: Vec<Waiting> = waiting.iter().map(|thread| self.waiting(*thread)).collect();
            let lines: Vec<String> = waiting.iter().map(ToString::to_string).collect();
            self.fail(FailureKind::Deadlock, lines.join("; "));
            if let Some(failure) = &mut self.run.failure {
                failure.waiting = waiting;
            }
        }
    }

    fn waits_on_newest(&self, thread: ThreadId) -> bool {
        match self.status(thread) {
            Status::Blocked(read) => self.reads_newest(read),
            Status::Spinning(from) => {
                let round = &self.graph.thread(thread).events[from as usize..];
                round.iter().all(|event| self.reads_newest(*event))
            }
            // Where a replay ends early.
            _ => !self.is_free(thread),
        }
    }

    fn reads_newest(&self, read: EventId) -> bool {
        let event = self.graph.event(read);
        // Of a read-modify-write, the write must be the newest.
        let place = match event.kind {
            Kind::Read if !event.rmw => self.graph.place_of(event.source),
            Kind::Write => event.place,
            _ => return true,
        };
        place == self.graph.last_place(event.location)
    }

    /// Adds to the failure of a replay what only a replay knows.
    fn explain(&mut self) {
        if !self.is_told() {
            return;
        }
        let (steps, places) = self.steps();
        let interleaving = self.run.failure.as_ref().is_none_or(|failure| failure.interleaving);
        let weak = (!interleaving).then(|| self.weak(&places));
        if let Some(failure) = &mut self.run.failure {
            failure.steps = steps;
            failure.weak = weak;
            failure.again = Again::Same;
        }
    }
}

/// Whether an operation came out as it does for no reason. Whom a notification
/// wakes is a choice of another kind.
fn is_spurious(event: &Event) -> bool {
    event.kind == Kind::Read && event.alternative != 0 && event.what != What::Notification
}
