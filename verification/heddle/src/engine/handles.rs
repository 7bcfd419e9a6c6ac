//! Handles of `Arc`s: whose are events, and what asks for that.
//!
//! At first none are. A drop that is not the last, and a clone, tell nobody
//! anything; the search only notes where each thread was. The order of drops
//! matters where something could tell the orders apart: a destructor that acts
//! and that, by what orders the drops, another thread might have run; a question
//! for the number of handles that a change of it races with. Then the place
//! where such an `Arc` is made joins the set of counted ones, and the search
//! begins anew. The crate's documentation argues why what is left out changes
//! nothing.

use super::{CellName, Engine, suspend, try_with};
use crate::failure::FailureKind;
use crate::graph::{Kind, NONE, Site, ThreadId, View};

/// Which handles of an `Arc` are events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally(u8);

impl Tally {
    pub(crate) const NONE: Self = Self(0);
    /// Drops, so that each may be the last.
    pub(crate) const LAST: Self = Self(1);
    /// Whatever changes the number of handles, or asks for it.
    pub(crate) const STRONG: Self = Self(2);
    /// The same for weak handles.
    pub(crate) const WEAK: Self = Self(4);
    const ALL: Self = Self(7);

    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// As it stands in a token.
    pub(super) fn bits(self) -> u64 {
        self.0.into()
    }

    pub(super) fn from_bits(bits: u64) -> Option<Self> {
        let bits = u8::try_from(bits).ok()?;
        (bits != 0 && bits <= Self::ALL.0).then_some(Self(bits))
    }
}

/// The places that make `Arc`s whose handles are events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    /// In the order of their names, each once.
    pub(super) places: Vec<(u32, Tally)>,
    /// Whether it must stay as it is: a replay has one, shards cannot agree on one.
    pub(crate) fixed: bool,
}

impl Counted {
    fn tally(&self, site: Site) -> Tally {
        if self.places.is_empty() {
            return Tally::NONE;
        }
        let name = place(site);
        let found = self.places.iter().find(|(other, _)| *other == name);
        found.map_or(Tally::NONE, |(_, tally)| *tally)
    }

    /// Adds what another search wants counted.
    pub(crate) fn add(&mut self, wanted: &[(u32, Tally)]) {
        for (name, tally) in wanted {
            match self.places.binary_search_by_key(name, |(other, _)| *other) {
                Ok(index) => self.places[index].1.0 |= tally.0,
                Err(index) => self.places.insert(index, (*name, *tally)),
            }
        }
    }

    /// Nothing yet, or nothing ever.
    pub(crate) fn nothing(fixed: bool) -> Self {
        Self { places: Vec::new(), fixed }
    }
}

/// A call's name in every process and on every machine: FNV-1a of the file's own
/// name, the line and the column. Two calls of one name are both counted, which
/// only costs time.
fn place(site: Site) -> u32 {
    let name = site.file().rsplit(['/', '\\']).next().unwrap_or_default();
    let numbers = [site.line(), site.column()].map(u32::to_le_bytes);
    let bytes = name.bytes().chain(numbers.into_iter().flatten());
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The current thread shows which one it is, other than by an operation; it may
/// never go on.
pub(crate) fn show_thread(site: Site) {
    if try_with(|engine| engine.shows_thread(site)) == Some(true) && !std::thread::panicking() {
        loop {
            suspend();
        }
    }
}

/// Whose handles something is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    /// The run it was made in; 0 outside a model.
    pub(crate) run: u64,
    /// The call that made it.
    pub(crate) site: Site,
}

/// A destructor that another thread might have run just as well.
#[derive(Debug)]
pub(crate) struct Destructor {
    /// What all who dropped a handle had seen, as a clock.
    pub(super) seen: Vec<u32>,
    /// Of the outermost such destructor.
    owner: Owner,
}

/// Something that synchronises in a real `Arc` and is no event here. The search
/// shows more for that, never less; a failure has to stand with it too.
#[derive(Debug)]
pub(super) struct Suspect {
    owner: Owner,
    tally: Tally,
    /// The thread that would have seen more, and how many events it had.
    thread: ThreadId,
    from: u32,
    /// What it would have seen.
    clock: Vec<u32>,
}

impl Engine {
    /// What is counted of an `Arc` made here.
    pub(crate) fn tally(&self, site: Site) -> Tally {
        if self.limits.arc_counts { Tally::ALL } else { self.counted.tally(site) }
    }

    /// The search begins anew and counts these too.
    pub(crate) fn want(&mut self, owner: Owner, tally: Tally, site: Site) {
        if self.run.teardown || self.run.failure.is_some() {
            return;
        }
        if owner.run == self.run.id && !self.counted.fixed {
            self.run.wanted.push((place(owner.site), tally));
            return;
        }
        let why = if owner.run != self.run.id {
            "it was made outside of the closure and is shared by its executions: make it in the closure"
        } else {
            "what is counted is settled here: set `Builder::arc_counts`"
        };
        let message = format!(
            "what happens at {site} depends on the order in which handles of the Arc made at {} come and go, and {why}",
            owner.site
        );
        self.fail(FailureKind::Unsupported, message);
    }

    /// What this run wants counted, if anything.
    pub(crate) fn take_wanted(&mut self) -> Vec<(u32, Tally)> {
        std::mem::take(&mut self.run.wanted)
    }

    /// The number of handles is changed, or asked for; `false` if the two race,
    /// and the run is over.
    pub(crate) fn note_handle(&mut self, name: &CellName, asks: bool, owner: Owner, tally: Tally, site: Site) -> bool {
        if self.run.teardown || self.is_over() {
            return true;
        }
        if self.record_access(name, asks, site).is_none() {
            return true;
        }
        self.want(owner, tally, site);
        false
    }

