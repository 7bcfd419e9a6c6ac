//! What Enactors do: apply-plan and clean-up, each with its guard. Any number of them at a time, against each other and
//! against a publisher.
//!
//! They may change zone words and [`Stored`](PlanState::Stored) plan words, each by a compare-exchange on what the guard has
//! looked at. They never touch cells, blocks or the newest word.

use tracing::{debug, info};

use super::{Authority, Guarded};
use crate::{
    generation::{Generation, NewestWord, PlanState, PlanWord, ZoneWord},
    plan::Endpoint,
    store::{ApplyOutcome, CleanUp, PlanStore},
    sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release, fence},
};

impl<const PLANS: usize> Guarded<PLANS> {
    /// apply-plan: points `endpoint` at plan `generation`, if the guard lets it.
    pub(super) fn apply(&self, authority: Authority, endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        let Some(number) = self.names.number(endpoint) else { return ApplyOutcome::UnknownEndpoint };
        let zone = &self.zone[number];
        // Acquire: the plan's cells and record sets happen before this endpoint serves it, whoever told us of the plan.
        // Pairs with the Release in `publish`.
        let newest = NewestWord::from_bits(self.newest.load(Acquire));
        if newest.published() < Some(generation) {
            return ApplyOutcome::Unpublished;
        }
        // Relaxed: only a first guess, the compare-exchange below finds out whether it still holds.
        let mut word = ZoneWord::from_bits(zone.load(Relaxed));
        loop {
            if authority == Authority::Automation && word.is_paused() {
                return ApplyOutcome::Paused;
            }
            if let Some(applied) = word.applied()
                && applied >= generation
            {
                return ApplyOutcome::Stale { applied };
            }
            if word.floor() > Some(generation) {
                return ApplyOutcome::Deleted;
            }
            let Some(cell) = self.records.find(number, generation) else {
                // Acquire: if the slot has gone to another plan, the word below is not older than what let that happen.
                // Pairs with the fence in `take_back`.
                fence(Acquire);
                // Relaxed: the fence above orders it.
                let again = ZoneWord::from_bits(zone.load(Relaxed));
                if again == word {
                    return ApplyOutcome::Deleted;
                }
                word = again;
                continue;
            };
            let next = word.applying(cell);
            // Release: hands the plan's content, known to us by the Acquire above, to every client that then sees this
            // generation. Pairs with the Acquire in `resolve`. Relaxed on failure: the next turn only guesses again.
            match zone.compare_exchange(word.bits(), next.bits(), Release, Relaxed) {
                Ok(_) => {
                    let outcome = ApplyOutcome::Applied { replaced: word.applied() };
                    debug!(change = "apply", %endpoint, %generation, ?outcome, "applies plan {generation} to {endpoint}");
                    return outcome;
                }
                Err(changed) => word = ZoneWord::from_bits(changed),
            }
        }
    }

    /// Sees to it that this endpoint never serves anything older than `before` that it does not serve now. Returns the word that
    /// shows so, or none when the pause forbids it.
    fn withdraw(&self, authority: Authority, zone: &AtomicU64, before: Generation) -> Option<ZoneWord> {
        // Relaxed, here and below: applied and floor only grow and stand in one word, so a word that refuses is final
        // however old it is, and one that does not is replaced by a compare-exchange, which sees the newest.
        let mut word = ZoneWord::from_bits(zone.load(Relaxed));
        loop {
            if authority == Authority::Automation && word.is_paused() {
                return None;
            }
            if word.refuses_all_before(before) {
                return Some(word);
            }
            let next = word.withdrawing(before);
            // Relaxed: hands on no content; readers get that from the apply-plan whose release this write continues.
            match zone.compare_exchange(word.bits(), next.bits(), Relaxed, Relaxed) {
                Ok(_) => return Some(next),
                Err(changed) => word = ZoneWord::from_bits(changed),
            }
        }
    }

    /// Deletes the plan that `word` says is in `slot`, if it still is. None when the pause forbids it.
    fn delete(&self, authority: Authority, slot: &AtomicU64, mut word: PlanWord) -> Option<bool> {
        let PlanState::Stored(generation) = word.state() else { return Some(false) };
        while word.state() == PlanState::Stored(generation) {
            if authority == Authority::Automation && word.is_paused() {
                return None;
            }
            let deleted = word.becoming(PlanState::Deleted(generation));
            // Release: that no endpoint serves this plan any more, which we have seen, happens before the slot's next
            // content. Pairs with the Acquire in `take_back`. Relaxed on failure: the next turn looks again.
            match slot.compare_exchange(word.bits(), deleted.bits(), Release, Relaxed) {
                Ok(_) => {
                    info!(change = "delete", %generation, "deletes plan {generation}");
                    return Some(true);
                }
                Err(changed) => word = PlanWord::from_bits(changed),
            }
        }
        Some(false)
    }

    /// clean-up: withdraws what is older than `before` from each endpoint, then deletes what was served nowhere.
    pub(super) fn clean_up(&self, authority: Authority, before: Generation) -> CleanUp {
        let mut clean_up = CleanUp::default();
        // The newest plan stays, whatever is asked for: with a floor above it no Enactor could apply anything.
        let Some(newest) = self.latest() else { return clean_up };
        let before = before.min(newest);
        for zone in &self.zone {
            let Some(word) = self.withdraw(authority, zone, before) else {
                return CleanUp { paused: true, ..clean_up };
            };
            if let Some(served) = word.applied()
                && served < before
                && !clean_up.kept.contains(&served)
            {
                clean_up.kept.push(served);
            }
        }
        for slot in &self.plans {
            // Relaxed: a first guess for the compare-exchange in `delete`.
            let word = PlanWord::from_bits(slot.load(Relaxed));
            if let PlanState::Stored(generation) = word.state()
                && generation < before
                && !clean_up.kept.contains(&generation)
            {
                match self.delete(authority, slot, word) {
                    Some(true) => clean_up.deleted.push(generation),
                    Some(false) => {}
                    None => return CleanUp { paused: true, ..clean_up },
                }
            }
        }
        clean_up
    }
}
