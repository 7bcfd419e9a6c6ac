//! Hints, as in `std::hint`.

use std::panic::Location;

use crate::engine::{suspend, with};
use crate::graph::Site;

/// Says that a loop only waits. A loop whose last two rounds read the same from
/// the same writes is explored as a wait for another value.
#[track_caller]
pub fn spin_loop() {
    spin_at(Location::caller());
}

/// The same for a wait that gave up, at its call.
pub(crate) fn spin_at(site: Site) {
    with(|engine| {
        let thread = engine.run.current as usize;
        engine.run.slots[thread].hints += 1;
    });
    while with(|engine| engine.spin(site)) {
        suspend();
    }
}
