//! [`Unguarded`]: the store of the outage, faithfully. **Wrong on purpose.**
//!
//! Every single operation is properly locked, and every single check is right at the moment when it is made. What is
//! missing is that nothing checks at the moment of the *write*:
//!
//! - `apply_plan` overwrites whatever the endpoint serves, older or newer (INCIDENT 4, 8): the only freshness check is the
//!   Enactor's, at the start of its run.
//! - `delete_stale_plans` deletes by age, not by reachability (INCIDENT 7, 9).
//! - An endpoint whose plan was deleted gives an empty answer, and `apply_plan` wants that plan for its rollback pointer,
//!   so no Enactor can ever apply anything there again (INCIDENT 10, 12).
//! - `pause` is a flag that is looked at when an operation begins.
//!
//! What the sources leave open, and what we picked: a plan that is already deleted is refused by `apply_plan` (the race
//! needs no such help); clean-up holds the plans' lock for its whole length (so it is more atomic than the real one was);
//! an Enactor that finds the endpoint locked is told so and tries again.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;
use tracing::{debug, info};

use crate::{
    generation::Generation,
    plan::{Answer, Endpoint, Plan},
    store::{ApplyOutcome, CleanUp, EnactorId, PlanStore, PublishError, Repair, UnknownEndpoint},
    sync::{
        Arc, Mutex, TryLock,
        atomic::{AtomicBool, AtomicU64, Ordering::Acquire, Ordering::Release},
    },
};

/// The store of the outage: blind writes, clean-up by age. Any number of plans.
pub struct Unguarded {
    /// As a database has them: each look and each change is one step, and nobody goes away within one.
    plans: Mutex<BTreeMap<Generation, Arc<Plan>>>,
    zone: HashMap<Endpoint, Record, FixedState>,
    paused: AtomicBool,
}

/// One endpoint in the zone.
struct Record {
    /// Held for one transaction; protects nothing but the rollback pointer.
    transaction: TryLock<Rollback>,
    /// The generation that the endpoint serves. Clients read it without the lock.
    active: AtomicU64,
}

/// The plan that an operator would go back to.
type Rollback = Option<Generation>;

impl Unguarded {
    /// A store for these endpoints, with nothing published.
    pub fn new(endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        let record = || Record { transaction: TryLock::new(None), active: AtomicU64::new(Generation::pack(None)) };
        Self {
            plans: Mutex::new(BTreeMap::new()),
            zone: endpoints.into_iter().map(|endpoint| (endpoint, record())).collect(),
            paused: AtomicBool::new(false),
        }
    }

    /// The plan before the active one, as an operator would see it.
    pub fn rollback(&self, endpoint: &Endpoint) -> Option<Generation> {
        *self.zone.get(endpoint)?.transaction.try_lock()?
    }

    fn is_paused(&self) -> bool {
        // Acquire: pairs with the Release in `pause` and `resume`, as a switch should. It does not help: what was begun
        // before the pause ends after it.
        self.paused.load(Acquire)
    }

    /// Whether the plan has a record set for exactly the store's endpoints.
    fn check_whole(&self, plan: &Plan) -> Result<(), PublishError> {
        if let Some((endpoint, _)) = plan.records().find(|(endpoint, _)| !self.zone.contains_key(*endpoint)) {
            return Err(PublishError::UnknownEndpoint(endpoint.clone()));
        }
        if let Some(endpoint) = self.zone.keys().find(|endpoint| plan.get(endpoint).is_none()) {
            return Err(PublishError::MissingEndpoint(endpoint.clone()));
        }
        Ok(())
    }

    fn insert(&self, plan: Arc<Plan>) -> Result<(), PublishError> {
        self.plans.in_one_step(|plans| {
            let offered = plan.generation();
            if let Some((&newest, _)) = plans.last_key_value()
                && newest >= offered
            {
                return Err(PublishError::NotNewer { offered, newest });
            }
            plans.insert(offered, plan);
            info!(change = "publish", generation = %offered, "publishes plan {offered}");
            Ok(())
        })
    }

