//! What this repository expects of its stores, and how people and CI are told what came of it: `cargo verify`.
//!
//! # The tour
//!
//! [`budget`] says what every model must show; [`runner`] runs them all; [`report`] prints. [`zoo`] says what every plausible
//! fix must show, and [`matrix`] what it does. `audit` weakens every ordering of a store. [`gate`] is what CI runs: shards, a
//! baseline, what a change can affect, and the files that other programs read. The scenarios, properties and engines are those
//! of [`enactor_verification`]; `src/command` is the command line over all this.

#[cfg(loom)]
pub mod audit;
pub mod budget;
pub mod gate;
pub mod matrix;
pub mod report;
pub mod runner;
pub mod stores;
pub mod zoo;
