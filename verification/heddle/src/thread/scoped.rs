//! Scoped threads, as `std::thread::scope`.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::{Arc, PoisonError};

use super::{Packet, Thread, ThreadId, finish, run_child, start, thread_request};
use crate::engine::{Entry, perform, suspend, take_panic_site, with};
use crate::graph::Kind;

/// Where scoped threads are spawned.
pub struct Scope<'scope, 'env: 'scope> {
    threads: RefCell<Vec<ThreadId>>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// Waits for a scoped thread to end.
#[derive(Debug)]
pub struct ScopedJoinHandle<'scope, T> {
    thread: Thread,
    packet: Packet<T>,
    scope: PhantomData<&'scope ()>,
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// Runs `f`, and returns when every thread that it spawned in the scope has
/// ended.
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let site = Location::caller();
    let scope = Scope { threads: RefCell::default(), scope: PhantomData, env: PhantomData };
    match catch_unwind(AssertUnwindSafe(|| f(&scope))) {
        Ok(value) => {
            for thread in scope.threads.take() {
                perform(&thread_request(Kind::Join, u64::from(thread.0), site));
            }
            value
        }
        // The children were unwound before their parent.
        Err(payload) if with(|engine| engine.run.teardown) => resume_unwind(payload),
        Err(payload) => {
            // The children still borrow from the frames below this one, so it
            // must stay until they are unwound.
            let site = take_panic_site();
            with(|engine| engine.panicked(&*payload, site));
            loop {
                suspend();
            }
        }
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Starts a thread that may borrow what outlives the scope.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let packet: Packet<T> = Arc::default();
        let result = Arc::clone(&packet);
        let body: Box<dyn FnOnce() + 'scope> = Box::new(move || {
            let value = run_child(f);
            *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        });
        // SAFETY: the body is run or dropped, and its thread's stack unwound,
        // before `scope` gives up the frames it may borrow from: `scope` joins
        // the thread before it returns, does not unwind on a panic, and is
        // itself unwound only after its children when an execution is abandoned.
        let body = unsafe { std::mem::transmute::<Box<dyn FnOnce() + 'scope>, Entry>(body) };
        let thread = start(body, None, Location::caller());
        self.threads.borrow_mut().push(thread.id());
        ScopedJoinHandle { thread, packet, scope: PhantomData }
    }
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits for the thread to end and takes its value.
    ///
    /// # Errors
    /// As [`super::JoinHandle::join`].
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        finish(self.thread.id(), &self.packet, Location::caller())
    }

    /// The thread.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
}
