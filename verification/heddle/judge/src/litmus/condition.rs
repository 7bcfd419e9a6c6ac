//! Which outcomes a litmus test asks about.

use std::fmt;
use std::str::FromStr;

use crate::outcome::Outcome;
use crate::program::{Location, Register, Value};
use crate::text::{location_name, parse_location, parse_register, register_name};

/// A data race, or a conjunction of final values: `1:r0=1 1:r1=0 x=2`.
///
/// What it does not name may have any value, so the printed form of a complete
/// [`Outcome`] is the condition that holds for it alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Holds for [`Outcome::Race`].
    Race,
    /// Holds for complete outcomes with all these values.
    Values(Vec<(Place, Value)>),
}

/// Where a value is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A thread's register.
    Register(usize, Register),
    /// The last write in modification order.
    Memory(Location),
}

impl Condition {
    /// Whether an outcome satisfies it. A place the program does not have holds
    /// no value.
    #[must_use]
    pub fn holds(&self, outcome: &Outcome) -> bool {
        match (self, outcome) {
            (Self::Race, Outcome::Race) => true,
            (Self::Values(terms), Outcome::Complete { registers, memory }) => terms.iter().all(|(place, value)| {
                let found = match *place {
                    Place::Register(thread, reg) => registers.get(thread).and_then(|values| values.get(reg)),
                    Place::Memory(loc) => memory.get(loc),
                };
                found == Some(value)
            }),
            _ => false,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Values(terms) = self else {
            return f.write_str("race");
        };
        let terms: Vec<String> = terms
            .iter()
            .map(|(place, value)| match *place {
                Place::Register(thread, reg) => format!("{thread}:{}={value}", register_name(reg)),
                Place::Memory(loc) => format!("{}={value}", location_name(loc)),
            })
            .collect();
        f.write_str(&terms.join(" "))
    }
}

/// The text is no condition; carries the term that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither `race` nor a term such as `1:r0=1` or `x=2`")]
pub struct ConditionError(pub String);

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        if text.trim() == "race" {
            return Ok(Self::Race);
        }
        let terms: Result<Vec<_>, _> = text
            .split_whitespace()
            .map(|term| parse_term(term).ok_or_else(|| ConditionError(term.to_owned())))
            .collect();
        let terms = terms?;
        if terms.is_empty() {
            return Err(ConditionError(text.to_owned()));
        }
        Ok(Self::Values(terms))
    }
}

fn parse_term(term: &str) -> Option<(Place, Value)> {
    let (place, value) = term.split_once('=')?;
    let place = match place.split_once(':') {
        Some((thread, reg)) => Place::Register(thread.parse().ok()?, parse_register(reg)?),
        None => Place::Memory(parse_location(place)?),
    };
    Some((place, value.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::Condition;
    use crate::enumerate::judge;
    use crate::program::Program;

    #[test]
    fn a_printed_outcome_is_the_condition_for_it_alone() {
        let text = "2 | st.rlx x 1; ld.rlx y r0 | st.rlx y 1; ld.rlx x r0";
        let program: Program = text.parse().expect("a program");
        let outcomes = judge(&program).outcomes;
        for outcome in &outcomes {
            let condition: Condition = outcome.to_string().parse().expect("a condition");
            let held = outcomes.iter().filter(|other| condition.holds(other));
            assert_eq!(held.collect::<Vec<_>>(), [outcome]);
        }
    }
}
