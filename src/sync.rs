//! The facade: the only place that names `std::sync`, `parking_lot`, `crossbeam` or `loom`.
//!
//! A **leg** is one implementation of this module's types. Every leg has the same names, signatures and policies, so the
//! store, the Enactor and every scenario are one source:
//!
//! | leg | flags | atomics | locks | for |
//! |---|---|---|---|---|
//! | real | none | `std` | `parking_lot` | production, the stress test, the benches |
//! | loom | `--cfg loom` | newtypes over `loom` | `loom` | the models |
//!
//! Policies, the same on every leg:
//! - **No poisoning.** A panic while a lock is held releases it; what the lock protects must be whole at every step.
//!   Of a [`Mutex`], loom 0.7.2 lets the next `lock` panic instead: such a model fails, it never goes on otherwise.
//! - **Two kinds of lock.** [`Mutex`] only blocks, [`TryLock`] never does. loom 0.7.2 models a mutex that is used both ways
//!   wrongly: a `try_lock` against a `lock` never fails there.
//! - **`Arc` is std's on every leg.** Without `unsafe`, and without looking at counts, nobody can observe the order of its
//!   counter; modelling it would multiply the executions and add no behaviour. It is therefore not checked by any model.
//! - **Channels** carry wake-ups between real threads (crossbeam). On the model legs they exist, so that the service
//!   compiles, but no model uses them.
//! - **Time** is [`thread::pause`] only, and a model leg yields there: no verdict depends on a clock.
//!
//! What the loom leg adds, under `model`: a dependency token for each atomic, call sites, weakened orderings and threads
//! that stop for ever.

#[cfg(all(heddle, not(loom)))]
compile_error!("`--cfg heddle` alone selects half a leg: set RUSTFLAGS=\"--cfg loom --cfg heddle\"");
#[cfg(all(heddle, loom))]
compile_error!("this version of enactor has no heddle leg yet: drop `--cfg heddle` and keep `--cfg loom`");

pub use std::sync::Arc;

#[cfg(loom)]
mod loom;
#[cfg(not(loom))]
mod real;
#[cfg(loom)]
use self::loom as leg;
#[cfg(not(loom))]
use self::real as leg;

pub use leg::{Mutex, MutexGuard, TryLock, TryLockGuard, atomic, channel, thread};

#[cfg(loom)]
pub use leg::model;

/// The name of the leg that this build has: `real` or `loom`.
pub const LEG: &str = leg::NAME;
