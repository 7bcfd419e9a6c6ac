//! [`PublishedPromelaFix`]: the fix that was published with a Promela model of this outage. **Wrong.**
//!
//! The model (Waqas Younas, *Reproducing the AWS Outage Race Condition with a Model Checker*, 30 October 2025) finds the outage,
//! and its fix puts two things into `atomic` blocks: pointing the zone at a plan, and deleting one plan *if it is not the
//! current one*. Transcribed here step by step. Two checks stay outside: that the plan is newer than what is applied, and that
//! it is not deleted.
//!
//! **Why it tempts.** The atomic deletion is right, and it is the deletion that one saw in the outage.
//!
//! **What kills it.** Both checks can be over by the write. It lets through what the outage began with, an old plan over a newer
//! one; and it lets through what the outage ended with, from the other side: an Enactor finds its plan stored, a clean-up
//! deletes it, rightly since nobody serves it yet, and the Enactor points the zone at it.
//!
//! `never_dangles` in `clean_up_against_apply`:
//!
//! ```text
//! Enactor 1  checks: plan 2 is not deleted
//! Enactor 2  deletes plan 2
//! Enactor 1  applies plan 2 to a
//! ```
//!
//! **What answers it.** [`Transaction`](crate::transaction::Transaction): both checks inside. With only the second one inside it
//! is [`FreshnessOutside`](crate::freshness_outside::FreshnessOutside), which still goes back in time.

use tracing::debug;

use enactor::{
    generation::Generation,
    plan::Endpoint,
    store::{ApplyOutcome, CleanUp},
};

use crate::{
    fix::{Fix, holds_nothing},
    shelf::Shelf,
};

/// Checks that the plan is stored, then writes; deletes plan by plan what is not served.
#[derive(Debug, Default)]
pub struct PublishedPromelaFix;

impl Fix for PublishedPromelaFix {
    const NAME: &'static str = "published_promela_fix";
    holds_nothing!();

    fn apply(&self, shelf: &Shelf, _run: &mut (), endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        if let Some(refused) = shelf.transaction(|table| table.refuses_blindly(endpoint, generation)) {
            return refused;
        }
        debug!(%endpoint, %generation, "checks: plan {generation} is not deleted");
        shelf.transaction(
            |table| if table.is_paused() { ApplyOutcome::Paused } else { table.write(endpoint, generation) },
        )
    }

    fn clean_up(&self, shelf: &Shelf, _run: &mut (), before: Generation) -> CleanUp {
        let mut done = CleanUp::default();
        for generation in
            shelf.transaction(|table| table.stored().filter(|&stored| stored < before).collect::<Vec<_>>())
        {
            let step = shelf.transaction(|table| {
                let in_use = table.served();
                table.delete(before, |stored| stored != generation || in_use.contains(&stored))
            });
            if step.paused {
                return CleanUp { paused: true, ..done };
            }
            done.deleted.extend(&step.deleted);
            done.kept.extend(step.kept.contains(&generation).then_some(generation));
        }
        done
    }
}
