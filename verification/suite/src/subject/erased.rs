//! [`AnyStore`]: a store on the stage, whatever its type.
//!
//! A store's own code is compiled for its own type and costs what it costs its users. What is around it on the stage (the
//! roles, the Enactor, the engines) is compiled once: two dozen stores otherwise make that two dozen programs.

use std::sync::Arc;

use enactor::{
    generation::Generation,
    plan::{Answer, Endpoint, Plan},
    store::{ApplyOutcome, CleanUp, EnactorId, PlanStore, PublishError, Repair, UnknownEndpoint},
};

use super::Maker;

/// Makes a fresh store for each execution.
pub(crate) type Stores = Arc<dyn Fn(&[Endpoint]) -> Box<dyn AnyStore> + Send + Sync>;

/// One run on a store of any type; dropping it ends the run.
pub(crate) trait AnyRun {
    fn apply_plan(&mut self, endpoint: &Endpoint, generation: Generation) -> ApplyOutcome;
    fn delete_stale_plans(&mut self, before: Generation) -> CleanUp;
}

/// [`PlanStore`] for a `dyn`, with what a scenario may ask beyond it: [`Subject`](super::Subject)'s floors and leaks.
pub(crate) trait AnyStore: Send + Sync {
    fn endpoints(&self) -> Vec<&Endpoint>;
    fn publish(&self, plan: Arc<Plan>) -> Result<(), PublishError>;
    fn latest(&self) -> Option<Generation>;
    fn applied(&self, endpoint: &Endpoint) -> Option<Generation>;
    fn begin_run(&self, enactor: EnactorId, generation: Generation) -> Box<dyn AnyRun + '_>;
    fn resolve_into(&self, endpoint: &Endpoint, answer: &mut Answer) -> Result<(), UnknownEndpoint>;
    fn stored(&self) -> Vec<Generation>;
    fn pause(&self);
    fn resume(&self);
    fn repair(&self, plan: Arc<Plan>) -> Result<Repair, PublishError>;
    fn floor(&self, endpoint: &Endpoint) -> Option<Generation>;
    fn leaked(&self) -> Option<usize>;
}

struct Made<S> {
    store: S,
    maker: Maker<S>,
}

struct RunOn<'store, S: PlanStore> {
    store: &'store S,
    run: S::Run<'store>,
}

impl<S: PlanStore> Maker<S> {
    /// These stores, whatever their type.
    pub(crate) fn stores(&self) -> Stores {
        let maker = self.clone();
        Arc::new(move |endpoints| Box::new(Made { store: (maker.build)(endpoints), maker: maker.clone() }))
    }
}

impl<S: PlanStore> AnyRun for RunOn<'_, S> {
    fn apply_plan(&mut self, endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        self.store.apply_plan(&mut self.run, endpoint, generation)
    }

    fn delete_stale_plans(&mut self, before: Generation) -> CleanUp {
        self.store.delete_stale_plans(&mut self.run, before)
    }
}

impl<S: PlanStore> AnyStore for Made<S> {
    fn endpoints(&self) -> Vec<&Endpoint> {
        self.store.endpoints().collect()
    }

    fn publish(&self, plan: Arc<Plan>) -> Result<(), PublishError> {
        self.store.publish(plan)
    }

    fn latest(&self) -> Option<Generation> {
        self.store.latest()
    }

    fn applied(&self, endpoint: &Endpoint) -> Option<Generation> {
        self.store.applied(endpoint)
    }

    fn begin_run(&self, enactor: EnactorId, generation: Generation) -> Box<dyn AnyRun + '_> {
        Box::new(RunOn { store: &self.store, run: self.store.begin_run(enactor, generation) })
    }

    fn resolve_into(&self, endpoint: &Endpoint, answer: &mut Answer) -> Result<(), UnknownEndpoint> {
        self.store.resolve_into(endpoint, answer)
    }

    fn stored(&self) -> Vec<Generation> {
        self.store.stored()
    }

    fn pause(&self) {
        self.store.pause();
    }

    fn resume(&self) {
        self.store.resume();
    }

    fn repair(&self, plan: Arc<Plan>) -> Result<Repair, PublishError> {
        self.store.repair(plan)
    }

    fn floor(&self, endpoint: &Endpoint) -> Option<Generation> {
        (self.maker.floor)(&self.store, endpoint)
    }

    fn leaked(&self) -> Option<usize> {
        (self.maker.leaked)(&self.store)
    }
}
