//! What a round of a loop did, and whether the execution could do without it.
//!
//! A round can be taken out of a graph if the memory is after it what it was before,
//! and nobody else has seen what it was meanwhile: whoever read a write of the round
//! reads what the round itself had read first, the same value. That only takes edges
//! out of happens-before and out of psc, and modification order stays what it was
//! without the round's own writes, which are next to one another. So the graph without
//! the round is consistent, and each other event has the value it had.

use super::{Engine, Object, Request};
use crate::graph::{Event, Kind, LocationId, NONE, ReadOp, ThreadId, same_site};

/// What a round did to a location.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effect {
    pub(super) location: LocationId,
    /// Where in modification order it found the location, and the value there.
    found: u32,
    pub(super) value: u64,
    /// Its last write, or where it read last.
    pub(super) last: u32,
    wrote: bool,
    /// It used an operation with a rule of its own: a lock, say.
    pub(super) custom: bool,
    /// What it first did there.
    pub(super) op: ReadOp,
    /// All that it read there, before any write of its own, was this value.
    pub(super) steady: bool,
}

impl Engine {
    /// Whether the events `from..to` of a thread did what as many events before them
    /// did, told it the same, and can be taken out.
    pub(super) fn repeats(&self, thread: ThreadId, from: u32, to: u32) -> bool {
        let round = to - from;
        if from < round || self.run.slots[thread as usize].wrote_cell > from {
            return false;
        }
        let events = &self.graph.thread(thread).events;
        let alike = (from..to).all(|index| {
            let event = self.graph.event(events[index as usize]);
            let before = self.graph.event(events[(index - round) as usize]);
            is_like(event, before)
        });
        alike && self.effects(thread, from, to).is_some()
    }

    /// What the events `from..to` did to each location; `None` if they cannot be taken
    /// out of the graph.
    pub(super) fn effects(&self, thread: ThreadId, from: u32, to: u32) -> Option<Vec<Effect>> {
        let mut effects: Vec<Effect> = Vec::new();
        for id in &self.graph.thread(thread).events[from as usize..to as usize] {
            let event = self.graph.event(*id);
            if event.exclusive || event.blocked {
                return None;
            }
            let known = effects.iter_mut().find(|effect| effect.location == event.location);
            match event.kind {
                Kind::Fence => {}
                Kind::Read => {
                    let place = self.graph.place_of(event.source);
                    match known {
                        Some(effect) if effect.wrote && effect.last != place => return None,
                        Some(effect) if effect.wrote => effect.custom |= event.is_custom(),
                        Some(effect) => {
                            let steady = effect.steady && effect.value == event.value;
                            *effect = Effect { steady, ..Effect::found(event, place, event.value) };
                        }
                        None => effects.push(Effect::found(event, place, event.value)),
                    }
                }
                Kind::Write => match known {
                    Some(effect) if effect.last + 1 != event.place => return None,
                    Some(effect) => (effect.last, effect.wrote) = (event.place, true),
                    None => {
                        let before = self.graph.write_at(event.location, event.place - 1);
                        let value = self.graph.written(event.location, before);
                        let mut effect = Effect::found(event, event.place - 1, value);
                        (effect.last, effect.wrote) = (event.place, true);
                        effects.push(effect);
                    }
                },
                Kind::Spawn | Kind::Join | Kind::Choose => return None,
            }
        }
        effects.iter().all(|effect| self.is_undone(thread, effect)).then_some(effects)
    }

    /// Whether the location is after the round what it was before, and no other thread
    /// went on with what it was meanwhile.
    fn is_undone(&self, thread: ThreadId, effect: &Effect) -> bool {
        if !effect.wrote {
            return true;
        }
        let location = self.graph.location(effect.location);
        let writes = &location.order[effect.found as usize..effect.last as usize];
        let meanwhile = |write: u32| self.graph.event(write).value != effect.value && writes.contains(&write);
        let seen = location
            .reads
            .iter()
            .map(|read| self.graph.event(*read))
            .any(|read| read.thread != thread && !read.blocked && read.source != NONE && meanwhile(read.source));
        let last = writes.last().map(|write| self.graph.event(*write).value);
        !seen && last == Some(effect.value)
    }

    /// Whether the locks of a round, and what they guard, are in this run as the round
    /// left them: nobody has taken one of them since.
    pub(super) fn left_its_locks(&self, effects: &[Effect]) -> bool {
        let locks = effects.iter().filter(|effect| effect.custom && effect.wrote);
        let later = |effect: &Effect| self.graph.location(effect.location).order[effect.last as usize..].iter();
        !locks.copied().any(|effect| later(&effect).any(|write| self.is_replayed(*write)))
    }

    /// Whether a request is the one that an event was made of.
    pub(super) fn asks_again(&self, event: &Event, request: &Request<'_>) -> bool {
        let run = self.run.id;
        let location = request.object.map(|Object { name, .. }| name.location(run).unwrap_or(NONE));
        event.kind == request.kind
            && same_site(event.site, request.site)
            && event.op.same(request.op)
            && (event.kind != Kind::Write || event.value == request.value)
            && location.is_none_or(|location| location == event.location)
    }
}

impl Effect {
    fn found(event: &Event, place: u32, value: u64) -> Self {
        let custom = event.is_custom();
        Self { location: event.location, found: place, value, last: place, wrote: false, custom, op: event.op, steady: true }
    }
}

/// Whether two events are of one operation that had one answer.
pub(super) fn is_like(event: &Event, before: &Event) -> bool {
    event.kind == before.kind
        && event.location == before.location
        && event.value == before.value
        && event.alternative == before.alternative
        && event.rmw == before.rmw
        && event.mode == before.mode
        && same_site(event.site, before.site)
        && event.op.same(before.op)
}
