//! [`LockWithoutFreshCheck`]: one lock for the whole run, clean-up included. The freshness check comes before it. **Wrong.**
//!
//! **Why it tempts.** Nothing runs at the same time any more, so there is no race. It is what the Enactors of the incident did
//! have (INCIDENT 12), and getting the lock was what delayed the slow one.
//!
//! **What kills it.** Mutual exclusion is not freshness. The slow Enactor checks, waits for the lock while a newer plan is
//! rolled out under it, gets the lock, and writes its old plan over the newer one, all alone. Nothing dangles, since clean-up
//! looks and deletes under the same lock: clients are sent back in time, until the next plan.
//!
//! `never_regresses` in `late_enactor_within_retention`:
//!
//! ```text
//! Enactor 2  finds plan 3 newer than what is applied
//! Enactor 1  finds plan 2 newer than what is applied
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
//! **What answers it.** [`GlobalLock`](crate::global_lock::GlobalLock): the same lock, and the check once one has it.

use enactor::{
    generation::Generation,
    store::CleanUp,
    sync::{Mutex, MutexGuard},
};

use crate::{fix::Fix, shelf::Shelf};

/// A run holds the lock; its writes are blind.
#[derive(Debug, Default)]
pub struct LockWithoutFreshCheck {
    lock: Mutex<()>,
}

impl Fix for LockWithoutFreshCheck {
    const NAME: &'static str = "lock_without_fresh_check";
    type Rows = ();
    type Run<'store> = MutexGuard<'store, ()>;

    fn begin_run<'store>(&'store self, _shelf: &'store Shelf) -> MutexGuard<'store, ()> {
        self.lock.lock()
    }

    fn clean_up(&self, shelf: &Shelf, _run: &mut MutexGuard<'_, ()>, before: Generation) -> CleanUp {
        let in_use = shelf.look();
        shelf.transaction(|table| table.delete(before, |generation| in_use.contains(&generation)))
    }
}
