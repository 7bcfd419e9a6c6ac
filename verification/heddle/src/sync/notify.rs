//! `Notify`, loom's own.

use std::panic::Location;

use super::{State, only};
use crate::graph::{Mode, Rmw, Site, Step};

/// A flag one thread raises and another waits for.
#[derive(Debug, Default)]
pub struct Notify {
    state: State,
}

/// As an argument of [`take`]: it may also return without the flag.
pub(crate) const SPURIOUS: u64 = 1;

/// Takes a raised flag, or waits for it.
pub(crate) fn take(value: u64, argument: u64, alternative: u8) -> Option<Step> {
    match (value, alternative) {
        (1, 0) => Some(Step::Write(0)),
        (1, _) => None,
        (_, 0) => Some(Step::Blocked),
        // It learns nothing, and takes nothing from anybody.
        (_, 1) if argument == SPURIOUS => Some(Step::Read),
        _ => None,
    }
}

/// Takes a raised flag, or gives up.
pub(crate) fn try_take(value: u64, _: u64, alternative: u8) -> Option<Step> {
    only(alternative, if value == 1 { Step::Write(0) } else { Step::Read })
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
        self.wait_at(false, site);
    }

    /// Waits for the flag and lowers it, or returns without it; whether it had it.
    pub(crate) fn wait_at(&self, spurious: bool, site: Site) -> bool {
        let argument = if spurious { SPURIOUS } else { 0 };
        self.state.apply(take, argument, Mode::Acquire, site).wrote
    }

    /// Lowers the flag if it is raised.
    pub(crate) fn lower(&self, site: Site) {
        self.state.apply(try_take, 0, Mode::Acquire, site);
    }
}
