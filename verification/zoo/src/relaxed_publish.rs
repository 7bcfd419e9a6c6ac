//! [`RelaxedPublish`]: the pointer that hands a plan to the clients is stored relaxed. **Wrong.**
//!
//! **Why it tempts.** The record set is written before the pointer, one sees it in the source. On x86 every store is a release
//! anyway, so no test on such a machine can fail.
//!
//! **What kills it.** No interleaving: a reordering. The client sees the new pointer and the memory as it was before the record
//! set was written to it.
//!
//! `never_torn` in `published_plan_is_visible`:
//!
//! ```text
//! Planner    publishes plan 2
//! Enactor 1  applies plan 2 to a
//! Client     resolves a: no target TORN, not plan 2
//! ```
//!
//! **What answers it.** Release, as in [`EpochReclamation`](crate::epoch_reclamation::EpochReclamation) and
//! [`Guarded`](enactor::store::Guarded).

use enactor::{
    plan::Answer,
    sync::atomic::Ordering::{self, Relaxed},
};

use crate::places::{Lockless, Places, Reading};

/// The store of this fix.
pub type RelaxedPublish = Lockless<Reader>;

/// Looks, copies, looks again; but was told too early.
#[derive(Debug, Default)]
pub struct Reader;

impl Reading for Reader {
    const NAME: &'static str = "relaxed_publish";

    // Relaxed: the mistake. Release would pair with the Acquire in `Places::look`.
    const SERVE: Ordering = Relaxed;

    fn resolve(&self, places: &Places, endpoint: usize, answer: &mut Answer) {
        loop {
            let pointer = places.look(endpoint);
            answer.clear(None);
            let Some(found) = pointer else { return };
            places.copy(endpoint, found, answer);
            if places.look_again(endpoint) == pointer {
                return;
            }
        }
    }
}
