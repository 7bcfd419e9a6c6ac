//! `std::sync` with the lock's signature of `enactor::sync`: what a store looks like that no engine can see into.

use std::sync::PoisonError;
pub(crate) use std::sync::{
    Arc, MutexGuard,
    atomic::{AtomicU64, Ordering},
};

/// A lock that is never poisoned.
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
