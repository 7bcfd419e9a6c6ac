//! RC11's `psc`: the order that sequentially consistent accesses and fences
//! must have is acyclic.
//!
//! `psc = psc_base ∪ psc_fence` over the SC events, where
//! `psc_base = ([E] ∪ [F];hb?) ; scb ; ([E] ∪ hb?;[F])`,
//! `psc_fence = [F] ; (hb ∪ hb;eco;hb) ; [F]` and
//! `scb = po ∪ po≠loc;hb;po≠loc ∪ hb|loc ∪ mo ∪ fr`.

use super::views::View;
use super::{Event, EventId, Graph, Kind, Mode, NONE};

/// A set of events as bits.
type Row = Vec<u64>;

fn set(row: &mut Row, id: EventId) {
    row[id as usize / 64] |= 1 << (id % 64);
}

fn meets(a: &Row, b: &Row) -> bool {
    a.iter().zip(b).any(|(a, b)| a & b != 0)
}

fn unite(a: &mut Row, b: &Row) {
    for (a, b) in a.iter_mut().zip(b) {
        *a |= b;
    }
}

fn is_sc(event: &Event) -> bool {
    event.mode == Mode::SeqCst && !event.blocked
}

/// Rows of a relation, computed when first asked for.
struct Rows {
    rows: Vec<Option<Row>>,
}

impl Graph {
    /// Whether `psc` is acyclic. `touched` are the events whose edges are new:
    /// without SC fences only a cycle through one of them is new.
    pub(crate) fn is_sc_consistent(&self, touched: &[EventId]) -> bool {
        let fenced = self.events.iter().any(|event| event.kind == Kind::Fence && is_sc(event));
        if !fenced {
            let mut touched = touched.iter().filter(|id| is_sc(self.event(**id)));
            return !touched.any(|id| self.reaches_itself(*id));
        }
        let sc: Vec<EventId> = (0..self.len()).filter(|id| is_sc(self.event(*id))).collect();
        self.is_acyclic(&sc)
    }

    /// Without fences `psc` is `scb` between SC accesses. It contains program
    /// order, so of each thread a last part is reached.
    fn reaches_itself(&self, from: EventId) -> bool {
        let start = self.event(from);
        let mut reached = vec![usize::MAX; self.threads.len()];
        let mut pending = vec![from];
        while let Some(a) = pending.pop() {
            for thread in &self.ranks {
                let events = &self.thread(*thread).events;
                let known = reached[*thread as usize].min(events.len());
                let next = |b: &EventId| is_sc(self.event(*b)) && self.scb(a, *b);
                let Some(first) = events[..known].iter().position(next) else {
                    continue;
                };
                if *thread == start.thread && first <= start.index as usize {
                    return true;
                }
                reached[*thread as usize] = first;
                let new = events[first..known].iter();
                pending.extend(new.filter(|b| is_sc(self.event(**b))));
            }
        }
        false
    }

    fn is_acyclic(&self, sc: &[EventId]) -> bool {
        let edges = self.psc(sc);
        // Kahn: what no edge from a remaining event reaches can go.
        let mut left: Vec<usize> = (0..sc.len()).collect();
        loop {
            let free = |b: &usize| !left.iter().any(|a| edges[*a][*b]);
            let kept: Vec<usize> = left.iter().copied().filter(|b| !free(b)).collect();
            if kept.is_empty() {
                return true;
            }
            if kept.len() == left.len() {
                return false;
            }
            left = kept;
        }
    }

