//! Scoped threads, as `std::thread::scope`.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use super::{Builder, Packet, Thread, ThreadId, finish, run_child, start, thread_request};
use crate::engine::{Entry, perform, unwinding, with};
use crate::graph::{Kind, Site};

/// A thread of a scope panicked, and nobody has joined it. No event: it is looked at
/// after the thread's end.
type Panicked = Arc<AtomicBool>;

/// Where scoped threads are spawned.
pub struct Scope<'scope, 'env: 'scope> {
    /// Who was spawned, and whether its panic is nobody's yet.
    threads: RefCell<Vec<(ThreadId, Panicked)>>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// Waits for a scoped thread to end.
#[derive(Debug)]
pub struct ScopedJoinHandle<'scope, T> {
    thread: Thread,
    packet: Packet<T>,
    panicked: Panicked,
    scope: PhantomData<&'scope ()>,
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// Runs `f`, and returns when every thread that it spawned in the scope has
/// ended.
///
/// # Panics
/// As `f`, once the threads have ended; and, with
/// [`crate::model::Builder::child_panics`], if a thread panicked that was not
/// joined.
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let site = Location::caller();
    let scope = Scope { threads: RefCell::default(), scope: PhantomData, env: PhantomData };
    let value = catch_unwind(AssertUnwindSafe(|| f(&scope))).unwrap_or_else(|payload| {
        // The children of an abandoned execution were unwound before their parent.
        if !with(|engine| engine.run.teardown) {
            let place = unwinding::take_place();
            unwinding::forget();
            scope.wait(site);
            unwinding::panics(place);
        }
        resume_unwind(payload)
    });
    let panicked = scope.wait(site);
    assert!(!panicked, "a scoped thread panicked");
    value
}

impl<'scope> Scope<'scope, '_> {
    /// Starts a thread that may borrow what outlives the scope.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.spawn_named(f, None, Location::caller())
    }

    fn spawn_named<F, T>(&'scope self, f: F, name: Option<String>, site: Site) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let packet: Packet<T> = Arc::default();
        let panicked = Panicked::default();
        let (result, fails) = (Arc::clone(&packet), Arc::clone(&panicked));
        let body: Box<dyn FnOnce() + 'scope> = Box::new(move || {
            let value = run_child(f);
            fails.store(value.is_err(), Ordering::Relaxed);
            *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        });
        // SAFETY: the body is run or dropped, and its thread's stack unwound,
        // before `scope` gives up the frames it may borrow from: `scope` joins
        // the thread before it returns or lets a panic go on, and is itself
        // unwound only after its children when an execution is abandoned.
        let body = unsafe { std::mem::transmute::<Box<dyn FnOnce() + 'scope>, Entry>(body) };
        let thread = start(body, name, site);
        self.threads.borrow_mut().push((thread.id(), Arc::clone(&panicked)));
        ScopedJoinHandle { thread, packet, panicked, scope: PhantomData }
    }

    /// Waits for all threads, those that they spawned in the scope too; whether one
    /// panicked that was not joined.
    fn wait(&self, site: Site) -> bool {
        let mut next = 0;
        loop {
            let thread = self.threads.borrow().get(next).map(|(thread, _)| *thread);
            let Some(thread) = thread else {
                break;
            };
            perform(&thread_request(Kind::Join, u64::from(thread.0), site));
            next += 1;
        }
        // One of them may have joined another that had ended before.
        self.threads.borrow().iter().any(|(_, panicked)| panicked.load(Ordering::Relaxed))
    }
}

impl Builder {
    /// Starts a thread of a scope.
    ///
    /// # Errors
    /// Never.
    #[track_caller]
    pub fn spawn_scoped<'scope, F, T>(
        self,
        scope: &'scope Scope<'scope, '_>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        Ok(scope.spawn_named(f, self.name, Location::caller()))
    }
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits for the thread to end and takes its value.
    ///
    /// # Errors
    /// As [`super::JoinHandle::join`].
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        let result = finish(self.thread.id(), &self.packet, Location::caller());
        self.panicked.store(false, Ordering::Relaxed);
        result
    }

    /// The thread.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
}
