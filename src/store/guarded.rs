//! [`Guarded`]: the store that cannot fail as the one of the outage did.
//!
//! # Why it is right, in one page
//!
//! Each endpoint has one **zone word**: the generation that it serves, and a **floor**, the oldest generation that may still
//! be applied to it. Both only grow. Whoever changes the word does so with one compare-exchange on the whole of it, so each
//! guard looks at the very state that it replaces:
//!
//! - **apply-plan's guard**: the plan must be newer than what is served, and not below the floor. A slow Enactor with a
//!   stale plan fails here, however long ago its freshness check was.
//! - **clean-up's guard**: before anything older than *b* is deleted, every endpoint's floor is raised to *b* (*withdrawing*
//!   what is older). From that moment this endpoint can only move to *b* or newer. So if it does not serve plan *g* < *b*
//!   when its floor is raised, it never will again: what one pass over the endpoints has not seen can be deleted at leisure.
//!   A snapshot without floors would be wrong: an Enactor could apply *g* right behind it.
//! - **resolve's guard**: a client copies a record set without any lock, then looks at the zone word again. If the endpoint
//!   still serves the same generation it did so all the time (generations are never reused), so that plan was reachable, so
//!   it was not deleted, so what was copied was not being overwritten.
//! - **publish's guard**: one publisher at a time (the second is told so, it does not wait), newer than everything
//!   published, into a slot that a clean-up has emptied.
//! - **pause's guard**: a bit in every word that a change would have to replace. An Enactor that read a word before the pause
//!   fails its compare-exchange after it.
//!
//! Nothing here blocks, and an Enactor that stops for ever between any two steps leaves nothing half done: every change it
//! makes is one compare-exchange. Memory is fixed when the store is built, and there is no `unsafe`.
//!
//! The long version, with the states of each word, is `docs/design/guarded-store.md`. The words themselves are in
//! [`crate::generation`]. The record sets' memory is accounted for in `guarded/ledger.rs`, by the publisher alone.

mod ledger;
mod publish;

use std::{array, collections::HashMap};

use foldhash::fast::FixedState;
use tracing::{debug, info};

use crate::{
    generation::{CellWord, Generation, NewestWord, PAUSED, PlanState, PlanWord, ZoneWord},
    plan::{Answer, Endpoint, Plan, RecordSet},
    store::{ApplyOutcome, CleanUp, EnactorId, PlanStore, PublishError, Repair, UnknownEndpoint},
    sync::{
        Arc, TryLock,
        atomic::{self, AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release, Zeroed, fence},
    },
};
use ledger::Ledger;

/// The lock-free, generation-guarded store, for up to `PLANS` plans at a time.
///
/// Limits: endpoints are fixed when it is built, at most 16,777,216 ÷ `PLANS`; one publisher at a time; a publisher that
/// stops for ever in the middle lets no other publish (clients, Enactors and clean-up go on).
pub struct Guarded<const PLANS: usize = 7> {
    /// [`NewestWord`]: the newest published plan.
    newest: AtomicU64,
    /// [`PlanWord`]s: the life of each plan slot.
    plans: [AtomicU64; PLANS],
    /// Each endpoint's words. The table itself never changes; nobody but its builder chooses keys, so a fixed hash is safe.
    zone: HashMap<Endpoint, Entry<PLANS>, FixedState>,
    /// The record sets' words, in blocks of [`RecordSet::MAX_WORDS`].
    blocks: Zeroed,
    /// Which blocks are in use: the publisher's, and with it the right to publish.
    ledger: TryLock<Ledger>,
}

/// One endpoint: with 7 plans, 64 bytes.
struct Entry<const PLANS: usize> {
    /// [`ZoneWord`]: what it serves, and what it never will again.
    word: AtomicU64,
    /// [`CellWord`]s: for each plan slot, where its record set is.
    cells: [AtomicU64; PLANS],
}

/// A store that cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuardedError {
    /// No endpoints.
    #[error("a store needs at least one endpoint")]
    NoEndpoints,
    /// More endpoints than a cell word can address.
    #[error("{endpoints} endpoints with {plans} plans each: at most {limit}, split them over several stores")]
    TooManyEndpoints {
        /// How many there were.
        endpoints: usize,
        /// Plans at a time.
        plans: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A store needs room for the plan that is served and the one being published, and counts a block's uses in a byte.
    #[error("room for {0} plans: a store has room for 2 to 255")]
    RoomForPlans(usize),
}

/// How much of a [`Guarded`] store's memory is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Plan slots that are not free.
    pub plans: usize,
    /// Blocks that hold a record set of a plan slot that is not free; equal sets of successive plans share one.
    pub blocks: usize,
    /// Bytes that the store has touched so far, for everything but the endpoints' names.
    pub bytes: usize,
}

