//! An order for the events of one execution, for people and for replaying:
//! every event after its causes, with the fewest preemptions.
//!
//! If the execution is sequentially consistent, the order is an interleaving
//! that explains it: each read reads the newest write before it. If it is not,
//! no interleaving does, and only causes come first.

use std::collections::{HashMap, VecDeque};

use crate::graph::{Event, EventId, Graph, Kind, NONE, ReadOp, Step, ThreadId};

/// States looked at before the order is settled one thread after the other.
const MAX_STATES: usize = 50_000;

/// An order of all events; a read-modify-write is named by its read.
#[derive(Debug, Default)]
pub(super) struct Linear {
    pub(super) steps: Vec<EventId>,
    pub(super) preemptions: u32,
    /// Whether there is none with fewer preemptions.
    pub(super) is_fewest: bool,
}

/// The order with the fewest preemptions, unless looking for it takes too long.
pub(super) fn linear(graph: &Graph) -> Linear {
    linear_within(graph, u32::MAX).unwrap_or_default()
}

/// Some order, without a look at preemptions.
pub(super) fn any_order(graph: &Graph) -> Linear {
    Search { graph, interleaving: false }.some()
}

/// The same as [`linear`] if it has no more preemptions than `at_most`: the fewer, the quicker.
pub(super) fn linear_within(graph: &Graph, at_most: u32) -> Option<Linear> {
    // An interleaving needs program order, reads-from, modification order and
    // from-reads to have no cycle, and then every choice on the way leads to one.
    let some = Search { graph, interleaving: true }.some();
    let interleaving = some.steps.len() == Search { graph, interleaving: false }.some().steps.len();
    let search = Search { graph, interleaving };
    match search.fewest(at_most) {
        Ok(found) => found.map(|linear| Linear { is_fewest: true, ..linear }),
        Err(TooManyStates) => Some(search.some()).filter(|linear| linear.preemptions <= at_most),
    }
}

/// The search for the fewest preemptions was given up.
struct TooManyStates;

/// How far each thread is, and which moved last.
#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    done: Box<[u32]>,
    last: ThreadId,
}

/// The fewest preemptions that lead to a state, and its last step.
type Best = HashMap<State, (u32, Option<(State, EventId)>)>;

struct Search<'a> {
    graph: &'a Graph,
    interleaving: bool,
}

