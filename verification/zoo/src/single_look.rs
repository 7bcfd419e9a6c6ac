//! [`SingleLook`]: a client copies the record set that the zone points at, and does not look again. **Wrong.**
//!
//! **Why it tempts.** The pointer is read with acquire, so the record set behind it is whole; and copying takes nanoseconds.
//!
//! **What kills it.** Whole when it was published, that is. While the client copies, the endpoint moves on, clean-up deletes the
//! plan, rightly since no endpoint serves it, and the Planner writes a new plan into its place.
//!
//! `never_torn` in `slot_is_used_again_under_a_client`:
//!
//! ```text
//! Enactor 1  applies plan 3 to a
//! Enactor 1  deletes plan 1
//! Enactor 1  deletes plan 2
//! Enactor 1  publishes plan 4
//! Client     resolves a: 10.0.1.4 TORN, not plan 1
//! ```
//!
//! **What answers it.** A second look, as in [`Guarded`](enactor::store::Guarded); or no new plan in a place that a client may be
//! reading, as in [`EpochReclamation`](crate::epoch_reclamation::EpochReclamation).

use enactor::{
    plan::Answer,
    sync::atomic::Ordering::{self, Release},
};

use crate::places::{Lockless, Places, Reading};

/// The store of this fix.
pub type SingleLook = Lockless<Reader>;

/// Looks and copies.
#[derive(Debug, Default)]
pub struct Reader;

impl Reading for Reader {
    const NAME: &'static str = "single_look";

    // Release: pairs with the Acquire in `Places::look`.
    const SERVE: Ordering = Release;

    fn resolve(&self, places: &Places, endpoint: usize, answer: &mut Answer) {
        answer.clear(None);
        if let Some(found) = places.look(endpoint) {
            places.copy(endpoint, found, answer);
        }
    }
}
