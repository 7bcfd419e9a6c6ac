//! Litmus tests of the literature with RC11's verdict on each.
//!
//! The tables are text, one test a stanza of three lines:
//!
//! ```text
//! SB+sc forbidden lahav2017
//! 2 | st.sc x 1; ld.sc y r0 | st.sc y 1; ld.sc x r0
//! 0:r0=0 1:r0=0
//! ```
//!
//! The [`Source`] says where the verdict is from. Papers draw one member of a
//! family and give the rule for the rest; a row whose exact orderings are drawn
//! nowhere names the paper whose definition decides it. Each verdict was worked
//! out by hand from that definition, not read off the enumerator.

use std::fmt;

use thiserror::Error;

use crate::program::Program;
use crate::text::ParseError;

pub use condition::{Condition, ConditionError, Place};

mod condition;

/// One test.
#[derive(Clone, Debug)]
pub struct Litmus {
    /// The name papers use, with a suffix for the orderings.
    pub name: String,
    /// What runs.
    pub program: Program,
    /// The outcomes it is about.
    pub condition: Condition,
    /// Whether any outcome may satisfy the condition.
    pub verdict: Verdict,
    /// Where the verdict is from.
    pub source: Source,
}

/// What RC11 says of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Some execution satisfies it.
    Allowed,
    /// No execution does.
    Forbidden,
}

/// Where a verdict is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Batty, Owens, Sarkar, Sewell, Weber: *Mathematizing C++ Concurrency*,
    /// POPL 2011: happens-before, fences, release sequences, races.
    Batty2011,
    /// Alglave, Maranget, Tautschnig: *Herding Cats*, TOPLAS 36(2), 2014: the
    /// shapes and their names, what coherence forbids and relaxed accesses do.
    Alglave2014,
    /// Lahav, Vafeiadis, Kang, Hur, Dreyer: *Repairing Sequential Consistency
    /// in C/C++11*, PLDI 2017: RC11 itself.
    Lahav2017,
    /// Boehm, Giroux, Vafeiadis: *Weaken Release Sequences*, WG21 P0982R1.
    P0982R1,
    /// ISO C++20, `[atomics.types.operations]`: compare-exchange.
    Cpp20,
    /// The litmus suite of `GenMC`, run under its RC11.
    Genmc,
}

impl Source {
    const KEYS: [(&'static str, Self); 6] = [
        ("batty2011", Self::Batty2011),
        ("alglave2014", Self::Alglave2014),
        ("lahav2017", Self::Lahav2017),
        ("p0982r1", Self::P0982R1),
        ("cpp20", Self::Cpp20),
        ("genmc", Self::Genmc),
    ];
}

/// Why a text is no table of litmus tests.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LitmusError {
    /// The first line of a stanza is not a name, a verdict and a source.
    #[error("`{0}`: a test begins with NAME allowed|forbidden SOURCE")]
    Heading(String),
    /// A stanza does not have three lines.
    #[error("{0}: a test is three lines, heading, program and condition")]
    Lines(String),
    /// The second line is no program.
    #[error("{name}: {error}")]
    Program {
        /// The test.
        name: String,
        /// Why.
        error: ParseError,
    },
    /// The third line is no condition.
    #[error("{name}: {error}")]
    Condition {
        /// The test.
        name: String,
        /// Why.
        error: ConditionError,
    },
}

/// Every test of the built-in tables.
///
/// # Panics
/// If a built-in table is malformed.
#[must_use]
pub fn all() -> Vec<Litmus> {
    let tables = [
        include_str!("litmus/coherence.litmus"),
        include_str!("litmus/causality.litmus"),
        include_str!("litmus/sequential.litmus"),
    ];
    let parsed = tables.iter().map(|table| parse(table));
    parsed.flat_map(|tests| tests.expect("the built-in tables follow their grammar")).collect()
}

/// The tests of a table, see the module for its grammar. Lines that begin with
/// `#` are comments.
///
/// # Errors
/// [`LitmusError`] names the first test that is malformed.
pub fn parse(table: &str) -> Result<Vec<Litmus>, LitmusError> {
    let is_comment = |line: &&str| line.starts_with('#');
    let lines: Vec<&str> = table.lines().filter(|line| !is_comment(line)).collect();
    let stanzas = lines.split(|line| line.trim().is_empty());
    stanzas.filter(|stanza| !stanza.is_empty()).map(parse_stanza).collect()
}

fn parse_stanza(stanza: &[&str]) -> Result<Litmus, LitmusError> {
    let [heading, program, condition] = stanza else {
        return Err(LitmusError::Lines(stanza[0].to_owned()));
    };
    let parsed = parse_heading(heading);
    let (name, verdict, source) = parsed.ok_or_else(|| LitmusError::Heading((*heading).to_owned()))?;
    let program = program.parse().map_err(|error| LitmusError::Program { name: name.clone(), error })?;
    let condition = condition.parse().map_err(|error| LitmusError::Condition { name: name.clone(), error })?;
    Ok(Litmus { name, program, condition, verdict, source })
}

fn parse_heading(heading: &str) -> Option<(String, Verdict, Source)> {
    let words: Vec<&str> = heading.split_whitespace().collect();
    let [name, verdict, source] = words[..] else {
        return None;
    };
    let verdict = match verdict {
        "allowed" => Verdict::Allowed,
        "forbidden" => Verdict::Forbidden,
        _ => return None,
    };
    let source = Source::KEYS.into_iter().find(|(key, _)| *key == source)?.1;
    Some((name.to_owned(), verdict, source))
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allowed => "allowed",
            Self::Forbidden => "forbidden",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{LitmusError, parse};

    #[test]
    fn a_malformed_table_names_the_test() {
        let heading = parse("SB maybe nobody\n1 | fence.sc\nx=0").unwrap_err();
        assert_eq!(heading, LitmusError::Heading("SB maybe nobody".to_owned()));
        let lines = parse("# why\nSB allowed cpp20\n1 | fence.sc").unwrap_err();
        assert_eq!(lines, LitmusError::Lines("SB allowed cpp20".to_owned()));
        let program = parse("SB allowed cpp20\n1 | fence.no\nx=0").unwrap_err();
        assert_eq!(program.to_string(), "SB: `fence.no` is not an instruction");
        let condition = parse("SB allowed cpp20\n1 | fence.sc\nx").unwrap_err();
        let message = "SB: `x` is neither `race` nor a term such as `1:r0=1` or `x=2`";
        assert_eq!(condition.to_string(), message);
    }
}
