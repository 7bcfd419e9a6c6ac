//! What a thread knows after an event, as two hashes: the closure is deterministic,
//! so equal knowledge means the same thread in the same state.
//!
//! Both are kept event by event, like the clocks. Two different pasts with one hash
//! are possible and take one in 2^64 pairs.

use super::{EventId, Graph, Kind, NONE, ReadOp};

/// The past of a thread up to an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Past {
    /// The whole causal prefix: which events it has, and what each read reads from.
    cause: u64,
    /// What the thread was told: the values that it read, and its causal prefix where
    /// more than a value may have come with one: a lock, an address, a cell, the end
    /// of a thread.
    told: u64,
}

const START: u64 = 0x9e37_79b9_7f4a_7c15;
const CHILD: u64 = 0xd1b5_4a32_d192_ed03;

/// One step of a multiplicative hash.
pub(crate) fn mix(hash: u64, word: u64) -> u64 {
    let hash = (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    hash ^ hash >> 32
}

impl Past {
    /// What the thread was told so far.
    pub(crate) fn told(self) -> u64 {
        self.told
    }
}

impl Graph {
    /// The past of a thread that has done nothing yet: all of its parent's.
    pub(crate) fn first_past(&self, spawn: EventId) -> Past {
        let cause = if spawn == NONE { START } else { mix(self.event(spawn).past.cause, CHILD) };
        Past { cause, told: cause }
    }

    /// Computes the past of an event from the one before it and what it reads from.
    pub(crate) fn remember(&mut self, id: EventId) {
        let event = self.event(id);
        let before = match self.previous(id) {
            NONE => self.first_past(self.thread(event.thread).spawn),
            previous => self.event(previous).past,
        };
        let cause_of = |other: EventId| if other == NONE { START } else { self.event(other).past.cause };
        let alternative = u64::from(event.alternative);
        let cause = match event.kind {
            Kind::Read => mix(before.cause, cause_of(event.source) ^ alternative),
            Kind::Join => {
                let child = self.thread(event.value as u32);
                mix(before.cause, cause_of(child.events.last().copied().unwrap_or(child.spawn)))
            }
            Kind::Choose => mix(before.cause, event.value),
            Kind::Write | Kind::Fence | Kind::Spawn => mix(before.cause, 1),
        };
        let told = match event.kind {
            Kind::Read if event.pointer || matches!(event.op, ReadOp::Custom { .. }) => cause,
            Kind::Read => mix(event.value, alternative),
            Kind::Join => cause,
            Kind::Choose => event.value,
            Kind::Write | Kind::Fence | Kind::Spawn => 1,
        };
        let mut told = mix(before.told, told);
        if event.after_cell {
            told = mix(told, before.cause);
        }
        self.event_mut(id).past = Past { cause, told };
    }
}
