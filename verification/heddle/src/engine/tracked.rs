//! What must be released before the execution ends, and only once.

use super::{Engine, ends::after};
use crate::failure::FailureKind;
use crate::graph::{Site, ThreadId};

/// A tracked value that was dropped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dropped {
    number: usize,
    made: Site,
    thread: ThreadId,
    after: Option<Site>,
}

/// Tracked memory: where it is, and its number among what is tracked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    address: usize,
    size: usize,
    number: usize,
}

impl Engine {
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

    /// As [`Self::untrack`], for a value that must not be dropped twice.
    pub(crate) fn drop_tracked(&mut self, (run, number): (u64, usize)) {
        if run != self.run.id || self.run.teardown {
            return;
        }
        let (thread, site) = self.whereabouts();
        if let Some(made) = self.run.tracked[number].take() {
            self.run.dropped.push(Dropped { number, made, thread, after: site });
            return;
        }
        let first = self.run.dropped.iter().find(|dropped| dropped.number == number);
        if let Some(first) = first.copied().filter(|_| !self.is_past_judging()) {
            let message = format!(
                "thread {thread} drops what was made at {}, {}, and thread {} dropped it before, {}",
                first.made,
                after(site),
                first.thread,
                after(first.after)
            );
            self.fail(FailureKind::UseAfterFree, message);
        }
    }

    /// As [`Self::track`], for memory.
    pub(crate) fn track_memory(&mut self, address: usize, size: usize, site: Site) {
        let (_, number) = self.track(site);
        self.run.allocations.push(Memory { address, size, number });
    }

    /// Whether the memory was tracked; then it no longer is.
    pub(crate) fn untrack_memory(&mut self, address: usize) -> bool {
        let allocations = &mut self.run.allocations;
        let index = allocations.iter().position(|memory| memory.address == address);
        if let Some(index) = index {
            let Memory { number, .. } = allocations.swap_remove(index);
            self.run.tracked[number] = None;
        }
        index.is_some()
    }

    /// The line that made the tracked memory that an address is inside of.
    pub(crate) fn memory_around(&self, address: usize) -> Option<Site> {
        let mut memory = self.run.allocations.iter();
        let around = |memory: &&Memory| (memory.address..memory.address + memory.size).contains(&address);
        memory.find(around).and_then(|memory| self.run.tracked[memory.number])
    }

    /// Memory is given back that cannot be.
    pub(crate) fn refuse_free(&mut self, message: String) {
        if !self.is_past_judging() {
            self.fail(FailureKind::UseAfterFree, message);
        }
    }
}
