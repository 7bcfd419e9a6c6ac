//! Executions in which everybody moves and nothing comes of it.
//!
//! If each thread that has not ended has just done what it did in the round before, and
//! each read of these rounds reads what its counterpart in the round before read (the
//! same write, or the same operation's write one round later), then one more such round
//! of all of them is consistent too, and another, and so on: an execution without an end
//! in which no thread is ever kept from moving.

use super::{Engine, Pending, Status};
use crate::failure::FailureKind;
use crate::graph::{EventId, Kind, NONE, Site, ThreadId};

/// How many events a thread's last round has; 0 if the thread only waits for others.
type Period = u32;

impl Engine {
    /// Whether the threads go round for ever, and the run ends with that.
    pub(super) fn livelocks(&mut self, thread: ThreadId, site: Site) -> bool {
        if self.run.guide.as_ref().is_some_and(|guide| guide.next().is_some()) {
            return false;
        }
        let alive = self.graph.ranks.iter().copied().filter(|thread| self.status(*thread) != Status::Done);
        let periods: Option<Vec<(ThreadId, Period)>> =
            alive.map(|thread| Some((thread, self.period(thread)?))).collect();
        let Some(periods) = periods else {
            return false;
        };
        let goes_round = |(thread, period): &(ThreadId, Period)| self.goes_round(*thread, *period, &periods);
        let moving = periods.iter().filter(|(_, period)| *period > 0).count();
        if moving < 2 || !periods.iter().all(goes_round) {
            return false;
        }
        let lines: Vec<String> = periods
            .iter()
            .filter(|(_, period)| *period > 0)
            .map(|(thread, _)| {
                let hint = self.run.slots[*thread as usize].hints.last();
                format!("thread {thread} at {}", hint.map_or(site, |hint| hint.site))
            })
            .collect();
        self.run.current = thread;
        let message = format!("{}: each goes round its loop for ever, and nothing changes", lines.join(", "));
        self.fail(FailureKind::Livelock, message);
        true
    }

    /// The period of a thread that is in a loop with hints, or waits for one that ends.
    fn period(&self, thread: ThreadId) -> Option<Period> {
        let slot = self.run.slots.get(thread as usize)?;
        match slot.status {
            Status::New(Pending::Join(_)) => return Some(0),
            Status::Ready | Status::New(Pending::Free) | Status::Spinning(_) => {}
            _ => return None,
        }
        let [.., before, newest] = slot.hints[..] else {
            return None;
        };
        let period = newest.at - before.at;
        (period > 0 && period <= before.at).then_some(period)
    }

    /// Whether a thread does in its last round, and since, what it did a round before.
    fn goes_round(&self, thread: ThreadId, period: Period, periods: &[(ThreadId, Period)]) -> bool {
        let slot = &self.run.slots[thread as usize];
        let Some(newest) = slot.hints.last().filter(|_| period > 0) else {
            return true;
        };
        let from = newest.at - period;
        if !self.is_in_the_state_of(thread, from, newest.at) {
            return false;
        }
        let events = &self.graph.thread(thread).events;
        slot.wrote_cell <= from
            && (from..slot.done).all(|index| {
                let (event, before) = (events[index as usize], events[(index - period) as usize]);
                super::rounds::is_like(self.graph.event(event), self.graph.event(before))
                    && self.reads_alike(event, before, periods)
            })
    }

    /// Whether an event reads what its counterpart read: the same, which is still the
    /// newest value, or the counterpart of that.
    fn reads_alike(&self, event: EventId, before: EventId, periods: &[(ThreadId, Period)]) -> bool {
        let (event, before) = (self.graph.event(event), self.graph.event(before));
        if matches!(event.kind, Kind::Spawn | Kind::Join | Kind::Choose) || event.alternative != 0 {
            return false;
        }
        if event.kind != Kind::Read {
            return true;
        }
        if event.source == before.source {
            return self.graph.newest_value(event.location) == event.value;
        }
        if event.source == NONE || before.source == NONE {
            return false;
        }
        let (source, earlier) = (self.graph.event(event.source), self.graph.event(before.source));
        let period = periods.iter().find(|(thread, _)| *thread == source.thread);
        source.thread == earlier.thread
            && period.is_some_and(|(_, period)| *period > 0 && source.index == earlier.index + period)
    }
}
