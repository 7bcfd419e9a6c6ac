//! [`Guarded`]: the store that cannot fail as the one of the outage did.
//!
//! # Why it is right, in one page
//!
//! Each endpoint has one **zone word**: the generation that it serves and where that plan's record set is, and a **floor**,
//! the oldest generation that may still be applied to it. Both generations only grow. Whoever changes the word does so with
//! one compare-exchange on the whole of it, so each guard looks at the very state that it replaces:
//!
//! - **apply-plan's guard**: the plan must be newer than what is served, and not below the floor. A slow Enactor with a
//!   stale plan fails here, however long ago its freshness check was.
//! - **clean-up's guard**: before anything older than *b* is deleted, every endpoint's floor is raised to *b* (*withdrawing*
//!   what is older). From that moment this endpoint can only move to *b* or newer. So if it does not serve plan *g* < *b*
//!   when its floor is raised, it never will again: what one pass over the endpoints has not seen can be deleted at leisure.
//!   A snapshot without floors would be wrong: an Enactor could apply *g* right behind it.
//! - **publish's guard**: one publisher at a time (the second is told so, it does not wait), newer than everything
//!   published, into a slot that a clean-up has emptied, and for each endpoint into a block of memory that no plan which is
//!   not deleted refers to.
//! - **resolve's guard**: a client copies a record set without any lock, then looks at the zone word again. If the endpoint
//!   still serves the same generation it did so all the time (generations are never reused), so that plan was reachable, so
//!   it was not deleted, so what was copied was not being overwritten.
//! - **pause's guard**: a bit in every word that a change would have to replace. An Enactor that read a word before the pause
//!   fails its compare-exchange after it.
//!
//! Nothing here blocks, and an Enactor that stops for ever between any two steps leaves nothing half done: every change it
//! makes is one compare-exchange. Memory is fixed when the store is built, and there is no `unsafe`.
//!
//! The long version, with the states of each word, is `docs/design/guarded-store.md`. The words themselves are in
//! [`crate::generation`]. Here stands what all share, and what clients and the operator do; `guarded/enact.rs` has what
//! Enactors do, `guarded/publish.rs` what a publisher does, `guarded/records.rs` the memory that it fills,
//! `guarded/names.rs` what the endpoints are called.

mod enact;
mod names;
mod publish;
mod records;

use std::{array, collections::BTreeSet};

use tracing::info;

use crate::{
    generation::{CellWord, Generation, NewestWord, PAUSED, PlanState, PlanWord, ZoneWord},
    plan::{Answer, Endpoint, Plan},
    store::{ApplyOutcome, CleanUp, EnactorId, PlanStore, PublishError, Repair, UnknownEndpoint},
    sync::{
        Arc, TryLock,
        atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, fence},
    },
};
use names::Names;
use records::Records;

/// The lock-free, generation-guarded store, for up to `PLANS` plans at a time.
///
/// Limits: endpoints are fixed when it is built, their names at most 4 GiB in all; at most 16 plans at a time; one publisher
/// at a time; a publisher that stops for ever in the middle lets no other publish (clients, Enactors and clean-up go on).
pub struct Guarded<const PLANS: usize = 7> {
    /// [`NewestWord`]: the newest published plan.
    newest: AtomicU64,
    /// [`PlanWord`]s: the life of each plan slot.
    plans: [AtomicU64; PLANS],
    /// [`ZoneWord`]s: what each endpoint serves, and what it never will again. Nothing stands between them, so that a client
    /// beside a busy Enactor finds few cache lines changed.
    zone: Box<[AtomicU64]>,
    /// The endpoints in the order of names, which is also that of every plan. Never changes.
    names: Names,
    /// Where the plans' record sets are.
    records: Records<PLANS>,
    /// The right to publish.
    publisher: TryLock<()>,
}

/// A store that cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuardedError {
    /// No endpoints.
    #[error("a store needs at least one endpoint")]
    NoEndpoints,
    /// The letters of all names are more than 4 GiB.
    #[error("the names of the endpoints have over 4 GiB in all: divide the endpoints among several stores")]
    TooManyNames,
    /// A store needs room for the plan that is served and the one being published; and a zone word has few bits for the
    /// place of what is served.
    #[error("room for {0} plans: a store has room for 2 to {max}", max = CellWord::BLOCKS)]
    RoomForPlans(usize),
}

