//! Poison: a bit in the word of a lock, so that it is ordered as the lock is.

use std::sync::{LockResult, PoisonError};

use super::State;
use crate::engine::{Object, try_with, with};
use crate::graph::{Mode, Rmw, Site};
use crate::thread::panicking;

/// What a guard knows of its lock's poison.
#[derive(Debug)]
pub(super) struct Poison {
    /// The lock was poisoned when the guard was made.
    pub(super) found: bool,
    /// The thread was unwinding then: its panic is none of the guard's.
    unwinding: bool,
}

impl Poison {
    /// Of a poisoned lock's word.
    pub(super) const BIT: u64 = 1 << 62;

    /// Of a guard whose lock's word was this when it was taken.
    pub(super) fn new(before: u64) -> Self {
        Self { found: before & Self::BIT != 0, unwinding: panicking() }
    }

    pub(super) fn result<T>(poisoned: bool, value: T) -> LockResult<T> {
        if poisoned { Err(PoisonError::new(value)) } else { Ok(value) }
    }

    /// Whether the guard goes because of a panic that began after it was made, and
    /// not since heddle takes an execution down.
    pub(super) fn panicked(&self) -> bool {
        !self.unwinding && panicking() && try_with(|engine| !engine.run.teardown).unwrap_or(false)
    }

    /// Gives the lock back: the word is `held` now and `free` then, but for poison.
    ///
    /// Nobody else changes the word of a lock that is held by one thread, so that a
    /// store does, unless it was poisoned: that may be cleared meanwhile, and must
    /// stay so.
    pub(super) fn release(&self, state: &State, held: u64, free: u64, panicked: bool, site: Site) {
        if panicked {
            with(|engine| engine.run.poisoned = true);
            state.release(free | Self::BIT, site);
        } else if self.found {
            state.modify(Rmw::Add, free.wrapping_sub(held), Mode::Release, site);
        } else {
            state.release(free, site);
        }
    }
}

impl State {
    /// Whether a lock is poisoned of which the caller is the only user. All that was
    /// done to it happened before, so there is one answer, and no event.
    pub(super) fn is_poisoned(&self) -> bool {
        let object = Object { name: &self.name, initial: self.initial };
        // Most executions poison nothing, and need not look.
        let found =
            |engine: &mut crate::engine::Engine| engine.run.poisoned && engine.last_seen(object) & Poison::BIT != 0;
        try_with(found).unwrap_or(false)
    }
}
