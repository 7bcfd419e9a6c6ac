//! The stacks of model threads, and what happens when one overflows.
//!
//! A stack has, below what its thread may use, a reserve and a guard. An operation
//! that finds its thread in the reserve ends the execution as failed there and then,
//! so that no code of the engine, and nothing that it calls, ever meets the guard. A
//! thread that recurses without any operation meets it: the fault is caught where
//! `fault` knows how to, and ends the execution too.

#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    path = "overflow/elsewhere.rs"
)]
mod fault;

use std::cell::Cell;

use corosensei::stack::{DefaultStack, Stack};

use super::Engine;
use super::coroutine::{Thread, reach, suspend};
use crate::failure::FailureKind;

/// What the engine may use below what a thread may.
const RESERVE: usize = 96 * 1024;

thread_local! {
    /// The end of what the running coroutine may use; 0 outside of one.
    static END: Cell<usize> = const { Cell::new(0) };
}

/// A stack of which a thread may use `size` bytes.
pub(super) fn stack(size: usize) -> DefaultStack {
    let stack = DefaultStack::new(size.saturating_add(RESERVE + fault::GUARD));
    let stack = stack.expect("the system has memory for a thread's stack");
    fault::guard(&stack);
    stack
}

/// Where the part of a stack ends that its thread may use.
pub(super) fn end(stack: &DefaultStack) -> usize {
    stack.limit().get() + fault::GUARD + RESERVE
}

/// How many bytes of a stack its thread may use.
pub(super) fn size(stack: &DefaultStack) -> usize {
    stack.base().get() - end(stack)
}

/// A coroutine whose stack ends there is about to run.
pub(super) fn enter(coroutine: &Thread, end: usize) {
    END.set(end);
    fault::watch(coroutine.trap_handler(), end - RESERVE);
}

/// No coroutine runs.
pub(super) fn leave() {
    END.set(0);
    fault::watch_nothing();
}

/// Ends the execution if the running thread has no stack left for an operation.
pub(super) fn check() {
    let here = 0_u8;
    if std::ptr::from_ref(&here).addr() < END.get() {
        give_up();
    }
}

#[cold]
fn give_up() {
    let over = reach(|engine| {
        engine.overflowed();
        engine.run.teardown
    });
    // What only takes an execution down may use the reserve.
    while over != Some(true) {
        // The execution has failed; this thread never goes on.
        suspend();
    }
}

impl Engine {
    /// The running thread has used up its stack.
    fn overflowed(&mut self) {
        let thread = self.run.current;
        let slot = &self.run.slots[thread as usize];
        let size = slot.stack_size.max(self.limits.stack_size) / 1024;
        let after = slot.site.map_or(String::new(), |site| format!(" after the operation at {site}"));
        let message = format!(
            "the stack of thread {thread} overflowed{after} ({size} KiB): unless it recurses without end, set \
             Builder::stack_size"
        );
        self.fail(FailureKind::StackOverflow, message);
    }
}
