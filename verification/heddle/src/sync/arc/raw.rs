//! Handles as raw pointers: the count is found by the value's address.

use std::mem::ManuallyDrop;
use std::panic::Location;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc as StdArc, Weak as StdWeak};

use super::{Arc, Count, HELD, Origin, Weak};

impl<T: ?Sized> Arc<T> {
    /// Turns the handle into a pointer; [`Self::from_raw`] turns it back.
    #[must_use]
    pub fn into_raw(mut this: Self) -> *const T {
        if this.origin == Origin::First {
            // Nobody can say any more where the handle came from.
            this.count.firm.fetch_sub(1, Relaxed);
        }
        StdArc::into_raw(this.value.take().expect(HELD))
    }

    /// Turns a pointer back into its handle. A pointer that is none, or whose
    /// memory is gone, fails the execution.
    ///
    /// # Safety
    /// The pointer is from [`Self::into_raw`] or [`Self::as_ptr`] of this `T`, and
    /// as many handles that were made here are dropped as were turned into
    /// pointers or added with [`Self::increment_strong_count`].
    #[track_caller]
    pub unsafe fn from_raw(pointer: *const T) -> Self {
        let site = Location::caller();
        let count = Count::find_raw(pointer.cast::<()>().addr(), site);
        // SAFETY: the caller keeps the rules of `std`'s function.
        let value = unsafe { StdArc::from_raw(pointer) };
        Self { value: Some(value), count, site, origin: Origin::Raw }
    }
}

impl<T> Arc<T> {
    /// One more handle to what the pointer is a handle to.
    ///
    /// # Safety
    /// The pointer is from [`Self::into_raw`] or [`Self::as_ptr`], and its handle
    /// still exists.
    #[track_caller]
    pub unsafe fn increment_strong_count(pointer: *const T) {
        // SAFETY: the caller keeps the rules of `from_raw`; this handle is not dropped.
        let handle = ManuallyDrop::new(unsafe { Self::from_raw(pointer) });
        let _ = Self::into_raw(Self::clone(&handle));
    }

    /// Drops one handle to what the pointer is a handle to.
    ///
    /// # Safety
    /// As for [`Self::from_raw`].
    #[track_caller]
    pub unsafe fn decrement_strong_count(pointer: *const T) {
        // SAFETY: the caller keeps the rules of `from_raw`.
        drop(unsafe { Self::from_raw(pointer) });
    }
}

impl<T> Weak<T> {
    /// Where the value is, or was; of [`Self::new`], nowhere.
    #[must_use]
    pub fn as_ptr(&self) -> *const T {
        self.value.as_ptr()
    }

    /// Turns the handle into a pointer; [`Self::from_raw`] turns it back.
    #[must_use]
    pub fn into_raw(self) -> *const T {
        let mut this = ManuallyDrop::new(self);
        drop(this.count.take());
        std::mem::take(&mut this.value).into_raw()
    }

    /// Turns a pointer back into its handle.
    ///
    /// # Safety
    /// The pointer is from [`Self::into_raw`] of this `T`, and is turned back once.
    #[must_use]
    #[track_caller]
    pub unsafe fn from_raw(pointer: *const T) -> Self {
        let site = Location::caller();
        if pointer == StdWeak::<T>::new().as_ptr() {
            return Self::new();
        }
        let count = Count::find(pointer.addr(), site);
        // SAFETY: the caller keeps the rules of `std`'s function.
        let value = unsafe { StdWeak::from_raw(pointer) };
        Self::new_of(value, count, site)
    }
}
