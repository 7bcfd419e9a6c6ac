//! Small concurrent programs *with control flow*, and an interpreter that finds
//! every way they can end.
//!
//! The [`crate::program`] of the brute-force judge has no loops, so that it can
//! take all graphs. What has loops has no finite set of graphs, but often a
//! finite set of *states*: a loop that only waits comes back to where it was.
//! [`explore::explore`] searches these states, so waiting for ever is a cycle
//! in a graph and not a case of its own, and nothing here needs to know what a
//! waiting loop is.
//!
//! # The memory
//! - All orderings `SeqCst`: one value for each location.
//! - None `SeqCst`: messages and views, the operational form of RC11 without
//!   load buffering (Kang et al., "A promising semantics", POPL 2017, without
//!   the promises). A location is the list of its writes in modification order;
//!   a thread's view says which of them it knows. Times count only as an order,
//!   and writes that nobody can read any more are forgotten, so that states
//!   come again.
//! - A program that mixes them is refused.
//!
//! A mutex acquires what was released by its last unlock. A `try_lock` that fails
//! promises nothing, so it may also see a lock that was given back already, by
//! an unlock that it knows nothing of.
//!
//! # Why to believe it
//! Programs without loops have the outcomes that brute force finds, over
//! thousands of them, in `tests/machine.rs`.

pub mod code;
pub mod explore;
mod fair;
pub mod generate;
mod memory;
mod objects;
pub mod shrink;
mod state;
pub mod text;

pub use code::{Hint, Op, Operand, Program, Step, Test};
