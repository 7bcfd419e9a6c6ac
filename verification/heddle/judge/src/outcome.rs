//! What an execution leaves behind.

use std::fmt;

use crate::program::Value;
use crate::text::{location_name, register_name};

/// The observable result of one execution.
///
/// Deadlocked executions have none; they are counted apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Two conflicting non-atomic accesses are not ordered by happens-before.
    Race,
    /// Every thread ran to its end.
    Complete {
        /// The registers of each thread, `Program::registers` of them; those no
        /// executed instruction wrote are 0.
        registers: Vec<Vec<Value>>,
        /// The last value in modification order of each location; 0 for a
        /// mutex.
        memory: Vec<Value>,
    },
}

/// Printed in the notation of a litmus condition: `0:r0=1 1:r0=0 x=1 y=1`.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Complete { registers, memory } = self else {
            return f.write_str("race");
        };
        let mut separator = "";
        for (thread, values) in registers.iter().enumerate() {
            for (reg, value) in values.iter().enumerate() {
                write!(f, "{separator}{thread}:{}={value}", register_name(reg))?;
                separator = " ";
            }
        }
        for (loc, value) in memory.iter().enumerate() {
            write!(f, "{separator}{}={value}", location_name(loc))?;
            separator = " ";
        }
        Ok(())
    }
}
