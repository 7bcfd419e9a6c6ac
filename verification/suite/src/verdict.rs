//! [`Verdict`]: what a search says about one property of one model, in words that differ.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::witness::Witness;

/// What a search found out. Only [`Verdict::Proved`] says that there is no counterexample for the engine's memory model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<W = Witness> {
    /// The search was exhausted and met no violation, and nothing that it met may go otherwise where load buffering is allowed.
    Proved,
    /// The search was exhausted and met no violation, but RC11 leaves out executions that hardware may show.
    ProvedForRc11(LoadBuffering),
    /// The search within this many preemptions was exhausted and met no violation.
    Bounded(usize),
    /// An execution violates the property.
    Refuted,
    /// A limit ended the search before it was exhausted.
    Truncated(Limit),
    /// The search was exhausted, but it proves nothing.
    Vacuous(Emptiness<W>),
}

/// Where there could be load buffering: a read that may come to read what it led to itself. RC11 forbids that, and so the engine
/// does not run it; the C++20 text and hardware such as ARM allow it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBuffering {
    /// The line that reads.
    pub read: CodeLine,
    /// The line that writes what could be read.
    pub write: CodeLine,
}

/// A line of code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CodeLine {
    /// The file, as the compiler names it.
    pub file: String,
    /// Which line, from 1.
    pub line: u32,
}

/// What ended a search early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// The budget's number of executions.
    Executions(u64),
    /// The budget's time, in seconds.
    Seconds(u64),
    /// What was looked for was found.
    Refuted,
    /// The time that all searches have together.
    Together(Duration),
    /// Ctrl-C.
    Interrupted,
    /// The engine gave up, with these words.
    Engine(String),
}

/// Why an exhausted search proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Emptiness<W = Witness> {
    /// These situations were never met.
    NeverMet(Vec<W>),
    /// There was only one execution, so nothing was interleaved.
    OneExecution,
    /// The store, or the scenario on it, could not be set up, so no execution began. These words say why.
    NotSetUp(String),
}

/// What the budget expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// [`Verdict::Proved`].
    Proved,
    /// [`Verdict::Bounded`] by the budget's bound: what becomes of proved when there is one.
    #[serde(skip_deserializing)]
    Bounded,
    /// [`Verdict::Refuted`].
    Refuted,
}

impl<W> Verdict<W> {
    /// The word alone, as in JSON. What is proved for RC11 is proved: [`fmt::Display`] and [`Self::load_buffering`] say the rest.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Proved | Verdict::ProvedForRc11(_) => "proved",
            Verdict::Bounded(_) => "bounded",
            Verdict::Refuted => "refuted",
            Verdict::Truncated(_) => "truncated",
            Verdict::Vacuous(_) => "vacuous",
        }
    }

    /// Whether this is what the budget expects.
    pub fn is(&self, expectation: Expectation) -> bool {
        self.word() == expectation.word()
    }

    /// Where there could be load buffering, if that takes something from a proof.
    pub fn load_buffering(&self) -> Option<&LoadBuffering> {
        match self {
            Verdict::ProvedForRc11(found) => Some(found),
            _ => None,
        }
    }

    /// Whether the search came to no conclusion.
    pub fn is_inconclusive(&self) -> bool {
        matches!(self, Verdict::Truncated(_) | Verdict::Vacuous(_))
    }
}

impl Expectation {
    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Expectation::Proved => "proved",
            Expectation::Bounded => "bounded",
            Expectation::Refuted => "refuted",
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl fmt::Display for CodeLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl fmt::Display for LoadBuffering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { read, write } = self;
        write!(f, "load buffering could let the read at {read} read what is written at {write}")
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Executions(count) => write!(f, "{count} executions"),
            Limit::Seconds(seconds) => write!(f, "{seconds} s"),
            Limit::Refuted => f.write_str("found what was looked for"),
            Limit::Together(time) => write!(f, "{} s for all models", time.as_secs_f64()),
            Limit::Interrupted => f.write_str("interrupted"),
            Limit::Engine(words) => f.write_str(words.lines().next().unwrap_or("the engine gave up")),
        }
    }
}

impl<W: fmt::Display> fmt::Display for Verdict<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Proved | Verdict::Refuted => f.pad(self.word()),
            Verdict::ProvedForRc11(_) => f.pad("proved for RC11"),
            Verdict::Bounded(bound) => write!(f, "bounded({bound})"),
            Verdict::Truncated(limit) => write!(f, "truncated ({limit})"),
            Verdict::Vacuous(Emptiness::OneExecution) => f.write_str("vacuous (one execution)"),
            Verdict::Vacuous(Emptiness::NeverMet(witnesses)) => {
                let names: Vec<String> = witnesses.iter().map(W::to_string).collect();
                write!(f, "vacuous (never met: {})", names.join(", "))
            }
            Verdict::Vacuous(Emptiness::NotSetUp(words)) => write!(f, "vacuous (not set up: {words})"),
        }
    }
}
