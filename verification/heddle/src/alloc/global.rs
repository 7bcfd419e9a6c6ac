//! The allocator that keeps what an execution has freed.

use std::alloc::{GlobalAlloc, Layout, System};

use super::freed::{Block, Kept, is_program, keep};

/// A global allocator that, while an execution of a model runs, keeps what the
/// program frees as it is, and frees it when the execution has ended. So a use of
/// freed memory finds what was there and is reported, and a block that is freed twice is
/// a failure and not the end of the process. Outside of a model it is `A`.
///
/// heddle's feature `allocator`, which is on by default, installs one around
/// `System`. A test binary that has a global allocator of its own turns the default
/// features off and wraps it:
///
/// ```ignore
/// #[global_allocator]
/// static ALLOCATOR: heddle::alloc::Quarantine<Mine> =
///     // SAFETY: it is the global allocator.
///     unsafe { heddle::alloc::Quarantine::around(Mine) };
/// ```
#[derive(Debug)]
pub struct Quarantine<A = System>(A);

impl<A> Quarantine<A> {
    /// Around another allocator.
    ///
    /// # Safety
    /// The value is a static's: what was freed is given back to it later.
    #[must_use]
    pub const unsafe fn around(inner: A) -> Self {
        Self(inner)
    }
}

/// Frees a block by the allocator that `by` is.
///
/// # Safety
/// `by` points to an `A`, and the block is one of its own that is freed once.
unsafe fn free<A: GlobalAlloc>(by: *const (), pointer: *mut u8, layout: Layout) {
    // SAFETY: the caller says that it is one.
    let inner = unsafe { &*by.cast::<A>() };
    // SAFETY: the caller keeps the rules of the function.
    unsafe { inner.dealloc(pointer, layout) };
}

// SAFETY: every block is the inner allocator's, which gets it back once, with the
// layout that it was freed with.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Quarantine<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the rules of the function.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the rules of the function.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let by = (&raw const self.0).cast();
        if keep(Block::new(pointer, layout, free::<A>, by)) == Kept::No {
            // SAFETY: the caller keeps the rules of the function.
            unsafe { self.0.dealloc(pointer, layout) };
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !is_program() {
            // SAFETY: the caller keeps the rules of the function.
            return unsafe { self.0.realloc(pointer, layout, size) };
        }
        // SAFETY: the caller says that the size, rounded up to the alignment, is one
        // that a layout may have.
        let moved = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: the size is not zero, as the caller says.
        let new = unsafe { self.0.alloc(moved) };
        if !new.is_null() {
            // SAFETY: both blocks have as many bytes, and one of them is new.
            unsafe { new.copy_from_nonoverlapping(pointer, layout.size().min(size)) };
            // SAFETY: the old block is the caller's, who gives it up.
            unsafe { self.dealloc(pointer, layout) };
        }
        new
    }
}

#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: Quarantine =
    // SAFETY: it is a static.
    unsafe { Quarantine::around(System) };
