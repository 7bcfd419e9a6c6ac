//! Loops that only wait, and loops that only try again.
//!
//! A thread whose last two rounds did the same, were told the same, and changed nothing
//! is suspended if it would go on like that: an execution with more such rounds has
//! the outcome of one without them (see `rounds.rs`), and that one is explored too. If
//! another thread writes what the loop waits for, the round that reads it is explored
//! as another graph.
//!
//! Would it go on like that? What a loop carries over from round to round is not in
//! the graph. So the first time that a thread with this past (`graph::Past`) comes to
//! this point it is given the same answers again, outside the graph, for
//! [`TRIAL_ROUNDS`] rounds. If it leaves the loop, the rounds that it made become part
//! of the graph, with all their alternatives, and nothing was lost; if it does not, it
//! waits.
//!
//! A weak exchange that fails for no reason is told apart in the same way: it may do
//! so again, unless all that comes of it is another try.

use super::rounds::Effect;
use super::{Answer, Engine, Request, Status};
use crate::failure::FailureKind;
use crate::graph::{Event, EventId, Kind, LocationId, ReadOp, Site, Step, ThreadId, mix, same_site};

/// Rounds with the same answers after which a loop is taken to have no end.
const TRIAL_ROUNDS: u32 = 1000;

/// Spin hints in a row without an operation between them.
const IDLE_HINTS: u32 = 100_000;

/// A period of a loop, in rounds between hints and in events.
const LONGEST_PERIOD: usize = 16;
pub(super) const LONGEST_ROUND: u32 = 64;

/// The longest round of a loop without hints, in events.
const LONGEST_UNHINTED: u32 = 8;

/// What comes of a spin hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hinted {
    GoesOn,
    /// The thread is suspended.
    Waits,
    /// The thread shows its state, and asks again.
    Shows,
}

/// Where a spin hint was given: after how many events, and from where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hint {
    pub(super) at: u32,
    pub(super) site: Site,
}

/// A loop that is given the same answers again and again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trial {
    site: Site,
    key: u64,
    /// Its round, as places in program order.
    from: u32,
    to: u32,
    at: u32,
    rounds: u32,
    /// Whether the round only tries a weak exchange again.
    retries: bool,
    /// Whether it keeps something from round to round.
    counts: bool,
}

/// What is known about loops, by the past of the thread that comes to one.
#[derive(Debug, Default)]
pub(crate) struct Loops {
    /// They go on for ever if nothing changes.
    endless: std::collections::HashSet<u64>,
    /// They ended, but their rounds could not be added to the graph: they are unrolled.
    unrolled: std::collections::HashSet<u64>,
}

impl Engine {
    /// A spin hint of the current thread.
    pub(crate) fn spin(&mut self, site: Site) -> Hinted {
        let thread = self.run.current;
        if self.run.teardown {
            return Hinted::GoesOn;
        }
        if self.is_over() {
            return Hinted::Waits;
        }
        if self.is_alone(thread) {
            self.add_left_out();
        }
        let done = self.slot(thread).done;
        if !self.note_hint(thread, Hint { at: done, site }) {
            let message = format!("the loop at {site} only waits, and reads nothing");
            self.fail(FailureKind::Truncated, message);
            return Hinted::Waits;
        }
        if self.wants_state(thread) {
            return Hinted::Shows;
        }
        if self.is_following(thread) || self.slot(thread).trial.is_some() {
            return Hinted::GoesOn;
        }
        if self.waits_at(thread, site) { Hinted::Waits } else { Hinted::GoesOn }
    }

    /// Whether the thread is suspended at a hint.
    fn waits_at(&mut self, thread: ThreadId, site: Site) -> bool {
        let done = self.slot(thread).done;
        let hints = self.slot(thread).hints.iter().rev().skip(1).take(LONGEST_PERIOD);
        let rounds = hints.filter(|hint| same_site(hint.site, site)).map(|hint| hint.at);
        let rounds: Vec<u32> = rounds.take_while(|from| done - from <= LONGEST_ROUND).collect();
        let begun = rounds.into_iter().any(|from| self.begin_wait(thread, from, site));
        let suspended = begun && self.status(thread) != Status::Ready;
        // In a trial nothing is decided yet.
        (!begun || suspended) && self.livelocks(thread, site) || suspended
    }

    /// Whether the graph has events of the thread that this run has not come to.
    fn is_following(&self, thread: ThreadId) -> bool {
        (self.run.slots[thread as usize].done as usize) < self.graph.thread(thread).events.len()
    }

