//! [`WrappingGeneration`]: the generation guard, in one step, on a number that wraps. **Wrong.**
//!
//! **Why it tempts.** A few bits of the generation fit beside other things in one word, and sequence numbers that wrap are good
//! enough for TCP: of two numbers, the one less than half way ahead is the newer one (RFC 1982).
//!
//! **What kills it.** Nothing bounds how late an Enactor is (INCIDENT 5). With two bits, one that is two plans late looks two plans
//! ahead. More bits make the wait longer and nothing else.
//!
//! `never_regresses` in `zone_returns_to_an_old_place`:
//!
//! ```text
//! Enactor 2  applies plan 3 to a
//! Enactor 2  deletes plan 1
//! Enactor 2  publishes plan 4
//! Enactor 2  applies plan 4 to a
//! Enactor 1  applies plan 2 to a
//! ```
//!
//! **What answers it.** [`enactor::generation::Generation`] never wraps: the store at its end refuses to publish.

use enactor::{
    generation::Generation,
    plan::Endpoint,
    store::{ApplyOutcome, CleanUp},
};

use crate::{
    fix::{Fix, holds_nothing},
    shelf::Shelf,
};

/// Compares the last two bits of the generation.
#[derive(Debug, Default)]
pub struct WrappingGeneration;

const MODULUS: u32 = 4;

/// Whether `new` looks newer than `old`: at most half way round ahead.
fn looks_newer(new: Generation, old: Generation) -> bool {
    let ahead = new.get().wrapping_sub(old.get()) % MODULUS;
    (1..=MODULUS / 2).contains(&ahead)
}

impl Fix for WrappingGeneration {
    const NAME: &'static str = "wrapping_generation";
    holds_nothing!();

    fn apply(&self, shelf: &Shelf, _run: &mut (), endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        shelf.transaction(|table| match table.applied(endpoint) {
            Some(applied) if !table.is_paused() && !looks_newer(generation, applied) => ApplyOutcome::Stale { applied },
            _ => table.refuses_blindly(endpoint, generation).unwrap_or_else(|| table.write(endpoint, generation)),
        })
    }

    fn clean_up(&self, shelf: &Shelf, _run: &mut (), before: Generation) -> CleanUp {
        shelf.transaction(|table| {
            let in_use = table.served();
            table.delete(before, |generation| in_use.contains(&generation))
        })
    }
}
