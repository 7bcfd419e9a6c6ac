//! What people and programs read: the [`table`] of verdicts, its [`json`], and the token that names a counterexample.
//!
//! A counterexample is a [`story`], made of the [`timeline`](enactor_verification::timeline) of its replay. It is shown in [`columns`] on a terminal, as a
//! [`picture`], as a [`page`] that can be stepped through, and as an [`annotation`] of the guilty line.

pub mod annotation;
pub mod columns;
pub mod json;
pub mod page;
pub mod picture;
pub mod story;
pub mod table;
pub mod token;
pub mod whole;
