//! What the objects of the closure are called in one run, and the mark that
//! their end leaves.

use std::sync::atomic::{AtomicU64, Ordering};

use super::ends::end;

/// The low bits of a word: an index, what it is an index of, and whether the
/// object has ended. The run is above them.
pub(super) const INDEX_BITS: u32 = 20;
const ENDED: u64 = 1 << (INDEX_BITS - 1);
const CELL: u64 = 1 << (INDEX_BITS - 2);
const INDEX: u64 = CELL - 1;

/// Objects of one kind that a run may have.
pub(super) const MAX_OBJECTS: usize = INDEX as usize + 1;

/// What an object of the closure is called in one run, in one word: the run, and
/// which location or cell of the run it is. 0 before its first use.
///
/// Dropping it is the end of the object. The mark of the end stays in the word, so
/// that a use of memory that was freed, and not yet written over, is noticed.
#[derive(Debug, Default)]
pub(crate) struct Name(AtomicU64);

/// As [`Name`], of a cell.
pub(crate) type CellName = Name;

impl Name {
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Relaxed: all threads of a run are on one OS thread.
    fn word(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn index(&self, run: u64, kind: u64) -> Option<u32> {
        let word = self.word();
        (word & !INDEX == run << INDEX_BITS | kind).then_some((word & INDEX) as u32)
    }

    pub(crate) fn location(&self, run: u64) -> Option<u32> {
        self.index(run, 0)
    }

    pub(super) fn cell(&self, run: u64) -> Option<u32> {
        self.index(run, CELL)
    }

    /// Which end of this run was its own.
    pub(super) fn end_in(&self, run: u64) -> Option<u32> {
        self.index(run, ENDED)
    }

    pub(super) fn is_ended(&self) -> bool {
        self.word() & ENDED != 0
    }

    /// The engine that named it, if any did.
    pub(super) fn engine(&self, count_bits: u32) -> u64 {
        self.word() >> (INDEX_BITS + count_bits)
    }

    fn set(&self, run: u64, low: u64) {
        self.0.store(run << INDEX_BITS | low, Ordering::Relaxed);
    }

    pub(super) fn name_location(&self, run: u64, index: u32) {
        self.set(run, u64::from(index));
    }

    pub(super) fn name_cell(&self, run: u64, index: u32) {
        self.set(run, CELL | u64::from(index));
    }

    pub(super) fn mark_ended(&self, run: u64, index: u32) {
        self.set(run, ENDED | u64::from(index));
    }

    pub(super) fn addr(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        if *self.0.get_mut() == 0 {
            // Nothing of this run used it. No run has the number 0.
            self.mark_ended(0, 0);
        } else {
            end(self);
        }
    }
}
