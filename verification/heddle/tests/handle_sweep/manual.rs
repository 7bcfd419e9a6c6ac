//! An `Arc` by hand: `std`'s algorithm and orderings on heddle's atomics. The
//! memory is `std`'s business; what the counts say is this file's.

use std::sync::{Arc, Mutex};

use heddle::sync::atomic::AtomicUsize;
use heddle::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::program::{Family, Value};

pub(crate) struct Manual;

struct Inner {
    strong: AtomicUsize,
    /// One more than the weak handles; the largest number while `get_mut` looks.
    weak: AtomicUsize,
    value: Mutex<Option<Value<Manual>>>,
}

pub(crate) struct Strong(Option<Arc<Inner>>);
pub(crate) struct Weak(Arc<Inner>);

const LOCKED: usize = usize::MAX;

impl Strong {
    fn inner(&self) -> &Arc<Inner> {
        self.0.as_ref().expect("it is not dropped")
    }
}

impl Clone for Strong {
    fn clone(&self) -> Self {
        self.inner().strong.fetch_add(1, Relaxed);
        Self(self.0.clone())
    }
}

impl Drop for Strong {
    fn drop(&mut self) {
        if let Some(inner) = self.0.take() {
            drop(release(&inner));
        }
    }
}

/// Gives a handle up; the value, if it was the last.
fn release(inner: &Inner) -> Option<Value<Manual>> {
    if inner.strong.fetch_sub(1, Release) != 1 {
        return None;
    }
    inner.strong.load(Acquire);
    inner.value.lock().unwrap().take()
}

impl Clone for Weak {
    fn clone(&self) -> Self {
        self.0.weak.fetch_add(1, Relaxed);
        Self(self.0.clone())
    }
}

impl Drop for Weak {
    fn drop(&mut self) {
        self.0.weak.fetch_sub(1, Release);
    }
}

impl Family for Manual {
    type Strong = Strong;
    type Weak = Weak;

    fn new(value: Value<Self>) -> Strong {
        let value = Mutex::new(Some(value));
        Strong(Some(Arc::new(Inner { strong: AtomicUsize::new(1), weak: AtomicUsize::new(1), value })))
    }

    fn downgrade(strong: &Strong) -> Weak {
        let inner = strong.inner();
        let mut seen = inner.weak.load(Relaxed);
        loop {
            if seen == LOCKED {
                heddle::hint::spin_loop();
                seen = inner.weak.load(Relaxed);
                continue;
            }
            match inner.weak.compare_exchange(seen, seen + 1, Acquire, Relaxed) {
                Ok(_) => return Weak(inner.clone()),
                Err(other) => seen = other,
            }
        }
    }

    fn upgrade(weak: &Weak) -> Option<Strong> {
        let mut seen = weak.0.strong.load(Relaxed);
        while seen != 0 {
            match weak.0.strong.compare_exchange(seen, seen + 1, Acquire, Relaxed) {
                Ok(_) => return Some(Strong(Some(weak.0.clone()))),
                Err(other) => seen = other,
            }
        }
        None
    }

    fn get_mut(strong: &mut Strong) -> bool {
        let inner = strong.inner();
        if inner.weak.compare_exchange(1, LOCKED, Acquire, Relaxed).is_err() {
            return false;
        }
        let unique = inner.strong.load(Acquire) == 1;
        inner.weak.store(1, Release);
        unique
    }

    fn try_unwrap(mut strong: Strong) -> Result<Value<Self>, Strong> {
        if strong.inner().strong.compare_exchange(1, 0, Relaxed, Relaxed).is_err() {
            return Err(strong);
        }
        let inner = strong.0.take().expect("it is not dropped");
        inner.strong.load(Acquire);
        let value = inner.value.lock().unwrap().take();
        Ok(value.expect("this was the only handle"))
    }

    fn into_inner(mut strong: Strong) -> Option<Value<Self>> {
        strong.0.take().and_then(|inner| release(&inner))
    }

    fn strong_count(strong: &Strong) -> usize {
        strong.inner().strong.load(Relaxed)
    }

    fn weak_count(strong: &Strong) -> usize {
        match strong.inner().weak.load(Relaxed) {
            LOCKED => 0,
            count => count - 1,
        }
    }
}
