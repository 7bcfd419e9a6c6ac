//! The modelled legs: the facade's types as an engine sees them, and the lens ([`model`]) through which a runner watches or
//! changes single operations.
//!
//! One source for both engines, since heddle has loom's names: which one explores is the `engine` below, and nothing else.

use std::{
    fmt,
    mem::{self, ManuallyDrop},
    ops::{Deref, DerefMut},
    panic::Location,
    sync::{PoisonError, TryLockError},
};

#[cfg(heddle)]
use heddle as engine;
#[cfg(not(heddle))]
use loom as engine;

pub mod atomic;
pub mod channel;
pub mod model;
#[cfg(not(heddle))]
pub mod trace;
// heddle tells its operations by itself.
#[cfg(heddle)]
mod untraced;
#[cfg(heddle)]
use untraced as trace;

pub(super) const NAME: &str = if cfg!(heddle) { "heddle" } else { "loom" };

/// A mutual exclusion that blocks. It is never poisoned.
pub struct Mutex<T> {
    lock: engine::sync::Mutex<T>,
    identity: trace::Identity,
}

/// The right to use what a [`Mutex`] protects, until dropped. A thread that has stopped for ever keeps it.
pub struct MutexGuard<'a, T> {
    held: Option<engine::sync::MutexGuard<'a, T>>,
    identity: &'a trace::Identity,
    /// Where the lock was taken. Nobody says where it is let go of.
    site: &'static Location<'static>,
}

impl<T> Mutex<T> {
    /// An unlocked mutex.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self { lock: engine::sync::Mutex::new(value), identity: trace::Identity::new(0) }
    }

    /// Waits for the lock.
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        model::lock();
        let held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let site = Location::caller();
        self.identity.locked(trace::Deed::Lock, site);
        MutexGuard { held: Some(held), identity: &self.identity, site }
    }

    /// `step`, with the lock, as one step: nobody stops for ever between it and letting go of the lock. Where `step` has
    /// operations of its own, one can stop at those, and keeps the lock.
    #[track_caller]
    pub fn in_one_step<R>(&self, step: impl FnOnce(&mut T) -> R) -> R {
        let mut guard = self.lock();
        let result = step(&mut guard);
        guard.let_go();
        result
    }
}

/// A mutual exclusion that never blocks: it is had at once, or not. It is never poisoned.
///
/// The engine sees the flag; the value behind it is reached only while the flag is held, and the flag orders those accesses.
pub struct TryLock<T> {
    held: atomic::AtomicBool,
    value: std::sync::Mutex<T>,
}

/// The right to use what a [`TryLock`] protects, until dropped. A thread that has stopped for ever keeps it.
pub struct TryLockGuard<'a, T> {
    held: &'a atomic::AtomicBool,
    value: Option<std::sync::MutexGuard<'a, T>>,
}

impl<T> TryLock<T> {
    /// An unlocked lock.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self { held: atomic::AtomicBool::new(false), value: std::sync::Mutex::new(value) }
    }

    /// The lock, or `None` while somebody else holds it.
    #[track_caller]
    pub fn try_lock(&self) -> Option<TryLockGuard<'_, T>> {
        use atomic::Ordering::{Acquire, Relaxed};
        // Acquire, as every lock: what its last holder did happens before what the next one does (pairs with the drop).
        // Relaxed on failure: nothing was had, nothing is read.
        self.held.compare_exchange(false, true, Acquire, Relaxed).ok()?;
        let value = match self.value.try_lock() {
            Ok(value) => Some(value),
            Err(TryLockError::Poisoned(poison)) => Some(poison.into_inner()),
            // Only while an engine unwinds the threads of an execution that it gave up: nobody holds what they had.
            Err(TryLockError::WouldBlock) => None,
        };
        Some(TryLockGuard { held: &self.held, value })
    }
}

impl<T> Drop for TryLockGuard<'_, T> {
    fn drop(&mut self) {
        let value = self.value.take();
        if model::has_stopped() {
            mem::forget(value);
        } else {
            drop(value);
            // Release: pairs with the Acquire of the next holder's `try_lock`.
            self.held.store(false, atomic::Ordering::Release);
        }
    }
}

impl<T> MutexGuard<'_, T> {
    fn let_go(&mut self) {
        if self.held.is_some() {
            self.identity.locked(trace::Deed::Unlock, self.site);
        }
        drop(self.held.take());
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        let Some(guard) = self.held.take() else { return };
        // A thread that stops keeps the lock: also one that stops here, before it lets go.
        let kept = ManuallyDrop::new(guard);
        if !model::has_stopped() {
            model::may_stop();
            self.held = Some(ManuallyDrop::into_inner(kept));
            self.let_go();
        }
    }
}

/// What a lock and its guard have in common on this leg.
macro_rules! lock_traits {
    ($lock:ident, $guard:ident, $held:ident => $value:expr) => {
        impl<T: Default> Default for $lock<T> {
            fn default() -> Self {
                Self::new(T::default())
            }
        }

        impl<T> fmt::Debug for $lock<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($lock))
            }
        }

        impl<T> Deref for $guard<'_, T> {
            type Target = T;
            fn deref(&self) -> &T {
                let $held = self;
                $value.as_ref().expect("a guard holds its value until it is dropped")
            }
        }

        impl<T> DerefMut for $guard<'_, T> {
            fn deref_mut(&mut self) -> &mut T {
                let $held = self;
                $value.as_mut().expect("a guard holds its value until it is dropped")
            }
        }
    };
}

lock_traits!(Mutex, MutexGuard, guard => guard.held);
lock_traits!(TryLock, TryLockGuard, guard => guard.value);

/// Threads.
pub mod thread {
    use std::time::Duration;

    use super::{engine, model};

    pub use super::engine::thread::{JoinHandle, yield_now};

    /// Starts a thread.
    #[track_caller]
    pub fn spawn<F, T>(does: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let part = model::part();
        engine::thread::spawn(move || {
            model::take_part(part);
            does()
        })
    }

    /// Lets the other threads run: a model has no clock, so any length of wait is one more interleaving.
    pub fn pause(_duration: Duration) {
        yield_now();
    }
}