    /// Keeps a hint; `false` if there were too many without an operation.
    fn note_hint(&mut self, thread: ThreadId, hint: Hint) -> bool {
        let slot = self.slot(thread);
        match slot.hints.last_mut().filter(|last| last.at == hint.at) {
            Some(last) => {
                *last = hint;
                slot.idle_hints += 1;
            }
            None => {
                slot.hints.push(hint);
                slot.idle_hints = 0;
            }
        }
        slot.idle_hints <= IDLE_HINTS
    }

    /// Whether the thread's events from `from` on are a round of a loop that may wait:
    /// then it is suspended, or the loop is tried. While it is tried what the round's
    /// locks guard must be as the round left it.
    fn begin_wait(&mut self, thread: ThreadId, from: u32, site: Site) -> bool {
        let to = self.slot(thread).done;
        if from == to || !self.repeats(thread, from, to) {
            return false;
        }
        let keeps_nothing = self.is_in_the_state_of(thread, from, to);
        if !keeps_nothing && !self.has_repeated(thread, to - from, to, self.limits.loop_rounds) {
            return false;
        }
        if let Some(guide) = &self.run.guide {
            let ends = !guide.moves_again(thread);
            if ends {
                self.suspend_in(thread, from, site);
            }
            return ends;
        }
        let key = mix(self.told(thread), u64::from(to - from));
        if self.loops.unrolled.contains(&key) {
            return false;
        }
        if self.loops.endless.contains(&key) {
            self.suspend_in(thread, from, site);
            if !keeps_nothing {
                self.cut_loop.get_or_insert(site);
            }
        } else if !self.effects(thread, from, to).is_some_and(|effects| self.left_its_locks(&effects)) {
            // The same graph again, but with this thread first.
            self.run.preferred = Some(thread);
            self.run.again = true;
            self.suspend_in(thread, from, site);
        } else {
            let trial = Trial { site, key, from, to, at: from, rounds: 0, retries: false, counts: !keeps_nothing };
            self.slot(thread).trial = Some(trial);
        }
        true
    }

    /// Whether the last rounds of this length, so many, were all alike.
    fn has_repeated(&self, thread: ThreadId, round: u32, to: u32, rounds: u32) -> bool {
        to >= round * rounds && (0..rounds - 1).all(|back| self.repeats(thread, to - round * (back + 1), to - round * back))
    }

    /// What the thread was told up to its newest event in this run.
    pub(super) fn told(&self, thread: ThreadId) -> u64 {
        match self.run.slots[thread as usize].done {
            0 => self.graph.first_past(self.graph.thread(thread).spawn).told(),
            done => {
                let newest = self.graph.thread(thread).events[done as usize - 1];
                self.graph.event(newest).past.told()
            }
        }
    }

    fn suspend_in(&mut self, thread: ThreadId, from: u32, site: Site) {
        let slot = self.slot(thread);
        slot.status = Status::Spinning(from);
        slot.site = Some(site);
    }

    /// Whether a suspended thread has to go on after all: another has seen what its
    /// last round did, so that the round cannot be taken out any more.
    pub(super) fn is_woken(&self, thread: ThreadId) -> bool {
        match self.status(thread) {
            Status::Spinning(from) => {
                let to = self.run.slots[thread as usize].done;
                self.effects(thread, from, to).is_none()
            }
            _ => false,
        }
    }

    /// A suspended thread goes on. If it was tried, it is not where the graph says.
    pub(super) fn resume_loop(&mut self, thread: ThreadId) {
        let slot = self.slot(thread);
        slot.status = Status::Ready;
        self.run.again |= slot.tried;
    }

