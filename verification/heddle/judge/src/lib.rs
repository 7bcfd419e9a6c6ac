//! The judge of the explorer `heddle`: what a tiny program may do under RC11, by
//! brute force.
//!
//! An explorer is clever, so it needs a judge that is not. This one takes *all*
//! ways reads can read from writes times *all* modification orders, and keeps
//! those that satisfy the axioms as the papers write them. It shares no code
//! with the explorer, and nothing in it is incremental.
//!
//! ```
//! use heddle_judge::enumerate::judge;
//! use heddle_judge::program::Program;
//!
//! let store_buffering: Program =
//!     "2 | st.rlx x 1; ld.rlx y r0 | st.rlx y 1; ld.rlx x r0".parse()?;
//! let verdict = judge(&store_buffering);
//! assert_eq!(verdict.graphs, 4);
//! let outcomes: Vec<String> = verdict.outcomes.iter().map(ToString::to_string).collect();
//! assert_eq!(outcomes[0], "0:r0=0 1:r0=0 x=1 y=1");
//! # Ok::<(), heddle_judge::text::ParseError>(())
//! ```
//!
//! # How to judge an explorer
//! - Run each [`program`] of a [`random::Sample`] in the explorer and compare
//!   with [`enumerate::judge`]: equal outcomes, and as many executions as
//!   `graphs`. If a program has a race, only that it is found compares.
//! - On a difference, [`shrink::shrink`] the program and quote its [`text`];
//!   [`enumerate::for_each_graph`] prints each graph on a line, to see which one
//!   is missing or doubled.
//! - [`litmus::all`] has the programs of the literature.
//!
//! # Why to believe the judge
//! - [`relation`], [`graph`], [`axioms`]: RC11 on bit matrices, one function a
//!   relation of the paper. The axioms are checked on the whole graph, whatever
//!   was pruned before.
//! - `run` finds every choice of reads-from; a test compares it with
//!   [`interleave`], which knows no choices, only turns.
//! - All-`SeqCst` programs have the outcomes, graphs and deadlocks of their
//!   interleavings.
//! - The literature's verdicts and the execution counts of `GenMC` come out.
//! - `psc` agrees with the total order that the C++20 standard asks for, but for
//!   known steps, see [`mutation::Mutation::ScbOfCpp20`]; with those it is equal.
//! - Stronger orderings and more fences never add a behaviour.
//! - Each [`mutation`] of the model is noticed by the sample.
//!
//! # Limits
//! No loops, so no waiting but for mutexes; at most 64 events; one width of
//! integers; a location is atomic, non-atomic or a mutex, never two of these.
//! `try_lock`, `RwLock`, condition variables, spawn and join inside the program
//! and allocation are not modelled. No load buffering: like the explorer, RC11
//! wants program order ∪ reads-from acyclic.

pub mod axioms;
pub mod enumerate;
pub mod graph;
pub mod interleave;
pub mod litmus;
pub mod machine;
pub mod mutation;
pub mod outcome;
pub mod program;
pub mod random;
mod record;
pub mod relation;
mod run;
pub mod shrink;
pub mod text;
mod validate;
