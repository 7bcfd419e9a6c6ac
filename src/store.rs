//! [`PlanStore`]: where plans are kept, and which of them each endpoint serves.
//!
//! # The contract
//!
//! | operation | one transaction | promise of [`Guarded`] |
//! |---|---|---|
//! | [`publish`](PlanStore::publish) | makes a plan available | refused unless newer than everything published, and whole |
//! | [`latest`](PlanStore::latest) | | the newest published generation |
//! | [`apply_plan`](PlanStore::apply_plan) | points one endpoint at a generation | never older over newer, never a deleted plan; a lost race is an [`ApplyOutcome`] |
//! | [`delete_stale_plans`](PlanStore::delete_stale_plans) | for each endpoint: withdraws what is older. For each plan: deletes it | only what is older *and* can never be reached again; says what it kept |
//! | [`resolve`](PlanStore::resolve) | what a client sees | after the first answer never empty, never torn, never going back in time for one reader |
//! | [`begin_run`](PlanStore::begin_run) | | nothing; stores with locks or leases keep them in the token |
//! | [`pause`](PlanStore::pause), [`resume`](PlanStore::resume) | | when `pause` has returned, nothing changes until `resume`, not even by an Enactor that was in the middle of an operation |
//! | [`repair`](PlanStore::repair) | publishes a plan and applies it everywhere | also while paused, and against running Enactors: no endpoint is left on an older plan |
//!
//! Clean-up is deliberately *not* one transaction over all endpoints: it withdraws endpoint by endpoint, as apply-plan
//! writes endpoint by endpoint. A plan that a running clean-up has withdrawn from one endpoint may still be applied to the
//! next one for a moment; then the clean-up sees it there and keeps it.
//!
//! Every change is an event, told where it is made: `change` is `publish`, `apply`, `delete`, `pause` or `resume`, with the
//! `generation` and the `endpoint` that it is about. A replay shows the zone and the plans after each step by them.
//!
//! One [`Enactor`](crate::enactor::Enactor) serves every store. What differs between the outage and its fixes is the store.

mod guarded;
// Loom's atomics exist only inside a model.
#[cfg(all(test, not(loom)))]
mod tests;
mod unguarded;

pub use guarded::{Guarded, GuardedError, Usage};
pub use unguarded::Unguarded;

use std::fmt;

use crate::{
    generation::Generation,
    plan::{Answer, Endpoint, Plan},
    sync::Arc,
};

/// Which Enactor runs: 1, 2, 3, … one for each availability zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EnactorId(pub u32);

impl fmt::Display for EnactorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where plans are kept, and which of them each endpoint serves. See the [module](self) for the contract.
pub trait PlanStore: Send + Sync + 'static {
    /// What an Enactor holds for the length of one run; dropping it ends the run.
    type Run<'store>
    where
        Self: 'store;

    /// The endpoints that this store serves: the same ones, in the same order, for as long as it lives.
    fn endpoints(&self) -> impl Iterator<Item = &Endpoint>;

    /// Makes `plan` available to the Enactors.
    ///
    /// # Errors
    /// [`PublishError`]; the store is as it was.
    fn publish(&self, plan: Arc<Plan>) -> Result<(), PublishError>;

    /// The newest published generation.
    fn latest(&self) -> Option<Generation>;

    /// The generation that `endpoint` serves; none before the first one, or when the endpoint is unknown.
    fn applied(&self, endpoint: &Endpoint) -> Option<Generation>;

    /// Begins `enactor`'s run with plan `generation`.
    fn begin_run(&self, enactor: EnactorId, generation: Generation) -> Self::Run<'_>;

    /// Points `endpoint` at plan `generation`.
    fn apply_plan(&self, run: &mut Self::Run<'_>, endpoint: &Endpoint, generation: Generation) -> ApplyOutcome;

    /// Deletes the plans older than `before`, as far as the store's guards let it.
    fn delete_stale_plans(&self, run: &mut Self::Run<'_>, before: Generation) -> CleanUp;

    /// Puts into `answer` what a client sees at `endpoint`; it is left empty when there is nothing.
    ///
    /// # Errors
    /// [`UnknownEndpoint`] when the store does not serve `endpoint`.
    fn resolve_into(&self, endpoint: &Endpoint, answer: &mut Answer) -> Result<(), UnknownEndpoint>;

    /// What a client sees at `endpoint`.
    ///
    /// # Errors
    /// [`UnknownEndpoint`] when the store does not serve `endpoint`.
    fn resolve(&self, endpoint: &Endpoint) -> Result<Answer, UnknownEndpoint> {
        let mut answer = Answer::EMPTY;
        self.resolve_into(endpoint, &mut answer)?;
        Ok(answer)
    }

    /// The published plans that are not deleted, oldest first.
    fn stored(&self) -> Vec<Generation>;

    /// Stops all automation. After this returns nothing changes until [`resume`](PlanStore::resume).
    fn pause(&self);

    /// Lets the automation go on.
    fn resume(&self);

    /// Publishes `plan` and applies it to every endpoint, by the operator's right: also while paused.
    ///
    /// # Errors
    /// [`PublishError`] when the plan cannot be published; the store is as it was.
    fn repair(&self, plan: Arc<Plan>) -> Result<Repair, PublishError>;
}

/// What became of one attempt to point one endpoint at a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApplyOutcome {
    /// The endpoint serves the plan now.
    Applied {
        /// What it served before.
        replaced: Option<Generation>,
    },
    /// The plan is not newer than what the endpoint serves. Nothing changed.
    Stale {
        /// What it serves.
        applied: Generation,
    },
    /// The plan is not stored any more, or a clean-up has withdrawn it from this endpoint. Nothing changed.
    Deleted,
    /// The plan is not published yet. Nothing changed.
    Unpublished,
    /// Another Enactor is updating this endpoint: try again. Nothing changed.
    Busy,
    /// The endpoint's active plan is gone and the store cannot go on from there: only an operator can. Nothing changed.
    Wedged,
    /// The operator has paused the automation. Nothing changed.
    Paused,
    /// The store does not serve this endpoint.
    UnknownEndpoint,
}

