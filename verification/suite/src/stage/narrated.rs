//! [`Narrated`]: the store on the stage, whose callers tell what a call has changed.
//!
//! Our own stores tell each change where it is made, which is where a timeline wants it. A store that tells nothing still
//! gets a timeline: by what its calls return, after they have. A timeline leaves out what the store has told already.

use enactor::{
    generation::Generation,
    plan::{Answer, Endpoint, Plan},
    store::{ApplyOutcome, CleanUp, EnactorId, PlanStore, PublishError, Repair, UnknownEndpoint},
    sync::Arc,
};
use tracing::debug;

use crate::subject::{AnyRun, AnyStore};

/// A store, and what its calls have changed as events.
pub(super) struct Narrated(pub(super) Box<dyn AnyStore>);

fn tell_publish(generation: Generation) {
    debug!(by_caller = true, change = "publish", %generation, "publishes plan {generation}");
}

fn tell_apply(endpoint: &Endpoint, generation: Generation) {
    debug!(by_caller = true, change = "apply", %endpoint, %generation, "applies plan {generation} to {endpoint}");
}

impl PlanStore for Narrated {
    type Run<'store> = Box<dyn AnyRun + 'store>;

    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.0.endpoints().into_iter()
    }

    fn publish(&self, plan: Arc<Plan>) -> Result<(), PublishError> {
        let generation = plan.generation();
        let result = self.0.publish(plan);
        match &result {
            Ok(()) => tell_publish(generation),
            Err(error) => debug!(refused = "publish", %generation, "cannot publish plan {generation}: {error}"),
        }
        result
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
        let outcome = run.apply_plan(endpoint, generation);
        if matches!(outcome, ApplyOutcome::Applied { .. }) {
            tell_apply(endpoint, generation);
        }
        outcome
    }

    fn delete_stale_plans(&self, run: &mut Self::Run<'_>, before: Generation) -> CleanUp {
        let clean_up = run.delete_stale_plans(before);
        for generation in &clean_up.deleted {
            debug!(by_caller = true, change = "delete", %generation, "deletes plan {generation}");
        }
        clean_up
    }

    fn resolve_into(&self, endpoint: &Endpoint, answer: &mut Answer) -> Result<(), UnknownEndpoint> {
        self.0.resolve_into(endpoint, answer)
    }

    fn stored(&self) -> Vec<Generation> {
        self.0.stored()
    }

    fn pause(&self) {
        self.0.pause();
        debug!(by_caller = true, change = "pause", "pauses the automation");
    }

    fn resume(&self) {
        self.0.resume();
        debug!(by_caller = true, change = "resume", "resumes the automation");
    }

    fn repair(&self, plan: Arc<Plan>) -> Result<Repair, PublishError> {
        let generation = plan.generation();
        let result = self.0.repair(plan);
        match &result {
            Ok(repair) => {
                tell_publish(generation);
                // Which endpoints a partial repair has reached, nobody says: the look at the end does.
                if repair.overtaken == 0 {
                    self.endpoints().for_each(|endpoint| tell_apply(endpoint, generation));
                }
            }
            Err(error) => debug!(refused = "publish", %generation, "cannot publish plan {generation}: {error}"),
        }
        result
    }
}
