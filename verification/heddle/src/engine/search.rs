//! The search: what is left to try, and how a choice becomes the next graph.
//!
//! Each frame holds a graph and the choices left in it, newest last. A choice
//! belongs to an event; taking it removes everything added after that event. A
//! backward revisit makes a new frame, because it keeps other events.

use super::Engine;
use crate::graph::{EventId, Graph, Kind, NONE, Step};

/// One alternative left at an event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Choice {
    /// A read reads this instead, and takes this alternative.
    Source { source: EventId, alternative: u8 },
    /// A write goes here in modification order.
    Place(u32),
    /// This earlier read reads from the write.
    Revisit { read: EventId, alternative: u8 },
    /// A choice event takes this.
    Alternative(u64),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    pub(crate) event: EventId,
    pub(crate) choice: Choice,
    /// Which share of the search is guessed to be behind it; see
    /// [`Engine::divide`].
    share: f64,
}

/// The share of a choice that was just left.
const UNDIVIDED: f64 = -1.0;

impl Item {
    pub(super) fn new(event: EventId, choice: Choice) -> Self {
        Self { event, choice, share: UNDIVIDED }
    }
}

/// A graph and what is left to try in it.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) graph: Graph,
    pub(crate) items: Vec<Item>,
}

/// A choice and the graph it is in: all another worker needs to go on from it.
#[derive(Debug)]
pub(crate) struct Task {
    graph: Graph,
    item: Item,
}

impl Task {
    pub(crate) fn share(&self) -> f64 {
        self.item.share
    }
}

impl Engine {
    /// Gives away the oldest choice, which has the most behind it.
    pub(crate) fn donate(&mut self) -> Option<Task> {
        for frame in &mut self.frames {
            if !frame.items.is_empty() {
                let item = frame.items.remove(0);
                let graph = frame.graph.clone();
                return Some(Task { graph, item });
            }
        }
        (!self.items.is_empty()).then(|| Task { item: self.items.remove(0), graph: self.graph.clone() })
    }

    /// Takes up a choice; the engine has none of its own left.
    pub(crate) fn adopt(&mut self, task: Task) {
        self.graph = task.graph;
        self.items.push(task.item);
    }

    /// How many choices are left.
    pub(crate) fn backlog(&self) -> usize {
        let frames = self.frames.iter();
        self.items.len() + frames.map(|frame| frame.items.len()).sum::<usize>()
    }

    /// Makes `self.graph` the next graph to run, or reports that none is left.
    pub(crate) fn advance(&mut self) -> bool {
        loop {
            let Some(item) = self.items.pop() else {
                let Some(frame) = self.frames.pop() else {
                    return false;
                };
                let done = std::mem::replace(&mut self.graph, frame.graph);
                self.spare.push(done);
                self.items = frame.items;
                continue;
            };
            self.share = item.share;
            let taken = self.take(item);
            self.divide();
            if taken {
                return true;
            }
            self.stats.pruned += 1;
            self.explored += self.share;
        }
    }

    /// Divides the graph's share of the search among it and the choices that it
    /// just left, as if each had as much behind it (Knuth 1975).
    pub(super) fn divide(&mut self) {
        let left = self.items.iter().rev().take_while(|item| item.share == UNDIVIDED).count();
        if left > 0 {
            self.share /= (left + 1) as f64;
            let from = self.items.len() - left;
            for item in &mut self.items[from..] {
                item.share = self.share;
            }
        }
    }

    /// Whether the choice leads to a consistent graph, which then is the graph.
    fn take(&mut self, item: Item) -> bool {
        self.graph.cut(item.event + 1);
        match item.choice {
            Choice::Source { source, alternative } => {
                self.graph.set_source(item.event, source, alternative);
                self.is_sc_after(item.event) && self.finish_pending()
            }
            Choice::Place(place) => {
                self.graph.place_write(item.event, place);
                self.is_sc_after(item.event) && self.finish_pending()
            }
            Choice::Alternative(value) => {
                self.graph.event_mut(item.event).value = value;
                self.graph.remember(item.event);
                true
            }
            Choice::Revisit { read, alternative } => self.revisit(item.event, read, alternative),
        }
    }

    /// The SC axiom after `event` became part of the graph. The last place in
    /// modification order adds no edge out of the event, hence no cycle.
    pub(super) fn is_sc_after(&self, event: EventId) -> bool {
        let added = self.graph.event(event);
        let last = self.graph.last_place(added.location);
        let place = match added.kind {
            Kind::Read => self.graph.place_of(added.source),
            _ => added.place,
        };
        place == last || self.graph.is_sc_consistent(&[event])
    }

    /// Adds the writes that reads in the graph still owe: a revisit can make a
    /// read a read-modify-write, or delete the write but not its read.
    fn finish_pending(&mut self) -> bool {
        for index in 0..self.graph.ranks.len() {
            let thread = self.graph.thread(self.graph.ranks[index]);
            let last = thread.events.last().copied().unwrap_or(NONE);
            if last != NONE && self.graph.event(last).kind == Kind::Read && !self.finish_rmw(last) {
                return false;
            }
        }
        true
    }

