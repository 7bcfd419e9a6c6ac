//! The rules a program keeps, checked once when it is made.

use thiserror::Error;

use crate::program::{Instruction, Kind, Location, MAX_EVENTS, MAX_LOCATIONS, MAX_REGISTERS, Program, Register};

/// Why a program is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// More than [`MAX_LOCATIONS`].
    #[error("{0} locations: give at most {MAX_LOCATIONS}")]
    TooManyLocations(usize),
    /// More than [`MAX_EVENTS`] events in its largest graph.
    #[error("{0} events: shorten the program to at most {MAX_EVENTS}")]
    TooManyEvents(usize),
    /// A location at or above the number of locations.
    #[error("thread {thread}, instruction {index}: location {loc} is not declared")]
    UnknownLocation {
        /// The thread.
        thread: usize,
        /// The instruction in it.
        index: usize,
        /// The location it names.
        loc: Location,
    },
    /// A register at or above [`MAX_REGISTERS`].
    #[error("thread {thread}, instruction {index}: register {reg} is not below {MAX_REGISTERS}")]
    UnknownRegister {
        /// The thread.
        thread: usize,
        /// The instruction in it.
        index: usize,
        /// The register it names.
        reg: Register,
    },
    /// An ordering Rust refuses for this operation.
    #[error("thread {thread}, instruction {index}: this operation cannot have this ordering")]
    IllegalOrder {
        /// The thread.
        thread: usize,
        /// The instruction in it.
        index: usize,
    },
    /// One location used as two kinds.
    #[error("location {loc} is used both as {first:?} and as {second:?}: give each use its own")]
    MixedKinds {
        /// The location.
        loc: Location,
        /// How its first use takes it.
        first: Kind,
        /// How a later use takes it.
        second: Kind,
    },
    /// A skip past the end of its thread.
    #[error("thread {thread}, instruction {index}: skips past the end of its thread")]
    SkipsPastEnd {
        /// The thread.
        thread: usize,
        /// The instruction in it.
        index: usize,
    },
    /// A mutex relocked, unlocked by a thread that does not hold it, held on
    /// one way to an instruction and not on another, or held at the end.
    #[error("thread {thread}, before instruction {index}: locks and unlocks do not pair")]
    UnpairedLock {
        /// The thread.
        thread: usize,
        /// The instruction at which the pairing fails; its length if at its end.
        index: usize,
    },
}

/// Checks every rule of [`ProgramError`].
pub(crate) fn validate(program: &Program) -> Result<(), ProgramError> {
    if program.locations() > MAX_LOCATIONS {
        return Err(ProgramError::TooManyLocations(program.locations()));
    }
    for (thread, body) in program.threads().iter().enumerate() {
        for (index, instruction) in body.iter().enumerate() {
            validate_instruction(program, thread, index, *instruction)?;
        }
        validate_locks(thread, body)?;
    }
    if program.events() > MAX_EVENTS {
        return Err(ProgramError::TooManyEvents(program.events()));
    }
    Ok(())
}

fn validate_instruction(
    program: &Program,
    thread: usize,
    index: usize,
    instruction: Instruction,
) -> Result<(), ProgramError> {
    if let Some((loc, second)) = instruction.access() {
        if loc >= program.locations() {
            return Err(ProgramError::UnknownLocation { thread, index, loc });
        }
        let first = program.kind(loc);
        if first != second {
            return Err(ProgramError::MixedKinds { loc, first, second });
        }
    }
    if let Some(reg) = instruction.registers().find(|reg| *reg >= MAX_REGISTERS) {
        return Err(ProgramError::UnknownRegister { thread, index, reg });
    }
    let mut instruction = instruction;
    let orders = instruction.orders_mut();
    if !orders.iter().all(|(order, legal)| legal.contains(order)) {
        return Err(ProgramError::IllegalOrder { thread, index });
    }
    if let Instruction::SkipIf { count, .. } = instruction
        && count >= program.threads()[thread].len() - index
    {
        return Err(ProgramError::SkipsPastEnd { thread, index });
    }
    Ok(())
}

