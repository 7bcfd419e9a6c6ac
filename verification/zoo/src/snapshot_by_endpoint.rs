//! [`SnapshotByEndpoint`]: clean-up collects what is in use endpoint by endpoint, then deletes the rest. **Wrong.**
//!
//! **Why it tempts.** Applying goes endpoint by endpoint, so looking can, too: each endpoint is asked, none is left out, and
//! writes are guarded by generation, so nothing moves backwards meanwhile.
//!
//! **What kills it.** Moving *forwards* is enough. Clean-up has asked the first endpoint, which serves plan 1; an Enactor
//! applies plan 2 to it, behind the pass; the second endpoint serves plan 1. Nobody has been seen with plan 2.
//!
//! `never_dangles` in `clean_up_across_endpoints`:
//!
//! ```text
//! Enactor 2  looks: a serves plan 1
//! Enactor 2  looks: b serves plan 1
//! Enactor 1  applies plan 2 to a
//! Enactor 1  applies plan 2 to b
//! Enactor 2  deletes plan 2
//! ```
//!
//! **What answers it.** [`Guarded`](enactor::store::Guarded), whose pass leaves a floor at each endpoint, below which nothing
//! can turn up behind it; or one step for all endpoints, as in [`Transaction`](crate::transaction::Transaction).

use std::collections::BTreeSet;

use tracing::debug;

use enactor::{
    generation::Generation,
    plan::Endpoint,
    store::{ApplyOutcome, CleanUp},
};

use crate::{
    fix::{Fix, holds_nothing},
    shelf::Shelf,
};

/// The write is guarded; the pass over the endpoints is not one step.
#[derive(Debug, Default)]
pub struct SnapshotByEndpoint;

impl Fix for SnapshotByEndpoint {
    const NAME: &'static str = "snapshot_by_endpoint";
    holds_nothing!();

    fn apply(&self, shelf: &Shelf, _run: &mut (), endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        shelf.transaction(|table| {
            table.refuses(endpoint, generation).unwrap_or_else(|| table.write(endpoint, generation))
        })
    }

    fn clean_up(&self, shelf: &Shelf, _run: &mut (), before: Generation) -> CleanUp {
        let mut in_use = BTreeSet::new();
        for endpoint in shelf.endpoints() {
            let applied = shelf.transaction(|table| table.applied(endpoint));
            if let Some(generation) = applied {
                debug!(%endpoint, "looks: {endpoint} serves plan {generation}");
                in_use.insert(generation);
            }
        }
        shelf.transaction(|table| table.delete(before, |generation| in_use.contains(&generation)))
    }
}
