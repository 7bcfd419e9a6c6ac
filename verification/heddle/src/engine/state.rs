//! The state of a thread between two rounds of a loop: its stack and its registers.
//!
//! A thread whose state is after a round what it was before the round, and whose round
//! changed nothing that others see, carries nothing over: it will do after any number of
//! such rounds what it does after one. A counter of rounds, a round limit, or another
//! place in the code is on the stack or in a register.
//!
//! What it keeps elsewhere, in memory that it reached through a pointer and that is not of
//! heddle's types, is not looked at. A loop that ends because of it is found by trying
//! it (`spin.rs`).

use super::{Engine, ThreadId};
use crate::graph::mix;

/// The registers that a called function must keep for its caller, which therefore may
/// hold the caller's variables.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn registers() -> [usize; 6] {
    let mut registers = [0; 6];
    // SAFETY: reads registers into memory of this frame and changes nothing else.
    unsafe {
        std::arch::asm!(
            "mov [{to}], rbx", "mov [{to} + 8], rbp", "mov [{to} + 16], r12",
            "mov [{to} + 24], r13", "mov [{to} + 32], r14", "mov [{to} + 40], r15",
            to = in(reg) registers.as_mut_ptr(), options(nostack, preserves_flags),
        );
    }
    registers
}

/// As on x86-64.
#[cfg(target_arch = "aarch64")]
#[inline(always)]
pub(super) fn registers() -> [usize; 12] {
    let mut registers = [0; 12];
    // SAFETY: reads registers into memory of this frame and changes nothing else.
    unsafe {
        std::arch::asm!(
            "stp x19, x20, [{to}]", "stp x21, x22, [{to}, 16]", "stp x23, x24, [{to}, 32]",
            "stp x25, x26, [{to}, 48]", "stp x27, x28, [{to}, 64]", "stp x29, x30, [{to}, 80]",
            to = in(reg) registers.as_mut_ptr(), options(nostack, preserves_flags),
        );
    }
    registers
}

/// Elsewhere nothing is known of them, so no two states are equal.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) fn registers() -> [usize; 1] {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    [NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)]
}

/// A hash of the stack from `top` to `base`, of a thread that is suspended.
pub(super) fn of_stack(top: usize, base: usize) -> u64 {
    let words = (top..base).step_by(size_of::<u64>());
    words.fold(0, |hash, address| {
        // SAFETY: `top` is the address of a variable of a suspended thread, aligned for a
        // word, and `base` is where its mapped stack begins.
        let word = unsafe { std::ptr::read_volatile(std::ptr::with_exposed_provenance::<u64>(address)) };
        mix(hash, word)
    })
}

impl Engine {
    /// Whether the thread is to show its state before it goes on: near the end of its
    /// events, once at each.
    pub(super) fn wants_state(&self, thread: ThreadId) -> bool {
        let slot = &self.run.slots[thread as usize];
        let events = self.graph.thread(thread).events.len() as u32;
        slot.trial.is_none()
            && events - slot.done <= super::spin::LONGEST_ROUND
            && slot.states.last().is_none_or(|(at, _)| *at != slot.done)
    }

    /// Whether the next event of a thread that follows the graph is a weak exchange that
    /// fails for no reason.
    pub(super) fn fails_for_no_reason(&self, thread: ThreadId) -> bool {
        let done = self.run.slots[thread as usize].done as usize;
        let event = self.graph.event(self.graph.thread(thread).events[done]);
        event.alternative != 0 && !event.is_custom()
    }

    pub(super) fn is_asked_to_show(&mut self) -> bool {
        std::mem::take(&mut self.run.shows)
    }

    pub(super) fn keep_state(&mut self, thread: ThreadId, state: u64) {
        let slot = self.slot(thread);
        let done = slot.done;
        slot.states.push((done, state));
    }

    /// Whether the thread is where it was after `before` events, in the same state.
    pub(super) fn is_in_the_state_of(&self, thread: ThreadId, before: u32, now: u32) -> bool {
        let states = &self.run.slots[thread as usize].states;
        let state = |wanted: u32| states.iter().rev().find(|(at, _)| *at == wanted).map(|(_, state)| *state);
        state(before).is_some_and(|before| state(now) == Some(before))
    }
}
