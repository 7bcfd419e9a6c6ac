//! [`Observed`]: the store as one thread sees it, with every call written into the history.

use std::cell::Cell;

use enactor::{
    generation::Generation,
    plan::{Answer, Endpoint, Plan},
    store::{ApplyOutcome, CleanUp, EnactorId, PlanStore, PublishError, Repair, UnknownEndpoint},
    sync::Arc,
};
use tracing::debug;

use super::{Narrated, Stage, StopBefore};
use crate::history::Call;

/// One thread's view of the store on the stage.
pub(super) struct Observed {
    stage: Arc<Stage>,
    thread: usize,
    /// On the real leg: how many calls the thread still makes before it stops for ever.
    calls_left: std::sync::Mutex<Cell<Option<StopBefore>>>,
}

impl Observed {
    pub(super) fn new(stage: Arc<Stage>, thread: usize) -> Self {
        Self { stage, thread, calls_left: std::sync::Mutex::default() }
    }

    /// Adds a call that began at moment `began` and ends now.
    pub(super) fn note(&self, began: u32, call: Call) {
        self.stage.history.add(self.thread, began, call);
    }

    /// This thread stops for ever before its operation number `number`, from 0.
    pub(super) fn stop_before(&self, number: StopBefore) {
        #[cfg(loom)]
        enactor::sync::model::stop_after(number);
        #[cfg(not(loom))]
        self.calls_left.lock().expect("nobody panics with it").set(Some(number));
    }

    fn began(&self) -> u32 {
        let left = self.calls_left.lock().expect("nobody panics with it").get();
        match left {
            Some(0) => std::panic::panic_any(super::Stopped),
            Some(left) => self.calls_left.lock().expect("nobody panics with it").set(Some(left - 1)),
            None => {}
        }
        self.stage.history.moment()
    }

    fn number(&self, endpoint: &Endpoint) -> usize {
        self.stage.props.number(endpoint)
    }
}

impl PlanStore for Observed {
    type Run<'store> = <Narrated as PlanStore>::Run<'store>;

    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.stage.store.endpoints()
    }

    fn publish(&self, plan: Arc<Plan>) -> Result<(), PublishError> {
        let (began, generation) = (self.began(), plan.generation());
        let result = self.stage.store.publish(plan);
        self.note(began, Call::Publish(generation, result.clone()));
        result
    }

    fn latest(&self) -> Option<Generation> {
        let began = self.began();
        let latest = self.stage.store.latest();
        if let Some(latest) = latest {
            debug!(by_caller = true, "picks up plan {latest}");
        }
        self.note(began, Call::Latest(latest));
        latest
    }

    fn applied(&self, endpoint: &Endpoint) -> Option<Generation> {
        let began = self.began();
        let applied = self.stage.store.applied(endpoint);
        self.note(began, Call::Applied(self.number(endpoint), applied));
        applied
    }

    fn begin_run(&self, enactor: EnactorId, generation: Generation) -> Self::Run<'_> {
        self.stage.store.begin_run(enactor, generation)
    }

    fn apply_plan(&self, run: &mut Self::Run<'_>, endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        let began = self.began();
        let outcome = self.stage.store.apply_plan(run, endpoint, generation);
        self.note(began, Call::Apply(self.number(endpoint), generation, outcome));
        outcome
    }

    fn delete_stale_plans(&self, run: &mut Self::Run<'_>, before: Generation) -> CleanUp {
        let began = self.began();
        let clean_up = self.stage.store.delete_stale_plans(run, before);
        self.note(began, Call::CleanUp(before, clean_up.clone()));
        clean_up
    }

    fn resolve_into(&self, endpoint: &Endpoint, answer: &mut Answer) -> Result<(), UnknownEndpoint> {
        let began = self.began();
        self.stage.store.resolve_into(endpoint, answer)?;
        let seen = self.stage.props.judge(endpoint, answer);
        super::tell_answer("resolves", endpoint, answer, &seen);
        self.note(began, Call::Resolve(self.number(endpoint), seen));
        Ok(())
    }

    fn stored(&self) -> Vec<Generation> {
        self.stage.store.stored()
    }

    fn pause(&self) {
        let began = self.began();
        self.stage.store.pause();
        self.note(began, Call::Pause(self.stage.snapshot()));
    }

    fn resume(&self) {
        let began = self.began();
        self.stage.store.resume();
        self.note(began, Call::Resume);
    }

    fn repair(&self, plan: Arc<Plan>) -> Result<Repair, PublishError> {
        self.stage.store.repair(plan)
    }
}