/// Whose change it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Authority {
    /// The automation's: the operator's pause stops it.
    Automation,
    /// The operator's own.
    Operator,
}

impl<const PLANS: usize> Guarded<PLANS> {
    /// A store for these endpoints, with nothing published.
    ///
    /// # Errors
    /// [`GuardedError`] for no endpoint, too many of them, or a `PLANS` that is not 2 to 255.
    pub fn new(endpoints: impl IntoIterator<Item = Endpoint>) -> Result<Self, GuardedError> {
        if !(2..=255).contains(&PLANS) {
            return Err(GuardedError::RoomForPlans(PLANS));
        }
        let zone: HashMap<_, _, _> = endpoints.into_iter().map(|endpoint| (endpoint, Entry::new())).collect();
        let limit = CellWord::BLOCKS / PLANS;
        match zone.len() {
            0 => return Err(GuardedError::NoEndpoints),
            endpoints if endpoints > limit => {
                return Err(GuardedError::TooManyEndpoints { endpoints, plans: PLANS, limit });
            }
            _ => {}
        }
        // With PLANS blocks for each endpoint a publisher can never run out: every slot uses at most one.
        let blocks = PLANS * zone.len();
        Ok(Self {
            newest: AtomicU64::new(NewestWord::NONE.bits()),
            plans: array::from_fn(|_| AtomicU64::new(PlanWord::FREE.bits())),
            blocks: atomic::zeroed(blocks * RecordSet::MAX_WORDS),
            ledger: TryLock::new(Ledger::new(blocks)),
            zone,
        })
    }

    /// How much memory is in use; none while a publish is under way. A publish that comes along meanwhile is told
    /// [`PublishError::Busy`].
    pub fn usage(&self) -> Option<Usage> {
        let ledger = self.ledger.try_lock()?;
        let plans = self.plans.iter().filter(|slot| self.state(slot) != PlanState::Free).count();
        let bytes =
            self.zone.len() * size_of::<Entry<PLANS>>() + ledger.touched() * size_of::<[u64; RecordSet::MAX_WORDS]>();
        Some(Usage { plans, blocks: ledger.in_use(), bytes })
    }

    /// The oldest generation that may still be applied to `endpoint`; none when no clean-up has withdrawn anything there.
    pub fn floor(&self, endpoint: &Endpoint) -> Option<Generation> {
        // Relaxed: a number to show.
        ZoneWord::from_bits(self.zone.get(endpoint)?.word.load(Relaxed)).floor()
    }

    fn state(&self, slot: &AtomicU64) -> PlanState {
        // Relaxed: a state on its own promises nothing about other memory.
        PlanWord::from_bits(slot.load(Relaxed)).state()
    }

    fn apply(&self, authority: Authority, endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        let Some(entry) = self.zone.get(endpoint) else { return ApplyOutcome::UnknownEndpoint };
        // Acquire: the plan's cells and record sets happen before this endpoint serves it, whoever told us of the plan.
        // Pairs with the Release in `publish`.
        let newest = NewestWord::from_bits(self.newest.load(Acquire));
        if newest.published() < Some(generation) {
            return ApplyOutcome::Unpublished;
        }
        // Relaxed: only a first guess, the compare-exchange below finds out whether it still holds.
        let mut word = ZoneWord::from_bits(entry.word.load(Relaxed));
        loop {
            if authority == Authority::Automation && word.is_paused() {
                return ApplyOutcome::Paused;
            }
            if let Some(applied) = word.applied()
                && applied >= generation
            {
                return ApplyOutcome::Stale { applied };
            }
            if word.floor() > Some(generation) {
                return ApplyOutcome::Deleted;
            }
            if entry.find(generation).is_none() {
                // Acquire: if the slot has gone to another plan, the word below is not older than what let that happen.
                // Pairs with the fence in `take_back`.
                fence(Acquire);
                // Relaxed: the fence above orders it.
                let again = ZoneWord::from_bits(entry.word.load(Relaxed));
                if again == word {
                    return ApplyOutcome::Deleted;
                }
                word = again;
                continue;
            }
            let next = word.applying(generation);
            // Release: hands the plan's content, known to us by the Acquire above, to every client that then sees this
            // generation. Pairs with the Acquire in `resolve`. Relaxed on failure: the next turn only guesses again.
            match entry.word.compare_exchange(word.bits(), next.bits(), Release, Relaxed) {
                Ok(_) => {
                    let outcome = ApplyOutcome::Applied { replaced: word.applied() };
                    debug!(change = "apply", %endpoint, %generation, ?outcome, "applies plan {generation} to {endpoint}");
                    return outcome;
                }
                Err(changed) => word = ZoneWord::from_bits(changed),
            }
        }
    }

