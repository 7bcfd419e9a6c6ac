//! Coherence and atomicity, as bounds on places in modification order.
//!
//! A new event has no successor in happens-before, so coherence only says how
//! early in modification order a read's source or a write may be: not before
//! what an event that happens before it wrote or read.

use super::{EventId, Graph, LocationId};

impl Graph {
    /// The earliest place that `event` may read from; a write must come after
    /// it. The event itself is not looked at.
    pub(crate) fn earliest(&self, event: EventId, location: LocationId) -> u32 {
        let place = self.location(location);
        let newest = |write: &EventId| *write != event && self.happens(*write, event);
        let mut earliest = place.order.iter().rposition(newest).map_or(0, |index| index as u32 + 1);
        let others = place.order.len() - usize::from(place.order.last() == Some(&event));
        if earliest as usize == others {
            // No read has anything newer to say: the most frequent case, as
            // where one thread is alone.
            return earliest;
        }
        for read in &place.reads {
            let source = self.place_of(self.event(*read).source);
            if source > earliest && *read != event && self.happens(*read, event) {
                earliest = source;
            }
        }
        earliest
    }

    /// Whether the write at this place is the write of a read-modify-write.
    pub(crate) fn is_rmw_at(&self, location: LocationId, place: u32) -> bool {
        place <= self.last_place(location) && self.event(self.write_at(location, place)).rmw
    }

    /// Whether a read obeys coherence with the source it has.
    pub(crate) fn is_coherent(&self, read: EventId) -> bool {
        let event = self.event(read);
        self.earliest(read, event.location) <= self.place_of(event.source)
    }
}
