//! How a counterexample is shown, ours or somebody else's: the [`story`] of its replay in [`columns`] on a terminal, as a
//! [`picture`], and as a [`page`] that can be stepped through.

pub mod columns;
pub mod page;
pub mod picture;
pub mod story;
pub mod whole;
