//! RC11 as it is written, on bit matrices.
//!
//! Lahav, Vafeiadis, Kang, Hur, Dreyer: *Repairing Sequential Consistency in
//! C/C++11*, PLDI 2017, with one change: release sequences are those of C++20
//! (P0982R1), `[W] ; (rf ; rmw)*`, without the later plain stores of the same
//! thread. The names of relations are the paper's, with `rb` (reads-before) for
//! what others call `fr`.
//!
//! C++20 itself, to which Rust refers, forbids a little more than RC11 in the
//! order of `SeqCst`: see [`Axioms::CPP20`].
//!
//! The axiom `po ∪ rf` acyclic has no function here: the enumerator runs
//! programs and therefore only builds graphs that satisfy it.

use crate::graph::{Event, Graph};
use crate::mutation::Mutation;
use crate::program::Order;
use crate::relation::Relation;

/// The model: RC11, or RC11 with one [`Mutation`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Axioms {
    mutation: Option<Mutation>,
}

impl Axioms {
    /// The model that is judged by.
    pub const RC11: Self = Self { mutation: None };

    /// C++20 without load buffering: RC11 with the standard's order of `SeqCst`,
    /// which forbids more. Rust refers to this standard.
    pub const CPP20: Self = Self::mutated(Mutation::ScbOfCpp20);

    /// RC11 but for one error.
    #[must_use]
    pub const fn mutated(mutation: Mutation) -> Self {
        Self { mutation: Some(mutation) }
    }

