//! What a report amounts to, in a word.

use std::fmt;
use std::panic::Location;

use super::{Completion, Report};

/// A sign of load buffering: a read that led to a write of its own location
/// without happening before it.
///
/// RC11 forbids that it reads that write. C++20, to which Rust refers, allows it
/// unless the value would come out of thin air, and so do ARM, Power and RISC-V;
/// what the program does then was not run. The orderings of the two do not
/// matter: it takes a release and an acquire on the way from one to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadBuffering {
    /// The call that reads.
    pub read: &'static Location<'static>,
    /// Its thread, 0 for the closure itself.
    pub reader: usize,
    /// The call that may write what it could read.
    pub write: &'static Location<'static>,
    /// Its thread.
    pub writer: usize,
    /// An execution with both, in which the read reads something else. Give it to
    /// [`super::Builder::replay`].
    pub token: String,
}

impl fmt::Display for LoadBuffering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the read at {} (thread {}) leads to the write at {} (thread {}) without happening before it, and may \
             read it where program order ∪ reads-from has cycles (replay token {})",
            self.read, self.reader, self.write, self.writer, self.token
        )
    }
}

/// What a search proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// Every execution was run, none failed, and none has a sign of load
    /// buffering: it holds where load buffering is allowed, too, with what the
    /// crate documentation says of that.
    Proved,
    /// Every execution that RC11 allows was run and none failed. Where load
    /// buffering is allowed there may be others: see [`Report::load_buffering`].
    ProvedForRc11,
    /// Every execution within [`super::Builder::preemption_bound`] was run, and
    /// none failed.
    Bounded,
    /// An execution failed.
    Failed,
    /// The search did not come to its end.
    NotFinished,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proved => "proved",
            Self::ProvedForRc11 => "proved for RC11",
            Self::Bounded => "bounded",
            Self::Failed => "failed",
            Self::NotFinished => "not finished",
        })
    }
}

impl Report {
    /// What it proves. Of one shard that is its part only: see [`Report::merge`].
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.failure.is_some() {
            return Verdict::Failed;
        }
        match self.completion {
            Completion::Exhausted if self.load_buffering.is_some() => Verdict::ProvedForRc11,
            Completion::Exhausted => Verdict::Proved,
            Completion::Bounded => Verdict::Bounded,
            _ => Verdict::NotFinished,
        }
    }
}
