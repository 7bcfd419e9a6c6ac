//! Scenarios, properties and verdicts for plan stores.
//!
//! # The tour
//!
//! A [`Scenario`](scenario::Scenario) is data: threads and what each does. [`stage`] plays it once on any
//! [`Subject`](subject::Subject) and writes down every call in a [`history`]. [`check`] says which
//! [`Property`](property::Property) that execution violates, [`witness`] which situations it met. An [`engine`] plays it in
//! every execution it knows of and brings back [`Findings`](search::Findings), which give a [`Verdict`](verdict::Verdict)
//! for each property. A counterexample is played again and shown by [`report`]. [`kit`] does all of this for somebody else's code.
//!
//! What this repository expects of its own stores, and how it is told to people and to CI, is in `enactor-verify`: whoever uses
//! the kit need not build it.

pub mod check;
pub mod engine;
pub mod history;
pub mod kit;
pub mod property;
pub mod report;
pub mod scenario;
pub mod search;
mod specification;
pub mod stage;
pub mod stores;
pub mod subject;
pub mod timeline;
pub mod trail;
pub mod verdict;
#[cfg(loom)]
pub mod weakening;
pub mod witness;
pub mod workers;

/// The book's code compiles and does what it says.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/kit.md")]
struct KitBook;
