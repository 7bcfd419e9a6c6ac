//! A plan store and a seqlock of somebody else's. Nothing here knows of a model checker: it uses `enactor::sync` where it
//! would use `std::sync`.

#[cfg(feature = "plain")]
mod plain;
mod seqlock;
mod shelf;

pub use seqlock::{Seqlock, Torn};
pub use shelf::Shelf;
