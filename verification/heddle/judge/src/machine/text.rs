//! Programs as text for people: a line for each statement, loops indented.

use std::fmt;

use super::code::{Hint, Op, Operand, Program, Step, Test};
use crate::text::location_name;

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(value) => write!(f, "{value}"),
            Self::Register(reg) => write!(f, "r{reg}"),
            Self::Sum(reg, value) => write!(f, "r{reg} + {value}"),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{} {} {}", self.reg, if self.equal { "==" } else { "!=" }, self.value)
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = location_name;
        match *self {
            Self::Load { loc, order, reg } => write!(f, "r{reg} = {}.load({order})", name(loc)),
            Self::Store { loc, order, value } => write!(f, "{}.store({value}, {order})", name(loc)),
            Self::Add { loc, order, value, reg } => {
                write!(f, "r{reg} = {}.fetch_add({value}, {order})", name(loc))
            }
            Self::Swap { loc, order, value, reg } => write!(f, "r{reg} = {}.swap({value}, {order})", name(loc)),
            Self::Exchange { loc, expected, new, success, failure, weak, reg, done } => {
                let weak = if weak { "_weak" } else { "" };
                let name = name(loc);
                write!(f, "(r{reg}, r{done}) = {name}.compare_exchange{weak}")?;
                write!(f, "({expected}, {new}, {success}, {failure})")
            }
            Self::Fence { order } => write!(f, "fence({order})"),
            Self::Set { reg, value } => write!(f, "r{reg} = {value}"),
            Self::Hint(Hint::Spin) => f.write_str("spin_loop()"),
            Self::Hint(Hint::Yield) => f.write_str("yield_now()"),
            Self::Lock { object } => write!(f, "o{object}.lock()"),
            Self::TryLock { object, done } => write!(f, "r{done} = o{object}.try_lock()"),
            Self::Unlock { object } => write!(f, "o{object}.unlock()"),
            Self::Get { object, reg } => write!(f, "r{reg} = *o{object}"),
            Self::Put { object, value } => write!(f, "*o{object} = {value}"),
        }
    }
}

fn write_body(f: &mut fmt::Formatter<'_>, body: &[Step], depth: usize) -> fmt::Result {
    for step in body {
        write!(f, "{:1$}", "", depth * 2)?;
        match step {
            Step::Op(op) => writeln!(f, "{op}")?,
            Step::Break(test) => writeln!(f, "if {test} break")?,
            Step::If { test, then } => {
                writeln!(f, "if {test}:")?;
                write_body(f, then, depth + 1)?;
            }
            Step::Loop { rounds: None, body } => {
                writeln!(f, "loop:")?;
                write_body(f, body, depth + 1)?;
            }
            Step::Loop { rounds: Some((rounds, reg)), body } => {
                writeln!(f, "for r{reg} in 0..{rounds}:")?;
                write_body(f, body, depth + 1)?;
            }
        }
    }
    Ok(())
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} locations, objects {:?}", self.locations, self.objects)?;
        for (thread, body) in self.threads.iter().enumerate() {
            writeln!(f, "thread {thread}:")?;
            write_body(f, body, 1)?;
        }
        Ok(())
    }
}
