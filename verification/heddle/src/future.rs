//! Running futures, as loom's `future`.

use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::engine::{try_with, with};
use crate::hint::spin_at;
use crate::sync::{Mutex, Notify};
use crate::thread::{ThreadId, current};

/// Wakes the thread that blocks on a future.
struct Unpark {
    notify: Notify,
    blocked: ThreadId,
    /// The thread woke itself while it polled: nobody else can tell, so this is no
    /// event, and a future that does so again and again only reads.
    itself: AtomicBool,
}

impl Unpark {
    #[track_caller]
    fn unpark(&self) {
        if try_with(|engine| ThreadId::of(engine.run.current)) == Some(self.blocked) {
            self.itself.store(true, Ordering::Relaxed);
        } else {
            self.notify.notify();
        }
    }
}

impl Wake for Unpark {
    #[track_caller]
    fn wake(self: Arc<Self>) {
        self.unpark();
    }

    #[track_caller]
    fn wake_by_ref(self: &Arc<Self>) {
        self.unpark();
    }
}

/// Polls `f` until it is ready, and waits to be woken between. Once in a call it may
/// poll without having been woken, as executors do, unless
/// [`crate::model::Builder::spurious_wakeups`] is 0.
///
/// A future that nobody wakes is a deadlock; one that wakes itself and is not ready
/// gives a hint as [`crate::hint::spin_loop`]. Cloning and dropping wakers are no
/// events.
#[track_caller]
pub fn block_on<F: Future>(f: F) -> F::Output {
    let site = Location::caller();
    let mut f = pin!(f);
    let blocked = current().id();
    let unpark = Arc::new(Unpark { notify: Notify::new(), blocked, itself: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&unpark));
    let mut context = Context::from_waker(&waker);
    let mut spurious = with(|engine| engine.limits.spurious_wakeups > 0);
    loop {
        let hints = blocked.hints();
        if let Poll::Ready(value) = f.as_mut().poll(&mut context) {
            return value;
        }
        if unpark.itself.swap(false, Ordering::Relaxed) {
            // Being woken by others as well makes no difference.
            unpark.notify.lower(site);
            if blocked.hints() == hints {
                spin_at(site);
            }
        } else {
            spurious &= unpark.notify.wait_at(spurious, site);
        }
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
        let mut kept = self.waker.lock().expect("nobody panics while holding it");
        std::mem::replace(&mut *kept, waker)
    }
}
