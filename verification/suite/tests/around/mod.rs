//! [`Around`]: a store with something done before each apply-plan.

use std::sync::Arc;

use enactor::{
    generation::Generation,
    plan::{Answer, Endpoint, Plan},
    store::{ApplyOutcome, CleanUp, EnactorId, PlanStore, PublishError, Repair, UnknownEndpoint},
};

/// A store, and what is done before each of its apply-plans.
pub(crate) struct Around<S, F>(pub(crate) S, pub(crate) F);

impl<S: PlanStore, F: Fn(Generation) + Send + Sync + 'static> PlanStore for Around<S, F> {
    type Run<'store> = S::Run<'store>;
    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.0.endpoints()
    }
    fn publish(&self, plan: Arc<Plan>) -> Result<(), PublishError> {
        self.0.publish(plan)
    }
    fn latest(&self) -> Option<Generation> {
        self.0.latest()
    }
    fn applied(&self, endpoint: &Endpoint) -> Option<Generation> {
        self.0.applied(endpoint)
    }
    fn begin_run(&self, enactor: EnactorId, generation: Generation) -> Self::Run<'_> {
        self.0.begin_run(enactor, generation)
    }
    fn apply_plan(&self, run: &mut Self::Run<'_>, endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        (self.1)(generation);
        self.0.apply_plan(run, endpoint, generation)
    }
    fn delete_stale_plans(&self, run: &mut Self::Run<'_>, before: Generation) -> CleanUp {
        self.0.delete_stale_plans(run, before)
    }
    fn resolve_into(&self, at: &Endpoint, answer: &mut Answer) -> Result<(), UnknownEndpoint> {
        self.0.resolve_into(at, answer)
    }
    fn stored(&self) -> Vec<Generation> {
        self.0.stored()
    }
    fn pause(&self) {
        self.0.pause();
    }
    fn resume(&self) {
        self.0.resume();
    }
    fn repair(&self, plan: Arc<Plan>) -> Result<Repair, PublishError> {
        self.0.repair(plan)
    }
}
