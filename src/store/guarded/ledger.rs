//! Which blocks hold record sets: the publisher's private account, so nothing here is concurrent.
//!
//! It may touch nothing but itself. [`Guarded`](super::Guarded) keeps it behind the lock that makes a publisher the only one.

/// How many plan slots use each block, and which blocks none does.
pub(super) struct Ledger {
    /// For each block, by how many slots it is used.
    uses: Box<[u8]>,
    /// Blocks that were used and are not any more: taken first, so that the memory touched stays small.
    free: Vec<usize>,
    /// The first block that was never used, and none after it was.
    fresh: usize,
}

impl Ledger {
    /// The account of so many blocks, none in use.
    pub(super) fn new(blocks: usize) -> Self {
        Self { uses: vec![0; blocks].into_boxed_slice(), free: Vec::new(), fresh: 0 }
    }

    /// A block that nobody uses, now used once.
    ///
    /// # Panics
    /// When every block is in use, which cannot be: there is one for each slot of each endpoint.
    pub(super) fn take(&mut self) -> usize {
        let block = self.free.pop().unwrap_or_else(|| {
            self.fresh += 1;
            self.fresh - 1
        });
        self.uses[block] = 1;
        block
    }

    /// The same block, used once more.
    pub(super) fn share(&mut self, block: usize) -> usize {
        self.uses[block] += 1;
        block
    }

    /// One slot uses `block` no more.
    pub(super) fn give_back(&mut self, block: usize) {
        self.uses[block] -= 1;
        if self.uses[block] == 0 {
            self.free.push(block);
        }
    }

    /// How many blocks are in use.
    pub(super) fn in_use(&self) -> usize {
        self.fresh - self.free.len()
    }

    /// How many blocks were ever in use: their memory is committed.
    pub(super) fn touched(&self) -> usize {
        self.fresh
    }
}
