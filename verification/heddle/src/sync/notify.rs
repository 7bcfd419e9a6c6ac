//! `Notify`, loom's own.

use std::panic::Location;

use super::{State, only};
use crate::graph::{Mode, Rmw, Step, What};

/// A flag one thread raises and another waits for.
#[derive(Debug)]
pub struct Notify {
    state: State,
}

/// Takes a raised flag, or waits for it.
pub(crate) fn take(value: u64, _: u64, alternative: u8) -> Option<Step> {
    let step = if value == 1 { Step::Write(0) } else { Step::Blocked };
    only(alternative, step)
}

impl Default for Notify {
    fn default() -> Self {
        Self::new()
    }
}

impl Notify {
    /// A lowered flag.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::of(What::Notify, 0) }
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

crate::name::nameable! { [] Notify, it => it.state.named(); }
