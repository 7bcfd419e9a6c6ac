//! `RwLock`.

use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use super::{State, only};
use crate::graph::{Mode, Rmw, Site, Step, What};

/// As `std::sync::RwLock`. It is never poisoned: a panic fails the execution.
#[derive(Debug)]
pub struct RwLock<T: ?Sized> {
    /// How many readers hold it, or [`WRITER`].
    state: State,
    data: std::sync::RwLock<T>,
}

/// Holds an [`RwLock`] together with other readers.
#[derive(Debug)]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    state: &'a State,
    data: Option<std::sync::RwLockReadGuard<'a, T>>,
    site: Site,
}

/// Holds an [`RwLock`] alone.
#[derive(Debug)]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    state: &'a State,
    data: Option<std::sync::RwLockWriteGuard<'a, T>>,
    site: Site,
}

const WRITER: u64 = 1 << 63;

fn read(value: u64, or_else: Step) -> Step {
    if value == WRITER { or_else } else { Step::Write(value + 1) }
}

fn write(value: u64, or_else: Step) -> Step {
    if value == 0 { Step::Write(WRITER) } else { or_else }
}

fn wait_read(value: u64, _: u64, alternative: u8) -> Option<Step> {
    only(alternative, read(value, Step::Blocked))
}

fn try_read(value: u64, _: u64, alternative: u8) -> Option<Step> {
    only(alternative, read(value, Step::Read))
}

fn wait_write(value: u64, _: u64, alternative: u8) -> Option<Step> {
    only(alternative, write(value, Step::Blocked))
}

fn try_write(value: u64, _: u64, alternative: u8) -> Option<Step> {
    only(alternative, write(value, Step::Read))
}

impl<T> RwLock<T> {
    /// A free lock.
    #[must_use]
    pub const fn new(data: T) -> Self {
        Self { state: State::of(What::RwLock, 0), data: std::sync::RwLock::new(data) }
    }

    /// Takes the data.
    ///
    /// # Errors
    /// Never.
    pub fn into_inner(self) -> LockResult<T> {
        let data = self.data.into_inner();
        Ok(data.unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until no writer holds it, and reads.
    ///
    /// # Errors
    /// Never.
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let site = Location::caller();
        self.state.apply_as(What::ReadLock, wait_read, 0, Mode::Acquire, site);
        Ok(self.read_guard(site))
    }

    /// Reads if no writer holds it.
    ///
    /// # Errors
    /// `WouldBlock`.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let site = Location::caller();
        if self.state.apply_as(What::ReadLock, try_read, 0, Mode::Acquire, site).wrote {
            Ok(self.read_guard(site))
        } else {
            Err(TryLockError::WouldBlock)
        }
    }

    /// Waits until nobody holds it, and takes it.
    ///
    /// # Errors
    /// Never.
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let site = Location::caller();
        self.state.apply_as(What::WriteLock, wait_write, 0, Mode::Acquire, site);
        Ok(self.write_guard(site))
    }

    /// Takes it if nobody holds it.
    ///
    /// # Errors
    /// `WouldBlock`.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let site = Location::caller();
        if self.state.apply_as(What::WriteLock, try_write, 0, Mode::Acquire, site).wrote {
            Ok(self.write_guard(site))
        } else {
            Err(TryLockError::WouldBlock)
        }
    }

    fn read_guard(&self, site: Site) -> RwLockReadGuard<'_, T> {
        let data = match self.data.try_read() {
            Ok(data) => Some(data),
            Err(TryLockError::Poisoned(poison)) => Some(poison.into_inner()),
            // Only while an abandoned execution is unwound.
            Err(TryLockError::WouldBlock) => None,
        };
        let state = &self.state;
        RwLockReadGuard { state, data, site }
    }

    fn write_guard(&self, site: Site) -> RwLockWriteGuard<'_, T> {
        let data = match self.data.try_write() {
            Ok(data) => Some(data),
            Err(TryLockError::Poisoned(poison)) => Some(poison.into_inner()),
            // Only while an abandoned execution is unwound.
            Err(TryLockError::WouldBlock) => None,
        };
        let state = &self.state;
        RwLockWriteGuard { state, data, site }
    }

    /// The data.
    ///
    /// # Errors
    /// Never.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let data = self.data.get_mut();
        Ok(data.unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(data: T) -> Self {
        Self::new(data)
    }
}

const ABANDONED: &str = "the execution was abandoned while another thread held the lock";

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.data.as_ref().expect(ABANDONED)
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.data.as_ref().expect(ABANDONED)
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.data.as_mut().expect(ABANDONED)
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    fn drop(&mut self) {
        self.data = None;
        self.state.modify(Rmw::Sub, 1, Mode::Release, self.site);
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    fn drop(&mut self) {
        self.data = None;
        self.state.release(0, self.site);
    }
}

crate::name::nameable! { [T: ?Sized] RwLock<T>, it => it.state.named(); }
