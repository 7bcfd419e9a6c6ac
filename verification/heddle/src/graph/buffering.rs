//! Load buffering: which earlier read an operation could still reach, if
//! `po ∪ rf` might have cycles.
//!
//! The crate documentation has the argument. In short: an execution with such a
//! cycle has a read that reads what its own thread's later write led to. Run in
//! the order of RC11, that read reads something else, and the write it should
//! have read comes up later, with the read among its causes.

use super::{Event, EventId, Graph, Kind, LocationId, NONE};

impl Graph {
    /// A read of the location of `id`, by another thread, that led to `id`
    /// without happening before it. `id` is a write, or the read of an operation
    /// that may write.
    ///
    /// Paths through a read of this same location do not count: coherence forbids
    /// the cycle, or a part of the path is such a pair already. So what `id` reads
    /// itself does not matter, and its event needs no clocks yet.
    pub(crate) fn buffered_read(&self, id: EventId) -> Option<EventId> {
        let event = self.event(id);
        let before = match self.previous(id) {
            NONE => self.thread(event.thread).spawn,
            previous => previous,
        };
        if before == NONE {
            return None;
        }
        let unordered = |read: &EventId| *read != id && self.in_prefix(*read, before) && !self.happens(*read, before);
        let mut reads = self.location(event.location).reads.iter().copied().filter(unordered).peekable();
        // Most operations have none, and need no walk.
        reads.peek()?;
        let led = self.causes_elsewhere(before, event.location);
        reads.find(|read| {
            let Event { thread, index, .. } = *self.event(*read);
            led[thread as usize] > index
        })
    }

    /// The causal prefix of an event without the reads-from of one location, as
    /// a number of events for each thread.
    fn causes_elsewhere(&self, event: EventId, location: LocationId) -> Vec<u32> {
        let mut reached = vec![0; self.threads.len()];
        let mut pending = vec![event];
        while let Some(id) = pending.pop() {
            if id == NONE {
                continue;
            }
            let Event { thread: slot, index, .. } = *self.event(id);
            let thread = self.thread(slot);
            let known = reached[slot as usize];
            if index < known {
                continue;
            }
            reached[slot as usize] = index + 1;
            if known == 0 {
                pending.push(thread.spawn);
            }
            for id in &thread.events[known as usize..=index as usize] {
                let event = self.event(*id);
                match event.kind {
                    Kind::Read if event.location != location => pending.push(event.source),
                    Kind::Join => {
                        let child = self.thread(event.value as u32);
                        pending.push(child.events.last().copied().unwrap_or(child.spawn));
                    }
                    _ => {}
                }
            }
        }
        reached
    }
}
