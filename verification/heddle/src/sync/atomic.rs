//! Atomics, as in `std::sync::atomic`.

mod integer;
mod pointer;

use std::panic::Location;

pub use integer::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16, AtomicU32, AtomicU64,
    AtomicUsize,
};
pub use pointer::AtomicPtr;
pub use std::sync::atomic::Ordering;

use crate::engine::{Answer, Name, Object, Request, perform};
use crate::graph::{Kind, Mode, ReadOp, Site};

/// A fence, as `std::sync::atomic::fence`.
#[track_caller]
pub fn fence(order: Ordering) {
    assert!(order != Ordering::Relaxed, "there is no such thing as a relaxed fence");
    let site = Location::caller();
    perform(&Request {
        kind: Kind::Fence,
        success: order.into(),
        failure: order.into(),
        op: ReadOp::Load,
        object: None,
        value: 0,
        pointer: false,
        exclusive: false,
        site,
    });
}

/// As [`crate::hint::spin_loop`].
#[track_caller]
pub fn spin_loop_hint() {
    crate::hint::spin_loop();
}

/// An atomic location as its operations see it.
#[derive(Clone, Copy)]
struct Raw<'a> {
    initial: u64,
    name: &'a Name,
    pointer: bool,
}

impl<'a> Raw<'a> {
    fn request(self, kind: Kind, order: Ordering, site: Site) -> Request<'a> {
        let mode = Mode::from(order);
        Request {
            kind,
            success: mode,
            failure: mode,
            op: ReadOp::Load,
            object: Some(Object { name: self.name, initial: self.initial, internal: false }),
            value: 0,
            pointer: self.pointer,
            exclusive: false,
            site,
        }
    }

    fn load(self, order: Ordering, site: Site) -> u64 {
        assert!(!matches!(order, Ordering::Release | Ordering::AcqRel), "there is no such thing as a {order:?} load");
        perform(&self.request(Kind::Read, order, site)).value
    }

    fn store(self, value: u64, order: Ordering, site: Site) {
        assert!(!matches!(order, Ordering::Acquire | Ordering::AcqRel), "there is no such thing as an {order:?} store");
        let mut request = self.request(Kind::Write, order, site);
        request.value = value;
        perform(&request);
    }

    fn read(self, op: ReadOp, success: Ordering, failure: Ordering, site: Site) -> Answer {
        let mut request = self.request(Kind::Read, success, site);
        request.failure = failure.into();
        request.op = op;
        perform(&request)
    }

    fn compare(&self, op: ReadOp, success: Ordering, failure: Ordering, site: Site) -> Result<u64, u64> {
        assert!(
            !matches!(failure, Ordering::Release | Ordering::AcqRel),
            "there is no such thing as a {failure:?} failure ordering"
        );
        let answer = self.read(op, success, failure, site);
        if answer.wrote { Ok(answer.value) } else { Err(answer.value) }
    }

    /// The value, by a caller that nobody runs beside.
    fn exclusive(self, site: Site) -> u64 {
        let mut request = self.request(Kind::Read, Ordering::Relaxed, site);
        request.exclusive = true;
        perform(&request).value
    }

    /// Changes the value, as such a caller.
    fn set(self, value: u64, site: Site) {
        let mut request = self.request(Kind::Write, Ordering::Relaxed, site);
        request.exclusive = true;
        request.value = value;
        perform(&request);
    }
}
