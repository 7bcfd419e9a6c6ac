//! Binary relations between at most 64 events, as bit matrices.

use crate::program::MAX_EVENTS;

/// A set of events: bit `e` is set if event `e` is in it.
pub type EventSet = u64;

/// The events of a set in increasing order.
pub fn members(mut set: EventSet) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (set != 0).then(|| {
            let event = set.trailing_zeros() as usize;
            set &= set - 1;
            event
        })
    })
}

/// A relation over the events `0..size`; row `a` is the set of all `b` with
/// `(a, b)` in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    rows: Vec<EventSet>,
}

impl Relation {
    /// The empty relation.
    ///
    /// # Panics
    /// If `size` exceeds [`MAX_EVENTS`].
    #[must_use]
    pub fn empty(size: usize) -> Self {
        assert!(size <= MAX_EVENTS, "{size} events do not fit in one word");
        Self { rows: vec![0; size] }
    }

    /// The identity on a set, written `[set]` in the papers.
    #[must_use]
    pub fn identity(size: usize, set: EventSet) -> Self {
        let mut relation = Self::empty(size);
        for event in members(set) {
            relation.insert(event, event);
        }
        relation
    }

    /// How many events it ranges over.
    #[must_use]
    pub fn size(&self) -> usize {
        self.rows.len()
    }

    /// Adds the pair `(a, b)`.
    pub fn insert(&mut self, a: usize, b: usize) {
        self.rows[a] |= 1 << b;
    }

    /// Whether `(a, b)` is in it.
    #[must_use]
    pub fn contains(&self, a: usize, b: usize) -> bool {
        self.rows[a] >> b & 1 == 1
    }

    /// All `b` with `(a, b)` in it.
    #[must_use]
    pub fn successors(&self, a: usize) -> EventSet {
        self.rows[a]
    }

    /// Every pair.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let rows = self.rows.iter().enumerate();
        rows.flat_map(|(a, row)| members(*row).map(move |b| (a, b)))
    }

    /// `self ∪ other`.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let rows = self.rows.iter().zip(&other.rows);
        Self { rows: rows.map(|(a, b)| a | b).collect() }
    }

    /// `self ; other`: all `(a, c)` with `(a, b)` in `self` and `(b, c)` in
    /// `other`.
    #[must_use]
    pub fn then(&self, other: &Self) -> Self {
        let image = |row: &EventSet| members(*row).fold(0, |set, b| set | other.rows[b]);
        Self { rows: self.rows.iter().map(image).collect() }
    }

    /// The converse, all `(b, a)` with `(a, b)` in `self`.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let mut inverse = Self::empty(self.size());
        for (a, b) in self.pairs() {
            inverse.insert(b, a);
        }
        inverse
    }

    /// `self?`, with every event related to itself too.
    #[must_use]
    pub fn or_same(&self) -> Self {
        let rows = self.rows.iter().enumerate();
        Self { rows: rows.map(|(a, row)| row | 1 << a).collect() }
    }

    /// The pairs that `keep` accepts.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(usize, usize) -> bool) -> Self {
        let mut kept = Self::empty(self.size());
        for (a, b) in self.pairs().filter(|(a, b)| keep(*a, *b)) {
            kept.insert(a, b);
        }
        kept
    }

    /// `[from] ; self ; [to]`.
    #[must_use]
    pub fn between(&self, from: EventSet, to: EventSet) -> Self {
        let rows = self.rows.iter().enumerate();
        Self { rows: rows.map(|(a, row)| if from >> a & 1 == 1 { row & to } else { 0 }).collect() }
    }

    /// `self⁺`, by Warshall's algorithm.
    #[must_use]
    pub fn closure(&self) -> Self {
        let mut rows = self.rows.clone();
        for middle in 0..rows.len() {
            let through = rows[middle];
            for row in &mut rows {
                if *row >> middle & 1 == 1 {
                    *row |= through;
                }
            }
        }
        Self { rows }
    }

    /// Whether no event is related to itself.
    #[must_use]
    pub fn is_irreflexive(&self) -> bool {
        self.rows.iter().enumerate().all(|(a, row)| row >> a & 1 == 0)
    }

    /// Whether no path leads from an event back to it.
    #[must_use]
    pub fn is_acyclic(&self) -> bool {
        self.closure().is_irreflexive()
    }

    /// Whether it has no pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.iter().all(|row| *row == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::Relation;

    fn relation(pairs: &[(usize, usize)]) -> Relation {
        let mut relation = Relation::empty(5);
        for (a, b) in pairs {
            relation.insert(*a, *b);
        }
        relation
    }

    #[test]
    fn composition_goes_left_to_right() {
        let left = relation(&[(0, 1), (1, 2)]);
        let right = relation(&[(1, 3), (4, 0)]);
        assert_eq!(left.then(&right), relation(&[(0, 3)]));
        assert_eq!(right.then(&left), relation(&[(4, 1)]));
    }

    #[test]
    fn closure_follows_paths_against_the_numbering() {
        let steps = relation(&[(4, 2), (2, 3), (3, 0)]);
        let paths = relation(&[(4, 2), (4, 3), (4, 0), (2, 3), (2, 0), (3, 0)]);
        assert_eq!(steps.closure(), paths);
        assert!(steps.is_acyclic());
        assert!(!relation(&[(4, 2), (2, 3), (3, 4)]).is_acyclic());
    }

    #[test]
    fn between_restricts_both_ends() {
        let all = relation(&[(0, 1), (1, 2), (2, 1)]);
        assert_eq!(all.between(0b101, 0b010), relation(&[(0, 1), (2, 1)]));
        assert_eq!(all.inverse(), relation(&[(1, 0), (2, 1), (1, 2)]));
    }
}
