//! Execution graphs: events and the relations given, not derived.
//!
//! As in RC11 a read-modify-write is two events, its read and its write, joined
//! by `rmw`, so that the axioms need no special case for it.

use std::fmt;

use crate::program::{Location, Order, Value};
use crate::relation::{EventSet, Relation};
use crate::text::location_name;

/// Where an event comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The initial write of a location.
    Initial(Location),
    /// The instruction `index` of `thread`.
    Instruction {
        /// The thread.
        thread: usize,
        /// The place of the instruction in it.
        index: usize,
    },
}

/// What an event does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Reads `value` from `loc`.
    Read {
        /// The location.
        loc: Location,
        /// What it reads.
        value: Value,
    },
    /// Writes `value` to `loc`.
    Write {
        /// The location.
        loc: Location,
        /// What it writes.
        value: Value,
    },
    /// A fence.
    Fence,
}

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Where it comes from.
    pub origin: Origin,
    /// What it does.
    pub action: Action,
    /// Its ordering; `None` for non-atomic accesses and initial writes.
    pub order: Option<Order>,
}

impl Event {
    /// The location it accesses.
    #[must_use]
    pub fn loc(&self) -> Option<Location> {
        match self.action {
            Action::Read { loc, .. } | Action::Write { loc, .. } => Some(loc),
            Action::Fence => None,
        }
    }

    /// Whether it is a read, alone or of a read-modify-write.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(self.action, Action::Read { .. })
    }

    /// Whether it is a write, alone or of a read-modify-write.
    #[must_use]
    pub fn is_write(&self) -> bool {
        matches!(self.action, Action::Write { .. })
    }

    /// Whether it is a fence.
    #[must_use]
    pub fn is_fence(&self) -> bool {
        self.action == Action::Fence
    }
}

/// An execution graph; RC11's axioms decide whether it is one of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// The initial writes, then each thread's events in program order.
    pub events: Vec<Event>,
    /// Program order, transitive, with the initial writes before all else.
    pub po: Relation,
    /// From each write to the reads that read it.
    pub rf: Relation,
    /// From the read of a read-modify-write to its write.
    pub rmw: Relation,
    /// Modification order: transitive, total on the writes of each location.
    pub mo: Relation,
}

impl Graph {
    /// The initial writes of so many locations.
    #[must_use]
    pub fn initial(locations: usize, size: usize) -> Self {
        let initial =
            |loc| Event { origin: Origin::Initial(loc), action: Action::Write { loc, value: 0 }, order: None };
        Self {
            events: (0..locations).map(initial).collect(),
            po: Relation::empty(size),
            rf: Relation::empty(size),
            rmw: Relation::empty(size),
            mo: Relation::empty(size),
        }
    }

    /// Adds an event after all events of its thread so far, and returns its
    /// index.
    pub fn push(&mut self, event: Event) -> usize {
        let index = self.events.len();
        let thread = |origin| match origin {
            Origin::Initial(_) => None,
            Origin::Instruction { thread, .. } => Some(thread),
        };
        for (before, other) in self.events.iter().enumerate() {
            let other = thread(other.origin);
            if other.is_none() || other == thread(event.origin) {
                self.po.insert(before, index);
            }
        }
        self.events.push(event);
        index
    }

    /// The events that satisfy a condition.
    #[must_use]
    pub fn select(&self, condition: impl Fn(&Event) -> bool) -> EventSet {
        let events = self.events.iter().enumerate();
        events.filter(|(_, event)| condition(event)).fold(0, |set, (index, _)| set | 1 << index)
    }

    /// Whether two events access one location.
    #[must_use]
    pub fn same_loc(&self, a: usize, b: usize) -> bool {
        let loc = self.events[a].loc();
        loc.is_some() && loc == self.events[b].loc()
    }

    /// The last write of a location in modification order.
    ///
    /// # Panics
    /// If modification order is not total on the location.
    #[must_use]
    pub fn last_value(&self, loc: Location) -> Value {
        let writes = self.events.iter().enumerate();
        writes
            .filter(|(index, _)| self.mo.successors(*index) == 0)
            .find_map(|(_, event)| match event.action {
                Action::Write { loc: l, value } if l == loc => Some(value),
                _ => None,
            })
            .expect("every location has its initial write")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Initial(_) => f.write_str("init"),
            Self::Instruction { thread, index } => write!(f, "{thread}.{index}"),
        }
    }
}

/// One line that tells two graphs of a program apart: where each read reads
/// from, `thread.index<thread.index` (`<<` if it goes on to write), then each
/// location's modification order.
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (write, read) in self.rf.pairs() {
            let arrow = if self.rmw.successors(read) == 0 { "<" } else { "<<" };
            let (read, write) = (self.events[read].origin, self.events[write].origin);
            parts.push((read, format!("{read}{arrow}{write}")));
        }
        parts.sort();
        let mut parts: Vec<String> = parts.into_iter().map(|part| part.1).collect();
        let initial = |event: &&Event| matches!(event.origin, Origin::Initial(_));
        for loc in 0..self.events.iter().filter(initial).count() {
            let mut writes: Vec<usize> = (0..self.events.len())
                .filter(|w| self.events[*w].is_write() && self.events[*w].loc() == Some(loc))
                .collect();
            writes.sort_by_key(|w| std::cmp::Reverse(self.mo.successors(*w).count_ones()));
            let writes: Vec<String> = writes.iter().map(|w| self.events[*w].origin.to_string()).collect();
            parts.push(format!("{}: {}", location_name(loc), writes.join(" ")));
        }
        f.write_str(&parts.join("; "))
    }
}
