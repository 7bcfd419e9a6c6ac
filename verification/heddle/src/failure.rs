//! What can go wrong in a model, as values.

mod print;
mod step;
mod waiting;
mod weak;

pub use step::Step;
pub use waiting::{Deed, Waiting, WaitsFor};
pub use weak::{TooWeak, Unseen, Weak};

use std::fmt;

/// The kind of a [`Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// A thread panicked.
    Panic,
    /// Threads wait for each other, or for something that never comes.
    Deadlock,
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
    /// The stack of a thread overflowed: an endless recursion, or
    /// [`crate::model::Builder::stack_size`] is too small.
    StackOverflow,
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Panic => "panic",
            Self::Deadlock => "deadlock",
            Self::DataRace => "data race",
            Self::Leak => "leak",
            Self::Nondeterminism => "the closure is not deterministic",
            Self::Truncated => "truncated",
            Self::Unsupported => "not modelled",
            Self::StackOverflow => "stack overflow",
        })
    }
}

/// An execution that fails, and how to see it again. It prints as a table of its
/// steps.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// What went wrong.
    pub kind: FailureKind,
    /// What a person needs to know about it, in one line.
    pub message: String,
    /// The thread it happened in, 0 for the closure itself.
    pub thread: usize,
    /// Whether an interleaving explains the execution: some order of its steps in
    /// which each read reads the newest write. If not, [`Self::weak`] says more.
    pub interleaving: bool,
    /// How often something happened for no reason: a wake-up of a `Condvar`, the
    /// failure of a weak compare-exchange.
    pub spurious: usize,
    /// How often a thread that could have gone on was interrupted, in the order
    /// in which the token replays the execution: the fewest this one needs,
    /// unless it is so long that looking for them would take too long.
    pub preemptions: u32,
    /// How many events the execution has.
    pub events: usize,
    /// Give it to [`crate::model::Builder::replay`].
    pub token: String,
    /// Of a deadlock: who waits for what.
    pub waiting: Vec<Waiting>,
    /// What the threads did, in the order of the token. Empty if the execution was
    /// not run again for them, or did something else then: see [`Self::again`].
    pub steps: Vec<Step>,
    /// What an execution that no interleaving explains has instead.
    pub weak: Option<Weak>,
    /// What came of running the execution again for its steps.
    pub again: Again,
}

/// What came of running a failing execution again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Again {
    /// It was not, as [`crate::model::Builder::explain`] says or since the failure
    /// is that the closure is not deterministic.
    #[default]
    NotRun,
    /// It failed in the same way.
    Same,
    /// It did not: the closure depends on more than what heddle's types return.
    Differs {
        /// How it failed instead, if it did.
        failure: Option<String>,
    },
}

impl std::error::Error for Failure {}

impl Failure {
    pub(crate) fn new(kind: FailureKind, message: String, thread: usize) -> Self {
        Self {
            kind,
            message,
            thread,
            interleaving: true,
            spurious: 0,
            preemptions: 0,
            events: 0,
            token: String::new(),
            waiting: Vec::new(),
            steps: Vec::new(),
            weak: None,
            again: Again::NotRun,
        }
    }

    /// What makes one counterexample easier to read than another.
    pub(crate) fn cost(&self) -> (bool, usize, u32, usize) {
        (!self.interleaving, self.spurious, self.preemptions, self.events)
    }

    /// Takes over what the same execution had to say for itself when it ran again.
    pub(crate) fn explain(&mut self, again: Option<Self>) {
        match again {
            Some(again) if again.kind == self.kind && again.events == self.events => {
                // Threads may have other numbers there, and variables have names.
                self.message = again.message;
                self.thread = again.thread;
                self.waiting = again.waiting;
                self.steps = again.steps;
                self.weak = again.weak;
                self.again = Again::Same;
            }
            again => {
                let failure = again.map(|again| format!("{}: {}", again.kind, again.message));
                self.again = Again::Differs { failure };
            }
        }
    }
}
