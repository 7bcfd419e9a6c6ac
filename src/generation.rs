//! [`Generation`], the number that orders plans, and the packed words that carry it.
//!
//! # Wrap policy
//!
//! A generation never wraps and is never reused. It has 27 bits: at one plan a minute it lasts 255 years, at one a second
//! four. The first number past [`Generation::LAST`] is a [`GenerationError`], so a store at its end refuses to publish; it
//! never orders a new plan before an old one. The way on is a new store whose generations start again at 1.
//!
//! # Packed words
//!
//! Each word below is one atomic `u64` of [`Guarded`](crate::store::Guarded). A guard is only as strong as the word it
//! compares, so whatever a guard must see in one atomic step stands in one word, and a zone word has room for two
//! generations beside the place of what it serves:
//!
//! ```text
//!              63       62 ......... 36   35 ............. 9   8 ..... 4   3 ..... 0
//! CellWord   | 0                        | Generation or none | words: u5 | block: u4 |
//! ZoneWord   | paused | floor or none   | the CellWord of what it serves             |
//!
//!              63       62 .... 34   33 ... 32   31 ... 27   26 ............. 0
//! NewestWord | paused | 0          | 0         | 0         | published or none  |
//! PlanWord   | paused | 0          | state     | 0         | Generation or none |
//! ```

use std::{fmt, num::NonZeroU32};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, Visitor},
};

/// The number that orders plans: strictly increasing, never reused, from 1 to [`Generation::LAST`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "u64")]
pub struct Generation(NonZeroU32);

/// A number that is no generation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenerationError {
    /// Zero stands for "no generation" in every packed word.
    #[error("0 is no generation: generations start at 1")]
    Zero,
    /// The number does not fit in 27 bits.
    #[error("generation {0} is past the last one ({last}): generations never wrap, start a new store at generation 1", last = Generation::LAST)]
    PastTheLast(u64),
}

const GENERATION_BITS: u32 = 27;
const GENERATION_MASK: u64 = (1 << GENERATION_BITS) - 1;

impl Generation {
    /// The first generation of a store.
    pub const FIRST: Generation = Generation(NonZeroU32::MIN);
    /// The last generation there is: 2²⁷ − 1.
    pub const LAST: Generation = Generation(NonZeroU32::new(GENERATION_MASK as u32).expect("27 ones are not zero"));

    /// The generation `number`.
    ///
    /// # Errors
    /// [`GenerationError`] when `number` is 0 or past [`Generation::LAST`].
    pub fn new(number: u64) -> Result<Self, GenerationError> {
        if number > GENERATION_MASK {
            return Err(GenerationError::PastTheLast(number));
        }
        Self::unpack(number).ok_or(GenerationError::Zero)
    }

    /// The number, from 1 to 2²⁷ − 1.
    pub fn get(self) -> u32 {
        self.0.get()
    }

    /// The generation after this one.
    ///
    /// # Errors
    /// [`GenerationError::PastTheLast`] after the last one.
    pub fn next(self) -> Result<Self, GenerationError> {
        Self::new(u64::from(self.get()) + 1)
    }

    /// The oldest generation that a clean-up after applying this one leaves alone: `retention` generations back, at least 1.
    pub fn back(self, retention: u32) -> Self {
        Self(NonZeroU32::new(self.get().saturating_sub(retention)).unwrap_or(NonZeroU32::MIN))
    }

    pub(crate) fn unpack(bits: u64) -> Option<Self> {
        NonZeroU32::new((bits & GENERATION_MASK) as u32).map(Self)
    }

    pub(crate) fn pack(generation: Option<Self>) -> u64 {
        generation.map_or(0, |generation| u64::from(generation.get()))
    }
}

impl TryFrom<u64> for Generation {
    type Error = GenerationError;
    fn try_from(number: u64) -> Result<Self, GenerationError> {
        Self::new(number)
    }
}

impl From<Generation> for u64 {
    fn from(generation: Generation) -> u64 {
        u64::from(generation.get())
    }
}

impl<'de> Deserialize<'de> for Generation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = Generation;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number from 1 to {}", Generation::LAST)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Generation, E> {
                Generation::new(number).map_err(E::custom)
            }
        }

        deserializer.deserialize_u64(Number)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Generation({})", self.0)
    }
}

/// The bit that the operator's pause sets in every word that anything observable depends on.
///
/// A compare-exchange whose expected word was read before the pause fails after it: that is what makes a pause final.
pub const PAUSED: u64 = 1 << 63;

/// Where one plan keeps one endpoint's record set: tagged with the plan's generation, so that a slot's next plan is never
/// mistaken for the one that was looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CellWord(u64);

const BLOCK_BITS: u32 = 4;
const WORDS_BITS: u32 = 5;
const CELL_GENERATION_SHIFT: u32 = BLOCK_BITS + WORDS_BITS;
const CELL_BITS: u32 = CELL_GENERATION_SHIFT + GENERATION_BITS;
const CELL_MASK: u64 = (1 << CELL_BITS) - 1;

