//! [`GlobalLock`]: one lock for the whole run, and the freshness check under it. **Right.**
//!
//! What was true when a step was decided is true when it is done, since nobody else does anything in between. The pause and
//! the repair take the same lock: the pause returns when the run that it met has ended.
//!
//! **What it costs.** One Enactor at a time, though there are three so that one may fail; an Enactor that stops for ever
//! takes the lock with it, and with it the automation and the operator's switch. The explorer says so: it does not survive a
//! crash. A lock that breaks by itself is a lease: [`LeaseWithoutToken`](crate::lease_without_token::LeaseWithoutToken).

use enactor::{
    generation::Generation,
    plan::{Endpoint, Plan},
    store::{ApplyOutcome, CleanUp, PublishError, Repair},
    sync::{Arc, Mutex, MutexGuard},
};

use crate::{fix::Fix, shelf::Shelf};

/// A run, a pause and a repair hold the lock.
#[derive(Debug, Default)]
pub struct GlobalLock {
    lock: Mutex<()>,
}

impl Fix for GlobalLock {
    const NAME: &'static str = "global_lock";
    type Rows = ();
    type Run<'store> = MutexGuard<'store, ()>;

    fn begin_run<'store>(&'store self, _shelf: &'store Shelf) -> MutexGuard<'store, ()> {
        self.lock.lock()
    }

    fn apply(
        &self,
        shelf: &Shelf,
        _run: &mut MutexGuard<'_, ()>,
        endpoint: &Endpoint,
        generation: Generation,
    ) -> ApplyOutcome {
        // Two steps are as good as one here.
        match shelf.check(endpoint, generation) {
            Some(refused) => refused,
            None => shelf.transaction(|table| table.write(endpoint, generation)),
        }
    }

    fn clean_up(&self, shelf: &Shelf, _run: &mut MutexGuard<'_, ()>, before: Generation) -> CleanUp {
        let in_use = shelf.look();
        shelf.transaction(|table| table.delete(before, |generation| in_use.contains(&generation)))
    }

    fn pause(&self, shelf: &Shelf) {
        let _alone = self.lock.lock();
        shelf.transaction(|table| table.set_paused(true));
    }

    fn repair(&self, shelf: &Shelf, plan: Arc<Plan>) -> Result<Repair, PublishError> {
        let _alone = self.lock.lock();
        shelf.transaction(|table| table.repair(plan))
    }
}
