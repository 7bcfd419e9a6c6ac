//! Executions that no interleaving explains.

use std::fmt;
use std::panic::Location;
use std::sync::atomic::Ordering;

/// What no interleaving explains in an execution, and which orderings let it be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Weak {
    /// The steps that go against the order in which they are shown.
    pub unseen: Vec<Unseen>,
    /// The lines whose orderings are too weak to forbid the execution: with what
    /// [`TooWeak::enough`] says in each of them it could not be, and in no fewer.
    /// Empty if no ordering of an atomic could forbid it.
    pub too_weak: Vec<TooWeak>,
}

/// A step that does not see an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unseen {
    /// A read that reads something older than a write that is shown before it.
    Read {
        /// The read's place in [`super::Failure::steps`], from 1.
        step: usize,
        /// The write's place.
        write: usize,
    },
    /// A write that comes, for all who look, before one that is shown before it.
    Write {
        /// The write's place in [`super::Failure::steps`], from 1.
        step: usize,
        /// The place of the write that overwrites it.
        write: usize,
    },
}

/// A line whose ordering is too weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TooWeak {
    /// The line.
    pub site: &'static Location<'static>,
    /// Its ordering.
    pub ordering: Ordering,
    /// What it would have to be, if the other lines are what they would have to be.
    pub enough: Ordering,
}

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { step, write } => write!(f, "step {step} does not see step {write}"),
            Self::Write { step, write } => write!(f, "step {step} is overwritten by step {write}"),
        }
    }
}

impl fmt::Display for Weak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no interleaving explains this")?;
        for (index, unseen) in self.unseen.iter().enumerate() {
            let before = if index == 0 { ": " } else { ", " };
            write!(f, "{before}{unseen}")?;
        }
        let Some(last) = self.too_weak.len().checked_sub(1) else {
            return Ok(());
        };
        f.write_str(", since ")?;
        for (index, line) in self.too_weak.iter().enumerate() {
            let before = match index {
                0 => "",
                _ if index == last => " and ",
                _ => ", ",
            };
            write!(f, "{before}line {} is {:?}", line.site, line.ordering)?;
        }
        f.write_str(" (it could not be with ")?;
        for (index, line) in self.too_weak.iter().enumerate() {
            let before = if index == 0 { "" } else { ", " };
            write!(f, "{before}{:?}", line.enough)?;
        }
        f.write_str(" there)")
    }
}