    /// Whether this is the error it has.
    #[must_use]
    pub fn has(self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// Whether coherence is one of its errors.
    #[must_use]
    pub(crate) fn lacks_coherence(self) -> bool {
        self.has(Mutation::NoCoherence) || self.has(Mutation::NoOrderOfWrites)
    }

    fn lacks_atomicity(self) -> bool {
        self.has(Mutation::NoAtomicity) || self.has(Mutation::NoOrderOfWrites)
    }

    /// Whether a read-modify-write must come right after what it read in
    /// modification order. Atomicity alone only says that nothing comes between
    /// the two; that the write is the later one is coherence.
    #[must_use]
    pub(crate) fn updates_follow_their_source(self) -> bool {
        let loose = self.lacks_coherence() || self.lacks_atomicity();
        !loose && !self.has(Mutation::CoherenceOfOneStep)
    }

    /// `hb = (po ∪ sw)⁺`.
    #[must_use]
    pub fn happens_before(self, graph: &Graph) -> Relation {
        graph.po.union(&self.synchronises_with(graph)).closure()
    }

    /// `sw = [E⊒rel] ; ([F] ; po)? ; rs ; rf ; [R⊒rlx] ; (po ; [F])? ; [E⊒acq]`.
    fn synchronises_with(self, graph: &Graph) -> Relation {
        let size = graph.po.size();
        if self.has(Mutation::NoSynchronisation) {
            return Relation::empty(size);
        }
        let all = graph.select(|_| true);
        let fences = graph.select(Event::is_fence);
        let atomic_reads = graph.select(|e| e.is_read() && e.order.is_some());
        let releases = graph.select(|e| {
            let ignored = self.has(Mutation::NoReleaseFences) && e.is_fence();
            e.order.is_some_and(Order::releases) && !ignored
        });
        let acquires = graph.select(|e| {
            let ignored = self.has(Mutation::NoAcquireFences) && e.is_fence();
            e.order.is_some_and(Order::acquires) && !ignored
        });
        let published = Relation::identity(size, all).union(&graph.po.between(fences, all));
        let observed = Relation::identity(size, all).union(&graph.po.between(all, fences));
        let reads = self.release_sequence(graph).then(&graph.rf).between(all, atomic_reads);
        let synchronises = published.then(&reads).then(&observed);
        synchronises.between(releases, acquires)
    }

    /// `rs = [W⊒rlx] ; (rf ; rmw)*`.
    fn release_sequence(self, graph: &Graph) -> Relation {
        let size = graph.po.size();
        let atomic_writes = graph.select(|e| e.is_write() && e.order.is_some());
        let head = Relation::identity(size, atomic_writes);
        let updates = graph.rf.then(&graph.rmw).closure().or_same();
        if self.has(Mutation::ReleaseSequenceOfHead) {
            return head;
        }
        if self.has(Mutation::ReleaseSequenceOfCpp11) {
            let same = graph.po.between(atomic_writes, atomic_writes);
            let same = same.filter(|a, b| graph.same_loc(a, b));
            return head.then(&same.or_same()).then(&updates);
        }
        head.then(&updates)
    }

    /// `rb = rf⁻¹ ; mo`.
    fn reads_before(graph: &Graph) -> Relation {
        graph.rf.inverse().then(&graph.mo)
    }

    /// Coherence: `hb ; eco?` is irreflexive, with `eco = (rf ∪ mo ∪ rb)⁺`.
    #[must_use]
    pub fn is_coherent(self, graph: &Graph, hb: &Relation) -> bool {
        if self.lacks_coherence() {
            return true;
        }
        let step = graph.rf.union(&graph.mo).union(&Self::reads_before(graph));
        let eco = if self.has(Mutation::CoherenceOfOneStep) { step } else { step.closure() };
        hb.then(&eco.or_same()).is_irreflexive()
    }

    /// Atomicity: `rmw ∩ (rb ; mo)` is empty.
    #[must_use]
    pub fn is_atomic(self, graph: &Graph) -> bool {
        if self.lacks_atomicity() {
            return true;
        }
        let overtaken = Self::reads_before(graph).then(&graph.mo);
        graph.rmw.filter(|r, w| overtaken.contains(r, w)).is_empty()
    }

    /// SC: `psc = psc_base ∪ psc_F` is acyclic.
    #[must_use]
    pub fn is_sequential(self, graph: &Graph, hb: &Relation) -> bool {
        if self.has(Mutation::SeqCstAsAcqRel) {
            return true;
        }
        let sc_fences = self.sc_fences(graph);
        let sc_accesses = graph.select(|e| {
            let weakened = self.has(Mutation::SeqCstAccessesAsAcqRel);
            e.order == Some(Order::SeqCst) && !e.is_fence() && !weakened
        });
        if sc_fences | sc_accesses == 0 {
            return true;
        }
        let rb = Self::reads_before(graph);
        let base = self.psc_base(graph, hb, &rb, sc_accesses | sc_fences);
        base.union(&self.psc_fence(graph, hb, &rb)).is_acyclic()
    }

    fn sc_fences(self, graph: &Graph) -> u64 {
        if self.has(Mutation::SeqCstFencesAsAcqRel) {
            return 0;
        }
        graph.select(|e| e.is_fence() && e.order == Some(Order::SeqCst))
    }

    /// `psc_base = ([Esc] ∪ [Fsc] ; hb?) ; scb ; ([Esc] ∪ hb? ; [Fsc])`.
    fn psc_base(self, graph: &Graph, hb: &Relation, rb: &Relation, sc: u64) -> Relation {
        let size = graph.po.size();
        if self.has(Mutation::NoPscBase) {
            return Relation::empty(size);
        }
        let fences = self.sc_fences(graph);
        let all = graph.select(|_| true);
        let mut from = Relation::identity(size, sc);
        let mut to = from.clone();
        if !self.has(Mutation::PscBaseWithoutFences) {
            from = from.union(&hb.or_same().between(fences, all));
            to = to.union(&hb.or_same().between(all, fences));
        }
        from.then(&self.scb(graph, hb, rb)).then(&to)
    }

    /// `scb = po ∪ po≠loc ; hb ; po≠loc ∪ hb=loc ∪ mo ∪ rb`.
    fn scb(self, graph: &Graph, hb: &Relation, rb: &Relation) -> Relation {
        let mut scb = graph.po.clone();
        if !self.has(Mutation::ScbWithoutDetour) {
            let elsewhere = graph.po.filter(|a, b| {
                !graph.same_loc(a, b)
                    || self.has(Mutation::ScbDetourOfGenmc)
                    || self.has(Mutation::ScbOfCpp20) && !graph.rmw.contains(a, b)
            });
            scb = scb.union(&elsewhere.then(hb).then(&elsewhere));
        }
        if !self.has(Mutation::ScbWithoutHbLoc) {
            scb = scb.union(&hb.filter(|a, b| graph.same_loc(a, b)));
        }
        if !self.has(Mutation::ScbWithoutMo) {
            scb = scb.union(&graph.mo);
        }
        if !self.has(Mutation::ScbWithoutRb) {
            scb = scb.union(rb);
        }
        if self.has(Mutation::ScbWithAllHb) {
            scb = scb.union(hb);
        }
        if self.has(Mutation::ScbOfCpp20) {
            scb = scb.union(&graph.rf.union(&graph.mo).union(rb).closure());
        }
        scb
    }

    /// `psc_F = [Fsc] ; (hb ∪ hb ; eco ; hb) ; [Fsc]`.
    fn psc_fence(self, graph: &Graph, hb: &Relation, rb: &Relation) -> Relation {
        let fences = self.sc_fences(graph);
        if self.has(Mutation::NoPscFence) {
            return Relation::empty(graph.po.size());
        }
        let mut order = hb.clone();
        if !self.has(Mutation::PscFenceWithoutEco) {
            let eco = graph.rf.union(&graph.mo).union(rb).closure();
            order = order.union(&hb.then(&eco).then(hb));
        }
        order.between(fences, fences)
    }

    /// All of RC11's axioms for a graph whose `po ∪ rf` is acyclic.
    #[must_use]
    pub fn is_consistent(self, graph: &Graph, hb: &Relation) -> bool {
        self.is_atomic(graph) && self.is_coherent(graph, hb) && self.is_sequential(graph, hb)
    }

    /// Whether two conflicting accesses of different threads, one of them
    /// non-atomic, are not ordered by happens-before.
    #[must_use]
    pub fn is_racy(self, graph: &Graph, hb: &Relation) -> bool {
        if self.has(Mutation::NoRaces) {
            return false;
        }
        let accesses = 0..graph.events.len();
        accesses.clone().any(|a| {
            let plain = graph.events[a].order.is_none();
            accesses.clone().any(|b| {
                let conflict = graph.events[a].is_write() || graph.events[b].is_write();
                let ordered = a == b || hb.contains(a, b) || hb.contains(b, a);
                plain && conflict && !ordered && graph.same_loc(a, b)
            })
        })
    }
}