/// How much of a [`Guarded`] store's memory is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Plan slots that are not free.
    pub plans: usize,
    /// Blocks that hold a record set of a plan slot that is not free; equal sets of successive plans share one.
    pub blocks: usize,
    /// Bytes that these take, and what the store holds for each endpoint. The letters of names that it shares with plans are
    /// left out.
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
    /// [`GuardedError`] for no endpoint, names of over 4 GiB in all, or a `PLANS` that is not 2 to 16.
    pub fn new(endpoints: impl IntoIterator<Item = Endpoint>) -> Result<Self, GuardedError> {
        if !(2..=CellWord::BLOCKS).contains(&PLANS) {
            return Err(GuardedError::RoomForPlans(PLANS));
        }
        let names: BTreeSet<Endpoint> = endpoints.into_iter().collect();
        if names.is_empty() {
            return Err(GuardedError::NoEndpoints);
        }
        Ok(Self {
            newest: AtomicU64::new(NewestWord::NONE.bits()),
            plans: array::from_fn(|_| AtomicU64::new(PlanWord::FREE.bits())),
            zone: names.iter().map(|_| AtomicU64::new(ZoneWord::NEVER_APPLIED.bits())).collect(),
            records: Records::new(names.len()),
            publisher: TryLock::new(()),
            names: Names::new(names).ok_or(GuardedError::TooManyNames)?,
        })
    }

    /// How much memory is in use; none while a publish is under way. A publish that comes along meanwhile is told
    /// [`PublishError::Busy`].
    pub fn usage(&self) -> Option<Usage> {
        let _publisher = self.publisher.try_lock()?;
        let slots: Vec<usize> = (0..PLANS).filter(|&slot| self.state(&self.plans[slot]) != PlanState::Free).collect();
        let (blocks, bytes) = self.records.in_use(&slots);
        let bytes = bytes + size_of_val(&*self.zone) + self.names.bytes();
        Some(Usage { plans: slots.len(), blocks, bytes })
    }

    /// The oldest generation that may still be applied to `endpoint`; none when no clean-up has withdrawn anything there.
    pub fn floor(&self, endpoint: &Endpoint) -> Option<Generation> {
        // Relaxed: a number to show.
        ZoneWord::from_bits(self.zone_word(endpoint)?.load(Relaxed)).floor()
    }

    /// The endpoint's zone word.
    #[inline]
    fn zone_word(&self, endpoint: &Endpoint) -> Option<&AtomicU64> {
        self.names.number(endpoint).map(|number| &self.zone[number])
    }

    fn state(&self, slot: &AtomicU64) -> PlanState {
        // Relaxed: a state on its own promises nothing about other memory.
        PlanWord::from_bits(slot.load(Relaxed)).state()
    }
}

impl<const PLANS: usize> PlanStore for Guarded<PLANS> {
    type Run<'store> = ();

    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.names.endpoints().iter()
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
        ZoneWord::from_bits(self.zone_word(endpoint)?.load(Relaxed)).applied()
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
        let Some(number) = self.names.number(endpoint) else {
            answer.clear(None);
            return Err(UnknownEndpoint(endpoint.clone()));
        };
        let zone = &self.zone[number];
        loop {
            // Acquire: the record set of the generation that we read happens before our copy of it. Pairs with the Release
            // in `apply`.
            let word = ZoneWord::from_bits(zone.load(Acquire));
            let cell = word.cell();
            let Some(generation) = cell.generation() else {
                answer.clear(None);
                return Ok(());
            };
            self.records.copy(number, cell, answer.fill(generation, cell.words()));
            // Acquire: if any word we copied belongs to a later plan, the second look must see that ours is not served any
            // more. Pairs with the fence in `take_back`.
            fence(Acquire);
            // Relaxed: the fence above orders it behind the copy.
            let again = ZoneWord::from_bits(zone.load(Relaxed));
            if again.cell() == cell {
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
        for zone in &self.zone {
            zone.fetch_or(PAUSED, Relaxed);
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
        for zone in &self.zone {
            zone.fetch_and(!PAUSED, Relaxed);
        }
        for slot in &self.plans {
            slot.fetch_and(!PAUSED, Relaxed);
        }
    }

    fn repair(&self, plan: Arc<Plan>) -> Result<Repair, PublishError> {
        self.publish_as(Authority::Operator, &plan)?;
        let mut repair = Repair::default();
        for endpoint in self.names.endpoints() {
            match self.apply(Authority::Operator, endpoint, plan.generation()) {
                ApplyOutcome::Applied { .. } => repair.applied += 1,
                _ => repair.overtaken += 1,
            }
        }
        Ok(repair)
    }
}
