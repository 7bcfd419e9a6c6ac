//! [`Subject`]: a store under verification, and what a scenario must be able to ask of it.

use enactor::{
    generation::Generation,
    plan::Endpoint,
    store::{Guarded, PlanStore, Unguarded},
};
use enactor_zoo::{Fixed, fix::Fix};

/// A store that scenarios can be played on.
pub trait Subject: PlanStore {
    /// The name in reports and filters.
    const NAME: &'static str;

    /// A fresh store with room for at least three plans.
    fn build(endpoints: &[Endpoint]) -> Self;

    /// The oldest generation that may still be applied to `endpoint`, for stores that withdraw plans.
    fn floor(&self, endpoint: &Endpoint) -> Option<Generation>;

    /// How much more is in use than the stored plans need, in any unit; none when the store does not account for it.
    fn leaked(&self) -> Option<usize>;
}

impl Subject for Unguarded {
    const NAME: &'static str = "unguarded";

    fn build(endpoints: &[Endpoint]) -> Self {
        Self::new(endpoints.iter().cloned())
    }

    fn floor(&self, _endpoint: &Endpoint) -> Option<Generation> {
        None
    }

    fn leaked(&self) -> Option<usize> {
        None
    }
}

impl Subject for Guarded<3> {
    const NAME: &'static str = "guarded";

    fn build(endpoints: &[Endpoint]) -> Self {
        Self::new(endpoints.iter().cloned()).expect("a model has a few endpoints")
    }

    fn floor(&self, endpoint: &Endpoint) -> Option<Generation> {
        Guarded::floor(self, endpoint)
    }

    fn leaked(&self) -> Option<usize> {
        let stored = self.stored().len();
        let usage = self.usage()?;
        Some(usage.plans.saturating_sub(stored) + usage.blocks.saturating_sub(stored * self.endpoints().count()))
    }
}

impl<F: Fix> Subject for Fixed<F> {
    const NAME: &'static str = F::NAME;

    fn build(endpoints: &[Endpoint]) -> Self {
        Self::new(endpoints.iter().cloned())
    }

    fn floor(&self, _endpoint: &Endpoint) -> Option<Generation> {
        None
    }

    fn leaked(&self) -> Option<usize> {
        None
    }
}
