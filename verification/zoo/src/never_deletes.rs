//! [`NeverDeletes`]: the guarded write, and no clean-up at all. **Wrong.**
//!
//! **Why it tempts.** The outage was a deletion. Storage is cheap, and whoever deletes nothing deletes nothing wrong.
//!
//! **What kills it.** Any schedule: the plans stay. It is here to show that a suite without `reclaims` would prove it right.
//!
//! `reclaims` in `clean_up_against_apply`:
//!
//! ```text
//! Enactor 1  applies plan 2 to a
//! ```
//!
//! **What answers it.** [`Transaction`](crate::transaction::Transaction), whose clean-up can afford to delete.

use enactor::{
    generation::Generation,
    plan::Endpoint,
    store::{ApplyOutcome, CleanUp},
};

use crate::{
    fix::{Fix, holds_nothing},
    shelf::Shelf,
};

/// Writes as it should, deletes nothing.
#[derive(Debug, Default)]
pub struct NeverDeletes;

impl Fix for NeverDeletes {
    const NAME: &'static str = "never_deletes";
    holds_nothing!();

    fn apply(&self, shelf: &Shelf, _run: &mut (), endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        shelf.transaction(|table| {
            table.refuses(endpoint, generation).unwrap_or_else(|| table.write(endpoint, generation))
        })
    }

    fn clean_up(&self, shelf: &Shelf, _run: &mut (), before: Generation) -> CleanUp {
        shelf.transaction(|table| table.delete(before, |_| true))
    }
}
