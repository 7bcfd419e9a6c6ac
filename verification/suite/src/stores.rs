//! [`Store`]: a store under verification as the command line, budgets and tokens know it, and the list of them.

use std::{fmt, sync::Arc};

use enactor::store::{Guarded, Unguarded};

#[cfg(loom)]
use crate::{
    engine::explore::{self, NoSuchExecution, Replay, Weakened},
    search::Counterexample,
};
use crate::{
    engine::threads,
    scenario::Scenario,
    search::{Collector, Findings, Progress, Search},
    subject::{Maker, Stores, Subject},
};

/// A store by name, and how to play scenarios on it. Two are equal when their names are.
#[derive(Clone, Copy)]
pub struct Store {
    /// [`Subject::NAME`].
    pub name: &'static str,
    /// [`Subject::SOURCE`].
    pub source: &'static str,
    stores: fn() -> Stores,
}

/// The store of the outage, and the store that cannot.
pub static STORES: &[Store] = &[Store::of::<Unguarded>(), Store::of::<Guarded<3>>()];

impl Store {
    /// The store `S`.
    pub const fn of<S: Subject>() -> Self {
        Self { name: S::NAME, source: S::SOURCE, stores: || Maker::<S>::of_subject().stores() }
    }

    /// Plays `scenario` on fresh stores with real threads until a limit of `search` ends it.
    pub fn stress(&self, scenario: &'static Scenario, search: Search, progress: &Arc<Progress>) -> Findings {
        let collector = Arc::new(Collector::new(scenario, search, Arc::clone(progress)));
        threads::stress(&(self.stores)(), scenario, &collector);
        collector.finish()
    }

    /// Plays `scenario` on fresh stores in every execution that `search` allows.
    #[cfg(loom)]
    pub fn explore(
        &self,
        scenario: &'static Scenario,
        search: Search,
        weakened: Weakened,
        progress: &Arc<Progress>,
    ) -> Findings {
        let collector = Arc::new(Collector::new(scenario, search, Arc::clone(progress)));
        explore::explore(&(self.stores)(), scenario, weakened, &collector);
        collector.finish()
    }

    /// Plays the execution `found` of a search once more and writes down what happens.
    ///
    /// # Errors
    /// [`NoSuchExecution`] when that execution does not come up.
    #[cfg(loom)]
    pub fn replay(
        &self,
        scenario: &'static Scenario,
        search: Search,
        weakened: Weakened,
        found: &Counterexample,
    ) -> Result<Replay, NoSuchExecution> {
        explore::replay(&(self.stores)(), scenario, search, weakened, found)
    }

    /// The sites that `scenario` reaches, and in how many executions.
    #[cfg(loom)]
    pub fn sites(&self, scenario: &'static Scenario, search: Search) -> (Vec<enactor::sync::model::Site>, u64) {
        explore::sites(&(self.stores)(), scenario, search)
    }
}

impl PartialEq for Store {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Store {}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.name).finish()
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}