impl fmt::Display for ApplyOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Applied { replaced: Some(replaced) } => write!(f, "applied over plan {replaced}"),
            Self::Applied { replaced: None } => f.write_str("applied, the first one"),
            Self::Stale { applied } => write!(f, "it serves plan {applied}"),
            Self::Deleted => f.write_str("it is deleted"),
            Self::Unpublished => f.write_str("it is not published"),
            Self::Busy => f.write_str("another Enactor is updating the endpoint"),
            Self::Wedged => f.write_str("the endpoint's active plan is gone"),
            Self::Paused => f.write_str("the automation is paused"),
            Self::UnknownEndpoint => f.write_str("the store does not serve that endpoint"),
        }
    }
}

/// What one clean-up did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct CleanUp {
    /// The plans that it deleted.
    pub deleted: Vec<Generation>,
    /// The stale plans that it left, since an endpoint serves them.
    pub kept: Vec<Generation>,
    /// Whether the operator's pause ended it early.
    pub paused: bool,
}

/// What one repair did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Repair {
    /// How many endpoints now serve the repair's plan.
    pub applied: usize,
    /// How many it left, since they serve or only take a newer plan by now. A store that leaves an endpoint to the Enactor that
    /// is just updating it counts it here, too, and then its repair is not whole.
    pub overtaken: usize,
}

/// The store does not serve this endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this store does not serve {0}: a store's endpoints are fixed when it is built")]
pub struct UnknownEndpoint(pub Endpoint);

/// Why a plan was not published.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The plan is not newer than the newest published one.
    #[error("plan {offered} is not newer than plan {newest}: publish it again with generation {newest} + 1 or later")]
    NotNewer {
        /// The refused generation.
        offered: Generation,
        /// The newest published generation.
        newest: Generation,
    },
    /// The plan has no record set for an endpoint of the store.
    #[error("the plan has no record set for {0}: a plan covers every endpoint of its store")]
    MissingEndpoint(Endpoint),
    /// The plan has a record set for an endpoint that the store has not.
    #[error("the store does not serve {0}: build a store with this endpoint, or leave it out of the plan")]
    UnknownEndpoint(Endpoint),
    /// Another publish is under way, or a look at the memory in use.
    #[error("another publish is under way: read the newest generation and try again")]
    Busy,
    /// Every place for a plan is taken.
    #[error("no room: plans {stored:?} are stored; apply a newer one to the endpoints that lag, and clean up")]
    NoRoom {
        /// The stored plans, oldest first.
        stored: Vec<Generation>,
    },
    /// The operator has paused the automation.
    #[error("the automation is paused: the operator's resume lets plans through again")]
    Paused,
}
