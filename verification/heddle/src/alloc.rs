//! Allocations that must be released before an execution ends.

use std::panic::Location;

#[doc(no_inline)]
pub use std::alloc::Layout;

use crate::engine::try_with;

/// As `std::alloc::alloc`; not to release it is a reported leak.
///
/// # Safety
/// As for `std::alloc::alloc`.
#[must_use]
#[track_caller]
pub unsafe fn alloc(layout: Layout) -> *mut u8 {
    let site = Location::caller();
    // SAFETY: the caller keeps the rules of the function.
    let pointer = unsafe { std::alloc::alloc(layout) };
    try_with(|engine| engine.track_memory(pointer.addr(), site));
    pointer
}

/// As `std::alloc::alloc_zeroed`; not to release it is a reported leak.
///
/// # Safety
/// As for `std::alloc::alloc_zeroed`.
#[must_use]
#[track_caller]
pub unsafe fn alloc_zeroed(layout: Layout) -> *mut u8 {
    let site = Location::caller();
    // SAFETY: the caller keeps the rules of the function.
    let pointer = unsafe { std::alloc::alloc_zeroed(layout) };
    try_with(|engine| engine.track_memory(pointer.addr(), site));
    pointer
}

/// As `std::alloc::dealloc`.
///
/// # Safety
/// As for `std::alloc::dealloc`.
pub unsafe fn dealloc(pointer: *mut u8, layout: Layout) {
    try_with(|engine| engine.untrack_memory(pointer.addr()));
    // SAFETY: the caller keeps the rules of the function.
    unsafe { std::alloc::dealloc(pointer, layout) };
}

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
