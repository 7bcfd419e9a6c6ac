//! The end of an atomic, a lock or a cell: an access like a non-atomic write.
//!
//! What another thread did or does to the object must happen before its end. A
//! use that the graph has, whether this run has come to it or not, is looked at when
//! the object ends; one that comes later finds the mark. So in whatever order a run
//! makes the two, each execution that has both unordered fails.
//!
//! An end is no event of the model: nothing reads from it and it orders nothing.

use std::thread::panicking;

use super::{Engine, Name, Object, Request, suspend, try_with};
use crate::failure::FailureKind;
use crate::graph::{EventId, Kind, LocationId, NONE, Site, ThreadId, View};

/// Who ended an object, and the line of what that thread did before.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    thread: ThreadId,
    after: Option<Site>,
    /// Of an atomic or a lock.
    location: LocationId,
}

/// An object that was used is dropped.
#[cold]
pub(super) fn end(name: &Name) {
    if try_with(|engine| engine.end_object(name)) == Some(false) && !panicking() {
        loop {
            suspend();
        }
    }
}

/// "after LINE", for what has no line of its own.
pub(crate) fn after(site: Option<Site>) -> String {
    site.map_or("before it did anything else".to_owned(), |site| format!("after {site}"))
}

impl Engine {
    /// The running thread and the line of what it did last.
    pub(crate) fn whereabouts(&self) -> (ThreadId, Option<Site>) {
        let thread = self.run.current;
        (thread, self.run.slots.get(thread as usize).and_then(|slot| slot.site))
    }

    /// Whether what the program does to memory says nothing about it: the execution
    /// is over, or given up, or fails with the panic that unwinds it.
    pub(super) fn is_past_judging(&self) -> bool {
        self.run.teardown || self.is_over() || panicking() && !self.limits.child_panics
    }

    /// The end of an object; `false` if it races with a use.
    fn end_object(&mut self, name: &Name) -> bool {
        if self.is_past_judging() {
            return true;
        }
        let (thread, after) = self.whereabouts();
        if name.is_ended() {
            self.ends_again(name);
            return false;
        }
        let run = self.run.id;
        let (location, found) = if let Some(location) = name.location(run) {
            (location, self.unordered_use(thread, location))
        } else if let Some(cell) = name.cell(run) {
            self.end_cell(cell as usize);
            (NONE, self.racing(cell as usize, thread, true).map(|(other, site)| (other as ThreadId, site)))
        } else {
            // Another run used it.
            name.mark_ended(0, 0);
            return true;
        };
        if self.slot(thread).trial.is_some() {
            // A loop that only waits ends nothing that it uses.
            self.gives_up();
            return true;
        }
        if let Some((other, site)) = found {
            self.end_races(location, other, site);
            return false;
        }
        if self.run.ends.len() == super::name::MAX_OBJECTS {
            name.mark_ended(0, 0);
            return true;
        }
        name.mark_ended(run, self.run.ends.len() as u32);
        self.run.ends.push(End { thread, after, location });
        true
    }

    /// An access in the graph that does not happen before where the thread is.
    fn unordered_use(&self, thread: ThreadId, location: LocationId) -> Option<(ThreadId, Site)> {
        let place = self.graph.location(location);
        let mut uses = place.order.iter().chain(&place.reads);
        let newest = self.newest(thread);
        let view = if newest == NONE { &[] } else { self.graph.view(newest, View::Happens) };
        let unordered = uses.find(|id| {
            let event = self.graph.event(**id);
            let seen = view.get(event.thread as usize).copied().unwrap_or(0);
            event.thread != thread && event.index >= seen.max(self.seen_in_destructor(thread, event.thread))
        });
        unordered.map(|id| (self.graph.event(*id).thread, self.graph.event(*id).site))
    }

    fn end_races(&mut self, location: LocationId, other: ThreadId, site: Site) {
        let (thread, before) = self.whereabouts();
        let message = format!(
            "thread {thread} drops {} {}, and thread {other} uses it at {site}, unordered",
            noun(location),
            after(before)
        );
        self.fail(FailureKind::UseAfterFree, message);
    }

    /// What is known of the end of an object.
    fn describe_end(&self, name: &Name) -> String {
        let end = name.end_in(self.run.id).and_then(|index| self.run.ends.get(index as usize));
        if let Some(end) = end {
            let whose = noun(end.location);
            return format!("{whose} that thread {} dropped {}", end.thread, after(end.after));
        }
        // It had no name yet: only the memory may tell.
        let freed = crate::alloc::freed::describe(name.addr());
        format!("what was dropped before anything used it{freed}")
    }

    fn ends_again(&mut self, name: &Name) {
        let (thread, before) = self.whereabouts();
        let message = format!("thread {thread} drops {}, again {}", self.describe_end(name), after(before));
        self.fail(FailureKind::UseAfterFree, message);
    }

    /// The current thread uses an object after its end.
    pub(super) fn uses_ended(&mut self, name: &Name, site: Site) {
        let thread = self.run.current;
        let message = format!("thread {thread} uses at {site} {}", self.describe_end(name));
        self.fail(FailureKind::UseAfterFree, message);
    }

    /// The same by an operation. Its event becomes part of the graph, so that the
    /// token comes to it: a replay may drop the object later than this run did.
    pub(super) fn performs_on_ended(&mut self, object: Object<'_>, request: &Request<'_>) {
        self.add_left_out();
        let end = object.name.end_in(self.run.id).map(|index| self.run.ends[index as usize].location);
        let location = end.filter(|location| *location != NONE);
        let location = location.unwrap_or_else(|| {
            self.run.named.push(true);
            self.graph.add_location(object.initial)
        });
        let event = self.event_at(self.run.current, request, location);
        let id = self.push(event);
        self.set_newest_source(id);
        self.uses_ended(object.name, request.site);
    }

    /// Lets the read of a failing execution read something.
    pub(super) fn set_newest_source(&mut self, id: EventId) {
        let event = self.graph.event(id);
        if event.kind == Kind::Read {
            self.graph.set_first_source(id, self.graph.newest_write(event.location), 0);
        }
    }

    pub(super) fn too_many_objects(&mut self, site: Site) {
        let message = format!("an execution uses more than {} objects, at {site}", super::name::MAX_OBJECTS);
        self.fail(FailureKind::Truncated, message);
    }
}

fn noun(location: LocationId) -> &'static str {
    if location == NONE { "a cell" } else { "an atomic or a lock" }
}
