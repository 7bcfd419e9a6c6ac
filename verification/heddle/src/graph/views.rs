//! Vector clocks: for each event what happens before it, its causal prefix
//! (program order and reads-from), what its thread's next acquire fence would
//! learn, and what an acquire that reads it learns.
//!
//! A clock counts, for each thread, the events seen; joining a thread counts
//! one more than it has, so that what it did after its last event is seen too.

use super::{Event, EventId, Graph, Kind, NONE, ThreadId};

/// Which clock of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// Happens-before, the event included.
    Happens = 0,
    /// (program order ∪ reads-from)⁺, the event included.
    Prefix = 1,
    /// What the relaxed reads so far would synchronise with at an acquire fence.
    Pending = 2,
    /// Of a write: what an acquire that reads it synchronises with.
    Released = 3,
}

const VIEWS: usize = 4;

impl Graph {
    pub(super) fn stride(&self) -> usize {
        self.width * VIEWS
    }

    fn start(&self, id: EventId, view: View) -> usize {
        id as usize * self.stride() + view as usize * self.width
    }

    /// One clock of an event.
    pub(crate) fn view(&self, id: EventId, view: View) -> &[u32] {
        let start = self.start(id, view);
        &self.views[start..start + self.width]
    }

    pub(super) fn seen(&self, id: EventId, view: View, thread: ThreadId) -> u32 {
        self.views[self.start(id, view) + thread as usize]
    }

    /// Whether `a` happens before `b` or is `b`.
    pub(crate) fn happens(&self, a: EventId, b: EventId) -> bool {
        let Event { thread, index, .. } = *self.event(a);
        self.seen(b, View::Happens, thread) > index
    }

    /// Whether `a` is in the causal prefix of `b` or is `b`.
    pub(crate) fn in_prefix(&self, a: EventId, b: EventId) -> bool {
        let Event { thread, index, .. } = *self.event(a);
        self.seen(b, View::Prefix, thread) > index
    }

    /// Makes room in every clock for a new thread slot.
    pub(super) fn widen(&mut self) {
        if self.threads.len() <= self.width {
            return;
        }
        let old = self.width;
        self.width = (old * 2).max(self.threads.len());
        let mut views = vec![0; self.events.len() * self.stride()];
        for (from, to) in self.views.chunks(old).zip(views.chunks_mut(self.width)) {
            to[..old].copy_from_slice(from);
        }
        self.views = views;
    }

    fn join(&mut self, id: EventId, view: View, from: EventId, from_view: View) {
        let (to, from) = (self.start(id, view), self.start(from, from_view));
        let width = self.width;
        // A source may be newer than its read, after a revisit.
        let (to, from) = if to < from {
            let (low, high) = self.views.split_at_mut(from);
            (&mut low[to..to + width], &high[..width])
        } else if from < to {
            let (low, high) = self.views.split_at_mut(to);
            (&mut high[..width], &low[from..from + width])
        } else {
            return;
        };
        for (to, from) in to.iter_mut().zip(from) {
            *to = (*to).max(*from);
        }
    }

    fn raise(&mut self, id: EventId, thread: ThreadId, count: u32) {
        for view in [View::Happens, View::Prefix] {
            let slot = self.start(id, view) + thread as usize;
            self.views[slot] = self.views[slot].max(count);
        }
    }

    /// Computes the clocks of an event that has no successor in its thread.
    pub(crate) fn update_views(&mut self, id: EventId) {
        let start = id as usize * self.stride();
        let end = start + self.stride();
        let event = *self.event(id);
        let previous = self.previous(id);
        if previous != NONE {
            // All but what a write releases carries over.
            let from = previous as usize * self.stride();
            let carried = self.start(id, View::Released) - start;
            self.views.copy_within(from..from + carried, start);
            self.views[start + carried..end].fill(0);
        } else {
            self.views[start..end].fill(0);
            self.join_both(id, self.thread(event.thread).spawn);
        }
        self.raise(id, event.thread, event.index + 1);
        match event.kind {
            Kind::Read => self.see_source(id),
            Kind::Fence if event.mode.acquires() => {
                self.join(id, View::Happens, id, View::Pending);
            }
            Kind::Write => self.release(id, &event),
            Kind::Join => {
                let child = self.thread(event.value as ThreadId);
                let count = child.events.len() as u32 + 1;
                let last = child.events.last().copied().unwrap_or(child.spawn);
                self.join_both(id, last);
                self.raise(id, event.value as ThreadId, count);
            }
            Kind::Fence | Kind::Spawn | Kind::Choose => {}
        }
        self.remember(id);
    }

    fn join_both(&mut self, id: EventId, from: EventId) {
        if from != NONE {
            self.join(id, View::Happens, from, View::Happens);
            self.join(id, View::Prefix, from, View::Prefix);
        }
    }

    /// Adds what a read learns from its source to its clocks.
    pub(super) fn see_source(&mut self, id: EventId) {
        let &Event { source, blocked, mode, .. } = self.event(id);
        if source == NONE {
            return;
        }
        self.join(id, View::Prefix, source, View::Prefix);
        if blocked {
            return;
        }
        self.join(id, View::Pending, source, View::Released);
        if mode.acquires() {
            self.join(id, View::Happens, source, View::Released);
        }
    }

    /// C++20: a release sequence goes on through read-modify-writes only.
    fn release(&mut self, id: EventId, event: &Event) {
        if event.mode.releases() {
            self.join(id, View::Released, id, View::Happens);
        } else if event.release_fence != NONE {
            self.join(id, View::Released, event.release_fence, View::Happens);
        }
        if event.rmw {
            let source = self.event(self.previous(id)).source;
            if source != NONE {
                self.join(id, View::Released, source, View::Released);
            }
        }
    }
}
