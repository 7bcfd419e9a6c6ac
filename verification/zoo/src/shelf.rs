//! [`Shelf`]: what all fixes have in common: the plans and the zone, in a database with transactions.
//!
//! One [`transaction`](Shelf::transaction) is one atomic step, whatever it reads and writes, also against an Enactor that
//! stops for ever. So a fix is told by its transactions: what is checked in the one that writes, and what in an earlier one.
//! [`Shelf::check`] and [`Shelf::look`] are such earlier ones.

use std::collections::{BTreeMap, BTreeSet};

use enactor::{
    generation::Generation,
    plan::{Answer, Endpoint, Plan},
    store::{ApplyOutcome, CleanUp, PublishError, Repair},
    sync::{Arc, Mutex},
};
use tracing::{debug, info};

/// A database for plans and zone, and for the `Rows` that a fix adds.
#[derive(Debug)]
pub struct Shelf<Rows = ()> {
    endpoints: Vec<Endpoint>,
    table: Mutex<Table<Rows>>,
}

/// What a transaction sees. Any number of plans.
#[derive(Debug)]
pub struct Table<Rows = ()> {
    plans: BTreeMap<Generation, Arc<Plan>>,
    zone: BTreeMap<Endpoint, Option<Generation>>,
    newest: Option<Generation>,
    paused: bool,
    /// What the fix keeps beside plans and zone.
    pub rows: Rows,
}

impl<Rows: Default> Shelf<Rows> {
    /// A shelf for these endpoints, with nothing published.
    pub fn new(endpoints: Vec<Endpoint>) -> Self {
        let zone = endpoints.iter().map(|endpoint| (endpoint.clone(), None)).collect();
        let table = Table { plans: BTreeMap::new(), zone, newest: None, paused: false, rows: Rows::default() };
        Self { endpoints, table: Mutex::new(table) }
    }

    /// One atomic step: whoever goes away does so before it or after it.
    pub fn transaction<T>(&self, step: impl FnOnce(&mut Table<Rows>) -> T) -> T {
        self.table.in_one_step(step)
    }

    /// The endpoints, in the order in which they were given.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The endpoint's place among them.
    pub fn number(&self, endpoint: &Endpoint) -> Option<usize> {
        self.endpoints.iter().position(|known| known == endpoint)
    }

    /// A step that only checks: why the plan cannot be applied, as things are at this moment.
    pub fn check(&self, endpoint: &Endpoint, generation: Generation) -> Option<ApplyOutcome> {
        let refused = self.transaction(|table| table.refuses(endpoint, generation));
        if refused.is_none() {
            debug!(%endpoint, %generation, "checks: plan {generation} is newer than what {endpoint} serves");
        }
        refused
    }

    /// A step that only looks: which plans are served at this moment.
    pub fn look(&self) -> BTreeSet<Generation> {
        let served = self.transaction(|table| table.served());
        let plans: Vec<String> = served.iter().map(|generation| format!("plan {generation}")).collect();
        debug!("looks: in use is {}", plans.join(" and "));
        served
    }
}

impl<Rows> Table<Rows> {
    /// The generation that `endpoint` serves.
    pub fn applied(&self, endpoint: &Endpoint) -> Option<Generation> {
        *self.zone.get(endpoint)?
    }

    /// The generations that endpoints serve.
    pub fn served(&self) -> BTreeSet<Generation> {
        self.zone.values().copied().flatten().collect()
    }

    /// The newest generation that was ever published.
    pub fn newest(&self) -> Option<Generation> {
        self.newest
    }

