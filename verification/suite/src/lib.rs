//! Scenarios, properties and verdicts for plan stores.
//!
//! # The tour
//!
//! A [`Scenario`](scenario::Scenario) is data: threads and what each does. [`stage`] plays it once on any
//! [`Subject`](subject::Subject) and writes down every call in a [`history`]. [`check`] says which
//! [`Property`](property::Property) that execution violates, [`witness`] which situations it met. An [`engine`] plays it in
//! every execution it knows of and brings back [`Findings`](search::Findings), which give a [`Verdict`](verdict::Verdict)
//! for each property. [`budget`] says what every model must show; [`runner`] runs them all; [`report`] prints. [`zoo`] says
//! what every plausible fix must show, and [`matrix`] what it does. [`gate`] is what CI runs: shards, a baseline, what a change
//! can affect, and the files that other programs read. [`kit`] does all of this for somebody else's code.

#[cfg(loom)]
pub mod audit;
pub mod budget;
pub mod check;
pub mod engine;
pub mod gate;
pub mod history;
pub mod kit;
pub mod matrix;
pub mod property;
pub mod report;
pub mod runner;
pub mod scenario;
pub mod search;
mod specification;
pub mod stage;
pub mod stores;
pub mod subject;
pub mod verdict;
pub mod witness;
pub mod zoo;

/// The book's code compiles and does what it says.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/kit.md")]
struct KitBook;
