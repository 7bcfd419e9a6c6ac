//! Hints, as in `std::hint`.

use std::panic::Location;

/// Says that a loop only waits. A loop whose last two rounds did the same, were told
/// the same and left its thread in the same state is explored as a wait for another
/// value.
#[track_caller]
pub fn spin_loop() {
    crate::engine::hint(Location::caller());
}