    /// The plans that are not deleted, oldest first.
    pub fn stored(&self) -> impl Iterator<Item = Generation> + '_ {
        self.plans.keys().copied()
    }

    /// Whether the operator has paused the automation.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// The operator's switch.
    pub fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Why the plan cannot be applied to the endpoint, being stale among other things.
    pub fn refuses(&self, endpoint: &Endpoint, generation: Generation) -> Option<ApplyOutcome> {
        self.cannot_go_on(endpoint, generation)
            .or_else(|| self.stale(endpoint, generation))
            .or_else(|| self.deleted(generation))
    }

    /// The same, but for being stale: a blind write.
    pub fn refuses_blindly(&self, endpoint: &Endpoint, generation: Generation) -> Option<ApplyOutcome> {
        self.cannot_go_on(endpoint, generation).or_else(|| self.deleted(generation))
    }

    fn cannot_go_on(&self, endpoint: &Endpoint, generation: Generation) -> Option<ApplyOutcome> {
        let Some(applied) = self.zone.get(endpoint) else { return Some(ApplyOutcome::UnknownEndpoint) };
        match applied {
            _ if self.paused => Some(ApplyOutcome::Paused),
            // The wedge of the incident: a write wants the plan that it replaces.
            Some(active) if !self.plans.contains_key(active) => Some(ApplyOutcome::Wedged),
            _ if self.newest < Some(generation) => Some(ApplyOutcome::Unpublished),
            _ => None,
        }
    }

    /// Whether the endpoint serves something as new already.
    pub fn stale(&self, endpoint: &Endpoint, generation: Generation) -> Option<ApplyOutcome> {
        let applied = self.applied(endpoint)?;
        (applied >= generation).then_some(ApplyOutcome::Stale { applied })
    }

    /// Whether the plan is gone.
    pub fn deleted(&self, generation: Generation) -> Option<ApplyOutcome> {
        (!self.plans.contains_key(&generation)).then_some(ApplyOutcome::Deleted)
    }

    /// Points the endpoint at the plan, whatever it serves and wherever the plan is.
    pub fn write(&mut self, endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        let replaced = self.zone.insert(endpoint.clone(), Some(generation)).flatten();
        let outcome = ApplyOutcome::Applied { replaced };
        debug!(change = "apply", %endpoint, %generation, ?outcome, "applies plan {generation} to {endpoint}");
        outcome
    }

    /// Deletes the plans older than `before`, but for those to `spare` and the newest one.
    pub fn delete(&mut self, before: Generation, spare: impl Fn(Generation) -> bool) -> CleanUp {
        if self.paused {
            return CleanUp { paused: true, ..CleanUp::default() };
        }
        self.delete_as_operator(before, spare)
    }

    /// As [`delete`](Self::delete), by the operator's right: also while paused.
    pub fn delete_as_operator(&mut self, before: Generation, spare: impl Fn(Generation) -> bool) -> CleanUp {
        let before = self.newest.map_or(before, |newest| before.min(newest));
        let stale: Vec<Generation> = self.plans.range(..before).map(|(&generation, _)| generation).collect();
        let (kept, deleted): (Vec<_>, Vec<_>) = stale.into_iter().partition(|&generation| spare(generation));
        for generation in &deleted {
            self.plans.remove(generation);
            info!(change = "delete", %generation, "deletes plan {generation}");
        }
        CleanUp { deleted, kept, paused: false }
    }

    /// Whether the plan is newer than everything published, and whole.
    ///
    /// # Errors
    /// [`PublishError`] when it is not.
    pub fn can_publish(&self, plan: &Plan) -> Result<(), PublishError> {
        if let Some((endpoint, _)) = plan.records().find(|(endpoint, _)| !self.zone.contains_key(*endpoint)) {
            return Err(PublishError::UnknownEndpoint(endpoint.clone()));
        }
        if let Some(endpoint) = self.zone.keys().find(|endpoint| plan.get(endpoint).is_none()) {
            return Err(PublishError::MissingEndpoint(endpoint.clone()));
        }
        let offered = plan.generation();
        if let Some(newest) = self.newest.filter(|&newest| newest >= offered) {
            return Err(PublishError::NotNewer { offered, newest });
        }
        Ok(())
    }

    /// Puts the plan on the shelf.
    ///
    /// # Errors
    /// [`PublishError`] when it [cannot](Table::can_publish) be published; nothing has changed.
    pub fn publish(&mut self, plan: Arc<Plan>) -> Result<(), PublishError> {
        self.can_publish(&plan)?;
        let offered = plan.generation();
        self.newest = Some(offered);
        self.plans.insert(offered, plan);
        info!(change = "publish", generation = %offered, "publishes plan {offered}");
        Ok(())
    }

    /// Publishes the plan and points every endpoint at it, by the operator's right.
    ///
    /// # Errors
    /// [`PublishError`] when it cannot be published; nothing has changed.
    pub fn repair(&mut self, plan: Arc<Plan>) -> Result<Repair, PublishError> {
        let generation = plan.generation();
        self.publish(plan)?;
        let endpoints: Vec<Endpoint> = self.zone.keys().cloned().collect();
        for endpoint in &endpoints {
            self.write(endpoint, generation);
        }
        Ok(Repair { applied: endpoints.len(), overtaken: 0 })
    }

    /// What a client sees at the endpoint.
    pub fn resolve(&self, endpoint: &Endpoint, answer: &mut Answer) {
        let applied = self.applied(endpoint);
        answer.clear(applied);
        let Some(generation) = applied else { return };
        if let Some(records) = self.plans.get(&generation).and_then(|plan| plan.get(endpoint)) {
            answer.fill(generation, records.words().len()).copy_from_slice(records.words());
        }
    }
}
