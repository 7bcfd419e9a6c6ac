//! Hints, as in `std::hint`.

use std::panic::Location;

use crate::engine::{suspend, with};

/// Says that a loop only waits. A loop whose last two rounds read the same from
/// the same writes is explored as a wait for another value.
#[track_caller]
pub fn spin_loop() {
    let site = Location::caller();
    while with(|engine| engine.spin(site)) {
        suspend();
    }
}
