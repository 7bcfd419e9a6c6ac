//! Publishing: one publisher at a time fills a slot that nobody can reach, and then makes the plan public in one step.
//!
//! It may touch the newest word, the plan slots that are not stored, their cells, and the blocks that no other slot's cells
//! refer to. It never touches a zone word, but through the clean-up that makes room in a full store.

use tracing::info;

use super::{Authority, Guarded, records::probes};
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
        let _publisher = self.publisher.try_lock().ok_or(PublishError::Busy)?;
        let generation = plan.generation();
        // Relaxed: only publishers change the generation in it, and their lock orders them.
        let mut newest = NewestWord::from_bits(self.newest.load(Relaxed));
        if let Some(newest) = newest.published()
            && newest >= generation
        {
            return Err(PublishError::NotNewer { offered: generation, newest });
        }
        let mut kept = self.take_back(newest.published());
        if kept.len() == PLANS
            && let Some(newest) = newest.published()
        {
            // Every slot is taken, as when the Enactors that should have cleaned up have stopped. Retention gives way:
            // otherwise nobody could ever publish again, and without a new plan no Enactor runs to its clean-up.
            self.clean_up(authority, newest);
            kept = self.take_back(Some(newest));
        }
        let free = probes::<PLANS>(generation).find(|slot| !kept.contains(slot));
        let slot = free.ok_or_else(|| PublishError::NoRoom { stored: self.stored() })?;
        self.turn(slot, PlanState::Free, PlanState::Stored(generation));
        for (number, (_, records)) in plan.records().enumerate() {
            let block = self.store_records(number, records, newest.published(), &kept);
            let cell = CellWord::new(generation, block, records.words().len());
            self.records.set_cell(slot, number, cell);
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

    /// Whether the plan has a record set for exactly the store's endpoints; then both have them in the same order.
    fn check_whole(&self, plan: &Plan) -> Result<(), PublishError> {
        if plan.records().map(|(endpoint, _)| endpoint).eq(self.names.endpoints()) {
            return Ok(());
        }
        let unknown = plan.records().find(|(endpoint, _)| self.names.number(endpoint).is_none());
        let missing = || self.names.endpoints().iter().find(|endpoint| plan.get(endpoint).is_none());
        Err(match unknown {
            Some((endpoint, _)) => PublishError::UnknownEndpoint(endpoint.clone()),
            None => PublishError::MissingEndpoint(missing().expect("they differ, and none is unknown").clone()),
        })
    }

    /// Frees the slots whose plan was deleted, or never published by a publisher that failed. Returns those that are not
    /// free: the blocks that their cells refer to must stay as they are.
    fn take_back(&self, newest: Option<Generation>) -> Vec<usize> {
        // Acquire: who deleted a plan had seen that nobody serves it. Pairs with the Release in `delete`.
        let states = self.plans.each_ref().map(|word| PlanWord::from_bits(word.load(Acquire)).state());
        // Release: what we just acquired happens before anything is overwritten, cells or blocks. Pairs with the fence in
        // `resolve`: a client that has copied one word of the new content sees, when it looks again, that its plan is not
        // served any more.
        fence(Release);
        let mut kept = Vec::with_capacity(PLANS);
        for (slot, state) in states.into_iter().enumerate() {
            match state {
                PlanState::Free => {}
                PlanState::Stored(generation) if Some(generation) <= newest => kept.push(slot),
                PlanState::Stored(_) | PlanState::Deleted(_) => {
                    // What was never published must not be found once a newer plan is. Whoever looks for it then has
                    // acquired the newest word, which we release later.
                    (0..self.zone.len()).for_each(|number| self.records.set_cell(slot, number, CellWord::EMPTY));
                    self.turn(slot, state, PlanState::Free);
                }
            }
        }
        kept
    }

    /// Puts the publisher's own slot from one state into another. Only the operator's pause bit can be otherwise than it seemed.
    fn turn(&self, slot: usize, from: PlanState, to: PlanState) {
        let mut word = PlanWord::FREE.becoming(from);
        // Relaxed: what a slot's state allows is settled by the zone words and the newest word.
        while let Err(seen) = self.plans[slot].compare_exchange(word.bits(), word.becoming(to).bits(), Relaxed, Relaxed)
        {
            word = PlanWord::from_bits(seen);
        }
    }

    /// The block with these `records` for endpoint `number`: the newest plan's, when they are the same, or one that no slot
    /// in `kept` uses.
    fn store_records(&self, number: usize, records: &RecordSet, newest: Option<Generation>, kept: &[usize]) -> usize {
        let newest = newest.and_then(|newest| self.records.find(number, newest));
        match newest.filter(|&cell| self.records.is(number, cell, records.words())) {
            Some(cell) => cell.block(),
            None => {
                let block = self.records.unused(number, kept);
                self.records.write(number, block, records.words());
                block
            }
        }
    }
}
