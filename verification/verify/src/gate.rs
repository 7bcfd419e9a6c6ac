//! The gate: what CI runs before a change lands.
//!
//! A [`Record`](record::Record) is what a run found, on one machine or on several, in one go or in two: it is what shard
//! files, resume files and every report are made of. [`identity`] says which code and which models it is about, [`shard`]
//! parts the models and merges the records, [`stored`] keeps them in files, [`baseline`] knows how many executions there
//! were, [`since`] what a change can affect. `docs/gate.md` is for users.

pub mod baseline;
pub mod estimate;
pub mod file;
pub mod identity;
pub mod junit;
pub mod markdown;
pub mod record;
pub mod sarif;
pub mod shard;
pub mod since;
pub mod stored;
pub mod table;
