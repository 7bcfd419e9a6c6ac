//! [`Operator`]: the human with the switch. Pauses and resumes all automation, and repairs a zone.

use tracing::{info, warn};

use crate::{
    plan::Plan,
    store::{PlanStore, PublishError, Repair},
    sync::Arc,
};

/// The operator's console for one store.
#[derive(Debug)]
pub struct Operator<'store, S> {
    store: &'store S,
}

/// Why a repair was not made, or not whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {
    /// The plan could not be published.
    #[error("the repair changed nothing: {0}")]
    Publish(#[from] PublishError),
    /// Some endpoints give an empty answer still.
    #[error("{empty} endpoints give an empty answer after the repair: repair again with a newer plan")]
    StillEmpty {
        /// How many.
        empty: usize,
    },
}

impl<'store, S: PlanStore> Operator<'store, S> {
    /// A console for `store`.
    pub fn new(store: &'store S) -> Self {
        Self { store }
    }

    /// Stops all automation: Planner, Enactors and clean-up, wherever they are. What this promises is up to the store; on
    /// [`Guarded`](crate::store::Guarded) nothing changes after it returns, until [`Operator::resume`].
    pub fn pause(&self) {
        self.store.pause();
    }

    /// Lets the automation go on.
    pub fn resume(&self) {
        self.store.resume();
    }

    /// Publishes `plan`, newer than everything published, and applies it everywhere, then looks at every endpoint as a
    /// client would. Works while paused; safe against running Enactors as far as the store is.
    ///
    /// # Errors
    /// [`RepairError`] when the plan could not be published, or an endpoint still gives an empty answer.
    pub fn repair(&self, plan: Arc<Plan>) -> Result<Repair, RepairError> {
        let generation = plan.generation();
        let repair = self.store.repair(plan)?;
        let is_empty = |endpoint: &&_| self.store.resolve(endpoint).is_ok_and(|answer| answer.is_empty());
        match self.store.endpoints().filter(is_empty).count() {
            0 => {
                info!(%generation, "repairs the zone with plan {generation}");
                Ok(repair)
            }
            empty => {
                warn!(%generation, empty, "finds empty answers after the repair");
                Err(RepairError::StillEmpty { empty })
            }
        }
    }
}
