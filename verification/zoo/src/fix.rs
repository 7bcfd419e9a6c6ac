//! [`Fix`]: what one fix does differently from the store of the outage, and [`Fixed`], the store that comes of it.

use enactor::{
    generation::Generation,
    plan::{Answer, Endpoint, Plan},
    store::{ApplyOutcome, CleanUp, EnactorId, PlanStore, PublishError, Repair, UnknownEndpoint},
    sync::Arc,
};
use tracing::info;

use crate::shelf::Shelf;

/// A fix. What it does not say is as in the outage: blind writes, clean-up by age.
pub trait Fix: Default + Send + Sync + 'static {
    /// The name in reports and filters: that of its file.
    const NAME: &'static str;

    /// What it keeps in the database beside plans and zone.
    type Rows: Default + Send + 'static;

    /// What an Enactor holds for the length of one run.
    type Run<'store>
    where
        Self: 'store;

    /// The fix for so many endpoints.
    fn build(_endpoints: usize) -> Self {
        Self::default()
    }

    /// Begins an Enactor's run.
    fn begin_run<'store>(&'store self, shelf: &'store Shelf<Self::Rows>) -> Self::Run<'store>;

    /// apply-plan.
    fn apply(
        &self,
        shelf: &Shelf<Self::Rows>,
        _run: &mut Self::Run<'_>,
        endpoint: &Endpoint,
        generation: Generation,
    ) -> ApplyOutcome {
        shelf.transaction(|table| {
            table.refuses_blindly(endpoint, generation).unwrap_or_else(|| table.write(endpoint, generation))
        })
    }

    /// delete-stale-plan, for all that are older than `before`.
    fn clean_up(&self, shelf: &Shelf<Self::Rows>, _run: &mut Self::Run<'_>, before: Generation) -> CleanUp {
        shelf.transaction(|table| table.delete(before, |_| false))
    }

    /// publish.
    ///
    /// # Errors
    /// [`PublishError`]; the store is as it was.
    fn publish(&self, shelf: &Shelf<Self::Rows>, plan: Arc<Plan>) -> Result<(), PublishError> {
        shelf.transaction(|table| if table.is_paused() { Err(PublishError::Paused) } else { table.publish(plan) })
    }

    /// What a client sees.
    fn resolve(&self, shelf: &Shelf<Self::Rows>, endpoint: &Endpoint, answer: &mut Answer) {
        shelf.transaction(|table| table.resolve(endpoint, answer));
    }

    /// The operator's pause.
    fn pause(&self, shelf: &Shelf<Self::Rows>) {
        shelf.transaction(|table| table.set_paused(true));
    }

    /// The operator's repair.
    ///
    /// # Errors
    /// [`PublishError`]; the store is as it was.
    fn repair(&self, shelf: &Shelf<Self::Rows>, plan: Arc<Plan>) -> Result<Repair, PublishError> {
        shelf.transaction(|table| table.repair(plan))
    }
}

/// The store of the outage with the fix `F`.
pub struct Fixed<F: Fix> {
    shelf: Shelf<F::Rows>,
    fix: F,
}

impl<F: Fix> Fixed<F> {
    /// A store for these endpoints, with nothing published.
    pub fn new(endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        let shelf = Shelf::new(endpoints.into_iter().collect());
        let fix = F::build(shelf.endpoints().len());
        Self { shelf, fix }
    }
}

impl<F: Fix> PlanStore for Fixed<F> {
    type Run<'store> = F::Run<'store>;

    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.shelf.endpoints().iter()
    }

    fn publish(&self, plan: Arc<Plan>) -> Result<(), PublishError> {
        self.fix.publish(&self.shelf, plan)
    }

    fn latest(&self) -> Option<Generation> {
        self.shelf.transaction(|table| table.newest())
    }

    fn applied(&self, endpoint: &Endpoint) -> Option<Generation> {
        self.shelf.transaction(|table| table.applied(endpoint))
    }

    fn begin_run(&self, _enactor: EnactorId, _generation: Generation) -> F::Run<'_> {
        self.fix.begin_run(&self.shelf)
    }

    fn apply_plan(&self, run: &mut F::Run<'_>, endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        self.fix.apply(&self.shelf, run, endpoint, generation)
    }

    fn delete_stale_plans(&self, run: &mut F::Run<'_>, before: Generation) -> CleanUp {
        self.fix.clean_up(&self.shelf, run, before)
    }

    fn resolve_into(&self, endpoint: &Endpoint, answer: &mut Answer) -> Result<(), UnknownEndpoint> {
        if self.shelf.number(endpoint).is_none() {
            answer.clear(None);
            return Err(UnknownEndpoint(endpoint.clone()));
        }
        self.fix.resolve(&self.shelf, endpoint, answer);
        Ok(())
    }

    fn stored(&self) -> Vec<Generation> {
        self.shelf.transaction(|table| table.stored().collect())
    }

    fn pause(&self) {
        self.fix.pause(&self.shelf);
        info!(change = "pause", "pauses the automation");
    }

    fn resume(&self) {
        info!(change = "resume", "resumes the automation");
        self.shelf.transaction(|table| table.set_paused(false));
    }

    fn repair(&self, plan: Arc<Plan>) -> Result<Repair, PublishError> {
        self.fix.repair(&self.shelf, plan)
    }
}

/// A fix whose runs hold nothing and which keeps no rows.
macro_rules! holds_nothing {
    () => {
        type Rows = ();
        type Run<'store> = ();

        fn begin_run(&self, _shelf: &$crate::shelf::Shelf) {}
    };
}
pub(crate) use holds_nothing;
