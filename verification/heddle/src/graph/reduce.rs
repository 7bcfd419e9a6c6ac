//! The ways back: forgetting the newest events, and keeping what a revisit keeps.

use super::{EventId, Graph, Kind, LocationId, NONE, Place, Thread};

impl Graph {
    /// Removes every event from `len` on.
    pub(crate) fn cut(&mut self, len: EventId) {
        let mut spawned = false;
        while self.len() > len {
            let id = self.len() - 1;
            let event = *self.event(id);
            self.threads[event.thread as usize].events.pop();
            match event.kind {
                Kind::Read => {
                    self.locations[event.location as usize].reads.pop();
                }
                Kind::Write => self.displace(id),
                Kind::Spawn => {
                    self.threads[event.value as usize].live = false;
                    spawned = true;
                }
                Kind::Fence | Kind::Join | Kind::Choose => {}
            }
            self.events.pop();
        }
        self.views.truncate(self.events.len() * self.stride());
        if spawned {
            self.rank();
        }
    }

    /// Writes into `kept` the graph of a revisit: what was added up to `read`,
    /// the causal prefix of `write`, and `write`; `read` has no source yet and
    /// `write` is last in modification order. Returns both in `kept`.
    pub(crate) fn restrict(&self, kept: &mut Self, read: EventId, write: EventId) -> (EventId, EventId) {
        kept.copy_shape(self);
        let mut names = std::mem::take(&mut kept.names);
        names.clear();
        names.resize(self.events.len(), NONE);
        let stride = self.stride();
        for id in 0..=write {
            if id > read && !self.in_prefix(id, write) {
                continue;
            }
            let mut event = *self.event(id);
            let name = kept.events.len() as EventId;
            names[id as usize] = name;
            kept.threads[event.thread as usize].events.push(name);
            match event.kind {
                Kind::Read => kept.locations[event.location as usize].reads.push(name),
                Kind::Spawn => {
                    let child = &mut kept.threads[event.value as usize];
                    child.live = true;
                    child.spawn = name;
                }
                _ => {}
            }
            if event.kind == Kind::Read && id == read {
                event.source = NONE;
                event.rmw = false;
            }
            kept.events.push(event);
            let start = id as usize * stride;
            kept.views.extend_from_slice(&self.views[start..start + stride]);
        }
        for event in &mut kept.events {
            if event.source != NONE {
                event.source = names[event.source as usize];
            }
            if event.release_fence != NONE {
                event.release_fence = names[event.release_fence as usize];
            }
        }
        for (location, place) in self.locations.iter().enumerate() {
            kept.copy_order(location, place, write, &names);
        }
        kept.rank();
        let named = (names[read as usize], names[write as usize]);
        kept.names = names;
        named
    }

    fn copy_shape(&mut self, other: &Self) {
        while self.threads.len() < other.threads.len() {
            self.threads.push(Thread::default());
        }
        self.threads.truncate(other.threads.len());
        self.reset();
        self.width = other.width;
        self.locations.resize_with(other.locations.len(), Place::default);
        for place in &mut self.locations {
            place.order.clear();
            place.reads.clear();
        }
    }

    /// Forgets the newest locations that no event names any more.
    pub(crate) fn forget_locations(&mut self) {
        let unused = |place: &Place| place.order.is_empty() && place.reads.is_empty();
        while self.locations.last().is_some_and(unused) {
            self.locations.pop();
        }
    }

    fn copy_order(&mut self, location: usize, place: &Place, write: EventId, names: &[u32]) {
        let kept = &mut self.locations[location];
        kept.initial = place.initial;
        kept.internal = place.internal;
        let own = |id: &&EventId| **id != write && names[**id as usize] != NONE;
        kept.order.extend(place.order.iter().filter(own).map(|id| names[*id as usize]));
        if place.order.contains(&write) {
            kept.order.push(names[write as usize]);
        }
        self.renumber(location as LocationId, 1);
    }
}
