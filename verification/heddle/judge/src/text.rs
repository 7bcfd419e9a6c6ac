//! The one-line text form of a program, to quote in a report and pin in a test.
//!
//! A program is its number of locations and its threads, separated by `|`, the
//! instructions of a thread by `;`:
//!
//! ```text
//! 2 | st.rel x 1; ld.acq y r0 | lock z; ...
//! ```
//!
//! | text | instruction |
//! |---|---|
//! | `ld.ORD LOC REG` | load, `na` for a non-atomic one |
//! | `st.ORD LOC VAL` | store, `na` for a non-atomic one |
//! | `add.ORD LOC VAL REG`, `swap.ORD LOC VAL REG` | read-modify-write |
//! | `cas.SUCCESS.FAILURE LOC EXPECTED NEW REG` | compare-exchange, `casw` if weak |
//! | `fence.ORD` | fence |
//! | `lock LOC`, `unlock LOC` | mutex |
//! | `if REG NUMBER skip COUNT` | skip the next COUNT if the register holds NUMBER |
//!
//! `ORD` is one of `rlx acq rel ar sc`; locations are `x y z w v u t s`;
//! registers are `r0 r1 …`; `VAL` is a number or a register.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::program::{
    Instruction, Location, MAX_LOCATIONS, Operand, Order, Program, ProgramError, Register, RmwOp, Value,
};

const LOCATION_NAMES: [&str; MAX_LOCATIONS] = ["x", "y", "z", "w", "v", "u", "t", "s"];

/// Why a text is no program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The first field is not the number of locations.
    #[error("`{0}` is not a number of locations")]
    Locations(String),
    /// An instruction that does not follow the grammar of this module.
    #[error("`{0}` is not an instruction")]
    Instruction(String),
    /// Well-formed text of a program that breaks a rule.
    #[error(transparent)]
    Program(#[from] ProgramError),
}

/// The letter of a location.
#[must_use]
pub fn location_name(loc: Location) -> &'static str {
    LOCATION_NAMES[loc]
}

/// The location of a letter.
#[must_use]
pub fn parse_location(text: &str) -> Option<Location> {
    LOCATION_NAMES.iter().position(|name| *name == text)
}

/// `r` and the index.
#[must_use]
pub fn register_name(reg: Register) -> String {
    format!("r{reg}")
}

/// The index after `r`.
#[must_use]
pub fn parse_register(text: &str) -> Option<Register> {
    text.strip_prefix('r')?.parse().ok()
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Relaxed => "rlx",
            Self::Acquire => "acq",
            Self::Release => "rel",
            Self::AcqRel => "ar",
            Self::SeqCst => "sc",
        })
    }
}

fn parse_order(text: &str) -> Option<Order> {
    Order::ALL.into_iter().find(|order| order.to_string() == text)
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(value) => write!(f, "{value}"),
            Self::Register(reg) => f.write_str(&register_name(*reg)),
        }
    }
}

fn parse_operand(text: &str) -> Option<Operand> {
    parse_register(text).map(Operand::Register).or_else(|| text.parse().ok().map(Operand::Constant))
}

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = location_name;
        match *self {
            Self::Load { loc, order, reg } => write!(f, "ld.{order} {} r{reg}", name(loc)),
            Self::Store { loc, order, value } => write!(f, "st.{order} {} {value}", name(loc)),
            Self::Rmw { loc, order, op, reg } => {
                let verb = match op {
                    RmwOp::Add(_) => "add",
                    RmwOp::Swap(_) => "swap",
                };
                write!(f, "{verb}.{order} {} {} r{reg}", name(loc), op.operand())
            }
            Self::CompareExchange { loc, expected, new, success, failure, weak, reg } => {
                let verb = if weak { "casw" } else { "cas" };
                write!(f, "{verb}.{success}.{failure} {} ", name(loc))?;
                write!(f, "{expected} {new} r{reg}")
            }
            Self::Fence { order } => write!(f, "fence.{order}"),
            Self::Lock { mutex } => write!(f, "lock {}", name(mutex)),
            Self::Unlock { mutex } => write!(f, "unlock {}", name(mutex)),
            Self::NonAtomicLoad { loc, reg } => write!(f, "ld.na {} r{reg}", name(loc)),
            Self::NonAtomicStore { loc, value } => write!(f, "st.na {} {value}", name(loc)),
            Self::SkipIf { reg, value, count } => write!(f, "if r{reg} {value} skip {count}"),
        }
    }
}

