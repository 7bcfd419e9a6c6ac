//! [`Transaction`]: the generation guards, each in the transaction that writes, over both keys: the plan's and the zone's.
//! **Right.**
//!
//! What a distributed store with conditional transactions gives: write the zone *if* it serves something older *and* the plan
//! is stored; delete the plan *if* no endpoint serves it. No lock, no lease: whoever is late finds the condition false,
//! however long ago its own check was.
//!
//! **What it costs.** Both conditions look at another key than the one that is written, so plans and zone must live in one
//! store, or in two that share transactions. [`ElectedWriter`](crate::elected_writer::ElectedWriter) does without, and so does
//! [`Guarded`](enactor::store::Guarded), whose floors let each endpoint's word decide alone.

use enactor::{
    generation::Generation,
    plan::Endpoint,
    store::{ApplyOutcome, CleanUp},
};

use crate::{
    fix::{Fix, holds_nothing},
    shelf::Shelf,
};

/// Each guard in the step that acts on it.
#[derive(Debug, Default)]
pub struct Transaction;

impl Fix for Transaction {
    const NAME: &'static str = "transaction";
    holds_nothing!();

    fn apply(&self, shelf: &Shelf, _run: &mut (), endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        shelf.transaction(|table| {
            table.refuses(endpoint, generation).unwrap_or_else(|| table.write(endpoint, generation))
        })
    }

    fn clean_up(&self, shelf: &Shelf, _run: &mut (), before: Generation) -> CleanUp {
        shelf.transaction(|table| {
            let in_use = table.served();
            table.delete(before, |generation| in_use.contains(&generation))
        })
    }
}
