//! [`LeaseWithoutToken`]: a lease for the whole run, looked at before each write. **Wrong.**
//!
//! **Why it tempts.** It is the lock that does not die with its holder: a lease ends by itself. And this one does ask, before
//! each step, whether it is still held, and checks freshness under it.
//!
//! A lease may expire at any step: the clock is the adversary. So whoever begins a run gets it, and the holder before is one
//! whose lease has expired, wherever it is.
//!
//! **What kills it.** The holder is paused between the look and the write. The lease expires, and the next holder checks that its
//! plan is newer than what is applied. Then the first one writes a newer plan, as if it still held the lease; and the next
//! holder, whose check is over by that, writes an older one over it, holding the lease all the time.
//!
//! `never_regresses` in `late_enactor_within_retention`:
//!
//! ```text
//! Enactor 1  finds plan 2 newer than what is applied
//! Enactor 1  gets the lease
//! Enactor 1  checks: plan 2 is newer than what a serves
//! Enactor 1  looks at the lease: holds it
//! Enactor 2  finds plan 3 newer than what is applied
//! Enactor 2  gets the lease
//! Enactor 2  checks: plan 3 is newer than what a serves
//! Enactor 2  looks at the lease: holds it
//! Enactor 2  applies plan 3 to a
//! Enactor 2  cleans up plans older than 2
//! Enactor 2  looks: in use is plan 3
//! Enactor 2  looks at the lease: holds it
//! Enactor 2  deletes plan 1
//! Enactor 2  finishes the run with plan 3
//! Enactor 1  applies plan 2 to a
//! Enactor 1  cleans up plans older than 1
//! Enactor 1  looks: in use is plan 2
//! Enactor 1  looks at the lease: it has expired
//! Enactor 1  finishes the run with plan 2
//! ```
//!
//! **What answers it.** [`LeaseWithToken`](crate::lease_with_token::LeaseWithToken): the store looks at the lease in the step
//! that writes.

use enactor::{
    generation::Generation,
    plan::Endpoint,
    store::{ApplyOutcome, CleanUp},
};
use tracing::debug;

use crate::{fix::Fix, shelf::Shelf};

/// How often the lease has been given: the holder is the last one that got it.
type Given = u64;

/// Looks at the lease, then writes: two steps.
#[derive(Debug, Default)]
pub struct LeaseWithoutToken;

/// One holding of the lease.
#[derive(Debug)]
pub struct Lease(Given);

impl Lease {
    fn is_held(&self, shelf: &Shelf<Given>) -> bool {
        let held = shelf.transaction(|table| table.rows == self.0);
        debug!("looks at the lease: {}", if held { "holds it" } else { "it has expired" });
        held
    }
}

impl Fix for LeaseWithoutToken {
    const NAME: &'static str = "lease_without_token";
    type Rows = Given;
    type Run<'store> = Lease;

    fn begin_run(&self, shelf: &Shelf<Given>) -> Lease {
        let lease = shelf.transaction(|table| {
            table.rows += 1;
            Lease(table.rows)
        });
        debug!("gets the lease");
        lease
    }

    fn apply(
        &self,
        shelf: &Shelf<Given>,
        run: &mut Lease,
        endpoint: &Endpoint,
        generation: Generation,
    ) -> ApplyOutcome {
        if let Some(refused) = shelf.check(endpoint, generation) {
            return refused;
        }
        if !run.is_held(shelf) {
            return ApplyOutcome::Busy;
        }
        shelf.transaction(|table| {
            table.refuses_blindly(endpoint, generation).unwrap_or_else(|| table.write(endpoint, generation))
        })
    }

    fn clean_up(&self, shelf: &Shelf<Given>, run: &mut Lease, before: Generation) -> CleanUp {
        let in_use = shelf.look();
        if !run.is_held(shelf) {
            return CleanUp::default();
        }
        shelf.transaction(|table| table.delete(before, |generation| in_use.contains(&generation)))
    }
}
