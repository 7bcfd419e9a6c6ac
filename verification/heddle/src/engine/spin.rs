//! Loops that only wait.
//!
//! At a spin hint, a thread whose last two rounds did the same and changed
//! nothing is suspended: more rounds would only say again what the graph says
//! already. That is wrong for a loop that counts its rounds and gives up, so the
//! first time a loop waits it is tried: it gets the same answers for many more
//! rounds, and if it leaves, it is one with a bound. Then the run is made again,
//! and that loop is unrolled from now on.

use super::{Answer, Engine, Request, Status};
use crate::failure::FailureKind;
use crate::graph::{Event, Kind, Site, ThreadId};

/// Rounds after which a loop is taken to have no bound.
const TRIAL_ROUNDS: u32 = 1000;

/// Spin hints in a row without an operation between them.
const IDLE_HINTS: u32 = 100_000;

/// A loop that is given the same answers again and again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trial {
    site: Site,
    /// Which loop: its hint and the calls of its round.
    key: u64,
    /// Its round, as places in program order.
    from: u32,
    to: u32,
    at: u32,
    rounds: u32,
}

impl Engine {
    /// A spin hint of the current thread; whether it must be suspended.
    pub(crate) fn spin(&mut self, site: Site) -> bool {
        let thread = self.run.current;
        if self.run.teardown {
            return false;
        }
        if self.is_over() || self.shows_thread(site) {
            return true;
        }
        if self.is_alone(thread) {
            self.add_left_out();
        }
        let done = self.slot(thread).done;
        let idle = |at, hints| if at == done { hints + 1 } else { 0 };
        let (hints, last) = match self.slot(thread).spin {
            Some((old, at, hints)) if old == site => (idle(at, hints), Some(at)),
            _ => (0, None),
        };
        self.slot(thread).spin = Some((site, done, hints));
        if hints > IDLE_HINTS {
            let message = format!("the loop at {site} only waits, and reads nothing");
            self.fail(FailureKind::Truncated, message);
            return true;
        }
        let Some(from) = last else {
            return false;
        };
        if from == done || self.slot(thread).trial.is_some() || !self.repeats(thread, from, done) {
            return false;
        }
        let key = self.key(thread, from, site);
        if self.bounded.contains(&key) {
            return false;
        }
        if self.waits.contains(&key) {
            self.wait_in(thread, from, site);
            return true;
        }
        self.slot(thread).trial = Some(Trial { site, key, from, to: done, at: from, rounds: 0 });
        false
    }

    fn wait_in(&mut self, thread: ThreadId, from: u32, site: Site) {
        let slot = self.slot(thread);
        slot.trial = None;
        slot.status = Status::Spinning(from);
        slot.site = Some(site);
    }

    /// The answer of the round before, if the loop asks for the same.
    pub(super) fn try_round(&mut self, request: &Request<'_>) -> Option<Answer> {
        let thread = self.run.current;
        let mut trial = self.slot(thread).trial?;
        if trial.at == trial.to {
            trial.at = trial.from;
            trial.rounds += 1;
        }
        if trial.rounds == TRIAL_ROUNDS {
            self.waits.push(trial.key);
            self.wait_in(thread, trial.from, trial.site);
            return None;
        }
        let id = self.graph.thread(thread).events[trial.at as usize];
        let event = *self.graph.event(id);
        if event.kind != request.kind || event.site != request.site {
            self.gives_up();
            return None;
        }
        trial.at += if event.rmw { 2 } else { 1 };
        self.slot(thread).trial = Some(trial);
        Some(Answer { value: event.value, wrote: event.rmw })
    }

    /// A loop left although nothing changed.
    pub(super) fn gives_up(&mut self) {
        let thread = self.run.current;
        if let Some(trial) = self.slot(thread).trial.take() {
            self.bounded.push(trial.key);
            self.run.again = true;
        }
    }

    /// The same loop always has the same key: FNV-1a over where its calls are.
    fn key(&self, thread: ThreadId, from: u32, site: Site) -> u64 {
        let round = &self.graph.thread(thread).events[from as usize..];
        let calls = round.iter().map(|id| self.graph.event(*id).site);
        let calls = calls.chain([site]);
        calls.fold(0xcbf2_9ce4_8422_2325, |key, call| {
            (key ^ std::ptr::from_ref(call).addr() as u64).wrapping_mul(0x0100_0000_01b3)
        })
    }

    /// Whether the events `from..to` did what as many events before them did,
    /// and changed nothing.
    fn repeats(&self, thread: ThreadId, from: u32, to: u32) -> bool {
        let round = to - from;
        if from < round {
            return false;
        }
        let events = &self.graph.thread(thread).events;
        (from..to).all(|index| {
            let event = self.graph.event(events[index as usize]);
            let before = self.graph.event(events[(index - round) as usize]);
            let same = event.kind == before.kind
                && event.rmw == before.rmw
                && event.location == before.location
                && event.site == before.site
                && event.value == before.value
                // A spurious failure is no lasting state.
                && event.alternative == 0
                && before.alternative == 0
                && event.op.same(before.op);
            same && match event.kind {
                Kind::Read if !event.rmw => event.source == before.source,
                Kind::Read => self.leaves_alone(thread, index),
                Kind::Write => event.rmw,
                _ => false,
            }
        })
    }

    /// Whether a read-modify-write wrote what it read, and read what the thread
    /// itself wrote.
    fn leaves_alone(&self, thread: ThreadId, index: u32) -> bool {
        let events = &self.graph.thread(thread).events;
        let own = |id: &u32| self.graph.event(*id).thread == thread;
        let read: &Event = self.graph.event(events[index as usize]);
        let write = events.get(index as usize + 1);
        let kept = write.is_some_and(|write| self.graph.event(*write).value == read.value);
        kept && read.source != crate::graph::NONE && own(&read.source)
    }
}
