//! [`SpareWhatLooksActive`]: clean-up looks which plans are in use and spares them. **Wrong.**
//!
//! **Why it tempts.** It is the plain lesson of the outage: never delete the active plan. One look before the deletion.
//!
//! **What kills it.** What was not in use when clean-up looked is in use when it deletes: the slow Enactor, whom nothing
//! keeps from writing an old plan, writes it in between.
//!
//! `never_empty` in `two_enactors_one_endpoint`:
//!
//! ```text
//! Enactor 1  finds plan 2 newer than what is applied
//! Enactor 2  finds plan 3 newer than what is applied
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
//! **What answers it.** [`Transaction`](crate::transaction::Transaction): looking and deleting in one step, and no stale write
//! to begin with.

use enactor::{generation::Generation, store::CleanUp};

use crate::{
    fix::{Fix, holds_nothing},
    shelf::Shelf,
};

/// Looks, then deletes: two steps. apply-plan writes blindly, as in the outage.
#[derive(Debug, Default)]
pub struct SpareWhatLooksActive;

impl Fix for SpareWhatLooksActive {
    const NAME: &'static str = "spare_what_looks_active";
    holds_nothing!();

    fn clean_up(&self, shelf: &Shelf, _run: &mut (), before: Generation) -> CleanUp {
        let in_use = shelf.look();
        shelf.transaction(|table| table.delete(before, |generation| in_use.contains(&generation)))
    }
}
