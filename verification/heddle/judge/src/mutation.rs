//! Deliberate errors in the model, to see that a sample of programs notices them.

/// One deliberate error in the model.
///
/// A sample of programs that cannot tell a mutated model from RC11 would not
/// notice an explorer with the same error either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutation {
    /// `hb ; eco?` may be reflexive.
    NoCoherence,
    /// Coherence looks at `rf ∪ mo ∪ rb` but not at their compositions, so that
    /// read-read coherence is lost.
    CoherenceOfOneStep,
    /// A write may come between the read and the write of a read-modify-write.
    NoAtomicity,
    /// Neither of these two: a location's writes have any order, and reads read
    /// any write.
    NoOrderOfWrites,
    /// No release synchronises with any acquire.
    NoSynchronisation,
    /// Release fences publish nothing.
    NoReleaseFences,
    /// Acquire fences observe nothing.
    NoAcquireFences,
    /// A release sequence is its head only.
    ReleaseSequenceOfHead,
    /// A release sequence goes on with plain stores of its thread, as before
    /// C++20.
    ReleaseSequenceOfCpp11,
    /// A failed compare-exchange is relaxed whatever it asks for.
    FailureIsRelaxed,
    /// A failed compare-exchange acquires what a success would.
    FailureAsSuccess,
    /// A weak compare-exchange never fails on the expected value.
    WeakNeverFails,
    /// Unlock does not happen before the next lock.
    LocksDoNotSynchronise,
    /// Unordered non-atomic accesses are no race.
    NoRaces,
    /// `SeqCst` is `AcqRel` everywhere.
    SeqCstAsAcqRel,
    /// `SeqCst` accesses are `AcqRel`; fences keep their order.
    SeqCstAccessesAsAcqRel,
    /// `SeqCst` fences are `AcqRel`; accesses keep their order.
    SeqCstFencesAsAcqRel,
    /// No `psc_base`.
    NoPscBase,
    /// No `psc_F`.
    NoPscFence,
    /// `psc_base` holds between accesses only, without `[Fsc] ; hb?` and
    /// `hb? ; [Fsc]`.
    PscBaseWithoutFences,
    /// `psc_F` is `[Fsc] ; hb ; [Fsc]`.
    PscFenceWithoutEco,
    /// `scb` without `mo`.
    ScbWithoutMo,
    /// `scb` without `rb`.
    ScbWithoutRb,
    /// `scb` without `hb` between accesses to one location.
    ScbWithoutHbLoc,
    /// `scb` without `po≠loc ; hb ; po≠loc`.
    ScbWithoutDetour,
    /// `scb = po ∪ po ; hb ; po ∪ hb=loc ∪ eco`, which is what the order of C++20
    /// comes to (`[atomics.order]`, P0668R5) and forbids more than RC11: the
    /// steps beside `hb` may stay on one location, and `mo ; rf` and `rb ; rf`
    /// order two `SeqCst` accesses through a write that is not `SeqCst`. The step
    /// inside a read-modify-write, one evaluation in C++, is no `po` here.
    ScbOfCpp20,
    /// `scb` with `po ; hb ; po` where the step inside a read-modify-write
    /// counts as `po`, as in `GenMC`: too strong, it forbids Z6.U.
    ScbDetourOfGenmc,
    /// `scb` with all of `hb`, as the order of C11: too strong for Power.
    ScbWithAllHb,
}

impl Mutation {
    /// Every mutation.
    pub const ALL: [Self; 28] = [
        Self::NoCoherence,
        Self::CoherenceOfOneStep,
        Self::NoAtomicity,
        Self::NoOrderOfWrites,
        Self::NoSynchronisation,
        Self::NoReleaseFences,
        Self::NoAcquireFences,
        Self::ReleaseSequenceOfHead,
        Self::ReleaseSequenceOfCpp11,
        Self::FailureIsRelaxed,
        Self::FailureAsSuccess,
        Self::WeakNeverFails,
        Self::LocksDoNotSynchronise,
        Self::NoRaces,
        Self::SeqCstAsAcqRel,
        Self::SeqCstAccessesAsAcqRel,
        Self::SeqCstFencesAsAcqRel,
        Self::NoPscBase,
        Self::NoPscFence,
        Self::PscBaseWithoutFences,
        Self::PscFenceWithoutEco,
        Self::ScbWithoutMo,
        Self::ScbWithoutRb,
        Self::ScbWithoutHbLoc,
        Self::ScbWithoutDetour,
        Self::ScbOfCpp20,
        Self::ScbDetourOfGenmc,
        Self::ScbWithAllHb,
    ];
}