/// Follows every path of a thread; since jumps only go forward, one pass in
/// program order has met every way into an instruction before it.
fn validate_locks(thread: usize, body: &[Instruction]) -> Result<(), ProgramError> {
    // Bit m of `held[i]`: the thread holds mutex m before instruction i.
    let mut held: Vec<Option<u64>> = vec![None; body.len() + 1];
    held[0] = Some(0);
    for (index, instruction) in body.iter().enumerate() {
        let unpaired = ProgramError::UnpairedLock { thread, index };
        // Falling through reaches every instruction, so it is always known.
        let Some(before) = held[index] else {
            return Err(unpaired);
        };
        let mut successors = vec![index + 1];
        let after = match *instruction {
            Instruction::Lock { mutex } if before >> mutex & 1 == 0 => before | 1 << mutex,
            Instruction::Unlock { mutex } if before >> mutex & 1 == 1 => before & !(1 << mutex),
            Instruction::Lock { .. } | Instruction::Unlock { .. } => return Err(unpaired),
            Instruction::SkipIf { count, .. } => {
                successors.push(index + 1 + count);
                before
            }
            _ => before,
        };
        for successor in successors {
            if held[successor].is_some_and(|other| other != after) {
                let index = successor;
                return Err(ProgramError::UnpairedLock { thread, index });
            }
            held[successor] = Some(after);
        }
    }
    if held[body.len()] != Some(0) {
        let index = body.len();
        return Err(ProgramError::UnpairedLock { thread, index });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::ProgramError;
    use crate::program::{Kind, Program};
    use crate::text::ParseError;

    fn refusal(text: &str) -> ProgramError {
        match text.parse::<Program>() {
            Err(ParseError::Program(error)) => error,
            other => panic!("{text} should break a rule, not give {other:?}"),
        }
    }

    #[test]
    fn orderings_rust_refuses_are_refused() {
        for text in ["ld.rel x r0", "st.acq x 1", "fence.rlx", "cas.sc.rel x 0 1 r0"] {
            let (thread, index) = (0, 0);
            let expected = ProgramError::IllegalOrder { thread, index };
            assert_eq!(refusal(&format!("1 | {text}")), expected);
        }
    }

    #[test]
    fn a_location_has_one_kind() {
        let expected = ProgramError::MixedKinds { loc: 0, first: Kind::Atomic, second: Kind::NonAtomic };
        assert_eq!(refusal("1 | st.rlx x 1 | ld.na x r0"), expected);
    }

    #[test]
    fn locks_and_unlocks_pair_on_every_path() {
        let unpaired = |index| ProgramError::UnpairedLock { thread: 0, index };
        assert_eq!(refusal("1 | unlock x"), unpaired(0));
        assert_eq!(refusal("1 | lock x; lock x"), unpaired(1));
        assert_eq!(refusal("1 | lock x"), unpaired(1));
        let skipped_unlock = "2 | ld.rlx y r0; lock x; if r0 0 skip 1; unlock x";
        assert_eq!(refusal(skipped_unlock), unpaired(4));
    }

    #[test]
    fn names_and_skips_stay_inside_the_program() {
        let (thread, index) = (0, 0);
        let expected = ProgramError::UnknownLocation { thread, index, loc: 1 };
        assert_eq!(refusal("1 | st.rlx y 1"), expected);
        let expected = ProgramError::SkipsPastEnd { thread, index };
        assert_eq!(refusal("1 | if r0 0 skip 2; fence.sc"), expected);
        let reg = 16;
        let expected = ProgramError::UnknownRegister { thread, index, reg };
        assert_eq!(refusal("1 | ld.rlx x r16"), expected);
        assert_eq!(refusal("9 | fence.sc"), ProgramError::TooManyLocations(9));
    }
}
