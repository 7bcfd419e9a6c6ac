//! [`Enactor`]: picks up the latest plan, checks once that it is fresh, applies it endpoint by endpoint, cleans up.
//!
//! Faithful to the incident, and the same for every store: between the one freshness check and the last write any time may
//! pass. What that does is up to the store's guards.

use std::{fmt, time::Duration};

use tracing::{debug, info, info_span, warn};

use crate::{
    generation::Generation,
    plan::Endpoint,
    store::{ApplyOutcome, CleanUp, EnactorId, PlanStore},
    sync::thread,
};

/// How often an Enactor tries an endpoint that another one is updating, and how long it waits in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Tries for each endpoint, at least 1. After the last one the endpoint is left to the next run.
    pub attempts: u32,
    /// The wait after the first try; it doubles after each further one.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 10, first_wait: Duration::from_micros(50), longest_wait: Duration::from_millis(50) }
    }
}

impl Retry {
    /// One try and no wait.
    pub const NEVER: Retry = Retry { attempts: 1, first_wait: Duration::ZERO, longest_wait: Duration::ZERO };

    fn wait_after(&self, attempt: u32) -> Duration {
        self.first_wait.saturating_mul(1 << attempt.min(20)).min(self.longest_wait)
    }
}

/// How an Enactor works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// **Retention**: how many generations behind the one just applied a plan may be kept. How many it was in the incident
    /// is open.
    pub retention: u32,
    /// What to do about an endpoint that another Enactor is updating.
    pub retry: Retry,
}

impl Default for Policy {
    fn default() -> Self {
        Self { retention: 3, retry: Retry::default() }
    }
}

/// One of the redundant workers, one for each availability zone.
#[derive(Debug, Clone, Copy)]
pub struct Enactor {
    id: EnactorId,
    policy: Policy,
}

/// How one run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunReport {
    /// Nothing is published yet.
    NothingPublished,
    /// The freshness check found the plan everywhere already.
    NotFresh(Generation),
    /// The run went through to the clean-up.
    Finished(Finished),
    /// The operator's pause ended the run.
    Paused(Generation),
    /// An endpoint's active plan is gone and nothing can be applied to it: an operator has to repair the zone.
    Wedged {
        /// The plan of this run.
        generation: Generation,
        /// The first endpoint that is wedged.
        endpoint: Endpoint,
    },
}

/// What a run that went through has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The plan of this run.
    pub generation: Generation,
    /// How many endpoints it pointed at that plan.
    pub applied: usize,
    /// How many it left, since they serve this plan or a newer one.
    pub overtaken: usize,
    /// How many it left, since the plan was deleted under its hands.
    pub deleted: usize,
    /// How many it left, since another Enactor was updating them at every try.
    pub busy: usize,
    /// What the clean-up did. None when the run got nowhere: only a run whose plan is everywhere cleans up.
    pub clean_up: Option<CleanUp>,
}

impl Enactor {
    /// Enactor number `id`.
    pub fn new(id: EnactorId, policy: Policy) -> Self {
        Self { id, policy }
    }

    /// Which Enactor this is.
    pub fn id(&self) -> EnactorId {
        self.id
    }

    /// One run with the latest plan.
    pub fn run<S: PlanStore>(&self, store: &S) -> RunReport {
        match store.latest() {
            Some(generation) => self.run_with(store, generation),
            None => RunReport::NothingPublished,
        }
    }

    /// One run with plan `generation`, which this Enactor has picked up before.
    pub fn run_with<S: PlanStore>(&self, store: &S, generation: Generation) -> RunReport {
        let _span = info_span!("run", enactor = %self.id, %generation).entered();
        // The one freshness check (INCIDENT 3). Whatever it finds may be over by the first write.
        let fresh = store.endpoints().any(|endpoint| store.applied(endpoint) < Some(generation));
        if !fresh {
            debug!(%generation, "finds plan {generation} not newer than what is applied");
            return RunReport::NotFresh(generation);
        }
        debug!(%generation, "finds plan {generation} newer than what is applied");
        self.enact(store, generation)
    }

    fn enact<S: PlanStore>(&self, store: &S, generation: Generation) -> RunReport {
        let mut run = store.begin_run(self.id, generation);
        let mut finished = Finished { generation, applied: 0, overtaken: 0, deleted: 0, busy: 0, clean_up: None };
        for endpoint in store.endpoints() {
            let outcome = self.apply(store, &mut run, endpoint, generation);
            match outcome {
                ApplyOutcome::Applied { .. } => finished.applied += 1,
                ApplyOutcome::Stale { applied } => {
                    debug!(
                        refused = "stale", %endpoint, %generation, ?outcome,
                        "leaves {endpoint} alone: it serves plan {applied}"
                    );
                    finished.overtaken += 1;
                }
                ApplyOutcome::Deleted | ApplyOutcome::Unpublished | ApplyOutcome::UnknownEndpoint => {
                    debug!(
                        refused = "gone", %endpoint, %generation, ?outcome,
                        "cannot apply plan {generation} to {endpoint}: {outcome}"
                    );
                    finished.deleted += 1;
                }
                ApplyOutcome::Busy => {
                    let why = "another Enactor is updating it";
                    debug!(
                        refused = "busy", %endpoint, %generation, ?outcome,
                        "leaves {endpoint} to the next run: {why}"
                    );
                    finished.busy += 1;
                }
                ApplyOutcome::Paused => {
                    info!(
                        refused = "paused", %endpoint, %generation, ?outcome,
                        "stops before {endpoint}: the automation is paused"
                    );
                    return RunReport::Paused(generation);
                }
                ApplyOutcome::Wedged => {
                    let why = format_args!("the active plan of {endpoint} is gone");
                    warn!(
                        refused = "wedged", %endpoint, %generation, ?outcome,
                        "cannot apply plan {generation}: {why}"
                    );
                    return RunReport::Wedged { generation, endpoint: endpoint.clone() };
                }
            }
        }
        if finished.busy == 0 && finished.deleted == 0 {
            finished.clean_up = Some(self.clean_up(store, &mut run, generation));
        }
        let Finished { applied, overtaken, deleted, busy, .. } = finished;
        info!(%generation, applied, overtaken, deleted, busy, "finishes the run with plan {generation}");
        RunReport::Finished(finished)
    }

    /// Applies to one endpoint, trying again while another Enactor is updating it (INCIDENT 5).
    fn apply<S: PlanStore>(
        &self,
        store: &S,
        run: &mut S::Run<'_>,
        endpoint: &Endpoint,
        generation: Generation,
    ) -> ApplyOutcome {
        for attempt in 1..self.policy.retry.attempts {
            match store.apply_plan(run, endpoint, generation) {
                outcome @ ApplyOutcome::Busy => {
                    debug!(%endpoint, %generation, ?outcome, "waits for {endpoint}: another Enactor is updating it");
                    thread::pause(self.policy.retry.wait_after(attempt - 1));
                }
                outcome => return outcome,
            }
        }
        store.apply_plan(run, endpoint, generation)
    }

    /// Deletes every plan older than the retention allows (INCIDENT 7).
    fn clean_up<S: PlanStore>(&self, store: &S, run: &mut S::Run<'_>, generation: Generation) -> CleanUp {
        let before = generation.back(self.policy.retention);
        debug!(%before, "cleans up plans older than {before}");
        store.delete_stale_plans(run, before)
    }
}

impl fmt::Display for Enactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Enactor {}", self.id)
    }
}