impl CellWord {
    /// A cell that no plan has used yet.
    pub const EMPTY: CellWord = CellWord(0);
    /// How many blocks of one endpoint a cell can tell apart.
    pub const BLOCKS: usize = 1 << BLOCK_BITS;
    /// How many words a record set may have.
    pub const MAX_WORDS: usize = (1 << WORDS_BITS) - 1;

    /// The cell of plan `generation`, whose record set is the first `words` words of the endpoint's block number `block`.
    ///
    /// # Panics
    /// When `block` is not below [`CellWord::BLOCKS`], or `words` is above [`CellWord::MAX_WORDS`].
    pub fn new(generation: Generation, block: usize, words: usize) -> Self {
        assert!(block < Self::BLOCKS, "block {block} does not fit in the {BLOCK_BITS} bits of a cell");
        assert!(words <= Self::MAX_WORDS, "{words} words do not fit in the {WORDS_BITS} bits of a cell");
        Self(Generation::pack(Some(generation)) << CELL_GENERATION_SHIFT | (words << BLOCK_BITS | block) as u64)
    }

    /// The word with these bits.
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits to keep in the atomic.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// The generation whose record set this is.
    pub fn generation(self) -> Option<Generation> {
        Generation::unpack(self.0 >> CELL_GENERATION_SHIFT)
    }

    /// Which of the endpoint's blocks holds the record set.
    pub fn block(self) -> usize {
        self.0 as usize & (Self::BLOCKS - 1)
    }

    /// How many words of the block the record set takes.
    pub fn words(self) -> usize {
        (self.0 >> BLOCK_BITS) as usize & Self::MAX_WORDS
    }
}

const FLOOR_SHIFT: u32 = CELL_BITS;

/// What one endpoint serves, and what it will never serve again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ZoneWord(u64);

impl ZoneWord {
    /// No plan applied, none withdrawn, not paused.
    pub const NEVER_APPLIED: ZoneWord = ZoneWord(0);

    /// The word with these bits.
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits to keep in the atomic.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// The generation that the endpoint serves.
    pub fn applied(self) -> Option<Generation> {
        self.cell().generation()
    }

    /// Where the record set is that the endpoint serves.
    pub fn cell(self) -> CellWord {
        CellWord(self.0 & CELL_MASK)
    }

    /// The oldest generation that may still be applied here, once a clean-up has withdrawn what is older.
    pub fn floor(self) -> Option<Generation> {
        Generation::unpack(self.0 >> FLOOR_SHIFT)
    }

    /// Whether the operator has paused the automation.
    pub fn is_paused(self) -> bool {
        self.0 & PAUSED != 0
    }

    /// This endpoint serving what `cell` says; floor and pause stay.
    #[must_use]
    pub fn applying(self, cell: CellWord) -> Self {
        Self(self.0 & !CELL_MASK | cell.0)
    }

    /// This endpoint refusing, from now on, whatever is older than `floor`.
    #[must_use]
    pub fn withdrawing(self, floor: Generation) -> Self {
        Self(self.0 & !(GENERATION_MASK << FLOOR_SHIFT) | Generation::pack(Some(floor)) << FLOOR_SHIFT)
    }

    /// Whether no generation older than `before` can ever be applied here any more: the floor says so, or what is applied
    /// is already so new that only `before` and newer come after it.
    pub fn refuses_all_before(self, before: Generation) -> bool {
        let next = self.applied().map_or(1, |applied| applied.get() + 1);
        next >= before.get() || self.floor() >= Some(before)
    }
}

/// The newest published plan.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NewestWord(u64);

impl NewestWord {
    /// Nothing published, not paused.
    pub const NONE: NewestWord = NewestWord(0);

    /// The word with these bits.
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits to keep in the atomic.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// The newest published generation.
    pub fn published(self) -> Option<Generation> {
        Generation::unpack(self.0)
    }

    /// Whether the operator has paused the automation.
    pub fn is_paused(self) -> bool {
        self.0 & PAUSED != 0
    }

    /// `generation` published; the pause stays.
    #[must_use]
    pub fn publishing(self, generation: Generation) -> Self {
        Self(self.0 & PAUSED | Generation::pack(Some(generation)))
    }
}

/// The life of one plan slot: free → stored → deleted → free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanState {
    /// Holds no plan. Left only by `publish`, which fills the slot.
    Free,
    /// Holds a plan: published once the newest published generation has reached it. Left only by a clean-up.
    Stored(Generation),
    /// Holds a plan that nobody can reach or ever apply. Left only by `publish`, which takes back its record sets.
    Deleted(Generation),
}

/// One plan slot's [`PlanState`] and the pause bit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PlanWord(u64);

const STATE_SHIFT: u32 = 32;
const STATE_MASK: u64 = 0b11 << STATE_SHIFT;
const STORED: u64 = 1 << STATE_SHIFT;
const DELETED: u64 = 2 << STATE_SHIFT;