fn parse_instruction(text: &str) -> Option<Instruction> {
    let mut words = text.split_whitespace();
    let mut verb = words.next()?.split('.');
    let name = verb.next()?;
    let orders: Vec<&str> = verb.collect();
    let arguments: Vec<&str> = words.collect();
    parse_access(name, &orders, &arguments).or_else(|| parse_other(name, &orders, &arguments))
}

fn parse_access(name: &str, orders: &[&str], arguments: &[&str]) -> Option<Instruction> {
    let loc = parse_location(arguments.first()?)?;
    Some(match (name, orders, &arguments[1..]) {
        ("ld", ["na"], [reg]) => Instruction::NonAtomicLoad { loc, reg: parse_register(reg)? },
        ("ld", [order], [reg]) => Instruction::Load { loc, order: parse_order(order)?, reg: parse_register(reg)? },
        ("st", ["na"], [value]) => Instruction::NonAtomicStore { loc, value: parse_operand(value)? },
        ("st", [order], [value]) => {
            Instruction::Store { loc, order: parse_order(order)?, value: parse_operand(value)? }
        }
        ("add", [order], [value, reg]) => Instruction::Rmw {
            loc,
            order: parse_order(order)?,
            op: RmwOp::Add(parse_operand(value)?),
            reg: parse_register(reg)?,
        },
        ("swap", [order], [value, reg]) => Instruction::Rmw {
            loc,
            order: parse_order(order)?,
            op: RmwOp::Swap(parse_operand(value)?),
            reg: parse_register(reg)?,
        },
        ("cas" | "casw", [success, failure], [expected, new, reg]) => Instruction::CompareExchange {
            loc,
            expected: parse_operand(expected)?,
            new: parse_operand(new)?,
            success: parse_order(success)?,
            failure: parse_order(failure)?,
            weak: name == "casw",
            reg: parse_register(reg)?,
        },
        ("lock", [], []) => Instruction::Lock { mutex: loc },
        ("unlock", [], []) => Instruction::Unlock { mutex: loc },
        _ => return None,
    })
}

fn parse_other(name: &str, orders: &[&str], arguments: &[&str]) -> Option<Instruction> {
    Some(match (name, orders, arguments) {
        ("fence", [order], []) => Instruction::Fence { order: parse_order(order)? },
        ("if", [], [reg, value, "skip", count]) => Instruction::SkipIf {
            reg: parse_register(reg)?,
            value: value.parse::<Value>().ok()?,
            count: count.parse().ok()?,
        },
        _ => return None,
    })
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.locations())?;
        for body in self.threads() {
            let body: Vec<String> = body.iter().map(Instruction::to_string).collect();
            write!(f, " | {}", body.join("; "))?;
        }
        Ok(())
    }
}

impl FromStr for Program {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut fields = text.split('|');
        let locations = fields.next().unwrap_or_default().trim();
        let locations = locations.parse().map_err(|_| ParseError::Locations(locations.to_owned()))?;
        let mut threads = Vec::new();
        for field in fields {
            let instructions = field.split(';').map(str::trim).filter(|i| !i.is_empty());
            let body: Result<Vec<_>, _> = instructions
                .map(|i| parse_instruction(i).ok_or_else(|| ParseError::Instruction(i.to_owned())))
                .collect();
            threads.push(body?);
        }
        Ok(Self::new(locations, threads)?)
    }
}

#[cfg(test)]
mod tests {
    use super::{ParseError, Program};

    #[test]
    fn every_instruction_prints_as_it_parses() {
        let text = "4 | st.rel x 1; add.ar x r0 r1; swap.acq x 2 r3; ld.sc x r0; if r0 7 skip 1; \
                    fence.sc; cas.ar.acq x 0 1 r0; casw.rlx.sc x r1 r2 r3 \
                    | lock y; st.na z 3; unlock y; ld.na z r0 | fence.rel; st.rlx w 1";
        let program: Program = text.parse().expect("a program");
        assert_eq!(program.to_string(), text);
    }

    #[test]
    fn a_text_that_is_no_instruction_is_named() {
        let error = "1 | ld.foo x r0".parse::<Program>().unwrap_err();
        assert_eq!(error, ParseError::Instruction("ld.foo x r0".to_owned()));
        let error = "1 | ld.acq x r0 r1".parse::<Program>().unwrap_err();
        assert_eq!(error, ParseError::Instruction("ld.acq x r0 r1".to_owned()));
    }
}
