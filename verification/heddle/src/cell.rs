//! Cells without synchronisation, as in `std::cell`: conflicting accesses that
//! nothing orders are reported as a data race.

use std::panic::Location;

use crate::engine::{CellName, Named, suspend, with};
use crate::graph::Site;

/// As `std::cell::UnsafeCell`, with loom's scoped accesses.
#[derive(Debug, Default)]
pub struct UnsafeCell<T: ?Sized> {
    name: CellName,
    data: std::cell::UnsafeCell<T>,
}

/// As `std::cell::Cell`.
#[derive(Default)]
pub struct Cell<T> {
    name: CellName,
    data: std::cell::Cell<T>,
}

impl<T> std::fmt::Debug for Cell<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cell").finish_non_exhaustive()
    }
}

/// A read access that lasts as long as this value.
#[derive(Debug)]
pub struct ConstPtr<T: ?Sized> {
    pointer: *const T,
}

/// A write access that lasts as long as this value.
#[derive(Debug)]
pub struct MutPtr<T: ?Sized> {
    pointer: *mut T,
}

fn access(name: &CellName, write: bool, site: Site) {
    if !with(|engine| engine.access_cell(name, write, site)) {
        // The execution has failed; this thread never goes on.
        loop {
            suspend();
        }
    }
}

impl<T> UnsafeCell<T> {
    /// A cell.
    #[must_use]
    pub const fn new(data: T) -> Self {
        Self { name: CellName::new(), data: std::cell::UnsafeCell::new(data) }
    }

    /// Takes the data.
    #[track_caller]
    pub fn into_inner(self) -> T {
        access(&self.name, true, Location::caller());
        self.data.into_inner()
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// A read of the data.
    #[track_caller]
    pub fn with<F, R>(&self, f: F) -> R
    where
        F: FnOnce(*const T) -> R,
    {
        let site = Location::caller();
        access(&self.name, false, site);
        let result = f(self.data.get());
        access(&self.name, false, site);
        result
    }

    /// A write of the data.
    #[track_caller]
    pub fn with_mut<F, R>(&self, f: F) -> R
    where
        F: FnOnce(*mut T) -> R,
    {
        let site = Location::caller();
        access(&self.name, true, site);
        let result = f(self.data.get());
        access(&self.name, true, site);
        result
    }

    /// A read access; its end is not checked.
    #[track_caller]
    pub fn get(&self) -> ConstPtr<T> {
        access(&self.name, false, Location::caller());
        ConstPtr { pointer: self.data.get() }
    }

    /// A write access; its end is not checked.
    #[track_caller]
    pub fn get_mut(&self) -> MutPtr<T> {
        access(&self.name, true, Location::caller());
        MutPtr { pointer: self.data.get() }
    }
}

impl<T: ?Sized> ConstPtr<T> {
    /// Lends the data.
    ///
    /// # Safety
    /// As for the pointer: the cell is alive and nobody writes meanwhile.
    #[must_use]
    pub unsafe fn deref(&self) -> &T {
        // SAFETY: the caller keeps the rules of the pointer.
        unsafe { &*self.pointer }
    }

    /// Runs `f` on the pointer.
    pub fn with<F, R>(&self, f: F) -> R
    where
        F: FnOnce(*const T) -> R,
    {
        f(self.pointer)
    }
}

impl<T: ?Sized> MutPtr<T> {
    /// Lends the data.
    ///
    /// # Safety
    /// As for the pointer: the cell is alive and nobody else uses it meanwhile.
    #[must_use]
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn deref(&self) -> &mut T {
        // SAFETY: the caller keeps the rules of the pointer.
        unsafe { &mut *self.pointer }
    }

    /// Runs `f` on the pointer.
    pub fn with<F, R>(&self, f: F) -> R
    where
        F: FnOnce(*mut T) -> R,
    {
        f(self.pointer)
    }
}

impl<T> Cell<T> {
    /// A cell.
    #[must_use]
    pub const fn new(data: T) -> Self {
        Self { name: CellName::new(), data: std::cell::Cell::new(data) }
    }

    /// Writes.
    #[track_caller]
    pub fn set(&self, value: T) {
        access(&self.name, true, Location::caller());
        self.data.set(value);
    }

    /// Exchanges the data of two cells.
    #[track_caller]
    pub fn swap(&self, other: &Self) {
        access(&self.name, true, Location::caller());
        access(&other.name, true, Location::caller());
        self.data.swap(&other.data);
    }

    /// Writes and takes what was there.
    #[track_caller]
    pub fn replace(&self, value: T) -> T {
        access(&self.name, true, Location::caller());
        self.data.replace(value)
    }

    /// Reads.
    #[track_caller]
    pub fn get(&self) -> T
    where
        T: Copy,
    {
        access(&self.name, false, Location::caller());
        self.data.get()
    }

    /// Takes what is there and leaves the default.
    #[track_caller]
    pub fn take(&self) -> T
    where
        T: Default,
    {
        self.replace(T::default())
    }

    /// Takes the data.
    #[track_caller]
    pub fn into_inner(self) -> T {
        access(&self.name, true, Location::caller());
        self.data.into_inner()
    }
}

crate::name::nameable! {
    [T: ?Sized] UnsafeCell<T>, it => Named::Cell(&it.name);
    [T] Cell<T>, it => Named::Cell(&it.name);
}
