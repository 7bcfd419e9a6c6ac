//! [`RollbackPointer`]: apply-plan remembers the plan before, writes, looks again, and rolls back if its plan is gone by then.
//! **Wrong.**
//!
//! **Why it tempts.** No transaction over two keys: the plan is checked, the zone is written, and whatever went wrong in between
//! is undone. The Enactors of the incident kept such a pointer (INCIDENT 12).
//!
//! **What kills it.** A pointer keeps nothing alive. While the zone serves the new plan, the plan before is in nobody's use, and
//! a clean-up that spares what is served deletes it: the way back leads to a deleted plan. (And for a moment before that
//! clients get an empty answer, since the write comes before the look.)
//!
//! `never_dangles` in `two_clean_ups_around_an_apply`:
//!
//! ```text
//! Enactor 1  checks: plan 2 is newer than what a serves
//! Enactor 2  deletes plan 2
//! Enactor 1  applies plan 2 to a
//! Enactor 2  deletes plan 1
//! Enactor 1  rolls a back: plan 2 is gone
//! Enactor 1  applies plan 1 to a
//! Enactor 1  cannot apply plan 2 to a: it is deleted
//! ```
//!
//! **What answers it.** Nothing to undo: [`Transaction`](crate::transaction::Transaction) writes only what is stored.

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

/// Checks, writes, looks again, undoes: each a step.
#[derive(Debug, Default)]
pub struct RollbackPointer;

impl Fix for RollbackPointer {
    const NAME: &'static str = "rollback_pointer";
    holds_nothing!();

    fn apply(&self, shelf: &Shelf, _run: &mut (), endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        if let Some(refused) = shelf.check(endpoint, generation) {
            return refused;
        }
        let outcome = shelf.transaction(|table| match table.stale(endpoint, generation) {
            _ if table.is_paused() => ApplyOutcome::Paused,
            Some(stale) => stale,
            None => table.write(endpoint, generation),
        });
        let ApplyOutcome::Applied { replaced: Some(rollback) } = outcome else { return outcome };
        if shelf.transaction(|table| table.deleted(generation)).is_none() {
            return outcome;
        }
        shelf.transaction(|table| {
            if table.applied(endpoint) == Some(generation) {
                debug!(%endpoint, %rollback, "rolls {endpoint} back: plan {generation} is gone");
                table.write(endpoint, rollback);
            }
        });
        ApplyOutcome::Deleted
    }

    fn clean_up(&self, shelf: &Shelf, _run: &mut (), before: Generation) -> CleanUp {
        shelf.transaction(|table| {
            let in_use = table.served();
            table.delete(before, |generation| in_use.contains(&generation))
        })
    }
}
