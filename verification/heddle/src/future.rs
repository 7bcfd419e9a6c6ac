//! Running futures, as loom's `future`.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::sync::{Mutex, Notify};

/// Wakes the thread that blocks on a future. Its end is no access: the last waker is a matter of chance.
#[derive(Default)]
struct Unpark(ManuallyDrop<Notify>);

impl Wake for Unpark {
    #[track_caller]
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }

    #[track_caller]
    fn wake_by_ref(self: &Arc<Self>) {
        self.0.notify();
    }
}

/// Polls `f` until it is ready, and waits to be woken between.
///
/// A future that nobody wakes is a deadlock. Cloning and dropping wakers are no
/// events.
#[track_caller]
pub fn block_on<F: Future>(f: F) -> F::Output {
    let mut f = pin!(f);
    let unpark = Arc::new(Unpark::default());
    let waker = Waker::from(Arc::clone(&unpark));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(value) = f.as_mut().poll(&mut context) {
            return value;
        }
        unpark.0.wait();
    }
}

/// Keeps the waker of one task; as `tokio`'s and loom's.
#[derive(Debug, Default)]
pub struct AtomicWaker {
    waker: Mutex<Option<Waker>>,
}

impl AtomicWaker {
    /// Without a waker.
    #[must_use]
    pub const fn new() -> Self {
        Self { waker: Mutex::new(None) }
    }

    /// Keeps this waker for the next [`Self::wake`].
    #[track_caller]
    pub fn register(&self, waker: Waker) {
        let old = self.replace(Some(waker));
        drop(old);
    }

    /// As [`Self::register`], with a clone.
    #[track_caller]
    pub fn register_by_ref(&self, waker: &Waker) {
        self.register(waker.clone());
    }

    /// Wakes the task, if one is registered.
    #[track_caller]
    pub fn wake(&self) {
        if let Some(waker) = self.take_waker() {
            waker.wake();
        }
    }

    /// Takes the waker without waking.
    #[must_use]
    #[track_caller]
    pub fn take_waker(&self) -> Option<Waker> {
        self.replace(None)
    }

    #[track_caller]
    fn replace(&self, waker: Option<Waker>) -> Option<Waker> {
        let mut kept = self.waker.lock().expect("a mutex is never poisoned here");
        std::mem::replace(&mut *kept, waker)
    }
}
