//! Who waits for what when no thread can go on.

use super::{Engine, Pending, Status};
use crate::failure::{Deed, Waiting, WaitsFor};
use crate::graph::{Event, EventId, Kind, NONE, ReadOp, ThreadId, What};

impl Engine {
    /// What a thread that cannot go on waits for.
    pub(super) fn waiting(&self, thread: ThreadId) -> Waiting {
        let slot = &self.run.slots[thread as usize];
        let mut waiting = Waiting {
            thread: thread as usize,
            thread_name: slot.name.clone(),
            waits_for: WaitsFor::Other,
            name: None,
            site: slot.site,
            last: None,
            missed: None,
        };
        match slot.status {
            Status::New(Pending::Join(child)) => waiting.waits_for = WaitsFor::Join(child as usize),
            Status::Spinning(_) => waiting.waits_for = WaitsFor::Spin,
            Status::Blocked(read) => self.add_blocked(read, &mut waiting),
            _ => {}
        }
        waiting
    }

    fn add_blocked(&self, read: EventId, waiting: &mut Waiting) {
        let event = self.graph.event(read);
        waiting.waits_for = waits_for(event);
        waiting.name = self.name_of(event.location).map(str::to_owned);
        let deed = |id: EventId| {
            let event = self.graph.event(id);
            Deed::new(event.thread, event.site)
        };
        match event.what {
            What::Condvar => {
                // The newest event of the thread here says that it waits.
                let events = self.graph.thread(event.thread).events[..event.index as usize].iter().rev();
                let mut own = events.map(|id| self.graph.event(*id)).filter(|own| own.location == event.location);
                let began = own.find(|own| own.kind == Kind::Write).map_or(0, |own| own.place);
                let notified = self.last_notification(event);
                let is_before = notified.is_some_and(|id| self.graph.place_of(self.graph.event(id).source) < began);
                waiting.missed = notified.filter(|_| is_before).map(deed);
                waiting.last = notified.filter(|_| !is_before).map(deed);
            }
            What::Park => {
                // Who parks takes the permit; only others give it.
                let order = self.graph.location(event.location).order.iter().rev();
                let mut given = order.filter(|id| self.graph.event(**id).thread != event.thread);
                waiting.last = given.next().copied().map(deed);
            }
            _ => waiting.last = (event.source != NONE).then(|| deed(event.source)),
        }
    }

    /// The last notification of a `Condvar`, in the order of what it found.
    fn last_notification(&self, of: &Event) -> Option<EventId> {
        let reads = self.graph.location(of.location).reads.iter().copied();
        let notifications = reads.filter(|id| self.graph.event(*id).what == What::Notification);
        notifications.max_by_key(|id| self.graph.place_of(self.graph.event(*id).source))
    }
}

fn waits_for(event: &Event) -> WaitsFor {
    match event.what {
        What::Mutex => WaitsFor::Mutex,
        What::ReadLock => WaitsFor::ReadLock,
        What::WriteLock => WaitsFor::WriteLock,
        What::Condvar => WaitsFor::Condvar,
        What::Park => WaitsFor::Unpark,
        What::Channel => WaitsFor::Message,
        What::Barrier => match event.op {
            ReadOp::Custom { argument, .. } => WaitsFor::Barrier { missing: argument.saturating_sub(event.value) },
            _ => WaitsFor::Other,
        },
        What::OnceLock => WaitsFor::OnceLock,
        What::Notify => WaitsFor::Notify,
        _ => WaitsFor::Other,
    }
}
