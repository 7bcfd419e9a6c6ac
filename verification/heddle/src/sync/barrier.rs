//! `Barrier`.

use std::panic::Location;

use super::{State, only};
use crate::graph::{Mode, Rmw, Step, What};

/// As `std::sync::Barrier`.
#[derive(Debug)]
pub struct Barrier {
    threads: u64,
    /// How many have arrived, ever.
    arrived: State,
}

/// Whether the thread was the one to open the barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether the thread was the last to arrive.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

fn reach(value: u64, target: u64, alternative: u8) -> Option<Step> {
    let step = if value >= target { Step::Read } else { Step::Blocked };
    only(alternative, step)
}

impl Barrier {
    /// A barrier for this many threads.
    #[must_use]
    pub const fn new(threads: usize) -> Self {
        Self { threads: if threads == 0 { 1 } else { threads as u64 }, arrived: State::of(What::Barrier, 0) }
    }

    /// Waits until all threads have arrived.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        let site = Location::caller();
        let before = self.arrived.modify(Rmw::Add, 1, Mode::AcqRel, site);
        let target = (before / self.threads + 1) * self.threads;
        let leader = before + 1 == target;
        if !leader {
            self.arrived.acquire(reach, target, site);
        }
        BarrierWaitResult(leader)
    }
}

crate::name::nameable! { [] Barrier, it => it.arrived.named(); }
