//! Reference counts. Unless asked to, the search does not branch over the order
//! in which handles are dropped; what could tell the orders apart is reported.
//!
//! The last handle to go in this run drops the value, ordered after the other
//! drops. If nothing orders those drops, another run may have another last
//! handle, so the destructor must not add events: it may read and write what it
//! alone still uses, and anything else fails as not modelled.

use super::{Answer, CellName, Engine, Request};
use crate::failure::FailureKind;
use crate::graph::{Kind, NONE, ReadOp, Site, Step, View};

const NOT_MODELLED: &str = "the order of these drops matters, and it is only explored with \
                            `Builder::arc_counts`";

/// What a thread has seen beyond its events while it runs a destructor.
#[derive(Debug, Default)]
pub(super) struct Destructor {
    /// A clock.
    seen: Vec<u32>,
    scratch: usize,
}

impl Engine {
    /// Adds what the current thread has seen to a clock.
    pub(crate) fn release_handle(&self, clock: &mut Vec<u32>) {
        let thread = self.run.current as usize;
        let newest = self.newest(thread as u32);
        if newest != NONE {
            let view = self.graph.view(newest, View::Happens);
            clock.resize(clock.len().max(view.len()), 0);
            for (own, seen) in clock.iter_mut().zip(view) {
                *own = (*own).max(*seen);
            }
        }
        clock.resize(clock.len().max(thread + 1), 0);
        // What it did after its newest event is seen too.
        let done = self.done(thread as u32) + 1;
        clock[thread] = clock[thread].max(done);
    }

    /// The last handle goes: its destructor sees what the others had done.
    pub(crate) fn enter_destructor(&mut self, clock: &[u32]) {
        let thread = self.run.current;
        let unordered = clock
            .iter()
            .enumerate()
            .any(|(other, seen)| other != thread as usize && *seen > self.seen(thread, other as u32));
        if unordered && self.run.slots[thread as usize].destructor.is_none() {
            let scratch = self.run.scratch.len();
            self.run.slots[thread as usize].destructor = Some(Destructor { seen: clock.to_vec(), scratch });
        }
    }

    pub(crate) fn leave_destructor(&mut self) {
        let thread = self.run.current as usize;
        if let Some(destructor) = self.run.slots[thread].destructor.take() {
            self.run.scratch.truncate(destructor.scratch);
        }
    }

    /// What the thread's destructor has seen of another thread.
    pub(super) fn seen_in_destructor(&self, thread: u32, other: u32) -> u32 {
        let destructor = self.run.slots[thread as usize].destructor.as_ref();
        let seen = destructor.and_then(|destructor| destructor.seen.get(other as usize));
        seen.copied().unwrap_or(0)
    }

    /// An operation of a destructor that may run in another thread next time.
    pub(super) fn destruct(&mut self, request: &Request<'_>) -> Option<Answer> {
        let thread = self.run.current;
        let alone = request.object.is_some_and(|object| {
            let Some(location) = object.name.location(self.run.id) else {
                return true;
            };
            let place = self.graph.location(location);
            let reads = request.kind == Kind::Write || !matches!(request.op, ReadOp::Load);
            let reads = place.reads.iter().filter(|_| reads);
            place.order.iter().chain(reads).all(|id| {
                let event = self.graph.event(*id);
                event.thread == thread || event.index < self.seen(thread, event.thread)
            })
        });
        let waits =
            request.object.is_some_and(|object| request.op.resolve(self.torn_value(object), 0) == Some(Step::Blocked));
        if alone && !waits {
            return Some(self.tear(request));
        }
        let message = format!("a destructor acts at {}: {NOT_MODELLED}", request.site);
        self.fail(FailureKind::Unsupported, message);
        None
    }

    /// A handle is made or dropped (`observe` is false), or something asks how
    /// many there are.
    pub(crate) fn count_handle(&mut self, name: &CellName, observe: bool, site: Site) -> bool {
        if self.run.teardown || self.run.failure.is_some() {
            return true;
        }
        let Some((other, other_site)) = self.record_access(name, observe, site) else {
            return true;
        };
        let message = format!(
            "the number of handles of an Arc is asked for and changed at {site} and by thread \
             {other} at {other_site}, unordered: {NOT_MODELLED}"
        );
        self.fail(FailureKind::Unsupported, message);
        false
    }
}