    fn psc(&self, sc: &[EventId]) -> Vec<Vec<bool>> {
        let words = self.events.len().div_ceil(64);
        let mut scb = Rows::new(self.events.len());
        let mut eco = Rows::new(self.events.len());
        let is_fence = |id: EventId| self.event(id).kind == Kind::Fence;
        let after: Vec<(Row, Row)> = sc
            .iter()
            .map(|a| {
                let mut base = vec![0; words];
                let mut far = vec![0; words];
                unite(&mut base, scb.row(*a, words, |c, d| self.scb(c, d)));
                if is_fence(*a) {
                    for c in (0..self.len()).filter(|c| *c != *a && self.happens(*a, *c)) {
                        unite(&mut base, scb.row(c, words, |c, d| self.scb(c, d)));
                        unite(&mut far, eco.row(c, words, |c, d| self.eco(c, d)));
                    }
                }
                (base, far)
            })
            .collect();
        let before = |b: EventId, own: bool| {
            let mut row = vec![0; words];
            if own {
                set(&mut row, b);
            }
            if is_fence(b) {
                for d in (0..self.len()).filter(|d| *d != b && self.happens(*d, b)) {
                    set(&mut row, d);
                }
            }
            row
        };
        let ends: Vec<(Row, Row)> = sc.iter().map(|b| (before(*b, true), before(*b, false))).collect();
        let edge = |a: usize, b: usize| {
            let fences = is_fence(sc[a]) && is_fence(sc[b]);
            meets(&after[a].0, &ends[b].0)
                || fences && a != b && self.happens(sc[a], sc[b])
                || fences && meets(&after[a].1, &ends[b].1)
        };
        (0..sc.len()).map(|a| (0..sc.len()).map(|b| edge(a, b)).collect()).collect()
    }

    fn scb(&self, a: EventId, b: EventId) -> bool {
        if a == b {
            return false;
        }
        let (from, to) = (self.event(a), self.event(b));
        if from.thread == to.thread && from.index < to.index {
            return true;
        }
        let ordered = self.happens(a, b);
        if same_location(from, to) {
            ordered || to.kind == Kind::Write && self.place_in(from) < to.place
        } else {
            // What follows implies happens-before.
            ordered && self.leaves_and_enters(from, to)
        }
    }

    /// `po≠loc;hb;po≠loc`. A thread begins and ends at events of its own, which
    /// the graph leaves out: its spawn and what joined it stand for them. It also
    /// leaves out accesses to cells, each an event of a location of its own: the
    /// event after it and the one before it stand for it.
    fn leaves_and_enters(&self, from: &Event, to: &Event) -> bool {
        let events = &self.thread(from.thread).events;
        let mut later = events[from.index as usize + 1..].iter().map(|id| self.event(*id));
        let next = later.position(|event| event.after_cell || is_elsewhere(event, from));
        let left = next.map_or(events.len(), |next| from.index as usize + 1 + next);
        let thread = self.thread(to.thread);
        let before = |index: u32| thread.events[index as usize - 1];
        let enters = |index: &u32| {
            let after_cell = self.event(thread.events[*index as usize]).after_cell;
            after_cell || is_elsewhere(self.event(before(*index)), to)
        };
        let entered = (1..=to.index).rev().find(enters).map_or(thread.spawn, before);
        entered != NONE && self.seen(entered, View::Happens, from.thread) > left as u32
    }

    fn eco(&self, a: EventId, b: EventId) -> bool {
        let (from, to) = (self.event(a), self.event(b));
        if a == b || !same_location(from, to) {
            return false;
        }
        let (from_place, to_place) = (self.place_in(from), self.place_in(to));
        if from.kind == Kind::Write && to.kind == Kind::Read { from_place <= to_place } else { from_place < to_place }
    }

    fn place_in(&self, event: &Event) -> u32 {
        match event.kind {
            Kind::Write => event.place,
            _ => self.place_of(event.source),
        }
    }
}

/// Whether an event is of another location; a choice is no event of the model.
fn is_elsewhere(event: &Event, other: &Event) -> bool {
    event.kind != Kind::Choose && !same_location(event, other)
}

/// Fences and thread events have no location, so they are at another one.
fn same_location(a: &Event, b: &Event) -> bool {
    a.location != NONE && a.location == b.location
}

impl Rows {
    fn new(events: usize) -> Self {
        Self { rows: vec![None; events] }
    }

    fn row(&mut self, a: EventId, words: usize, holds: impl Fn(EventId, EventId) -> bool) -> &Row {
        let events = self.rows.len() as EventId;
        self.rows[a as usize].get_or_insert_with(|| {
            let mut row = vec![0; words];
            for b in (0..events).filter(|b| holds(a, *b)) {
                set(&mut row, b);
            }
            row
        })
    }
}