impl Search<'_> {
    fn start(&self) -> State {
        State { done: vec![0; self.graph.threads.len()].into(), last: 0 }
    }

    /// Some order, as far as it goes: the first thread that can move does.
    fn some(&self) -> Linear {
        let mut state = self.start();
        let mut linear = Linear::default();
        loop {
            let ranks = self.graph.ranks.iter();
            let mut moves = ranks.filter_map(|thread| self.step(&state, *thread));
            let Some((id, next)) = moves.next() else {
                return linear;
            };
            linear.preemptions += self.cost(&state, next.last);
            linear.steps.push(id);
            state = next;
        }
    }

    /// Breadth first, where a step without a preemption costs nothing.
    fn fewest(&self, at_most: u32) -> Result<Option<Linear>, TooManyStates> {
        let mut queue = VecDeque::from([(0, self.start())]);
        let mut best = Best::new();
        best.insert(self.start(), (0, None));
        while let Some((cost, state)) = queue.pop_front() {
            if cost > best[&state].0 {
                continue;
            }
            if best.len() > MAX_STATES {
                return Err(TooManyStates);
            }
            if self.is_complete(&state) {
                return Ok(Some(trace_back(&best, state)));
            }
            for thread in &self.graph.ranks {
                let Some((id, next)) = self.step(&state, *thread) else {
                    continue;
                };
                let extra = self.cost(&state, *thread);
                let total = cost + extra;
                if total > at_most || best.get(&next).is_some_and(|known| known.0 <= total) {
                    continue;
                }
                best.insert(next.clone(), (total, Some((state.clone(), id))));
                if extra == 0 {
                    queue.push_front((total, next));
                } else {
                    queue.push_back((total, next));
                }
            }
        }
        Ok(None)
    }

    fn is_complete(&self, state: &State) -> bool {
        let ranks = self.graph.ranks.iter();
        let mut threads = ranks.map(|thread| (*thread as usize, self.graph.thread(*thread)));
        threads.all(|(slot, thread)| state.done[slot] as usize == thread.events.len())
    }

    /// The next event of a thread and the state after it, if it may come now.
    fn step(&self, state: &State, thread: ThreadId) -> Option<(EventId, State)> {
        let slot = thread as usize;
        let events = &self.graph.thread(thread).events;
        let id = *events.get(state.done[slot] as usize)?;
        let event = self.graph.event(id);
        let write = match event.kind {
            Kind::Write => Some(id),
            Kind::Read if event.rmw => events.get(event.index as usize + 1).copied(),
            _ => None,
        };
        let ready = self.has_causes(state, event)
            && (!self.interleaving || write.is_none_or(|write| self.is_next(state, write, id)));
        let mut next = state.clone();
        next.done[slot] += if write.is_some_and(|write| write != id) { 2 } else { 1 };
        next.last = thread;
        ready.then_some((id, next))
    }

    fn is_done(&self, state: &State, id: EventId) -> bool {
        if id == NONE {
            return true;
        }
        let event = self.graph.event(id);
        state.done[event.thread as usize] > event.index
    }

    fn has_causes(&self, state: &State, event: &Event) -> bool {
        let spawned = self.is_done(state, self.graph.thread(event.thread).spawn);
        spawned
            && match event.kind {
                Kind::Read => self.is_done(state, event.source),
                Kind::Join => {
                    let child = self.graph.thread(event.value as ThreadId);
                    let last = child.events.last().copied().unwrap_or(child.spawn);
                    self.is_done(state, last)
                }
                _ => true,
            }
    }

    /// Whether all that an interleaving puts before a write is done: earlier
    /// writes of its location and the reads of those.
    fn is_next(&self, state: &State, write: EventId, own: EventId) -> bool {
        let event = self.graph.event(write);
        let place = self.graph.location(event.location);
        let earlier = &place.order[..event.place as usize - 1];
        let mut reads = place.reads.iter().filter(|read| **read != own);
        earlier.iter().all(|id| self.is_done(state, *id))
            && reads.all(|read| {
                let source = self.graph.event(*read).source;
                self.graph.place_of(source) >= event.place || self.is_done(state, *read)
            })
    }

    /// 1 if another thread than `next` was running and could have gone on.
    fn cost(&self, state: &State, next: ThreadId) -> u32 {
        let last = state.last;
        let events = &self.graph.thread(last).events;
        let Some(id) = events.get(state.done[last as usize] as usize) else {
            return 0;
        };
        let event = self.graph.event(*id);
        u32::from(last != next && !event.yields && !self.waits(state, event))
    }

    /// Whether the event could not come now, whatever it reads or joins.
    fn waits(&self, state: &State, event: &Event) -> bool {
        match event.kind {
            Kind::Join => !self.has_causes(state, event),
            Kind::Read if matches!(event.op, ReadOp::Custom { .. }) => {
                let order = &self.graph.location(event.location).order;
                let newest = order.iter().rev().find(|id| self.is_done(state, **id));
                let value = self.graph.written(event.location, newest.copied().unwrap_or(NONE));
                event.op.resolve(value, 0) == Some(Step::Blocked)
            }
            _ => false,
        }
    }
}

fn trace_back(best: &Best, end: State) -> Linear {
    let preemptions = best[&end].0;
    let mut steps = Vec::new();
    let mut state = &end;
    while let Some((before, id)) = &best[state].1 {
        steps.push(*id);
        state = before;
    }
    steps.reverse();
    Linear { steps, preemptions, is_fewest: true }
}
