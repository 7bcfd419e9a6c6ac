//! Seeded random programs, by kind.
//!
//! Each kind is made of shapes that real code has, put together at random:
//! uniformly random statements hardly ever make a loop that anybody leaves.

use fastrand::Rng;

use super::code::{Hint, ObjectKind, Op, Operand, Program, Step, Test};
use crate::program::Order;

mod poll;
mod retry;
mod spin;

/// What a program is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Loops that wait for a value, with and without a bound.
    Spin,
    /// Loops around a compare-exchange, weak or strong, and spin locks.
    Retry,
    /// Loops that look at what a mutex guards.
    Poll,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Spin, Self::Retry, Self::Poll];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Spin => "spin",
            Self::Retry => "retry",
            Self::Poll => "poll",
        }
    }

    /// The program of a seed.
    #[must_use]
    pub fn program(self, seed: u64) -> Program {
        let mut draw = Draw::new(seed);
        match self {
            Self::Spin => spin::program(&mut draw),
            Self::Retry => retry::program(&mut draw),
            Self::Poll => poll::program(&mut draw),
        }
    }
}

/// What choices are drawn from.
struct Draw {
    rng: Rng,
    /// All orderings are `SeqCst`, or none is.
    sequential: bool,
    /// One waiting loop in so many has no hint.
    hintless: usize,
}

impl Draw {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let sequential = rng.usize(..3) == 0;
        Self { rng, sequential, hintless: 25 }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.rng.usize(..bound)
    }

    /// True once in so many times.
    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn one_of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn order(&mut self, legal: &[Order]) -> Order {
        if self.sequential {
            return Order::SeqCst;
        }
        loop {
            let order = self.one_of(legal);
            if order != Order::SeqCst {
                return order;
            }
        }
    }

    fn loads(&mut self) -> Order {
        self.order(&Order::LOADS)
    }

    fn stores(&mut self) -> Order {
        self.order(&Order::STORES)
    }

    fn updates(&mut self) -> Order {
        self.order(&Order::ALL)
    }

    fn fence(&mut self) -> Step {
        let order = self.order(&Order::FENCES);
        Step::Op(Op::Fence { order })
    }

    fn load(&mut self, loc: usize, reg: usize) -> Step {
        let order = self.loads();
        Step::Op(Op::Load { loc, order, reg })
    }

    fn store(&mut self, loc: usize, value: u8) -> Step {
        let order = self.stores();
        Step::Op(Op::Store { loc, order, value: Operand::Constant(value) })
    }

    fn add(&mut self, loc: usize, value: u8, reg: usize) -> Step {
        let order = self.updates();
        Step::Op(Op::Add { loc, order, value: Operand::Constant(value), reg })
    }

    fn swap(&mut self, loc: usize, value: u8, reg: usize) -> Step {
        let order = self.updates();
        Step::Op(Op::Swap { loc, order, value: Operand::Constant(value), reg })
    }

    fn exchange(&mut self, loc: usize, expected: Operand, new: Operand, [reg, done]: [usize; 2]) -> Step {
        let (success, failure) = (self.updates(), self.loads());
        let weak = self.rng.bool();
        Step::Op(Op::Exchange { loc, expected, new, success, failure, weak, reg, done })
    }

    /// The hint of a waiting loop; now and then none.
    fn hint(&mut self) -> Option<Step> {
        let hintless = self.hintless;
        if self.one_in(hintless) {
            return None;
        }
        let hint = if self.one_in(3) { Hint::Yield } else { Hint::Spin };
        Some(Step::Op(Op::Hint(hint)))
    }

    /// A bound for a loop, counted in a register, or none.
    fn rounds(&mut self, reg: usize) -> Option<(u8, usize)> {
        let bounded = self.below(5) < 2;
        bounded.then(|| (self.one_of(&[1, 1, 2, 2, 3, 4]), reg))
    }
}

/// `reg == value`.
fn equals(reg: usize, value: u8) -> Test {
    Test { reg, equal: true, value: Operand::Constant(value) }
}

/// `reg != value`.
fn differs(reg: usize, value: u8) -> Test {
    Test { reg, equal: false, value: Operand::Constant(value) }
}

fn set(reg: usize, value: Operand) -> Step {
    Step::Op(Op::Set { reg, value })
}

/// Two or three threads, of which not all are long.
fn threads(draw: &mut Draw, mut body: impl FnMut(&mut Draw, usize) -> Vec<Step>) -> Vec<Vec<Step>> {
    let count = if draw.one_in(3) { 3 } else { 2 };
    (0..count).map(|thread| body(draw, thread)).collect()
}

/// `count` mutexes.
fn mutexes(count: usize) -> Vec<ObjectKind> {
    vec![ObjectKind::Mutex; count]
}
