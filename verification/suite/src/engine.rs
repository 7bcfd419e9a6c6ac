//! The engines that play scenarios: `explore` under loom, [`threads`] for real.

#[cfg(loom)]
pub mod explore;
pub mod threads;
#[cfg(loom)]
pub mod timeline;