    /// Adds the write of a read that became a read-modify-write.
    pub(super) fn finish_rmw(&mut self, read: EventId) -> bool {
        let event = *self.graph.event(read);
        if !event.rmw {
            return true;
        }
        let Some(Step::Write(value)) = event.op.resolve(event.value, event.alternative) else {
            return true;
        };
        let mut write = event;
        write.kind = Kind::Write;
        write.value = value;
        write.source = NONE;
        // Nothing comes between the two.
        write.after_cell = false;
        let write = self.graph.push(write);
        let place = self.graph.place_of(event.source) + 1;
        self.graph.place_write(write, place);
        self.graph.update_views(write);
        self.find_revisits(write);
        // Two read-modify-writes of one write: only a revisit can mend that.
        !self.graph.is_rmw_at(event.location, place + 1)
            && self.graph.earliest(write, event.location) < place
            && self.is_sc_after(write)
    }

    /// Leaves a choice for each earlier read that `write` may revisit: each read
    /// outside its causal prefix such that it and all that would be deleted was
    /// added maximally. See the crate documentation for why.
    pub(super) fn find_revisits(&mut self, write: EventId) {
        let location = self.graph.event(write).location;
        let mut reads = self.graph.location(location).reads.iter();
        // The earliest read that could be revisited: most writes have none, and need not look at each event.
        let Some(&first) = reads.find(|read| !self.graph.in_prefix(**read, write)) else {
            return;
        };
        for id in (first..write).rev() {
            if self.graph.in_prefix(id, write) {
                continue;
            }
            if !self.is_maximal(id, write) {
                return;
            }
            let event = self.graph.event(id);
            if event.kind == Kind::Read && event.location == location {
                self.items.push(Item::new(write, Choice::Revisit { read: id, alternative: 0 }));
            }
        }
    }

    /// Whether `id` has the one value that re-adding it after a revisit by
    /// `write` would give it first, and nothing kept depends on it.
    fn is_maximal(&self, id: EventId, write: EventId) -> bool {
        let graph = &self.graph;
        let event = graph.event(id);
        let previous = |other: EventId| other != write && (other <= id || graph.in_prefix(other, write));
        let newest = match event.kind {
            Kind::Fence | Kind::Spawn | Kind::Join => return true,
            Kind::Choose => return event.value == 0,
            Kind::Read => {
                if event.alternative != 0 || event.source != NONE && !previous(event.source) {
                    return false;
                }
                graph.place_of(event.source)
            }
            Kind::Write => {
                let reads = &graph.location(event.location).reads;
                if reads.iter().any(|read| *read < id && graph.event(*read).source == id) {
                    return false;
                }
                event.place
            }
        };
        let later = &graph.location(event.location).order[newest as usize..];
        !later.iter().any(|other| previous(*other))
    }

    /// Makes `read` read from `write` in a new frame.
    fn revisit(&mut self, write: EventId, read: EventId, alternative: u8) -> bool {
        let value = self.graph.event(write).value;
        let op = self.graph.event(read).op;
        if op.resolve(value, alternative + 1).is_some() {
            self.items.push(Item::new(write, Choice::Revisit { read, alternative: alternative + 1 }));
            self.divide();
        }
        let mut graph = self.spare.pop().unwrap_or_default();
        let (read, write) = self.graph.restrict(&mut graph, read, write);
        graph.set_source(read, write, alternative);
        let old = std::mem::replace(&mut self.graph, graph);
        let mut items = self.place_revisit(read, write);
        let Some(Item { choice: Choice::Place(place), .. }) = items.pop() else {
            let dead = std::mem::replace(&mut self.graph, old);
            self.spare.push(dead);
            return false;
        };
        std::mem::swap(&mut self.items, &mut items);
        self.frames.push(Frame { graph: old, items });
        self.graph.place_write(write, place);
        self.finish_pending()
    }

    /// The places that the write of a revisit may take, as choices; the last in
    /// modification order comes last.
    fn place_revisit(&mut self, read: EventId, write: EventId) -> Vec<Item> {
        let location = self.graph.event(write).location;
        let last = self.graph.last_place(location);
        let (low, high) = if self.graph.event(write).rmw {
            let source = self.graph.event(self.graph.previous(write)).source;
            let place = self.graph.place_of(source) + 1;
            (place, place)
        } else {
            (1, last)
        };
        let mut items = Vec::new();
        for place in low..=high {
            self.graph.place_write(write, place);
            let graph = &self.graph;
            let blocked = graph.event(read).blocked && place != last;
            if !blocked
                && !graph.is_rmw_at(location, place + 1)
                && graph.earliest(write, location) < place
                && graph.is_coherent(read)
                && graph.is_sc_consistent(&[read, write])
            {
                items.push(Item::new(write, Choice::Place(place)));
            }
        }
        items
    }
}
