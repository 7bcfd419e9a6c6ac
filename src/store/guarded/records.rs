//! Where the plans' record sets are: [`Records`]. The memory is there from the beginning and is used again and again.
//!
//! Nothing here guards anything: only the publisher writes, and only what no client may use by then; a client that does so
//! all the same finds out in `resolve`.

use crate::{
    generation::{CellWord, Generation},
    plan::RecordSet,
    sync::atomic::{self, AtomicU64, Ordering::Relaxed, Zeroed},
};

/// How many words lie together: one cache line.
const LINE: usize = 8;
/// How many lines the largest record set takes.
const LINES: usize = RecordSet::MAX_WORDS.div_ceil(LINE);

/// Each endpoint has `PLANS` cells, one for each slot, and `PLANS` blocks, one of which each cell refers to.
///
/// What is used together lies together: the cells of one slot; the first line of every endpoint's first block, then of every
/// endpoint's second block, …; behind those the second lines, which only large record sets have. The system commits memory
/// when it is first touched, so what no plan has needed yet costs nothing.
pub(super) struct Records<const PLANS: usize> {
    endpoints: usize,
    /// [`CellWord`]s: for each slot and endpoint, where the record set is.
    cells: Zeroed,
    /// The record sets' words.
    lines: Zeroed,
}

/// Where to look for plan `generation`, the likeliest slot first.
#[inline]
pub(super) fn probes<const PLANS: usize>(generation: Generation) -> impl Iterator<Item = usize> {
    let start = generation.get() as usize % PLANS;
    // One range with a remainder, not two ranges: so the compiler sees that every slot is within bounds.
    (start..start + PLANS).map(|slot| slot % PLANS)
}

impl<const PLANS: usize> Records<PLANS> {
    /// No record sets, for endpoints with the numbers from 0 to `endpoints`.
    pub(super) fn new(endpoints: usize) -> Self {
        let blocks = PLANS * endpoints;
        Self { endpoints, cells: atomic::zeroed(blocks), lines: atomic::zeroed(blocks * LINES * LINE) }
    }

    /// What `slot` says of endpoint `number`.
    #[inline]
    pub(super) fn cell(&self, slot: usize, number: usize) -> CellWord {
        // Relaxed: the tag says whose cell it is; that its content is visible comes with the zone word or the newest word.
        CellWord::from_bits(self.cells[slot * self.endpoints + number].load(Relaxed))
    }

    /// Lets `slot` say `cell` of endpoint `number`.
    pub(super) fn set_cell(&self, slot: usize, number: usize, cell: CellWord) {
        // Relaxed: clients see it through the newest word and the zone word, never by itself.
        self.cells[slot * self.endpoints + number].store(cell.bits(), Relaxed);
    }

    /// Where plan `generation` keeps the record set of endpoint `number`.
    #[inline]
    pub(super) fn find(&self, number: usize, generation: Generation) -> Option<CellWord> {
        let mut cells = probes::<PLANS>(generation).map(|slot| self.cell(slot, number));
        cells.find(|cell| cell.generation() == Some(generation))
    }

    /// How many blocks the cells of `slots` refer to, and how many bytes the cells and what is used of the blocks take.
    pub(super) fn in_use(&self, slots: &[usize]) -> (usize, usize) {
        let (mut blocks, mut bytes) = (0, slots.len() * self.endpoints * size_of::<AtomicU64>());
        for number in 0..self.endpoints {
            let mut cells: Vec<CellWord> = slots.iter().map(|&slot| self.cell(slot, number)).collect();
            cells.sort_unstable_by_key(|cell| cell.block());
            cells.dedup_by_key(|cell| cell.block());
            blocks += cells.len();
            let lines: usize = cells.iter().map(|cell| cell.words().div_ceil(LINE)).sum();
            bytes += lines * LINE * size_of::<AtomicU64>();
        }
        (blocks, bytes)
    }

    /// Copies endpoint `number`'s record set that `cell` refers to, which the publisher may be overwriting.
    #[inline]
    pub(super) fn copy(&self, number: usize, cell: CellWord, to: &mut [u64]) {
        let (first, others) = to.split_at_mut(to.len().min(LINE));
        copy(self.line(number, cell.block(), 0), first);
        for (line, to) in (1..).zip(others.chunks_mut(LINE)) {
            copy(self.line(number, cell.block(), line), to);
        }
    }

    /// Whether endpoint `number`'s record set that `cell` refers to is `words`.
    pub(super) fn is(&self, number: usize, cell: CellWord, words: &[u64]) -> bool {
        cell.words() == words.len()
            && words.chunks(LINE).enumerate().all(|(line, words)| {
                // Relaxed: publishers alone write blocks, and their lock orders them.
                let stored = self.line(number, cell.block(), line).iter().map(|word| word.load(Relaxed));
                stored.zip(words).all(|(stored, &word)| stored == word)
            })
    }

    /// Writes a record set's `words` into endpoint `number`'s `block`.
    pub(super) fn write(&self, number: usize, block: usize, words: &[u64]) {
        for (line, words) in words.chunks(LINE).enumerate() {
            for (to, &word) in self.line(number, block, line).iter().zip(words) {
                // Relaxed, as the cells: clients see it through the newest word and the zone word, never by itself.
                to.store(word, Relaxed);
            }
        }
    }

    /// A block of endpoint `number` that no cell of `slots` refers to. There is one as long as a slot is left out.
    pub(super) fn unused(&self, number: usize, slots: &[usize]) -> usize {
        let used = slots.iter().fold(0_u32, |used, &slot| used | 1 << self.cell(slot, number).block());
        let block = used.trailing_ones() as usize;
        assert!(block < PLANS, "there are as many blocks as slots");
        block
    }

    #[inline]
    fn line(&self, number: usize, block: usize, line: usize) -> &[AtomicU64; LINE] {
        let start = ((line * PLANS + block) * self.endpoints + number) * LINE;
        self.lines[start..].first_chunk().expect("every block has all its lines")
    }
}

#[inline]
fn copy(line: &[AtomicU64; LINE], to: &mut [u64]) {
    // Relaxed: it may be overwritten while we copy; the second look in `resolve` finds out.
    let words = line.iter().map(|word| word.load(Relaxed));
    match <&mut [u64; LINE]>::try_from(&mut *to) {
        // Whole lines apart: a loop of known length is unrolled, and atomics are not vectorised.
        Ok(whole) => whole.iter_mut().zip(words).for_each(|(to, word)| *to = word),
        Err(_) => to.iter_mut().zip(words).for_each(|(to, word)| *to = word),
    }
}
