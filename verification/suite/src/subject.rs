//! [`Subject`]: a store under verification, and what a scenario must be able to ask of it. [`Maker`]: the same as a value.

mod erased;

use std::{fmt, sync::Arc};

use enactor::{
    generation::Generation,
    plan::Endpoint,
    store::{Guarded, PlanStore, Unguarded},
};

pub(crate) use erased::{AnyRun, AnyStore, Stores};

/// A store that scenarios can be played on.
pub trait Subject: PlanStore {
    /// The name in reports and filters.
    const NAME: &'static str;

    /// The file with its source, below the repository's root, for the ordering audit; empty when there is none. A folder of
    /// submodules belongs to it.
    const SOURCE: &'static str = "";

    /// A fresh store with room for at least three plans.
    fn build(endpoints: &[Endpoint]) -> Self;

    /// The oldest generation that may still be applied to `endpoint`, for stores that withdraw plans.
    fn floor(&self, _endpoint: &Endpoint) -> Option<Generation> {
        None
    }

    /// How much more is in use than the stored plans need, in any unit; none when the store does not account for it.
    fn leaked(&self) -> Option<usize> {
        None
    }
}

type Build<S> = dyn Fn(&[Endpoint]) -> S + Send + Sync;
type Floor<S> = dyn Fn(&S, &Endpoint) -> Option<Generation> + Send + Sync;
type Leaked<S> = dyn Fn(&S) -> Option<usize> + Send + Sync;

/// How fresh stores are made, and what a scenario can ask of one beyond [`PlanStore`].
pub struct Maker<S> {
    build: Arc<Build<S>>,
    pub(crate) floor: Arc<Floor<S>>,
    pub(crate) leaked: Arc<Leaked<S>>,
}

impl<S> Maker<S> {
    /// Stores that `build` makes, with no word on floors and leaks.
    pub fn new(build: impl Fn(&[Endpoint]) -> S + Send + Sync + 'static) -> Self {
        Self { build: Arc::new(build), floor: Arc::new(|_, _| None), leaked: Arc::new(|_| None) }
    }
}

impl<S: Subject> Maker<S> {
    /// Stores as `S` makes them.
    pub fn of_subject() -> Self {
        Self { build: Arc::new(S::build), floor: Arc::new(S::floor), leaked: Arc::new(S::leaked) }
    }
}

impl<S> Clone for Maker<S> {
    fn clone(&self) -> Self {
        let (build, floor, leaked) = (Arc::clone(&self.build), Arc::clone(&self.floor), Arc::clone(&self.leaked));
        Self { build, floor, leaked }
    }
}

impl<S> fmt::Debug for Maker<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Maker<{}>", std::any::type_name::<S>())
    }
}

impl Subject for Unguarded {
    const NAME: &'static str = "unguarded";
    const SOURCE: &'static str = "src/store/unguarded.rs";

    fn build(endpoints: &[Endpoint]) -> Self {
        Self::new(endpoints.iter().cloned())
    }
}

impl Subject for Guarded<3> {
    const NAME: &'static str = "guarded";
    const SOURCE: &'static str = "src/store/guarded.rs";

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
