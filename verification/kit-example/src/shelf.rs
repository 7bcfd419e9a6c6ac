//! [`Shelf`]: plans behind one lock; what each endpoint serves is read without it.

use std::collections::BTreeMap;

#[cfg(not(feature = "plain"))]
use enactor::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicU64, Ordering},
};
use enactor::{
    generation::Generation,
    plan::{Answer, Endpoint, Plan},
    store::{ApplyOutcome, CleanUp, EnactorId, PlanStore, PublishError, Repair, UnknownEndpoint},
};

#[cfg(feature = "plain")]
use crate::plain::{Arc, AtomicU64, Mutex, MutexGuard, Ordering};

/// A plan store with one lock for all writers. Any number of plans.
pub struct Shelf {
    endpoints: Vec<Endpoint>,
    /// Endpoint by endpoint: the generation that it serves, 0 before the first one.
    zone: Vec<AtomicU64>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    plans: BTreeMap<Generation, Arc<Plan>>,
    newest: Option<Generation>,
    /// What is older may not be applied any more.
    floor: Option<Generation>,
    paused: bool,
}

impl Shelf {
    /// A store for these endpoints, with nothing published.
    pub fn new(endpoints: &[Endpoint]) -> Self {
        let zone = endpoints.iter().map(|_| AtomicU64::new(0)).collect();
        Self { endpoints: endpoints.to_vec(), zone, inner: Mutex::new(Inner::default()) }
    }

    /// What is older than this may not be applied any more.
    pub fn floor(&self) -> Option<Generation> {
        self.inner.lock().floor
    }

    fn number(&self, endpoint: &Endpoint) -> Option<usize> {
        self.endpoints.iter().position(|known| known == endpoint)
    }

    fn served(&self, number: usize) -> Option<Generation> {
        // Relaxed: a number. Whoever looks for its plan takes the lock that whoever wrote it had.
        Generation::new(self.zone[number].load(Ordering::Relaxed)).ok()
    }

    fn serve(&self, number: usize, generation: Generation) {
        // Relaxed: as in `served`. (An audit found that Acquire and Release made no difference.)
        self.zone[number].store(generation.get().into(), Ordering::Relaxed);
    }

    /// Whether `generation` is newer than what is served, and the right to say so for as long as the guard lives.
    #[cfg(not(feature = "broken"))]
    fn is_fresh(&self, number: usize, generation: Generation) -> Result<MutexGuard<'_, Inner>, Generation> {
        let inner = self.inner.lock();
        self.served(number).filter(|applied| *applied >= generation).map_or(Ok(inner), Err)
    }

    /// The mistake: it looks before it locks, so another Enactor gets in between.
    #[cfg(feature = "broken")]
    fn is_fresh(&self, number: usize, generation: Generation) -> Result<MutexGuard<'_, Inner>, Generation> {
        let fresh = self.served(number).filter(|applied| *applied >= generation).map_or(Ok(()), Err);
        fresh.map(|()| self.inner.lock())
    }

    fn insert(&self, inner: &mut Inner, plan: Arc<Plan>) -> Result<(), PublishError> {
        let offered = plan.generation();
        if let Some(missing) = self.endpoints.iter().find(|endpoint| plan.get(endpoint).is_none()) {
            return Err(PublishError::MissingEndpoint(missing.clone()));
        }
        if let Some((unknown, _)) = plan.records().find(|(endpoint, _)| self.number(endpoint).is_none()) {
            return Err(PublishError::UnknownEndpoint(unknown.clone()));
        }
        if let Some(newest) = inner.newest.filter(|newest| *newest >= offered) {
            return Err(PublishError::NotNewer { offered, newest });
        }
        inner.newest = Some(offered);
        inner.plans.insert(offered, plan);
        Ok(())
    }
}

impl PlanStore for Shelf {
    type Run<'store> = ();

    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.iter()
    }

    fn publish(&self, plan: Arc<Plan>) -> Result<(), PublishError> {
        let mut inner = self.inner.lock();
        if inner.paused {
            return Err(PublishError::Paused);
        }
        self.insert(&mut inner, plan)
    }

    fn latest(&self) -> Option<Generation> {
        self.inner.lock().newest
    }

    fn applied(&self, endpoint: &Endpoint) -> Option<Generation> {
        self.served(self.number(endpoint)?)
    }

    fn begin_run(&self, _enactor: EnactorId, _generation: Generation) {}

    fn apply_plan(&self, _run: &mut (), endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        let Some(number) = self.number(endpoint) else { return ApplyOutcome::UnknownEndpoint };
        let inner = match self.is_fresh(number, generation) {
            Ok(inner) => inner,
            Err(applied) => return ApplyOutcome::Stale { applied },
        };
        if inner.paused {
            return ApplyOutcome::Paused;
        }
        if inner.newest < Some(generation) {
            return ApplyOutcome::Unpublished;
        }
        if inner.floor > Some(generation) || !inner.plans.contains_key(&generation) {
            return ApplyOutcome::Deleted;
        }
        let replaced = self.served(number);
        self.serve(number, generation);
        ApplyOutcome::Applied { replaced }
    }

    fn delete_stale_plans(&self, _run: &mut (), before: Generation) -> CleanUp {
        let mut inner = self.inner.lock();
        if inner.paused {
            return CleanUp { paused: true, ..CleanUp::default() };
        }
        let floor = inner.newest.map_or(before, |newest| newest.min(before));
        inner.floor = inner.floor.max(Some(floor));
        let stale: Vec<Generation> = inner.plans.range(..floor).map(|(generation, _)| *generation).collect();
        let served = |generation: &Generation| (0..self.zone.len()).any(|n| self.served(n) == Some(*generation));
        let (kept, deleted): (Vec<_>, Vec<_>) = stale.into_iter().partition(served);
        for generation in &deleted {
            inner.plans.remove(generation);
        }
        CleanUp { deleted, kept, paused: false }
    }

    fn resolve_into(&self, endpoint: &Endpoint, answer: &mut Answer) -> Result<(), UnknownEndpoint> {
        answer.clear(None);
        let Some(number) = self.number(endpoint) else { return Err(UnknownEndpoint(endpoint.clone())) };
        let inner = self.inner.lock();
        let Some(generation) = self.served(number) else { return Ok(()) };
        answer.clear(Some(generation));
        if let Some(records) = inner.plans.get(&generation).and_then(|plan| plan.get(endpoint)) {
            answer.fill(generation, records.words().len()).copy_from_slice(records.words());
        }
        Ok(())
    }

    fn stored(&self) -> Vec<Generation> {
        self.inner.lock().plans.keys().copied().collect()
    }

    fn pause(&self) {
        self.inner.lock().paused = true;
    }

    fn resume(&self) {
        self.inner.lock().paused = false;
    }

    fn repair(&self, plan: Arc<Plan>) -> Result<Repair, PublishError> {
        let mut inner = self.inner.lock();
        let generation = plan.generation();
        self.insert(&mut inner, plan)?;
        (0..self.zone.len()).for_each(|number| self.serve(number, generation));
        Ok(Repair { applied: self.zone.len(), overtaken: 0 })
    }
}