    /// Whether somebody asked, at a place that nothing orders with this one.
    pub(crate) fn was_asked(&self, name: &CellName) -> bool {
        if self.run.teardown || self.is_over() {
            return false;
        }
        let asked = name.location(self.run.id);
        asked.is_some_and(|index| self.racing(index as usize, self.run.current, true).is_some())
    }

    /// Adds what the current thread has seen to a clock.
    pub(crate) fn release_handle(&self, clock: &mut Vec<u32>) {
        let thread = self.run.current as usize;
        let newest = self.newest(thread as u32);
        let mut raise = |seen: &[u32]| {
            clock.resize(clock.len().max(seen.len()), 0);
            for (own, seen) in clock.iter_mut().zip(seen) {
                *own = (*own).max(*seen);
            }
        };
        if newest != NONE {
            raise(self.graph.view(newest, View::Happens));
        }
        // Whoever might run the destructor might drop this handle.
        if let Some(destructor) = &self.run.slots[thread].destructor {
            raise(&destructor.seen);
        }
        clock.resize(clock.len().max(thread + 1), 0);
        // What it did after its newest event is seen too.
        let done = self.done(thread as u32) + 1;
        clock[thread] = clock[thread].max(done);
    }

    /// Whether the current thread has seen all of a clock.
    pub(crate) fn has_seen(&self, clock: &[u32]) -> bool {
        let thread = self.run.current;
        let mut others = clock.iter().enumerate().filter(|(other, _)| *other != thread as usize);
        others.all(|(other, seen)| *seen <= self.seen(thread, other as ThreadId))
    }

    /// A last handle goes; if the drops of the others are not all ordered before
    /// it, what the thread was in before.
    pub(crate) fn enter_destructor(&mut self, clock: &[u32], owner: Owner) -> Option<Option<Destructor>> {
        if self.run.teardown || self.has_seen(clock) {
            return None;
        }
        self.suspect(owner, Tally::LAST, clock);
        let thread = self.run.current as usize;
        let outer = self.run.slots[thread].destructor.take();
        let mut seen = clock.to_vec();
        let mut owner = owner;
        if let Some(outer) = &outer {
            owner = outer.owner;
            seen.resize(seen.len().max(outer.seen.len()), 0);
            for (own, outer) in seen.iter_mut().zip(&outer.seen) {
                *own = (*own).max(*outer);
            }
        }
        self.run.slots[thread].destructor = Some(Destructor { seen, owner });
        Some(outer)
    }

    pub(crate) fn leave_destructor(&mut self, outer: Option<Destructor>) {
        let thread = self.run.current as usize;
        self.run.slots[thread].destructor = outer;
    }

    /// What the thread's destructor has seen of another thread.
    pub(super) fn seen_in_destructor(&self, thread: ThreadId, other: ThreadId) -> u32 {
        let destructor = self.run.slots[thread as usize].destructor.as_ref();
        let seen = destructor.and_then(|destructor| destructor.seen.get(other as usize));
        seen.copied().unwrap_or(0)
    }

    /// The current thread shows which one it is; whether a destructor that may
    /// run in another one made it, so that the run is over.
    pub(crate) fn shows_thread(&mut self, site: Site) -> bool {
        let thread = self.run.current as usize;
        let destructor = self.run.slots.get(thread).and_then(|slot| slot.destructor.as_ref());
        let Some(owner) = destructor.map(|destructor| destructor.owner) else {
            return false;
        };
        self.want(owner, Tally::LAST, site);
        !self.run.teardown
    }

    /// The current thread might have learned all of a clock here.
    pub(crate) fn suspect(&mut self, owner: Owner, tally: Tally, clock: &[u32]) {
        let thread = self.run.current;
        let from = self.done(thread);
        self.run.suspects.push(Suspect { owner, tally, thread, from, clock: clock.to_vec() });
    }

    /// Whether the run's failure might not stand if the handles that are no
    /// events were: then they are wanted, and it is none.
    pub(super) fn doubts_failure(&mut self) -> bool {
        let Some(failure) = &self.run.failure else {
            return false;
        };
        let kind = failure.kind;
        // A replay shows what a search has settled.
        let settled =
            self.run.guide.is_some() || matches!(kind, FailureKind::Nondeterminism | FailureKind::Unsupported);
        if settled || self.run.suspects.is_empty() {
            return false;
        }
        // These are what more order hides, wherever it comes from.
        let hidden = !matches!(kind, FailureKind::Panic | FailureKind::Deadlock | FailureKind::Leak);
        let suspects = std::mem::take(&mut self.run.suspects);
        let matter = |suspect: &Suspect| hidden || self.matters(suspect);
        let matter: Vec<Suspect> = suspects.into_iter().filter(matter).collect();
        if matter.is_empty() {
            return false;
        }
        self.run.failure = None;
        for suspect in matter {
            self.want(suspect.owner, suspect.tally, suspect.owner.site);
        }
        !self.run.wanted.is_empty()
    }

    /// Whether an event would have seen more. A join that would is none: only
    /// what follows it could show the difference.
    fn matters(&self, suspect: &Suspect) -> bool {
        (0..self.graph.len()).filter(|id| self.graph.event(*id).kind != Kind::Join).any(|id| {
            let seen = self.graph.view(id, View::Happens);
            let after = seen.get(suspect.thread as usize).is_some_and(|seen| *seen > suspect.from);
            let mut clock = suspect.clock.iter().enumerate().filter(|(other, _)| *other != suspect.thread as usize);
            after && clock.any(|(other, wanted)| seen.get(other).is_none_or(|seen| seen < wanted))
        })
    }
}
