//! Allocations that must be released before an execution ends.

use std::panic::Location;

use crate::engine::try_with;

/// A value whose loss is a reported leak.
#[derive(Debug)]
pub struct Track<T> {
    value: T,
    tracked: Tracked,
}

#[derive(Debug)]
struct Tracked(Option<(u64, usize)>);

impl Drop for Tracked {
    fn drop(&mut self) {
        if let Some(tracked) = self.0.take() {
            try_with(|engine| engine.untrack(tracked));
        }
    }
}

impl<T> Track<T> {
    /// Tracks a value.
    #[track_caller]
    pub fn new(value: T) -> Self {
        let site = Location::caller();
        let tracked = Tracked(try_with(|engine| engine.track(site)));
        Self { value, tracked }
    }

    /// The value.
    #[must_use]
    pub fn get_ref(&self) -> &T {
        &self.value
    }

    /// The value.
    #[must_use]
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// Takes the value, which is no longer tracked.
    #[must_use]
    pub fn into_inner(self) -> T {
        drop(self.tracked);
        self.value
    }
}
