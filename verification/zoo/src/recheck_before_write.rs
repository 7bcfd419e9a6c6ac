//! [`RecheckBeforeWrite`]: the freshness check is made again before each write. **Wrong.**
//!
//! **Why it tempts.** The check of the outage was long stale when it was used. Made again right before each write, it is
//! fresh by microseconds instead of minutes, and the failure stops showing up in tests.
//!
//! **What kills it.** The window is smaller, and it is there: the newer plan is applied between the second check and the
//! write, the old one overwrites it, and the newer one's clean-up deletes it.
//!
//! SCHEDULE
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
