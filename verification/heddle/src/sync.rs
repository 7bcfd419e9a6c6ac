//! Synchronisation, as in `std::sync`.

mod arc;
pub mod atomic;
mod barrier;
mod condvar;
pub mod mpsc;
mod mutex;
pub(crate) mod notify;
mod once_lock;
mod rwlock;

pub use arc::{Arc, Weak};
pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use mutex::{Mutex, MutexGuard};
pub use notify::Notify;
pub use once_lock::OnceLock;
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use crate::engine::{Answer, Name, Object, Request, perform};
use crate::graph::{Kind, Mode, ReadOp, Rmw, Rule, Site, Step};

/// The state of a lock or a queue: one atomic location with rules of its own.
#[derive(Debug)]
pub(crate) struct State {
    name: Name,
    initial: u64,
}

impl State {
    pub(crate) const fn new(initial: u64) -> Self {
        Self { name: Name::new(), initial }
    }

    fn request(&self, kind: Kind, mode: Mode, site: Site) -> Request<'_> {
        Request {
            kind,
            success: mode,
            failure: Mode::Relaxed,
            op: ReadOp::Load,
            object: Some(Object { name: &self.name, initial: self.initial, internal: true }),
            value: 0,
            pointer: false,
            exclusive: false,
            site,
        }
    }

    /// A read with a rule; it may wait. What it only reads tells it nothing else.
    pub(crate) fn apply(&self, rule: Rule, argument: u64, mode: Mode, site: Site) -> Answer {
        let mut request = self.request(Kind::Read, mode, site);
        request.op = ReadOp::Custom { rule, argument };
        perform(&request)
    }

    /// As [`Self::apply`], but what it only reads it acquires too.
    pub(crate) fn acquire(&self, rule: Rule, argument: u64, site: Site) -> Answer {
        let mut request = self.request(Kind::Read, Mode::Acquire, site);
        request.failure = Mode::Acquire;
        request.op = ReadOp::Custom { rule, argument };
        perform(&request)
    }

    /// A read-modify-write that always writes; the value before it.
    pub(crate) fn modify(&self, rmw: Rmw, argument: u64, mode: Mode, site: Site) -> u64 {
        let mut request = self.request(Kind::Read, mode, site);
        request.op = ReadOp::Modify { rmw, argument, bits: 64 };
        perform(&request).value
    }

    pub(crate) fn release(&self, value: u64, site: Site) {
        let mut request = self.request(Kind::Write, Mode::Release, site);
        request.value = value;
        perform(&request);
    }

    /// The value, relaxed.
    pub(crate) fn peek(&self, mode: Mode, site: Site) -> u64 {
        let mut request = self.request(Kind::Read, mode, site);
        request.failure = mode;
        perform(&request).value
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new(0)
    }
}

/// A rule with one alternative for each value.
fn only(alternative: u8, step: Step) -> Option<Step> {
    (alternative == 0).then_some(step)
}
