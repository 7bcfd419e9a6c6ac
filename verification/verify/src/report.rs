//! What people and programs read: the [`table`] of verdicts, its [`json`], and the token that names a counterexample.
//!
//! A counterexample is shown as the kit shows one, see [`enactor_verification::report`], and as an [`annotation`] of the guilty line.

pub mod annotation;
pub mod json;
pub mod table;
pub mod token;
