//! [`Trail`]: the part of a token that names an execution of a search, whatever was searched.

use std::{fmt, str::FromStr};

use crate::search::{Counterexample, Place, Search};

/// The part of a token after its `#`: which search, and which execution.
#[derive(Debug, Clone, PartialEq)]
pub struct Trail {
    /// The search, as far as it matters for which execution comes when.
    pub search: Search,
    /// Whether a thread stops for ever.
    pub stops: bool,
    /// The execution.
    pub found: Counterexample,
}

/// A text that is no trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not of the form of a token: it ends in #h1-Ab3 or #e17")]
pub struct NoTrail;

impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(bound) = self.search.bound {
            write!(f, "b{bound}.")?;
        }
        if self.search.dependency_tokens {
            f.write_str("t.")?;
        }
        if self.stops {
            write!(f, "s{}.", self.found.stop_before)?;
        }
        match &self.found.place {
            Place::Execution(number) => write!(f, "e{number}"),
            Place::Graph(graph) => f.write_str(graph),
        }
    }
}

impl FromStr for Trail {
    type Err = NoTrail;

    fn from_str(text: &str) -> Result<Self, NoTrail> {
        let mut search = Search::default();
        let (mut stop_before, mut place) = (None, None);
        for part in text.split('.') {
            let (kind, number) = part.split_at_checked(1).ok_or(NoTrail)?;
            let number = || number.parse::<u64>().map_err(|_| NoTrail);
            match kind {
                "b" => search.bound = Some(number()? as usize),
                "t" => search.dependency_tokens = true,
                "s" => stop_before = Some(number()? as usize),
                "e" => place = Some(Place::Execution(number()?)),
                "h" => place = Some(Place::Graph(part.to_owned())),
                _ => return Err(NoTrail),
            }
        }
        let place = place.filter(|place| *place != Place::Execution(0)).ok_or(NoTrail)?;
        let stops = stop_before.is_some();
        let found = Counterexample { preemptions: 0, steps: 0, stop_before: stop_before.unwrap_or(0), place };
        Ok(Self { search, stops, found })
    }
}
