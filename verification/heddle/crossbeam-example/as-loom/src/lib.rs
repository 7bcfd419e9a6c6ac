//! heddle under loom's name: put it in loom's place with `[patch.crates-io]`, and what is written for loom runs on heddle.

pub use heddle::*;
