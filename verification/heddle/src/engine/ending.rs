//! What an execution amounts to once no thread can go on.

use super::linear::{Linear, linear};
use super::{Engine, Pending, Status};
use crate::failure::FailureKind;
use crate::graph::{EventId, Kind, ThreadId};

impl Engine {
    /// Gives the run its verdict and counts it; whether it is to be made again.
    pub(crate) fn end_run(&mut self) -> bool {
        if self.run.again && self.run.failure.is_none() {
            return true;
        }
        self.stats.events += self.events() as u64;
        self.name_load_buffering();
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
            if let Some(failure) = &mut self.run.failure {
                failure.token = token;
                failure.preemptions = linear.preemptions;
                failure.events = self.graph.events.len();
            }
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
            let lines: Vec<String> = waiting.iter().map(|t| self.describe(*t)).collect();
            self.run.current = waiting[0];
            self.fail(FailureKind::Deadlock, lines.join("; "));
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

    fn describe(&self, thread: ThreadId) -> String {
        let slot = &self.run.slots[thread as usize];
        let at = slot.site.map_or(String::new(), |site| format!(" at {site}"));
        match slot.status {
            Status::New(Pending::Join(child)) => {
                format!("thread {thread} waits{at} for thread {child} to end")
            }
            Status::Blocked(read) => {
                let source = self.graph.event(read).source;
                let holder = (source != crate::graph::NONE).then(|| self.graph.event(source));
                let holder = holder.map_or(String::new(), |event| {
                    format!(", last changed by thread {} at {}", event.thread, event.site)
                });
                format!("thread {thread} waits{at}{holder}")
            }
            Status::Spinning(_) => format!("thread {thread} spins{at} and nothing changes"),
            _ => format!("thread {thread} cannot go on{at}"),
        }
    }
}
