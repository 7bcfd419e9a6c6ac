//! `OnceLock`.

use std::panic::Location;

use super::{State, only};
use crate::graph::{Mode, Site, Step};

/// As `std::sync::OnceLock`.
#[derive(Debug)]
pub struct OnceLock<T> {
    state: State,
    value: std::sync::OnceLock<T>,
}

const EMPTY: u64 = 0;
const RUNNING: u64 = 1;
const FULL: u64 = 2;

const MADE: &str = "the value was made before the lock said so";

fn begin(value: u64, _: u64, alternative: u8) -> Option<Step> {
    let step = match value {
        EMPTY => Step::Write(RUNNING),
        RUNNING => Step::Blocked,
        _ => Step::Read,
    };
    only(alternative, step)
}

fn full(value: u64, _: u64, alternative: u8) -> Option<Step> {
    only(alternative, if value == FULL { Step::Read } else { Step::Blocked })
}

impl<T> OnceLock<T> {
    /// Without a value.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::new(EMPTY), value: std::sync::OnceLock::new() }
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

    /// The value; the first caller makes it, others wait. To ask again in `f` is a
    /// deadlock, as in std today.
    ///
    /// # Panics
    /// If `f` does; then the next caller makes the value.
    #[track_caller]
    pub fn get_or_init<F>(&self, f: F) -> &T
    where
        F: FnOnce() -> T,
    {
        self.fill(|| Some(f()), Location::caller());
        self.value.get().expect(MADE)
    }

    /// The value, once another thread has made it.
    #[track_caller]
    pub fn wait(&self) -> &T {
        self.state.acquire(full, 0, Location::caller());
        self.value.get().expect(MADE)
    }

    /// The value; nobody else uses it.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// Takes the value.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// Takes the value and leaves none.
    pub fn take(&mut self) -> Option<T> {
        std::mem::take(self).into_inner()
    }

    fn fill(&self, f: impl FnOnce() -> Option<T>, site: Site) {
        if self.state.acquire(begin, 0, site).wrote {
            let mut filling = Filling { state: &self.state, result: EMPTY, site };
            if let Some(value) = f() {
                // In a teardown it may have a value; the execution is over.
                let _ = self.value.set(value);
            }
            filling.result = FULL;
        }
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        Self { state: State::new(FULL), value: value.into() }
    }
}

/// Lets the others go on, also after a panic: then the next one makes the value,
/// and what this one did happens before.
struct Filling<'a> {
    state: &'a State,
    result: u64,
    site: Site,
}

impl Drop for Filling<'_> {
    fn drop(&mut self) {
        self.state.release(self.result, self.site);
    }
}
