//! What an operation does with the value it reads.

use std::sync::atomic::Ordering;

/// An ordering, exhaustive unlike `core`'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Relaxed,
    Acquire,
    Release,
    AcqRel,
    SeqCst,
}

impl Mode {
    pub(crate) fn acquires(self) -> bool {
        matches!(self, Self::Acquire | Self::AcqRel | Self::SeqCst)
    }

    pub(crate) fn releases(self) -> bool {
        matches!(self, Self::Release | Self::AcqRel | Self::SeqCst)
    }
}

impl From<Ordering> for Mode {
    fn from(ordering: Ordering) -> Self {
        match ordering {
            Ordering::Relaxed => Self::Relaxed,
            Ordering::Acquire => Self::Acquire,
            Ordering::Release => Self::Release,
            Ordering::AcqRel => Self::AcqRel,
            _ => Self::SeqCst,
        }
    }
}

impl From<Mode> for Ordering {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Relaxed => Self::Relaxed,
            Mode::Acquire => Self::Acquire,
            Mode::Release => Self::Release,
            Mode::AcqRel => Self::AcqRel,
            Mode::SeqCst => Self::SeqCst,
        }
    }
}

/// The arithmetic of a read-modify-write that always writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rmw {
    Add,
    Sub,
    And,
    Nand,
    Or,
    Xor,
    Swap,
    MaxUnsigned,
    MinUnsigned,
    MaxSigned,
    MinSigned,
}

/// What becomes of a read once its value is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A plain read, with the operation's failure ordering.
    Read,
    /// A read-modify-write that writes this.
    Write(u64),
    /// The thread waits for another value.
    Blocked,
}

/// A read with a rule of its own: `rule(value, argument, alternative)`, `None`
/// past the last alternative. Alternative 0 must exist for every value.
pub(crate) type Rule = fn(u64, u64, u8) -> Option<Step>;

/// What a read event does with the value it reads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ReadOp {
    Load,
    Modify { rmw: Rmw, argument: u64, bits: u8 },
    Compare { expected: u64, new: u64, weak: bool },
    Custom { rule: Rule, argument: u64 },
}

impl ReadOp {
    /// The `alternative`-th thing this operation may do on reading `value`.
    pub(crate) fn resolve(self, value: u64, alternative: u8) -> Option<Step> {
        match self {
            Self::Load => (alternative == 0).then_some(Step::Read),
            Self::Modify { rmw, argument, bits } => {
                (alternative == 0).then(|| Step::Write(modify(rmw, value, argument, bits)))
            }
            Self::Compare { expected, new, weak } => match alternative {
                0 if value == expected => Some(Step::Write(new)),
                0 => Some(Step::Read),
                1 if weak && value == expected => Some(Step::Read),
                _ => None,
            },
            Self::Custom { rule, argument } => rule(value, argument, alternative),
        }
    }

    /// Whether two runs made the same request; rules are compared by argument,
    /// since the address of a function is no identity.
    pub(crate) fn same(self, other: Self) -> bool {
        match (self, other) {
            (Self::Load, Self::Load) => true,
            (Self::Modify { rmw, argument, .. }, Self::Modify { rmw: other_rmw, argument: other_argument, .. }) => {
                rmw == other_rmw && argument == other_argument
            }
            (Self::Compare { expected, new, .. }, Self::Compare { expected: other_expected, new: other_new, .. }) => {
                expected == other_expected && new == other_new
            }
            (Self::Custom { argument, .. }, Self::Custom { argument: other, .. }) => argument == other,
            _ => false,
        }
    }
}

fn modify(rmw: Rmw, value: u64, argument: u64, bits: u8) -> u64 {
    let unused = 64 - u32::from(bits);
    let signed = |bits: u64| ((bits << unused) as i64) >> unused;
    let result = match rmw {
        Rmw::Add => value.wrapping_add(argument),
        Rmw::Sub => value.wrapping_sub(argument),
        Rmw::And => value & argument,
        Rmw::Nand => !(value & argument),
        Rmw::Or => value | argument,
        Rmw::Xor => value ^ argument,
        Rmw::Swap => argument,
        Rmw::MaxUnsigned => value.max(argument),
        Rmw::MinUnsigned => value.min(argument),
        Rmw::MaxSigned => signed(value).max(signed(argument)) as u64,
        Rmw::MinSigned => signed(value).min(signed(argument)) as u64,
    };
    (result << unused) >> unused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_wraps_at_its_width() {
        assert_eq!(modify(Rmw::Add, 255, 1, 8), 0);
        assert_eq!(modify(Rmw::Sub, 0, 1, 16), 0xffff);
        assert_eq!(modify(Rmw::Nand, 1, 1, 1), 0);
        assert_eq!(modify(Rmw::MinSigned, 0xff, 1, 8), 0xff);
        assert_eq!(modify(Rmw::MaxUnsigned, 0xff, 1, 8), 0xff);
        assert_eq!(modify(Rmw::MaxSigned, u64::MAX, 1, 64), 1);
    }

    #[test]
    fn only_a_weak_exchange_fails_on_the_expected_value() {
        let weak = ReadOp::Compare { expected: 3, new: 4, weak: true };
        assert_eq!(weak.resolve(3, 0), Some(Step::Write(4)));
        assert_eq!(weak.resolve(3, 1), Some(Step::Read));
        assert_eq!(weak.resolve(3, 2), None);
        assert_eq!(weak.resolve(5, 0), Some(Step::Read));
        assert_eq!(weak.resolve(5, 1), None);
    }
}
