//! Handles as raw pointers. The count that goes with a pointer is kept aside.

use std::cell::RefCell;
use std::panic::Location;
use std::sync::Arc as StdArc;

use super::{Arc, Count};

thread_local! {
    /// Handles that are raw pointers now, newest last, by address.
    static RAW: RefCell<Vec<(usize, StdArc<Count>)>> = const { RefCell::new(Vec::new()) };
}

impl Count {
    /// Whether it belongs to an execution that is over.
    fn is_stale(&self) -> bool {
        let tracked = self.tracked.lock().map(|tracked| *tracked);
        let run = crate::engine::try_with(|engine| engine.run.id);
        match (tracked, run) {
            (Ok(Some((tracked, _))), Some(run)) => tracked != run,
            _ => false,
        }
    }
}

fn keep(address: usize, count: StdArc<Count>) {
    RAW.with_borrow_mut(|raw| {
        // Executions that were abandoned or that leaked left theirs behind.
        raw.retain(|(_, count)| !count.is_stale());
        raw.push((address, count));
    });
}

fn find(address: usize, remove: bool) -> StdArc<Count> {
    let found = RAW.with_borrow_mut(|raw| {
        let index = raw.iter().rposition(|(other, _)| *other == address)?;
        let count = StdArc::clone(&raw[index].1);
        if remove {
            raw.remove(index);
        }
        Some(count)
    });
    found.expect("the pointer is from `into_raw` of a handle of this execution")
}

impl<T: ?Sized> Arc<T> {
    /// Turns the handle into a pointer; [`Self::from_raw`] turns it back.
    #[must_use]
    pub fn into_raw(mut this: Self) -> *const T {
        let value = this.value.take().expect(super::HELD);
        let pointer = StdArc::into_raw(value);
        keep(pointer.addr(), StdArc::clone(&this.count));
        pointer
    }

    /// Turns a pointer back into its handle.
    ///
    /// # Safety
    /// The pointer is from [`Self::into_raw`] of this `T`, and is turned back
    /// once for each time it was made or its count was incremented.
    #[track_caller]
    pub unsafe fn from_raw(pointer: *const T) -> Self {
        let count = find(pointer.addr(), true);
        // SAFETY: the caller keeps the rules of `std`'s function.
        let value = unsafe { StdArc::from_raw(pointer) };
        Self { value: Some(value), count, site: Location::caller() }
    }
}

impl<T> Arc<T> {
    /// One more handle to what the pointer is a handle to.
    ///
    /// # Safety
    /// The pointer is from [`Self::into_raw`], and its handle still exists.
    #[track_caller]
    pub unsafe fn increment_strong_count(pointer: *const T) {
        let count = find(pointer.addr(), false);
        // SAFETY: the caller keeps the rules of `std`'s function.
        let value = unsafe { StdArc::from_raw(pointer) };
        let site = Location::caller();
        let handle = Self { value: Some(value), count, site };
        let other = handle.clone();
        // Both are pointers again; only one of them was in the table.
        let mut handle = handle;
        let value = handle.value.take().expect(super::HELD);
        let _ = StdArc::into_raw(value);
        let _ = Self::into_raw(other);
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
