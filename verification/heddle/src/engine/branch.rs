//! New events: which sources, places and alternatives they may have. The first
//! is taken at once; the others are left as choices.

use super::{Answer, Choice, Engine, Item, Pending, Request, Status};
use crate::failure::FailureKind;
use crate::graph::{Event, EventId, Kind, NONE, ReadOp, Step, ThreadId};

impl Engine {
    /// Adds the event of a request that the graph does not have yet.
    pub(super) fn add(&mut self, thread: ThreadId, request: &Request<'_>) -> Option<Answer> {
        if self.graph.events.len() >= self.limits.max_events {
            let message = format!(
                "an execution has more than {} events: the loop around {} may have no bound",
                self.limits.max_events, request.site
            );
            self.fail(FailureKind::Truncated, message);
            return None;
        }
        let mut event = self.event_of(thread, request)?;
        let guided = self.run.guide.as_mut().map(|guide| guide.take());
        if guided.is_some() {
            // The guide says which thread comes next.
            self.run.granted = NONE;
        }
        match request.kind {
            Kind::Read => return self.add_read(event, guided),
            Kind::Write => {
                self.add_write(event, guided);
                if self.run.failure.is_some() {
                    return None;
                }
            }
            Kind::Spawn => {
                if self.graph.ranks.len() >= self.limits.max_threads {
                    let message = format!("an execution has more than {} threads", self.limits.max_threads);
                    self.fail(FailureKind::Truncated, message);
                    return None;
                }
                event.value = u64::from(self.graph.free_slot());
                let id = self.push(event);
                self.graph.add_thread(id);
            }
            Kind::Choose => {
                // `value` asks for a number of alternatives.
                event.value = 0;
                let id = self.push(event);
                if let Some(value) = guided {
                    event.value = value.min(request.value - 1);
                    self.graph.event_mut(id).value = event.value;
                } else {
                    self.items.extend((1..request.value).rev().map(|value| Item::new(id, Choice::Alternative(value))));
                }
            }
            Kind::Fence | Kind::Join => {
                self.push(event);
            }
        }
        self.slot(thread).done += 1;
        Some(Answer { value: event.value, wrote: false })
    }

    /// The event of a request, not in the graph yet.
    pub(super) fn event_of(&mut self, thread: ThreadId, request: &Request<'_>) -> Option<Event> {
        let mut event = Event::new(request.kind, request.success, request.site);
        event.thread = thread;
        event.failure = request.failure;
        if !self.weakened.is_empty() {
            self.weaken(&mut event);
        }
        event.op = request.op;
        event.value = request.value;
        if let Some(object) = request.object {
            event.location = self.locate(object, NONE, request.pointer)?;
        }
        event.exclusive = request.exclusive;
        self.exclusive |= request.exclusive;
        let done = self.done(thread);
        let slot = self.slot(thread);
        event.yields = slot.spin.is_some_and(|(_, at, _)| at == done);
        event.after_cell = slot.touched == done + 1;
        Some(event)
    }

    fn weaken(&self, event: &mut Event) {
        let mut weakened = self.weakened.iter();
        let found = weakened.find(|weakening| weakening.names(event.site));
        if let Some(weakening) = found {
            let mode = weakening.ordering.into();
            event.mode = mode;
            event.success = mode;
            event.failure = mode;
        }
    }

    pub(super) fn push(&mut self, event: Event) -> EventId {
        let id = self.graph.push(event);
        self.graph.update_views(id);
        id
    }

    fn add_write(&mut self, event: Event, guided: Option<u64>) {
        let id = self.push(event);
        if self.is_racing(id) {
            self.graph.cut(id);
            return;
        }
        self.look_for_load_buffering(id);
        let location = event.location;
        let last = self.graph.last_place(location);
        let earliest = self.graph.earliest(id, location);
        if let Some(back) = guided {
            let place = last.saturating_sub(back as u32).max(earliest + 1);
            self.graph.place_write(id, place);
            return;
        }
        for place in earliest + 1..last {
            // Between what a read-modify-write read and its write is no place.
            if !self.graph.is_rmw_at(location, place) {
                self.items.push(Item::new(id, Choice::Place(place)));
            }
        }
        self.find_revisits(id);
        self.wake();
    }

