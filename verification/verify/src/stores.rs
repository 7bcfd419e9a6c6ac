//! Every store that has a name here, to be found by it.

use enactor_verification::stores::{STORES, Store};
use enactor_zoo::stores::ZOO;

/// The store of the outage, the store that cannot, and the zoo.
pub fn all() -> impl Iterator<Item = &'static Store> {
    STORES.iter().chain(ZOO)
}

/// A name that is no store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no store is called {0:?}; there are {names}", names = all().map(|s| s.name).collect::<Vec<_>>().join(", "))]
pub struct UnknownStore(pub String);

/// The store called `name`.
///
/// # Errors
/// [`UnknownStore`] says which there are.
pub fn named(name: &str) -> Result<&'static Store, UnknownStore> {
    all().find(|store| store.name == name).ok_or_else(|| UnknownStore(name.to_owned()))
}
