//! [`ElectedWriter`]: one Enactor is elected to write. Its term is left at every key before it looks at anything, and each key
//! refuses an older term. **Right.**
//!
//! Terms are fencing tokens that fence *reads* too: once a writer has its term at a key, what it reads there can be changed by
//! nobody older, and whoever is newer bars it from that key first. So each step needs one key only: an endpoint, or the plans.
//!
//! - An endpoint's key compares the term and the generation.
//! - The plans' key compares the term. A plan that the writer has found stored can be deleted only by a newer term, which
//!   has first barred it from the endpoints, and so sees what it did there.
//!
//! An election may come at any step: whoever begins a run is elected.
//!
//! **What it costs.** A step at every key for each election. A deposed writer leaves the rest to the next run, so two
//! endpoints may differ until then.

use std::collections::BTreeMap;

use enactor::{
    generation::Generation,
    plan::{Endpoint, Plan},
    store::{ApplyOutcome, CleanUp, PublishError, Repair},
    sync::Arc,
};
use tracing::debug;

use crate::{fix::Fix, shelf::Shelf};

/// A key: an endpoint, or the plans.
type Key = Option<Endpoint>;

/// The terms.
#[derive(Debug, Default)]
pub struct Terms {
    newest: u64,
    /// At each key.
    left: BTreeMap<Key, u64>,
}

impl Terms {
    fn elect(&mut self) -> u64 {
        self.newest += 1;
        self.newest
    }

    /// Leaves `term` at the key, if no newer one is there.
    fn pass(&mut self, key: Key, term: u64) -> bool {
        let left = self.left.entry(key).or_default();
        *left = term.max(*left);
        *left == term
    }
}

/// Leaves its term everywhere, then works key by key.
#[derive(Debug, Default)]
pub struct ElectedWriter;

impl Fix for ElectedWriter {
    const NAME: &'static str = "elected_writer";
    type Rows = Terms;
    type Run<'store> = u64;

    fn begin_run(&self, shelf: &Shelf<Terms>) -> u64 {
        let term = shelf.transaction(|table| table.rows.elect());
        // The endpoints before the plans: nobody older writes what it has found stored once we may delete it.
        for key in shelf.endpoints().iter().cloned().map(Some).chain([None]) {
            shelf.transaction(|table| table.rows.pass(key, term));
        }
        debug!(term, "is elected");
        term
    }

    fn apply(&self, shelf: &Shelf<Terms>, run: &mut u64, endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        let stored = shelf.transaction(|table| {
            let refused = table.refuses(endpoint, generation);
            refused.or_else(|| (!table.rows.pass(None, *run)).then_some(ApplyOutcome::Busy))
        });
        if let Some(refused) = stored {
            return refused;
        }
        shelf.transaction(|table| match table.stale(endpoint, generation) {
            _ if table.is_paused() => ApplyOutcome::Paused,
            Some(stale) => stale,
            None if table.rows.pass(Some(endpoint.clone()), *run) => table.write(endpoint, generation),
            None => ApplyOutcome::Busy,
        })
    }

    fn clean_up(&self, shelf: &Shelf<Terms>, run: &mut u64, before: Generation) -> CleanUp {
        let look = |endpoint| shelf.transaction(|table| table.applied(endpoint));
        let in_use: Vec<Generation> = shelf.endpoints().iter().filter_map(look).collect();
        shelf.transaction(|table| match table.rows.pass(None, *run) {
            true => table.delete(before, |generation| in_use.contains(&generation)),
            false => CleanUp::default(),
        })
    }

    fn repair(&self, shelf: &Shelf<Terms>, plan: Arc<Plan>) -> Result<Repair, PublishError> {
        shelf.transaction(|table| {
            let term = table.rows.elect();
            for key in shelf.endpoints().iter().cloned().map(Some).chain([None]) {
                table.rows.pass(key, term);
            }
            table.repair(plan)
        })
    }
}
