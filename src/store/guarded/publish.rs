//! Publishing: one publisher at a time fills a slot that nobody can reach, and then makes the plan public in one step.
//!
//! It may touch the newest word, the plan slots that are not stored, their cells, and the blocks that the ledger says are
//! free. It never touches a zone word, but through the clean-up that makes room in a full store.

use std::array;

use tracing::info;

use super::{Authority, Entry, Guarded, ledger::Ledger, probes};
use crate::{
    generation::{CellWord, Generation, NewestWord, PlanState, PlanWord},
    plan::{Plan, RecordSet},
    store::{PlanStore, PublishError},
    sync::atomic::{Ordering::Acquire, Ordering::Relaxed, Ordering::Release, fence},
};

impl<const PLANS: usize> Guarded<PLANS> {
    /// Publishes `plan`: the whole of publish's guard.
    pub(super) fn publish_as(&self, authority: Authority, plan: &Plan) -> Result<(), PublishError> {
        self.check_whole(plan)?;
        let mut ledger = self.ledger.try_lock().ok_or(PublishError::Busy)?;
        let generation = plan.generation();
        // Relaxed: only publishers change the generation in it, and the ledger's lock orders them.
        let mut newest = NewestWord::from_bits(self.newest.load(Relaxed));
        if let Some(newest) = newest.published()
            && newest >= generation
        {
            return Err(PublishError::NotNewer { offered: generation, newest });
        }
        self.take_back(&mut ledger, newest.published());
        let slot = match (self.free_slot(generation), newest.published()) {
            (None, Some(newest)) => {
                // Every slot is taken, as when the Enactors that should have cleaned up have stopped. Retention gives way:
                // otherwise nobody could ever publish again, and so nobody would run to the clean-up.
                self.clean_up(authority, newest);
                self.take_back(&mut ledger, Some(newest));
                self.free_slot(generation)
            }
            (slot, _) => slot,
        };
        let slot = slot.ok_or_else(|| PublishError::NoRoom { stored: self.stored() })?;
        self.turn(slot, PlanState::Stored(generation));
        for (endpoint, records) in plan.records() {
            self.store_records(&mut ledger, &self.zone[endpoint], slot, (generation, records), newest.published());
        }
        loop {
            if authority == Authority::Automation && newest.is_paused() {
                // A plan that was never published is nobody's: the next publish takes its record sets back.
                return Err(PublishError::Paused);
            }
            let next = newest.publishing(generation);
            // Release: the plan's content happens before anybody can apply it. Pairs with the Acquire in `apply`.
            // Relaxed on failure: only the pause bit can have changed.
            match self.newest.compare_exchange(newest.bits(), next.bits(), Release, Relaxed) {
                Ok(_) => {
                    info!(change = "publish", %generation, "publishes plan {generation}");
                    return Ok(());
                }
                Err(changed) => newest = NewestWord::from_bits(changed),
            }
        }
    }

    /// Whether the plan has a record set for exactly the store's endpoints.
    fn check_whole(&self, plan: &Plan) -> Result<(), PublishError> {
        if let Some((endpoint, _)) = plan.records().find(|(endpoint, _)| !self.zone.contains_key(*endpoint)) {
            return Err(PublishError::UnknownEndpoint(endpoint.clone()));
        }
        if plan.len() < self.zone.len() {
            let missing = self.zone.keys().find(|endpoint| plan.get(endpoint).is_none());
            return Err(PublishError::MissingEndpoint(missing.expect("one is missing, by the count").clone()));
        }
        Ok(())
    }

    /// Frees the slots whose plan was deleted, or never published by a publisher that failed, and their record sets.
    fn take_back(&self, ledger: &mut Ledger, newest: Option<Generation>) {
        let gone: [Option<Generation>; PLANS] = array::from_fn(|slot| {
            // Acquire: who deleted the plan had seen that nobody serves it. Pairs with the Release in `delete`.
            match PlanWord::from_bits(self.plans[slot].load(Acquire)).state() {
                PlanState::Deleted(generation) => Some(generation),
                PlanState::Stored(generation) if Some(generation) > newest => Some(generation),
                PlanState::Stored(_) | PlanState::Free => None,
            }
        });
        // Release: what we just acquired happens before anything below is overwritten. Pairs with the fence in `resolve`: a
        // client that has copied one word of the new content sees, when it looks again, that its plan is not served any more.
        fence(Release);
        for (slot, gone) in gone.into_iter().enumerate().filter_map(|(slot, gone)| Some((slot, gone?))) {
            for entry in self.zone.values() {
                let cell = entry.cell(slot);
                if cell.generation() == Some(gone) {
                    ledger.give_back(cell.block());
                    // A plan that was never published must not be found once a newer one is. Relaxed: whoever looks for
                    // it has acquired the newest word that a later publish released.
                    entry.cells[slot].store(CellWord::EMPTY.bits(), Relaxed);
                }
            }
            self.turn(slot, PlanState::Free);
        }
    }

    /// A free slot, if there is one: the first from where a look-up of `generation` begins.
    fn free_slot(&self, generation: Generation) -> Option<usize> {
        probes::<PLANS>(generation).find(|&slot| self.state(&self.plans[slot]) == PlanState::Free)
    }

    /// Puts the publisher's own slot into `state`. Only the operator's pause bit can change meanwhile.
    fn turn(&self, slot: usize, state: PlanState) {
        let word = &self.plans[slot];
        // Relaxed throughout: what a slot's state allows is settled by the zone words and the newest word.
        let mut seen = word.load(Relaxed);
        while let Err(changed) =
            word.compare_exchange(seen, PlanWord::from_bits(seen).becoming(state).bits(), Relaxed, Relaxed)
        {
            seen = changed;
        }
    }

    /// Gives plan `generation`'s `slot` the record set, sharing the newest plan's block when it is the same.
    fn store_records(
        &self,
        ledger: &mut Ledger,
        entry: &Entry<PLANS>,
        slot: usize,
        (generation, records): (Generation, &RecordSet),
        newest: Option<Generation>,
    ) {
        let words = records.words();
        let shared = newest.and_then(|newest| entry.find(newest)).filter(|cell| {
            // Relaxed: publishers alone write blocks, and the ledger's lock orders them.
            let stored = self.block(*cell).iter().map(|word| word.load(Relaxed));
            stored.eq(words.iter().copied())
        });
        let block = match shared {
            Some(cell) => ledger.share(cell.block()),
            None => {
                let block = ledger.take();
                let start = block * RecordSet::MAX_WORDS;
                for (to, &word) in self.blocks[start..].iter().zip(words) {
                    // Relaxed, as the cell below: clients see it through the newest word and the zone word, never by itself.
                    to.store(word, Relaxed);
                }
                block
            }
        };
        let cell = CellWord::new(generation, block, words.len() as u8);
        // Relaxed, for the same reason as the words above.
        entry.cells[slot].store(cell.bits(), Relaxed);
    }
}