    /// Sees to it that `entry` never serves anything older than `before` that it does not serve now. Returns the word that
    /// shows so, or none when the pause forbids it.
    fn withdraw(&self, authority: Authority, entry: &Entry<PLANS>, before: Generation) -> Option<ZoneWord> {
        // Relaxed, here and below: applied and floor only grow and stand in one word, so a word that refuses is final
        // however old it is, and one that does not is replaced by a compare-exchange, which sees the newest.
        let mut word = ZoneWord::from_bits(entry.word.load(Relaxed));
        loop {
            if authority == Authority::Automation && word.is_paused() {
                return None;
            }
            if word.refuses_all_before(before) {
                return Some(word);
            }
            let next = word.withdrawing(before);
            // Relaxed: hands on no content; readers get that from the apply-plan whose release this write continues.
            match entry.word.compare_exchange(word.bits(), next.bits(), Relaxed, Relaxed) {
                Ok(_) => return Some(next),
                Err(changed) => word = ZoneWord::from_bits(changed),
            }
        }
    }

    /// Deletes the plan that `word` says is in `slot`, if it still is. None when the pause forbids it.
    fn delete(&self, authority: Authority, slot: &AtomicU64, mut word: PlanWord) -> Option<bool> {
        let PlanState::Stored(generation) = word.state() else { return Some(false) };
        while word.state() == PlanState::Stored(generation) {
            if authority == Authority::Automation && word.is_paused() {
                return None;
            }
            let deleted = word.becoming(PlanState::Deleted(generation));
            // Release: that no endpoint serves this plan any more, which we have seen, happens before the slot's next
            // content. Pairs with the Acquire in `take_back`. Relaxed on failure: the next turn looks again.
            match slot.compare_exchange(word.bits(), deleted.bits(), Release, Relaxed) {
                Ok(_) => {
                    info!(change = "delete", %generation, "deletes plan {generation}");
                    return Some(true);
                }
                Err(changed) => word = PlanWord::from_bits(changed),
            }
        }
        Some(false)
    }

    fn clean_up(&self, authority: Authority, before: Generation) -> CleanUp {
        let mut clean_up = CleanUp::default();
        // The newest plan stays, whatever is asked for: with a floor above it no Enactor could apply anything.
        let Some(newest) = self.latest() else { return clean_up };
        let before = before.min(newest);
        for entry in self.zone.values() {
            let Some(word) = self.withdraw(authority, entry, before) else {
                return CleanUp { paused: true, ..clean_up };
            };
            if let Some(served) = word.applied()
                && served < before
                && !clean_up.kept.contains(&served)
            {
                clean_up.kept.push(served);
            }
        }
        for slot in &self.plans {
            // Relaxed: a first guess for the compare-exchange in `delete`.
            let word = PlanWord::from_bits(slot.load(Relaxed));
            if let PlanState::Stored(generation) = word.state()
                && generation < before
                && !clean_up.kept.contains(&generation)
            {
                match self.delete(authority, slot, word) {
                    Some(true) => clean_up.deleted.push(generation),
                    Some(false) => {}
                    None => return CleanUp { paused: true, ..clean_up },
                }
            }
        }
        clean_up
    }

    fn block(&self, cell: CellWord) -> &[AtomicU64] {
        let start = cell.block() * RecordSet::MAX_WORDS;
        &self.blocks[start..start + usize::from(cell.words())]
    }
}

/// Where to look for plan `generation`, the likeliest slot first.
#[inline]
fn probes<const PLANS: usize>(generation: Generation) -> impl Iterator<Item = usize> {
    let start = generation.get() as usize % PLANS;
    // One range with a remainder, not two ranges: so the compiler sees that every slot is within bounds.
    (start..start + PLANS).map(|slot| slot % PLANS)
}

/// Copies `words`, which the publisher may be overwriting.
#[inline]
fn copy(words: &[AtomicU64], to: &mut [u64]) {
    let each = |words: &[AtomicU64], to: &mut [u64]| {
        for (to, word) in to.iter_mut().zip(words) {
            // Relaxed: it may be overwritten while we copy; the second look in `resolve` finds out.
            *to = word.load(Relaxed);
        }
    };
    // By eights: a loop of known length is unrolled, and atomics are not vectorised.
    let (eights, rest) = words.as_chunks::<8>();
    let (to_eights, to_rest) = to.as_chunks_mut::<8>();
    for (words, to) in eights.iter().zip(to_eights) {
        each(words, to);
    }
    each(rest, to_rest);
}

