//! [`TokenOnWritesOnly`]: a lease with a fencing token; each endpoint refuses a token older than the newest that has written
//! there. **Wrong.**
//!
//! **Why it tempts.** It is the picture in every text on fencing tokens: the store remembers the greatest token it has seen, and
//! the late write of an older one bounces off.
//!
//! **What kills it.** The store has seen only tokens that *wrote*. A new holder has checked freshness and not written yet: the
//! store knows nothing of it, and lets the old holder's write through. Then the new holder writes what it checked before that.
//! A token orders Enactors, not plans; the newer token may well carry the older plan.
//!
//! `never_regresses` in `late_enactor_within_retention`:
//!
//! ```text
//! Enactor 2  finds plan 3 newer than what is applied
//! Enactor 2  gets the lease
//! Enactor 1  finds plan 2 newer than what is applied
//! Enactor 1  gets the lease
//! Enactor 1  checks: plan 2 is newer than what a serves
//! Enactor 2  checks: plan 3 is newer than what a serves
//! Enactor 2  applies plan 3 to a
//! Enactor 2  cleans up plans older than 2
//! Enactor 2  looks: in use is plan 3
//! Enactor 2  deletes plan 1
//! Enactor 2  finishes the run with plan 3
//! Enactor 1  applies plan 2 to a
//! Enactor 1  cleans up plans older than 1
//! Enactor 1  looks: in use is plan 2
//! Enactor 1  finishes the run with plan 2
//! ```
//!
//! **What answers it.** [`LeaseWithToken`](crate::lease_with_token::LeaseWithToken) compares with the newest token *given*;
//! [`ElectedWriter`](crate::elected_writer::ElectedWriter) leaves its token at every key before it reads anything there.

use std::collections::BTreeMap;

use enactor::{
    generation::Generation,
    plan::Endpoint,
    store::{ApplyOutcome, CleanUp},
};
use tracing::debug;

use crate::{fix::Fix, shelf::Shelf};

/// The lease, and the tokens that the store has seen.
#[derive(Debug, Default)]
pub struct Tokens {
    given: u64,
    /// For each endpoint, and for the plans.
    seen: BTreeMap<Option<Endpoint>, u64>,
}

impl Tokens {
    /// Whether the store takes a write with this token at this key; then it has seen it.
    fn pass(&mut self, key: Option<&Endpoint>, token: u64) -> bool {
        let seen = self.seen.entry(key.cloned()).or_default();
        *seen = token.max(*seen);
        *seen == token
    }
}

/// Checks, then writes if no newer token has written.
#[derive(Debug, Default)]
pub struct TokenOnWritesOnly;

impl Fix for TokenOnWritesOnly {
    const NAME: &'static str = "token_on_writes_only";
    type Rows = Tokens;
    type Run<'store> = u64;

    fn begin_run(&self, shelf: &Shelf<Tokens>) -> u64 {
        let token = shelf.transaction(|table| {
            table.rows.given += 1;
            table.rows.given
        });
        debug!(token, "gets the lease");
        token
    }

    fn apply(&self, shelf: &Shelf<Tokens>, run: &mut u64, endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        if let Some(refused) = shelf.check(endpoint, generation) {
            return refused;
        }
        shelf.transaction(|table| match table.rows.pass(Some(endpoint), *run) {
            true => table.refuses_blindly(endpoint, generation).unwrap_or_else(|| table.write(endpoint, generation)),
            false => ApplyOutcome::Busy,
        })
    }

    fn clean_up(&self, shelf: &Shelf<Tokens>, run: &mut u64, before: Generation) -> CleanUp {
        let in_use = shelf.look();
        shelf.transaction(|table| match table.rows.pass(None, *run) {
            true => table.delete(before, |generation| in_use.contains(&generation)),
            false => CleanUp::default(),
        })
    }
}
