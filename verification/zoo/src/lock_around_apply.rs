//! [`LockAroundApply`]: a lock around apply-plan, with the freshness check under it. Clean-up goes without. **Wrong.**
//!
//! **Why it tempts.** Writers race, so writers get a lock. Clean-up only removes what nobody uses, and it looks first.
//!
//! **What kills it.** A lock is worth what everybody does who should hold it. The clean-up looks, an Enactor applies a plan
//! that is old but not stale, under its lock, and the clean-up deletes it.
//!
//! `never_dangles` in `clean_up_against_apply`:
//!
//! ```text
//! Enactor 2  looks: in use is plan 1
//! Enactor 1  checks: plan 2 is newer than what a serves
//! Enactor 1  applies plan 2 to a
//! Enactor 2  deletes plan 2
//! ```
//!
//! **What answers it.** [`GlobalLock`](crate::global_lock::GlobalLock): the lock also around clean-up.

use enactor::{
    generation::Generation,
    plan::Endpoint,
    store::{ApplyOutcome, CleanUp},
    sync::Mutex,
};

use crate::{
    fix::{Fix, holds_nothing},
    shelf::Shelf,
};

/// Checks and writes while nobody else does; looks, then deletes, whoever writes meanwhile.
#[derive(Debug, Default)]
pub struct LockAroundApply {
    lock: Mutex<()>,
}

impl Fix for LockAroundApply {
    const NAME: &'static str = "lock_around_apply";
    holds_nothing!();

    fn apply(&self, shelf: &Shelf, _run: &mut (), endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        let _alone = self.lock.lock();
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