impl<const PLANS: usize> Entry<PLANS> {
    fn new() -> Self {
        Self {
            word: AtomicU64::new(ZoneWord::NEVER_APPLIED.bits()),
            cells: array::from_fn(|_| AtomicU64::new(CellWord::EMPTY.bits())),
        }
    }

    fn cell(&self, slot: usize) -> CellWord {
        // Relaxed: the tag says whose cell it is; that its content is visible comes with the zone word or the newest word.
        CellWord::from_bits(self.cells[slot].load(Relaxed))
    }

    /// Where plan `generation` keeps this endpoint's record set.
    #[inline]
    fn find(&self, generation: Generation) -> Option<CellWord> {
        probes::<PLANS>(generation).map(|slot| self.cell(slot)).find(|cell| cell.generation() == Some(generation))
    }
}

impl<const PLANS: usize> PlanStore for Guarded<PLANS> {
    type Run<'store> = ();

    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.zone.keys()
    }

    fn publish(&self, plan: Arc<Plan>) -> Result<(), PublishError> {
        self.publish_as(Authority::Automation, &plan)
    }

    fn latest(&self) -> Option<Generation> {
        // Relaxed: a number. Who applies that plan acquires its content then, in `apply`.
        NewestWord::from_bits(self.newest.load(Relaxed)).published()
    }

    fn applied(&self, endpoint: &Endpoint) -> Option<Generation> {
        // Relaxed: a number, out of date as soon as it is read. The guards do not rely on it.
        ZoneWord::from_bits(self.zone.get(endpoint)?.word.load(Relaxed)).applied()
    }

    fn begin_run(&self, _enactor: EnactorId, _generation: Generation) {}

    fn apply_plan(&self, _run: &mut (), endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        self.apply(Authority::Automation, endpoint, generation)
    }

    fn delete_stale_plans(&self, _run: &mut (), before: Generation) -> CleanUp {
        self.clean_up(Authority::Automation, before)
    }

    #[inline]
    fn resolve_into(&self, endpoint: &Endpoint, answer: &mut Answer) -> Result<(), UnknownEndpoint> {
        let Some(entry) = self.zone.get(endpoint) else {
            answer.clear(None);
            return Err(UnknownEndpoint(endpoint.clone()));
        };
        loop {
            // Acquire: the record set of the generation that we read happens before our copy of it. Pairs with the Release
            // in `apply`.
            let word = ZoneWord::from_bits(entry.word.load(Acquire));
            let Some(generation) = word.applied() else {
                answer.clear(None);
                return Ok(());
            };
            match entry.find(generation) {
                Some(cell) => {
                    let words = self.block(cell);
                    copy(words, answer.fill(generation, words.len()));
                }
                None => answer.clear(Some(generation)),
            }
            // Acquire: if any word we copied belongs to a later plan, the second look must see that ours is not served any
            // more. Pairs with the fence in `publish_as`.
            fence(Acquire);
            // Relaxed: the fence above orders it behind the copy.
            let again = ZoneWord::from_bits(entry.word.load(Relaxed));
            if again.applied() == Some(generation) {
                return Ok(());
            }
        }
    }

    fn stored(&self) -> Vec<Generation> {
        let newest = self.latest();
        let mut stored: Vec<Generation> = self
            .plans
            .iter()
            .filter_map(|slot| match self.state(slot) {
                PlanState::Stored(generation) if Some(generation) <= newest => Some(generation),
                _ => None,
            })
            .collect();
        stored.sort_unstable();
        stored
    }

    fn pause(&self) {
        // Relaxed, as in `resume`: each word stops by itself, since a compare-exchange always sees the newest value.
        self.newest.fetch_or(PAUSED, Relaxed);
        for entry in self.zone.values() {
            entry.word.fetch_or(PAUSED, Relaxed);
        }
        for slot in &self.plans {
            slot.fetch_or(PAUSED, Relaxed);
        }
        info!(change = "pause", "pauses the automation");
    }

    fn resume(&self) {
        info!(change = "resume", "resumes the automation");
        // Relaxed: as in `pause`.
        self.newest.fetch_and(!PAUSED, Relaxed);
        for entry in self.zone.values() {
            entry.word.fetch_and(!PAUSED, Relaxed);
        }
        for slot in &self.plans {
            slot.fetch_and(!PAUSED, Relaxed);
        }
    }

    fn repair(&self, plan: Arc<Plan>) -> Result<Repair, PublishError> {
        self.publish_as(Authority::Operator, &plan)?;
        let mut repair = Repair::default();
        for endpoint in self.zone.keys() {
            match self.apply(Authority::Operator, endpoint, plan.generation()) {
                ApplyOutcome::Applied { .. } => repair.applied += 1,
                _ => repair.overtaken += 1,
            }
        }
        Ok(repair)
    }
}
