//! [`CasOnIdentity`]: a compare-and-swap that writes if the zone still points at *the same place* as when it was checked.
//! **Wrong.**
//!
//! **Why it tempts.** Compare-and-swap is the textbook's answer to a check that gets old: if anything has changed, the write
//! fails. And a pointer, a slot number or an address is what one has at hand to compare.
//!
//! **What kills it.** ABA. Places are used again: plan 1's goes to plan 4 once plan 1 is deleted. The slow Enactor checks while
//! the zone points at plan 1, the zone moves on and comes back to the same place with plan 4 in it, and the compare-and-swap
//! sees no change.
//!
//! `never_regresses` in `zone_returns_to_an_old_place`:
//!
//! ```text
//! Enactor 1  checks: plan 2 is newer than what a serves
//! Enactor 2  checks: plan 3 is newer than what a serves
//! Enactor 2  applies plan 3 to a
//! Enactor 2  deletes plan 1
//! Enactor 2  publishes plan 4
//! Enactor 2  checks: plan 4 is newer than what a serves
//! Enactor 2  applies plan 4 to a
//! Enactor 1  applies plan 2 to a
//! ```
//!
//! **What answers it.** [`Transaction`](crate::transaction::Transaction) and [`Guarded`](enactor::store::Guarded) compare
//! generations, which are never used again.

use enactor::{
    generation::Generation,
    plan::Endpoint,
    store::{ApplyOutcome, CleanUp},
};

use crate::{
    fix::{Fix, holds_nothing},
    shelf::Shelf,
};

/// How many places for plans there are.
const PLACES: u32 = 3;

/// Compares places instead of generations.
#[derive(Debug, Default)]
pub struct CasOnIdentity;

/// Where a plan lies.
fn place(generation: Option<Generation>) -> Option<u32> {
    generation.map(|generation| generation.get() % PLACES)
}

impl Fix for CasOnIdentity {
    const NAME: &'static str = "cas_on_identity";
    holds_nothing!();

    fn apply(&self, shelf: &Shelf, _run: &mut (), endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        loop {
            let seen = place(shelf.transaction(|table| table.applied(endpoint)));
            if let Some(refused) = shelf.check(endpoint, generation) {
                return refused;
            }
            let swapped = shelf.transaction(|table| {
                if place(table.applied(endpoint)) != seen {
                    return None;
                }
                let refused = table.refuses_blindly(endpoint, generation);
                Some(refused.unwrap_or_else(|| table.write(endpoint, generation)))
            });
            if let Some(outcome) = swapped {
                return outcome;
            }
        }
    }

    fn clean_up(&self, shelf: &Shelf, _run: &mut (), before: Generation) -> CleanUp {
        shelf.transaction(|table| {
            let in_use = table.served();
            table.delete(before, |generation| in_use.contains(&generation))
        })
    }
}
