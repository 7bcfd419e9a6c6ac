//! `Mutex`.

use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use super::{Poison, State, only};
use crate::graph::{Mode, Rmw, Site, Step};

/// As `std::sync::Mutex`, poison included: a panic fails the execution, unless the
/// program catches it or has [`crate::model::Builder::child_panics`].
#[derive(Debug, Default)]
pub struct Mutex<T: ?Sized> {
    /// Whether it is held, and whether it is poisoned.
    state: State,
    data: std::sync::Mutex<T>,
}

/// Holds a [`Mutex`] until it is dropped.
#[derive(Debug)]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    /// Given up before the model's unlock, so that the next holder finds it free.
    data: Option<std::sync::MutexGuard<'a, T>>,
    poison: Poison,
    site: Site,
}

const FREE: u64 = 0;
const HELD: u64 = 1;

fn take(value: u64, or_else: Step) -> Step {
    if value & HELD == FREE { Step::Write(value | HELD) } else { or_else }
}

fn lock(value: u64, _: u64, alternative: u8) -> Option<Step> {
    only(alternative, take(value, Step::Blocked))
}

fn try_lock(value: u64, _: u64, alternative: u8) -> Option<Step> {
    only(alternative, take(value, Step::Read))
}

impl<T> Mutex<T> {
    /// A free mutex.
    #[must_use]
    pub const fn new(data: T) -> Self {
        Self { state: State::new(FREE), data: std::sync::Mutex::new(data) }
    }

    /// Takes the data.
    ///
    /// # Errors
    /// The data, if it is poisoned.
    pub fn into_inner(self) -> LockResult<T> {
        let poisoned = self.state.is_poisoned();
        Poison::result(poisoned, self.data.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits until it is free and takes it.
    ///
    /// # Errors
    /// The guard, if it is poisoned.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.lock_at(Location::caller())
    }

    pub(super) fn lock_at(&self, site: Site) -> LockResult<MutexGuard<'_, T>> {
        let before = self.state.apply(lock, 0, Mode::Acquire, site).value;
        let guard = self.guard(before, site);
        Poison::result(guard.poison.found, guard)
    }

    /// Takes it if it is free.
    ///
    /// # Errors
    /// `WouldBlock` if it is held, or was when this thread last heard of it; the
    /// guard, if it is poisoned.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let site = Location::caller();
        let answer = self.state.apply(try_lock, 0, Mode::Acquire, site);
        if !answer.wrote {
            return Err(TryLockError::WouldBlock);
        }
        let guard = self.guard(answer.value, site);
        Ok(Poison::result(guard.poison.found, guard)?)
    }

    /// Whether a thread panicked while it held the mutex, as far as this thread has
    /// heard.
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        self.state.peek(Mode::Relaxed, Location::caller()) & Poison::BIT != 0
    }

    /// Says that the data is in order again.
    #[track_caller]
    pub fn clear_poison(&self) {
        self.state.modify(Rmw::And, !Poison::BIT, Mode::Relaxed, Location::caller());
    }

    /// `before`: what the state was when the mutex was taken.
    fn guard(&self, before: u64, site: Site) -> MutexGuard<'_, T> {
        let data = match self.data.try_lock() {
            Ok(data) => Some(data),
            Err(TryLockError::Poisoned(poison)) => Some(poison.into_inner()),
            // Only while an abandoned execution is unwound.
            Err(TryLockError::WouldBlock) => None,
        };
        MutexGuard { mutex: self, data, poison: Poison::new(before), site }
    }

    /// The data.
    ///
    /// # Errors
    /// The data, if it is poisoned.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let poisoned = self.state.is_poisoned();
        Poison::result(poisoned, self.data.get_mut().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(data: T) -> Self {
        Self::new(data)
    }
}

const ABANDONED: &str = "the execution was abandoned while another thread held the lock";

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// Gives the mutex back for a wait and says whose it was.
    pub(super) fn unlock(mut self) -> &'a Mutex<T> {
        self.data = None;
        self.poison.release(&self.mutex.state, HELD, FREE, false, self.site);
        let mutex = self.mutex;
        std::mem::forget(self);
        mutex
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.data.as_ref().expect(ABANDONED)
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.data.as_mut().expect(ABANDONED)
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        self.data = None;
        let panicked = self.poison.panicked();
        self.poison.release(&self.mutex.state, HELD, FREE, panicked, self.site);
    }
}
