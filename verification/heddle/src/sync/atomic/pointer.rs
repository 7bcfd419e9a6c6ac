//! `AtomicPtr`. Addresses may differ between runs of the closure, so the graph
//! takes the addresses of the run at hand.

use std::panic::Location;

use super::{Ordering, Raw};
use crate::engine::Name;
use crate::graph::{ReadOp, Rmw};

/// As `std::sync::atomic::AtomicPtr`.
#[derive(Debug)]
pub struct AtomicPtr<T> {
    /// Never changed; only to be shared between threads as the real one is.
    initial: std::sync::atomic::AtomicPtr<T>,
    name: Name,
}

fn bits<T>(pointer: *mut T) -> u64 {
    pointer.expose_provenance() as u64
}

fn pointer<T>(bits: u64) -> *mut T {
    std::ptr::with_exposed_provenance_mut(bits as usize)
}

impl<T> AtomicPtr<T> {
    /// An atomic that begins with `value`.
    #[must_use]
    pub const fn new(value: *mut T) -> Self {
        Self { initial: std::sync::atomic::AtomicPtr::new(value), name: Name::new() }
    }

    fn raw(&self) -> Raw<'_> {
        Raw {
            // Relaxed: never written.
            initial: bits(self.initial.load(Ordering::Relaxed)),
            name: &self.name,
            pointer: true,
        }
    }

    /// Lets `f` change the value without synchronisation.
    #[track_caller]
    pub fn with_mut<R>(&mut self, f: impl FnOnce(&mut *mut T) -> R) -> R {
        let site = Location::caller();
        let mut value = pointer(self.raw().exclusive(site));
        let result = f(&mut value);
        self.raw().set(bits(value), site);
        result
    }

    /// Reads the value without synchronisation.
    ///
    /// # Safety
    /// No thread writes at the same time. heddle reports it if one may.
    #[track_caller]
    pub unsafe fn unsync_load(&self) -> *mut T {
        pointer(self.raw().exclusive(Location::caller()))
    }

    /// Takes the value.
    #[track_caller]
    pub fn into_inner(self) -> *mut T {
        pointer(self.raw().exclusive(Location::caller()))
    }

    /// As in `std`.
    #[track_caller]
    pub fn load(&self, order: Ordering) -> *mut T {
        pointer(self.raw().load(order, Location::caller()))
    }

    /// As in `std`.
    #[track_caller]
    pub fn store(&self, value: *mut T, order: Ordering) {
        self.raw().store(bits(value), order, Location::caller());
    }

    /// As in `std`.
    #[track_caller]
    pub fn swap(&self, value: *mut T, order: Ordering) -> *mut T {
        let op = ReadOp::Modify { rmw: Rmw::Swap, argument: bits(value), bits: 64 };
        let site = Location::caller();
        pointer(self.raw().read(op, order, order, site).value)
    }

    /// As in `std`, before it was deprecated.
    #[track_caller]
    pub fn compare_and_swap(&self, current: *mut T, new: *mut T, order: Ordering) -> *mut T {
        let failure = match order {
            Ordering::Release => Ordering::Relaxed,
            Ordering::AcqRel => Ordering::Acquire,
            order => order,
        };
        match self.compare_exchange(current, new, order, failure) {
            Ok(value) | Err(value) => value,
        }
    }

    /// As in `std`.
    ///
    /// # Errors
    /// The value, if it was not `current`.
    #[track_caller]
    pub fn compare_exchange(
        &self,
        current: *mut T,
        new: *mut T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<*mut T, *mut T> {
        self.compare(current, new, success, failure, false)
    }

    /// As in `std`: also fails spuriously.
    ///
    /// # Errors
    /// The value, which may be `current`.
    #[track_caller]
    pub fn compare_exchange_weak(
        &self,
        current: *mut T,
        new: *mut T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<*mut T, *mut T> {
        self.compare(current, new, success, failure, true)
    }

    #[track_caller]
    fn compare(
        &self,
        current: *mut T,
        new: *mut T,
        success: Ordering,
        failure: Ordering,
        weak: bool,
    ) -> Result<*mut T, *mut T> {
        let op = ReadOp::Compare { expected: bits(current), new: bits(new), weak };
        let site = Location::caller();
        let result = self.raw().compare(op, success, failure, site);
        result.map(pointer).map_err(pointer)
    }

    /// As in `std`; never fails spuriously, since it would only retry.
    ///
    /// # Errors
    /// The value on which `f` returned `None`.
    #[track_caller]
    pub fn try_update(
        &self,
        set_order: Ordering,
        fetch_order: Ordering,
        mut f: impl FnMut(*mut T) -> Option<*mut T>,
    ) -> Result<*mut T, *mut T> {
        let mut value = self.load(fetch_order);
        while let Some(new) = f(value) {
            match self.compare_exchange(value, new, set_order, fetch_order) {
                Ok(old) => return Ok(old),
                Err(newer) => value = newer,
            }
        }
        Err(value)
    }

    /// As [`Self::try_update`].
    ///
    /// # Errors
    /// The value on which `f` returned `None`.
    #[track_caller]
    pub fn fetch_update<F>(&self, set_order: Ordering, fetch_order: Ordering, f: F) -> Result<*mut T, *mut T>
    where
        F: FnMut(*mut T) -> Option<*mut T>,
    {
        self.try_update(set_order, fetch_order, f)
    }

    /// As in `std`; the value before.
    #[track_caller]
    pub fn update(&self, set_order: Ordering, fetch_order: Ordering, mut f: impl FnMut(*mut T) -> *mut T) -> *mut T {
        match self.try_update(set_order, fetch_order, |value| Some(f(value))) {
            Ok(value) | Err(value) => value,
        }
    }
}

impl<T> Default for AtomicPtr<T> {
    fn default() -> Self {
        Self::new(std::ptr::null_mut())
    }
}

impl<T> From<*mut T> for AtomicPtr<T> {
    fn from(value: *mut T) -> Self {
        Self::new(value)
    }
}

crate::name::nameable! { [T] AtomicPtr<T>, it => crate::engine::Named::Location(&it.name); }
