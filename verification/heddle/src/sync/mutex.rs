//! `Mutex`.

use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use super::State;
use crate::graph::{Mode, Site, Step, What};

/// As `std::sync::Mutex`. It is never poisoned: a panic fails the execution.
#[derive(Debug)]
pub struct Mutex<T: ?Sized> {
    state: State,
    data: std::sync::Mutex<T>,
}

/// Holds a [`Mutex`] until it is dropped.
#[derive(Debug)]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    /// Given up before the model's unlock, so that the next holder finds it free.
    data: Option<std::sync::MutexGuard<'a, T>>,
    site: Site,
}

const FREE: u64 = 0;
const HELD: u64 = 1;

fn lock(value: u64, _: u64, alternative: u8) -> Option<Step> {
    let step = if value == FREE { Step::Write(HELD) } else { Step::Blocked };
    (alternative == 0).then_some(step)
}

fn try_lock(value: u64, _: u64, alternative: u8) -> Option<Step> {
    let step = if value == FREE { Step::Write(HELD) } else { Step::Read };
    (alternative == 0).then_some(step)
}

impl<T> Mutex<T> {
    /// A free mutex.
    #[must_use]
    pub const fn new(data: T) -> Self {
        Self { state: State::of(What::Mutex, FREE), data: std::sync::Mutex::new(data) }
    }

    /// Takes the data.
    ///
    /// # Errors
    /// Never.
    pub fn into_inner(self) -> LockResult<T> {
        Ok(self.data.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits until it is free and takes it.
    ///
    /// # Errors
    /// Never.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        Ok(self.lock_at(Location::caller()))
    }

    pub(super) fn lock_at(&self, site: Site) -> MutexGuard<'_, T> {
        self.state.apply(lock, 0, Mode::Acquire, site);
        self.guard(site)
    }

    /// Takes it if it is free.
    ///
    /// # Errors
    /// `WouldBlock` if it is held, or was when this thread last heard of it.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let site = Location::caller();
        if self.state.apply(try_lock, 0, Mode::Acquire, site).wrote {
            Ok(self.guard(site))
        } else {
            Err(TryLockError::WouldBlock)
        }
    }

    fn guard(&self, site: Site) -> MutexGuard<'_, T> {
        let data = match self.data.try_lock() {
            Ok(data) => Some(data),
            Err(TryLockError::Poisoned(poison)) => Some(poison.into_inner()),
            // Only while an abandoned execution is unwound.
            Err(TryLockError::WouldBlock) => None,
        };
        MutexGuard { mutex: self, data, site }
    }

    /// The data.
    ///
    /// # Errors
    /// Never.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        Ok(self.data.get_mut().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(data: T) -> Self {
        Self::new(data)
    }
}

const ABANDONED: &str = "the execution was abandoned while another thread held the lock";

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// Gives the mutex back and says whose it was.
    pub(super) fn unlock(mut self) -> &'a Mutex<T> {
        self.give_back();
        let mutex = self.mutex;
        std::mem::forget(self);
        mutex
    }

    fn give_back(&mut self) {
        self.data = None;
        self.mutex.state.release(FREE, self.site);
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
        self.give_back();
    }
}

crate::name::nameable! { [T: ?Sized] Mutex<T>, it => it.state.named(); }
