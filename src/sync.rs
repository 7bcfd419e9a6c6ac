//! The facade: the only place that names `std::sync`, `parking_lot`, `crossbeam`, `loom` or `heddle`.
//!
//! A **leg** is one implementation of this module's types. Every leg has the same names, signatures and policies, so the
//! store, the Enactor and every scenario are one source:
//!
//! | leg | flags | atomics | locks | for |
//! |---|---|---|---|---|
//! | real | none | `std` | `parking_lot` | production, the stress test, the benches |
//! | loom | `--cfg loom` | newtypes over `loom` | `loom` | the models, as everyone knows them |
//! | heddle | `--cfg loom --cfg heddle` | newtypes over `heddle` | `heddle` | the models, completely |
//!
//! The loom leg and the heddle leg are one source, `modelled.rs`: heddle has loom's names.
//!
//! Policies, the same on every leg:
//! - **No poisoning.** A panic while a lock is held releases it; what the lock protects must be whole at every step.
//!   Of a [`Mutex`], loom 0.7.2 lets the next `lock` panic instead: such a model fails, it never goes on otherwise.
//! - **Two kinds of lock.** [`Mutex`] only blocks, [`TryLock`] never does. loom 0.7.2 models a mutex that is used both ways
//!   wrongly: a `try_lock` against a `lock` never fails there.
//! - **Letting go of a lock is a step**: on a model leg a thread can stop for ever before it, and then keeps the lock.
//!   [`Mutex::in_one_step`] has no such moment, as a transaction of a database has none.
//! - **`Arc` is std's on every leg.** Without `unsafe`, and without looking at counts, nobody can observe the order of its
//!   counter; modelling it would multiply the executions and add no behaviour. It is therefore not checked by any model.
//! - **Channels** carry wake-ups between real threads (crossbeam). On the model legs they exist, so that the service
//!   compiles, but no model uses them.
//! - **Time** is [`thread::pause`] only, and a model leg yields there: no verdict depends on a clock.
//!
//! What the modelled legs add, under `model`: call sites, weakened orderings, threads that stop for ever, and on the loom leg
//! a dependency token for each atomic, and under `trace` what each operation of a replay did.

#[cfg(all(heddle, not(loom)))]
compile_error!("`--cfg heddle` alone selects half a leg: set RUSTFLAGS=\"--cfg loom --cfg heddle\"");

pub use std::sync::Arc;

#[cfg(loom)]
mod modelled;
#[cfg(not(loom))]
mod real;
#[cfg(loom)]
use self::modelled as leg;
#[cfg(not(loom))]
use self::real as leg;

pub use leg::{Mutex, MutexGuard, TryLock, TryLockGuard, atomic, channel, thread};

#[cfg(loom)]
pub use leg::model;
#[cfg(all(loom, not(heddle)))]
pub use leg::trace;

/// The name of the leg that this build has: `real`, `loom` or `heddle`.
pub const LEG: &str = leg::NAME;
