//! `OnceLock`.

use std::panic::Location;

use super::{State, only};
use crate::graph::{Mode, Step, What};

/// As `std::sync::OnceLock`.
#[derive(Debug)]
pub struct OnceLock<T> {
    state: State,
    value: std::sync::OnceLock<T>,
}

const EMPTY: u64 = 0;
const RUNNING: u64 = 1;
const FULL: u64 = 2;

fn begin(value: u64, _: u64, alternative: u8) -> Option<Step> {
    let step = match value {
        EMPTY => Step::Write(RUNNING),
        RUNNING => Step::Blocked,
        _ => Step::Read,
    };
    only(alternative, step)
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> OnceLock<T> {
    /// Without a value.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::of(What::OnceLock, EMPTY), value: std::sync::OnceLock::new() }
    }

    /// The value, if this thread can see it.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        let state = self.state.peek(Mode::Acquire, Location::caller());
        (state == FULL).then(|| self.value.get()).flatten()
    }

    /// Gives it a value.
    ///
    /// # Errors
    /// The value, if it has one.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.fill(|| value.take(), Location::caller());
        value.map_or(Ok(()), Err)
    }

    /// The value; the first caller makes it, others wait.
    ///
    /// # Panics
    /// If `f` does.
    #[track_caller]
    pub fn get_or_init<F>(&self, f: F) -> &T
    where
        F: FnOnce() -> T,
    {
        self.fill(|| Some(f()), Location::caller());
        self.value.get().expect("the value was made before the lock said so")
    }

    fn fill(&self, f: impl FnOnce() -> Option<T>, site: crate::graph::Site) {
        if self.state.acquire(begin, 0, site).wrote {
            if let Some(value) = f() {
                // In a teardown it may have a value; the execution is over.
                let _ = self.value.set(value);
            }
            self.state.release(FULL, site);
        }
    }
}

crate::name::nameable! { [T] OnceLock<T>, it => it.state.named(); }