    /// Whether an exclusive access of the location is not ordered with a new
    /// event, or the new event is exclusive and not ordered after every write.
    fn is_racing(&mut self, id: EventId) -> bool {
        if !self.exclusive {
            return false;
        }
        let event = self.graph.event(id);
        let place = self.graph.location(event.location);
        let writes = place.order.iter().map(|id| (*id, true));
        let mut others = writes.chain(place.reads.iter().map(|id| (*id, false)));
        let unordered = others.find(|(other, write)| {
            let conflict = self.graph.event(*other).exclusive || event.exclusive && *write;
            conflict && !self.graph.happens(*other, id)
        });
        let Some((other, _)) = unordered else {
            return false;
        };
        let other = self.graph.event(other);
        let message = format!(
            "thread {} at {} and thread {} at {} use an atomic, one of them without \
             synchronisation, unordered",
            event.thread, event.site, other.thread, other.site
        );
        self.fail(FailureKind::DataRace, message);
        true
    }

    /// A write may let a waiting thread with a lower rank go first.
    fn wake(&mut self) {
        let waits = |status| status == Status::New(Pending::Waits);
        if self.run.slots.iter().any(|slot| waits(slot.status)) {
            self.run.granted = NONE;
        }
    }

    fn add_read(&mut self, event: Event, guided: Option<u64>) -> Option<Answer> {
        let thread = event.thread;
        let id = self.push(event);
        if self.is_racing(id) {
            self.graph.cut(id);
            return None;
        }
        if !matches!(event.op, ReadOp::Load) {
            self.look_for_load_buffering(id);
        }
        let earliest = self.graph.earliest(id, event.location);
        let last = self.graph.last_place(event.location);
        let (source, alternative) = match guided {
            Some(code) => {
                let place = last.saturating_sub((code >> 8) as u32).max(earliest);
                let source = self.graph.write_at(event.location, place);
                let value = self.graph.written(event.location, source);
                let taken = event.op.resolve(value, code as u8).is_some();
                (source, if taken { code as u8 } else { 0 })
            }
            None => self.branch_read(id, earliest, last),
        };
        self.graph.set_first_source(id, source, alternative);
        let &Event { value, rmw, blocked, .. } = self.graph.event(id);
        if blocked {
            self.slot(thread).status = Status::Blocked(id);
            self.slot(thread).done += 1;
            return None;
        }
        // The newest source is always consistent, and so is a write after it.
        if rmw {
            self.finish_rmw(id);
            self.wake();
        }
        self.slot(thread).done += if rmw { 2 } else { 1 };
        Some(Answer { value, wrote: rmw })
    }

    /// The first source and alternative of a read; the others become choices,
    /// the newest source last so that it is tried next.
    fn branch_read(&mut self, id: EventId, earliest: u32, last: u32) -> (EventId, u8) {
        let &Event { location, op, .. } = self.graph.event(id);
        if earliest < last || !matches!(op, ReadOp::Load) {
            for place in earliest..=last {
                self.branch_source(id, place, last);
            }
        }
        // The newest source with alternative 0 always exists.
        (self.graph.newest_write(location), 0)
    }

    fn branch_source(&mut self, id: EventId, place: u32, last: u32) {
        let event = *self.graph.event(id);
        let source = self.graph.write_at(event.location, place);
        let value = self.graph.written(event.location, source);
        let taken = self.is_taken(id, place);
        let mut alternative = u8::from(place == last);
        while let Some(step) = event.op.resolve(value, alternative) {
            let useful = match step {
                Step::Read => alternative == 0 || !self.is_tired(&event, source),
                Step::Write(_) => !taken,
                // It could go on only by reading something newer, and then this
                // read would not have been here.
                Step::Blocked => place == last,
            };
            if useful {
                self.items.push(Item::new(id, Choice::Source { source, alternative }));
            }
            alternative += 1;
        }
    }

    /// Whether this compare-exchange has failed spuriously on this write as
    /// often as it may: else a retry loop would have no end.
    fn is_tired(&self, event: &Event, source: EventId) -> bool {
        let events = &self.graph.thread(event.thread).events;
        let failed = events.iter().filter(|id| {
            let other = self.graph.event(**id);
            other.alternative != 0 && other.source == source && other.site == event.site
        });
        failed.count() >= self.limits.spurious_failures as usize
    }

    /// Whether a read-modify-write that must stay before `read` already reads
    /// from this place: then another one cannot.
    fn is_taken(&self, read: EventId, place: u32) -> bool {
        let location = self.graph.event(read).location;
        if !self.graph.is_rmw_at(location, place + 1) {
            return false;
        }
        let write = self.graph.write_at(location, place + 1);
        self.graph.in_prefix(self.graph.previous(write), read)
    }
}
