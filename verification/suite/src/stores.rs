//! [`Store`]: a store under verification as the command line, budgets and tokens know it, and the list of them.

use std::{fmt, str::FromStr, sync::Arc};

use enactor::store::{Guarded, Unguarded};
use enactor_zoo::{
    Fixed, cas_on_identity::CasOnIdentity, counted_after_publish::CountedAfterPublish, elected_writer::ElectedWriter,
    epoch_reclamation::EpochReclamation, freshness_outside::FreshnessOutside, global_lock::GlobalLock,
    lease_with_token::LeaseWithToken, lease_without_token::LeaseWithoutToken, lock_around_apply::LockAroundApply,
    lock_without_fresh_check::LockWithoutFreshCheck, never_deletes::NeverDeletes,
    published_promela_fix::PublishedPromelaFix, recheck_and_spare::RecheckAndSpare,
    recheck_before_write::RecheckBeforeWrite, relaxed_publish::RelaxedPublish, rollback_pointer::RollbackPointer,
    single_look::SingleLook, snapshot_by_endpoint::SnapshotByEndpoint, spare_what_looks_active::SpareWhatLooksActive,
    token_on_writes_only::TokenOnWritesOnly, transaction::Transaction, wrapping_generation::WrappingGeneration,
};

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

/// Plausible fixes: first the wrong ones, then the right ones.
pub static ZOO: &[Store] = &[
    Store::of::<Fixed<RecheckBeforeWrite>>(),
    Store::of::<Fixed<SpareWhatLooksActive>>(),
    Store::of::<Fixed<RecheckAndSpare>>(),
    Store::of::<Fixed<PublishedPromelaFix>>(),
    Store::of::<Fixed<FreshnessOutside>>(),
    Store::of::<Fixed<SnapshotByEndpoint>>(),
    Store::of::<Fixed<CountedAfterPublish>>(),
    Store::of::<Fixed<RollbackPointer>>(),
    Store::of::<Fixed<LockAroundApply>>(),
    Store::of::<Fixed<LockWithoutFreshCheck>>(),
    Store::of::<Fixed<LeaseWithoutToken>>(),
    Store::of::<Fixed<TokenOnWritesOnly>>(),
    Store::of::<Fixed<CasOnIdentity>>(),
    Store::of::<Fixed<WrappingGeneration>>(),
    Store::of::<Fixed<RelaxedPublish>>(),
    Store::of::<Fixed<SingleLook>>(),
    Store::of::<Fixed<NeverDeletes>>(),
    Store::of::<Fixed<GlobalLock>>(),
    Store::of::<Fixed<Transaction>>(),
    Store::of::<Fixed<LeaseWithToken>>(),
    Store::of::<Fixed<ElectedWriter>>(),
    Store::of::<Fixed<EpochReclamation>>(),
];

/// Every store that has a name.
pub fn all() -> impl Iterator<Item = &'static Store> {
    STORES.iter().chain(ZOO)
}

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

    /// The sites that `scenario` reaches.
    #[cfg(loom)]
    pub fn sites(&self, scenario: &'static Scenario, search: Search) -> Vec<enactor::sync::model::Site> {
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

/// A name that is no store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no store is called {0:?}; there are {names}", names = all().map(|s| s.name).collect::<Vec<_>>().join(", "))]
pub struct UnknownStore(pub String);

impl FromStr for &'static Store {
    type Err = UnknownStore;
    fn from_str(name: &str) -> Result<Self, UnknownStore> {
        all().find(|store| store.name == name).ok_or_else(|| UnknownStore(name.to_owned()))
    }
}