impl PlanWord {
    /// A slot that holds no plan.
    pub const FREE: PlanWord = PlanWord(0);

    /// The word with these bits.
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits to keep in the atomic.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// The slot's state.
    pub fn state(self) -> PlanState {
        match (self.0 & STATE_MASK, Generation::unpack(self.0)) {
            (STORED, Some(generation)) => PlanState::Stored(generation),
            (DELETED, Some(generation)) => PlanState::Deleted(generation),
            _ => PlanState::Free,
        }
    }

    /// Whether the operator has paused the automation.
    pub fn is_paused(self) -> bool {
        self.0 & PAUSED != 0
    }

    /// The slot in `state`; the pause stays.
    #[must_use]
    pub fn becoming(self, state: PlanState) -> Self {
        let (state, generation) = match state {
            PlanState::Free => (0, None),
            PlanState::Stored(generation) => (STORED, Some(generation)),
            PlanState::Deleted(generation) => (DELETED, Some(generation)),
        };
        Self(self.0 & PAUSED | state | Generation::pack(generation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::RecordSet;

    fn generation(number: u64) -> Generation {
        Generation::new(number).expect("a generation")
    }

    #[test]
    fn generations_never_wrap() {
        assert_eq!(Generation::new(0), Err(GenerationError::Zero));
        assert_eq!(Generation::LAST.get(), 134_217_727);
        assert_eq!(Generation::LAST.next(), Err(GenerationError::PastTheLast(1 << 27)));
        assert_eq!(generation(5).back(2), generation(3));
        assert_eq!(generation(2).back(9), Generation::FIRST);
    }

    fn cell(number: u64) -> CellWord {
        CellWord::new(generation(number), 1, 2)
    }

    #[test]
    fn zone_word_fields_do_not_touch_each_other() {
        let (low, high) = (Generation::FIRST, Generation::LAST);
        let full = CellWord::new(high, CellWord::BLOCKS - 1, CellWord::MAX_WORDS);
        let least = CellWord::new(low, 0, 0);
        for (cell, floor) in [(least, high), (full, low), (full, high)] {
            let word = ZoneWord::from_bits(PAUSED).applying(cell).withdrawing(floor);
            assert_eq!((word.applied(), word.floor(), word.is_paused()), (cell.generation(), Some(floor), true));
            assert!(word.cell() == cell && word.withdrawing(low).cell() == cell);
            assert_eq!(word.applying(least).floor(), Some(floor));
            assert!(ZoneWord::NEVER_APPLIED.applying(cell).withdrawing(floor).bits() & PAUSED == 0);
        }
        assert_eq!((ZoneWord::NEVER_APPLIED.applied(), ZoneWord::NEVER_APPLIED.floor()), (None, None));
    }

    #[test]
    fn a_zone_word_refuses_by_its_floor_or_by_what_it_serves() {
        let serves_3 = ZoneWord::NEVER_APPLIED.applying(cell(3));
        assert!(serves_3.refuses_all_before(generation(4)), "only 4 and newer come after 3");
        assert!(!serves_3.refuses_all_before(generation(5)), "4 could still be applied");
        assert!(serves_3.withdrawing(generation(5)).refuses_all_before(generation(5)));
        assert!(ZoneWord::NEVER_APPLIED.refuses_all_before(Generation::FIRST));
        assert!(!ZoneWord::NEVER_APPLIED.refuses_all_before(generation(2)));
    }

    #[test]
    fn plan_word_states_survive_packing_and_keep_the_pause() {
        for state in [PlanState::Free, PlanState::Stored(Generation::LAST), PlanState::Deleted(generation(1))] {
            assert_eq!(PlanWord::FREE.becoming(state).state(), state);
            assert!(!PlanWord::FREE.becoming(state).is_paused());
            assert!(PlanWord::from_bits(PAUSED).becoming(state).is_paused());
        }
    }

    #[test]
    fn cell_word_fields_do_not_touch_each_other() {
        for generation in [Generation::FIRST, Generation::LAST] {
            for (block, words) in [(0, CellWord::MAX_WORDS), (CellWord::BLOCKS - 1, 0)] {
                let cell = CellWord::new(generation, block, words);
                assert_eq!((cell.generation(), cell.block(), cell.words()), (Some(generation), block, words));
            }
        }
        assert_eq!(CellWord::EMPTY.generation(), None);
        const { assert!(RecordSet::MAX_WORDS <= CellWord::MAX_WORDS, "every record set fits") };
    }

    #[test]
    fn newest_word_keeps_the_pause_when_it_publishes() {
        let word = NewestWord::from_bits(PAUSED).publishing(generation(9));
        assert!(word.is_paused());
        assert_eq!(word.published(), Some(generation(9)));
        assert_eq!(NewestWord::NONE.published(), None);
    }
}
