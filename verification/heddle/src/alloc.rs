//! Allocations that must be released before an execution ends.

use std::panic::Location;

#[doc(no_inline)]
pub use std::alloc::Layout;

pub(crate) mod freed;
mod global;

use crate::engine::try_with;
use freed::{Block, Kept, is_inside, keep};
pub use global::Quarantine;

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
    try_with(|engine| engine.track_memory(pointer.addr(), layout.size(), site));
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
    try_with(|engine| engine.track_memory(pointer.addr(), layout.size(), site));
    pointer
}

/// As `std::alloc::dealloc`. What this execution allocated stays as it is until the
/// execution has ended; to give it back twice, or from its middle, is a failure.
///
/// # Safety
/// As for `std::alloc::dealloc`. heddle reports memory of this module that is given
/// back wrongly.
#[track_caller]
pub unsafe fn dealloc(pointer: *mut u8, layout: Layout) {
    let site = Location::caller();
    let address = pointer.addr();
    let mut block = Block::new(pointer, layout, give_back, std::ptr::null());
    block.site = Some(site);
    let kept = match try_with(|engine| (engine.untrack_memory(address), engine.memory_around(address))) {
        None => Kept::No,
        Some((true, _)) => keep(block),
        Some((false, Some(made))) => {
            let message = format!("memory is freed at {site} from its middle: it was allocated at {made}");
            try_with(|engine| engine.refuse_free(message));
            Kept::Twice
        }
        // It is freed already, or `std`'s.
        Some((false, None)) if is_inside(address) => keep(block),
        Some((false, None)) => Kept::No,
    };
    if kept == Kept::No {
        // SAFETY: the caller keeps the rules of the function.
        unsafe { std::alloc::dealloc(pointer, layout) };
    }
}

/// Frees what [`dealloc`] kept.
///
/// # Safety
/// As for `std::alloc::dealloc`.
unsafe fn give_back(_: *const (), pointer: *mut u8, layout: Layout) {
    // SAFETY: the caller keeps the rules of the function.
    unsafe { std::alloc::dealloc(pointer, layout) };
}

/// A value whose loss is a reported leak. To drop it twice is a failure.
#[derive(Debug)]
pub struct Track<T> {
    value: T,
    tracked: Tracked,
}

#[derive(Debug)]
struct Tracked(Option<(u64, usize)>);

impl Drop for Tracked {
    fn drop(&mut self) {
        // It keeps its number, so that dropping it again is noticed.
        if let Some(tracked) = self.0 {
            try_with(|engine| engine.drop_tracked(tracked));
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
