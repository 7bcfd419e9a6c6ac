//! What can go wrong in a model, as values.

use std::fmt;

/// The kind of a [`Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// A thread panicked.
    Panic,
    /// Threads wait for each other, or for something that never comes.
    Deadlock,
    /// Every thread goes round a loop for ever, and nothing comes of it.
    Livelock,
    /// Two conflicting accesses, one of them not atomic, are unordered.
    DataRace,
    /// Something tracked was never released.
    Leak,
    /// The closure did not do the same again under the same answers.
    Nondeterminism,
    /// One execution went past a limit of the builder. Nothing is proved.
    Truncated,
    /// The closure used what heddle does not model.
    Unsupported,
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Panic => "panic",
            Self::Deadlock => "deadlock",
            Self::Livelock => "livelock",
            Self::DataRace => "data race",
            Self::Leak => "leak",
            Self::Nondeterminism => "the closure is not deterministic",
            Self::Truncated => "truncated",
            Self::Unsupported => "not modelled",
        })
    }
}

/// An execution that fails, and how to see it again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} in thread {thread}: {message} (replay token {token})")]
#[non_exhaustive]
pub struct Failure {
    /// What went wrong.
    pub kind: FailureKind,
    /// What a person needs to know about it.
    pub message: String,
    /// The thread it happened in, 0 for the closure itself.
    pub thread: usize,
    /// How often a thread that could have gone on was interrupted, in the order
    /// in which the token replays the execution: the fewest this one needs,
    /// unless it is so long that looking for them would take too long.
    pub preemptions: u32,
    /// How many events the execution has.
    pub events: usize,
    /// Give it to [`crate::model::Builder::replay`].
    pub token: String,
}

impl Failure {
    /// What makes one counterexample easier to read than another.
    pub(crate) fn cost(&self) -> (u32, usize) {
        (self.preemptions, self.events)
    }
}