    /// Before a new operation: whether it begins another round of a loop that has no
    /// hint, or of a weak exchange that is tried again.
    pub(super) fn begins_a_round(&mut self, thread: ThreadId, request: &Request<'_>) -> bool {
        if request.kind != Kind::Read || self.run.guide.is_some() {
            return false;
        }
        if let ReadOp::Compare { weak: true, .. } = request.op {
            return self.begin_retry(thread, request);
        }
        let done = self.slot(thread).done;
        let events = &self.graph.thread(thread).events;
        let site = |back: u32| self.graph.event(events[(done - back) as usize]).site;
        let hinted = self.run.slots[thread as usize].hints.last().map_or(0, |hint| hint.at);
        let longest = LONGEST_UNHINTED.min((done - hinted) / 3);
        let rounds = (1..=longest).find(|round| {
            same_site(site(*round), request.site)
                && self.repeats(thread, done - round, done)
                && self.repeats(thread, done - 2 * round, done - round)
        });
        let Some(round) = rounds else {
            return false;
        };
        if self.wants_state(thread) {
            self.run.shows = true;
            return true;
        }
        self.begin_wait(thread, done - round, request.site)
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
            self.loops.endless.insert(trial.key);
            self.slot(thread).trial = None;
            self.slot(thread).tried = true;
            if trial.counts {
                self.cut_loop.get_or_insert(trial.site);
            }
            if trial.retries {
                // It may still succeed, but not from where it is now.
                self.run.again = true;
            } else {
                self.suspend_in(thread, trial.from, trial.site);
            }
            return None;
        }
        let id = self.graph.thread(thread).events[trial.at as usize];
        let event = *self.graph.event(id);
        if !self.asks_again(&event, request) {
            self.slot(thread).trial = Some(trial);
            self.leave_loop(thread);
            return if self.is_over() { None } else { self.step_on(thread, request) };
        }
        trial.at += if event.rmw { 2 } else { 1 };
        let slot = self.slot(thread);
        slot.idle_hints = 0;
        slot.trial = Some(trial);
        Some(Answer { value: event.value, wrote: event.rmw })
    }

    /// A loop that was tried has ended: the rounds that it made become part of the
    /// graph.
    pub(super) fn leave_loop(&mut self, thread: ThreadId) {
        let Some(trial) = self.slot(thread).trial.take() else {
            return;
        };
        let events = &self.graph.thread(thread).events;
        let round = events[trial.from as usize..trial.to as usize].iter().map(|id| *self.graph.event(*id));
        let round: Vec<Event> = round.filter(|event| event.kind != Kind::Write || !event.rmw).collect();
        let len = self.graph.len();
        let part = round.iter().take_while(|event| event.index < trial.at).count();
        let rounds = std::iter::repeat_n(&round, trial.rounds as usize).flatten();
        for event in rounds.chain(&round[..part]) {
            if self.graph.events.len() >= self.limits.max_events {
                let message = format!("an execution has more than {} events", self.limits.max_events);
                self.fail(FailureKind::Truncated, format!("{message}: the loop around {}", event.site));
                return;
            }
            if !self.repeat(event) {
                self.loops.unrolled.insert(trial.key);
                self.run.again = true;
                self.items.retain(|item| item.event < len);
                self.graph.cut(len);
                return;
            }
            self.divide();
        }
    }

    /// Adds an event like this one, with the answer that it had; whether it could.
    fn repeat(&mut self, event: &Event) -> bool {
        let mut new = Event::new(event.kind, event.mode, event.site);
        (new.thread, new.failure, new.success) = (event.thread, event.failure, event.success);
        (new.op, new.location, new.pointer) = (event.op, event.location, event.pointer);
        new.value = event.value;
        self.slot(event.thread).done += if event.rmw { 2 } else { 1 };
        if event.kind != Kind::Read {
            if event.kind == Kind::Write {
                self.add_write(new, None);
            } else {
                self.push(new);
            }
            return true;
        }
        let id = self.push(new);
        let Some(source) = self.repeated_source(event) else {
            return false;
        };
        let place = self.graph.place_of(source);
        let possible = place >= self.graph.earliest(id, event.location)
            && self.graph.written(event.location, source) == event.value
            && event.op.resolve(event.value, event.alternative).is_some();
        if !possible {
            return false;
        }
        let (source, alternative) =
            self.branch_read(id, self.graph.earliest(id, event.location), (place, event.alternative));
        self.graph.set_first_source(id, source, alternative);
        self.is_sc_after(id) && self.finish_rmw(id)
    }

    /// What another event like this one reads from: the same write, or the newest one
    /// where its thread wrote meanwhile; `None` if others took the lock since, which the
    /// thread knows nothing of.
    fn repeated_source(&self, event: &Event) -> Option<EventId> {
        let order = &self.graph.location(event.location).order;
        let own = |write: &EventId| {
            let write = self.graph.event(*write);
            write.thread == event.thread && write.index > event.index
        };
        if !order.iter().any(own) {
            return Some(event.source);
        }
        let newest = self.graph.newest_write(event.location);
        let others = event.is_custom() && self.graph.event(newest).thread != event.thread;
        (!others).then_some(newest)
    }

    /// A weak exchange that failed for no reason is asked for again: whether all that
    /// its failing leads to is to be found out now.
    fn begin_retry(&mut self, thread: ThreadId, request: &Request<'_>) -> bool {
        let limit = self.limits.spurious_failures;
        let location = request.object.and_then(|object| object.name.location(self.run.id));
        let Some(location) = location.filter(|_| limit > 0) else {
            return false;
        };
        let done = self.slot(thread).done;
        let failed = self.failures(thread, done, location, request.op, request.site);
        let Some(last) = failed.first().copied() else {
            return false;
        };
        if self.wants_state(thread) {
            self.run.shows = true;
            return true;
        }
        let source = self.graph.event(last).source;
        let alike = failed.iter().filter(|id| self.graph.event(**id).source == source);
        let key = self.retry_key(thread, done);
        let known = self.loops.endless.contains(&key) || self.loops.unrolled.contains(&key);
        if known || alike.count() < limit as usize {
            return false;
        }
        let from = self.graph.event(last).index;
        let trial = Trial { site: request.site, key, from, to: done, at: from, rounds: 0, retries: true, counts: false };
        self.slot(thread).trial = Some(trial);
        true
    }

    /// Whether a weak exchange has failed for no reason on this write as often as it
    /// may, and all that comes of it is another try.
    pub(super) fn is_tired(&mut self, event: &Event, source: EventId) -> bool {
        let limit = self.limits.spurious_failures as usize;
        let failed = self.failures(event.thread, event.index, event.location, event.op, event.site);
        let alike: Vec<u32> = failed
            .iter()
            .map(|id| self.graph.event(*id))
            .filter(|failed| failed.source == source)
            .map(|failed| failed.index)
            .collect();
        let key = self.retry_key(event.thread, event.index);
        let Some(last) = alike.first().filter(|_| limit > 0 && self.loops.endless.contains(&key)) else {
            return limit == 0;
        };
        if self.is_in_the_state_of(event.thread, *last, event.index) {
            return alike.len() >= limit;
        }
        let tired = alike.len() >= limit.max(self.limits.loop_rounds as usize);
        if tired {
            self.cut_loop.get_or_insert(event.site);
        }
        tired
    }

    fn retry_key(&self, thread: ThreadId, done: u32) -> u64 {
        let past = match done {
            0 => self.graph.first_past(self.graph.thread(thread).spawn),
            done => self.graph.event(self.graph.thread(thread).events[done as usize - 1]).past,
        };
        mix(past.told(), u64::MAX)
    }

    /// The last failures for no reason of this exchange, newest first, since its thread
    /// did anything but read.
    fn failures(&self, thread: ThreadId, done: u32, location: LocationId, op: ReadOp, site: Site) -> Vec<EventId> {
        let events = self.graph.thread(thread).events[..done as usize].iter().rev();
        let reads = events.copied().take_while(|id| {
            let event = self.graph.event(*id);
            event.kind == Kind::Fence || event.kind == Kind::Read && !event.rmw
        });
        let failed = |id: &EventId| {
            let event = self.graph.event(*id);
            event.alternative != 0 && event.location == location && same_site(event.site, site) && event.op.same(op)
        };
        reads.filter(failed).collect()
    }

    /// Whether a thread that is suspended in a loop would find there what it found, for
    /// ever.
    pub(super) fn waits_for_ever(&self, thread: ThreadId, from: u32) -> bool {
        let to = self.run.slots[thread as usize].done;
        let Some(effects) = self.effects(thread, from, to) else {
            return false;
        };
        let round = &self.graph.thread(thread).events[from as usize..to as usize];
        let by_chance = round.iter().any(|id| self.graph.event(*id).alternative != 0);
        !by_chance && effects.iter().all(|effect| self.stays(thread, effect))
    }

    /// Whether nobody has changed the location since the round, or will. Behind a lock
    /// there may be more than its word, so its other users must be in rounds of waiting
    /// as well.
    fn stays(&self, thread: ThreadId, effect: &Effect) -> bool {
        let location = self.graph.location(effect.location);
        let later = &location.order[effect.last as usize..];
        let waiting = |write: &EventId| {
            let event = self.graph.event(*write);
            match self.status(event.thread) {
                Status::Spinning(from) => event.index >= from || event.thread == thread,
                _ => false,
            }
        };
        // What other waiting threads do meanwhile, again and again.
        let noticed = location.order.iter().filter(|write| waiting(write)).any(|write| {
            let write = self.graph.event(*write);
            write.thread != thread
                && write.value != effect.value
                && effect.op.resolve(write.value, 0) != Some(Step::Blocked)
        });
        effect.steady
            && self.graph.newest_value(effect.location) == effect.value
            && !noticed
            && (!effect.custom || later.iter().all(waiting))
    }
}