    /// Points the endpoint at a plan, blindly.
    fn write(
        &self,
        record: &Record,
        rollback: &mut Rollback,
        endpoint: &Endpoint,
        generation: Generation,
    ) -> ApplyOutcome {
        *rollback = record.active();
        let outcome = ApplyOutcome::Applied { replaced: *rollback };
        // Release: pairs with the Acquire in `active`, so that a client that sees the generation finds its plan published.
        record.active.store(Generation::pack(Some(generation)), Release);
        debug!(change = "apply", %endpoint, %generation, ?outcome, "applies plan {generation} to {endpoint}");
        outcome
    }
}

impl Record {
    fn active(&self) -> Option<Generation> {
        // Acquire: pairs with the Release in `write`.
        Generation::unpack(self.active.load(Acquire))
    }
}

impl PlanStore for Unguarded {
    type Run<'store> = ();

    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.zone.keys()
    }

    fn publish(&self, plan: Arc<Plan>) -> Result<(), PublishError> {
        if self.is_paused() {
            return Err(PublishError::Paused);
        }
        self.check_whole(&plan)?;
        self.insert(plan)
    }

    fn latest(&self) -> Option<Generation> {
        self.plans.in_one_step(|plans| plans.last_key_value().map(|(&generation, _)| generation))
    }

    fn applied(&self, endpoint: &Endpoint) -> Option<Generation> {
        self.zone.get(endpoint)?.active()
    }

    fn begin_run(&self, _enactor: EnactorId, _generation: Generation) {}

    fn apply_plan(&self, _run: &mut (), endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        if self.is_paused() {
            return ApplyOutcome::Paused;
        }
        let Some(record) = self.zone.get(endpoint) else { return ApplyOutcome::UnknownEndpoint };
        let Some(mut rollback) = record.transaction.try_lock() else { return ApplyOutcome::Busy };
        let replaced = record.active();
        let (is_wedged, is_there) = self.plans.in_one_step(|plans| {
            (replaced.is_some_and(|active| !plans.contains_key(&active)), plans.contains_key(&generation))
        });
        if is_wedged {
            return ApplyOutcome::Wedged;
        }
        if !is_there {
            return ApplyOutcome::Deleted;
        }
        self.write(record, &mut rollback, endpoint, generation)
    }

    fn delete_stale_plans(&self, _run: &mut (), before: Generation) -> CleanUp {
        if self.is_paused() {
            return CleanUp { paused: true, ..CleanUp::default() };
        }
        self.plans.in_one_step(|plans| {
            let kept = plans.split_off(&before);
            let deleted: Vec<Generation> = std::mem::replace(plans, kept).into_keys().collect();
            for generation in &deleted {
                info!(change = "delete", %generation, "deletes plan {generation}");
            }
            CleanUp { deleted, ..CleanUp::default() }
        })
    }

    fn resolve_into(&self, endpoint: &Endpoint, answer: &mut Answer) -> Result<(), UnknownEndpoint> {
        let Some(record) = self.zone.get(endpoint) else {
            answer.clear(None);
            return Err(UnknownEndpoint(endpoint.clone()));
        };
        let active = record.active();
        answer.clear(active);
        let Some(generation) = active else { return Ok(()) };
        let plan = self.plans.in_one_step(|plans| plans.get(&generation).cloned());
        if let Some(records) = plan.as_ref().and_then(|plan| plan.get(endpoint)) {
            answer.fill(generation, records.words().len()).copy_from_slice(records.words());
        }
        Ok(())
    }

    fn stored(&self) -> Vec<Generation> {
        self.plans.in_one_step(|plans| plans.keys().copied().collect())
    }

    fn pause(&self) {
        // Release, here and in `resume`: pairs with the Acquire in `is_paused`.
        self.paused.store(true, Release);
        info!(change = "pause", "pauses the automation");
    }

    fn resume(&self) {
        info!(change = "resume", "resumes the automation");
        // Release: as in `pause`.
        self.paused.store(false, Release);
    }

    fn repair(&self, plan: Arc<Plan>) -> Result<Repair, PublishError> {
        self.check_whole(&plan)?;
        let generation = plan.generation();
        self.insert(plan)?;
        let mut repair = Repair::default();
        for (endpoint, record) in &self.zone {
            // By hand: no look at what is there, so a wedge does not matter. An endpoint that an Enactor holds is left to it.
            match record.transaction.try_lock() {
                Some(mut rollback) => {
                    self.write(record, &mut rollback, endpoint, generation);
                    repair.applied += 1;
                }
                None => repair.overtaken += 1,
            }
        }
        Ok(repair)
    }
}
