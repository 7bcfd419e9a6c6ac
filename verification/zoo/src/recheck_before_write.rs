//! [`RecheckBeforeWrite`]: the freshness check is made again before each write. **Wrong.**
//!
//! **Why it tempts.** The check of the outage was long stale when it was used. Made again right before each write, it is
//! fresh by microseconds instead of minutes, and the failure stops showing up in tests.
//!
//! **What kills it.** The window is smaller, and it is there: the newer plan is applied between the second check and the
//! write, the old one overwrites it, and the newer one's clean-up deletes it.
//!
//! `never_empty` in `two_enactors_one_endpoint`:
//!
//! ```text
//! Enactor 1  finds plan 2 newer than what is applied
//! Enactor 1  checks: plan 2 is newer than what a serves
//! Enactor 2  finds plan 3 newer than what is applied
//! Enactor 2  checks: plan 3 is newer than what a serves
//! Enactor 2  applies plan 3 to a
//! Enactor 2  cleans up plans older than 3
//! Enactor 1  applies plan 2 to a
//! Enactor 1  cleans up plans older than 2
//! Enactor 1  deletes plan 1
//! Enactor 1  finishes the run with plan 2
//! Enactor 2  deletes plan 2
//! Enactor 2  finishes the run with plan 3
//! ```
//!
//! **What answers it.** [`Transaction`](crate::transaction::Transaction): the check belongs into the step that writes.

use enactor::{generation::Generation, plan::Endpoint, store::ApplyOutcome};

use crate::{
    fix::{Fix, holds_nothing},
    shelf::Shelf,
};

/// Checks, then writes: two steps.
#[derive(Debug, Default)]
pub struct RecheckBeforeWrite;

impl Fix for RecheckBeforeWrite {
    const NAME: &'static str = "recheck_before_write";
    holds_nothing!();

    fn apply(&self, shelf: &Shelf, _run: &mut (), endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        if let Some(refused) = shelf.check(endpoint, generation) {
            return refused;
        }
        shelf.transaction(|table| {
            table.refuses_blindly(endpoint, generation).unwrap_or_else(|| table.write(endpoint, generation))
        })
    }
}
