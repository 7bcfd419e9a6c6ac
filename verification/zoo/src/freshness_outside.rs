//! [`FreshnessOutside`]: apply-plan and each deletion are atomic steps that look at plan and zone, but for one thing: whether
//! the plan is newer was checked before. **Wrong.**
//!
//! **Why it tempts.** No plan that is served is ever deleted, no deleted plan is ever served: the empty answer of the outage is
//! impossible, and a model whose invariants are about deletion finds nothing any more.
//!
//! **What kills it.** The first half of the outage is still there: an old plan overwrites a newer one. Clients are sent to load
//! balancers that the newer plan has taken out, until somebody applies something.
//!
//! `never_regresses` in `late_enactor_within_retention`:
//!
//! ```text
//! Enactor 1  finds plan 2 newer than what is applied
//! Enactor 2  finds plan 3 newer than what is applied
//! Enactor 2  applies plan 3 to a
//! Enactor 2  cleans up plans older than 2
//! Enactor 2  deletes plan 1
//! Enactor 2  finishes the run with plan 3
//! Enactor 1  applies plan 2 to a
//! Enactor 1  cleans up plans older than 1
//! Enactor 1  finishes the run with plan 2
//! ```
//!
//! **What answers it.** [`Transaction`](crate::transaction::Transaction), which is this and the freshness check inside.

use enactor::{
    generation::Generation,
    plan::Endpoint,
    store::{ApplyOutcome, CleanUp},
};

use crate::{
    fix::{Fix, holds_nothing},
    shelf::Shelf,
};

/// Writes blindly, but only what is stored; deletes only what is not served.
#[derive(Debug, Default)]
pub struct FreshnessOutside;

impl Fix for FreshnessOutside {
    const NAME: &'static str = "freshness_outside";
    holds_nothing!();

    fn apply(&self, shelf: &Shelf, _run: &mut (), endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        shelf.transaction(|table| {
            table.refuses_blindly(endpoint, generation).unwrap_or_else(|| table.write(endpoint, generation))
        })
    }

    fn clean_up(&self, shelf: &Shelf, _run: &mut (), before: Generation) -> CleanUp {
        shelf.transaction(|table| {
            let in_use = table.served();
            table.delete(before, |generation| in_use.contains(&generation))
        })
    }
}
