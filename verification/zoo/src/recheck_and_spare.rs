//! [`RecheckAndSpare`]: the check again before each write, and a clean-up that spares what is in use. Both, but neither in one
//! step. **Wrong.**
//!
//! **Why it tempts.** Each of the two closes the other's hole, one would think: a stale plan is not written, and if it is, it
//! is not deleted. A review that asks "is there a check?" finds one everywhere.
//!
//! **What kills it.** Two windows do not close each other, they only have to be met at once: the Enactor has checked and is
//! about to write, the clean-up has looked and is about to delete. Both are right about the past.
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
//! Enactor 2  looks: in use is plan 3
//! Enactor 1  applies plan 2 to a
//! Enactor 1  cleans up plans older than 2
//! Enactor 1  looks: in use is plan 2
//! Enactor 1  deletes plan 1
//! Enactor 1  finishes the run with plan 2
//! Enactor 2  deletes plan 2
//! Enactor 2  finishes the run with plan 3
//! ```
//!
//! **What answers it.** [`Transaction`](crate::transaction::Transaction), with these very checks, each in the step that acts on
//! it.

use enactor::{
    generation::Generation,
    plan::Endpoint,
    store::{ApplyOutcome, CleanUp},
};

use crate::{
    fix::{Fix, holds_nothing},
    shelf::Shelf,
};

/// Checks, then writes; looks, then deletes: four steps.
#[derive(Debug, Default)]
pub struct RecheckAndSpare;

impl Fix for RecheckAndSpare {
    const NAME: &'static str = "recheck_and_spare";
    holds_nothing!();

    fn apply(&self, shelf: &Shelf, _run: &mut (), endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        if let Some(refused) = shelf.check(endpoint, generation) {
            return refused;
        }
        shelf.transaction(|table| {
            table.refuses_blindly(endpoint, generation).unwrap_or_else(|| table.write(endpoint, generation))
        })
    }

    fn clean_up(&self, shelf: &Shelf, _run: &mut (), before: Generation) -> CleanUp {
        let in_use = shelf.look();
        shelf.transaction(|table| table.delete(before, |generation| in_use.contains(&generation)))
    }
}
