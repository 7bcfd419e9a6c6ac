//! `Notify`, loom's own.

use std::panic::Location;

use super::{State, only};
use crate::graph::{Mode, Rmw, Step};

/// A flag one thread raises and another waits for.
#[derive(Debug, Default)]
pub struct Notify {
    state: State,
}

/// Takes a raised flag, or waits for it.
pub(crate) fn take(value: u64, _: u64, alternative: u8) -> Option<Step> {
    let step = if value == 1 { Step::Write(0) } else { Step::Blocked };
    only(alternative, step)
}

impl Notify {
    /// A lowered flag.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::new(0) }
    }

    /// Raises the flag.
    #[track_caller]
    pub fn notify(&self) {
        let site = Location::caller();
        self.state.modify(Rmw::Swap, 1, Mode::Release, site);
    }

    /// Waits for the flag and lowers it.
    #[track_caller]
    pub fn wait(&self) {
        let site = Location::caller();
        self.state.apply(take, 0, Mode::Acquire, site);
    }
}
