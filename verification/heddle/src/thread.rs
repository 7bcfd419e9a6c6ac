//! Threads, as in `std::thread`.

mod local;
mod scoped;

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::engine::{Entry, Request, perform, show_thread, with};
use crate::graph::{Kind, Mode, ReadOp, Rmw, Site, ThreadId as Slot};
use crate::sync::{State, notify};

pub use local::{AccessError, LocalKey};
pub use scoped::{Scope, ScopedJoinHandle, scope};
pub use std::thread::panicking;

/// Says that the thread waits for others; see [`crate::hint::spin_loop`].
#[track_caller]
pub fn yield_now() {
    crate::hint::spin_loop();
}

type Packet<T> = Arc<Mutex<Option<std::thread::Result<T>>>>;

/// Waits for a thread to end.
#[derive(Debug)]
pub struct JoinHandle<T> {
    thread: Thread,
    packet: Packet<T>,
}

/// A handle to a thread.
#[derive(Clone, Debug)]
pub struct Thread {
    id: ThreadId,
    name: Option<String>,
}

/// Names a thread of one execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadId(Slot);

impl Thread {
    /// Its name for the program.
    #[must_use]
    pub fn id(&self) -> ThreadId {
        self.id
    }

    /// Its name for people.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Lets the thread's next [`park`] return, or the one it is in.
    #[track_caller]
    pub fn unpark(&self) {
        let site = Location::caller();
        parking(self.id).modify(Rmw::Swap, 1, Mode::Release, site);
    }
}

/// Waits for [`Thread::unpark`]. It does not return spuriously.
#[track_caller]
pub fn park() {
    parking(current().id).apply(notify::take, 0, Mode::Acquire, Location::caller());
}

fn parking(thread: ThreadId) -> Arc<State> {
    with(|engine| engine.parking(thread.0))
}

/// As [`park`], but may give up at any time.
#[track_caller]
pub fn park_timeout(_timeout: Duration) {
    parking(current().id).modify(Rmw::Swap, 0, Mode::Acquire, Location::caller());
}

/// The running thread.
#[must_use]
#[track_caller]
pub fn current() -> Thread {
    show_thread(Location::caller());
    with(|engine| {
        let slot = engine.run.current;
        Thread { id: ThreadId(slot), name: engine.run.slots[slot as usize].name.clone() }
    })
}

/// Starts a thread.
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    spawn_named(f, None, Location::caller())
}

fn spawn_named<F, T>(f: F, name: Option<String>, site: Site) -> JoinHandle<T>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    let packet: Packet<T> = Arc::default();
    let result = Arc::clone(&packet);
    let body = Box::new(move || {
        let value = run_child(f);
        *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    });
    let thread = start(body, name, site);
    JoinHandle { thread, packet }
}

/// Starts the thread of a body that lives as long as it may run.
fn start(body: Entry, name: Option<String>, site: Site) -> Thread {
    let slot = perform(&thread_request(Kind::Spawn, 0, site)).value as Slot;
    with(|engine| {
        if !engine.run.teardown {
            engine.start_thread(slot, body, name.clone());
        }
    });
    let id = ThreadId(slot);
    Thread { id, name }
}

/// Waits for a thread to end and takes its result.
fn finish<T>(thread: ThreadId, packet: &Packet<T>, site: Site) -> std::thread::Result<T> {
    perform(&thread_request(Kind::Join, u64::from(thread.0), site));
    let mut packet = packet.lock().unwrap_or_else(PoisonError::into_inner);
    let abandoned = "the execution was abandoned before the thread ended";
    packet.take().unwrap_or_else(|| Err(Box::new(abandoned)))
}

/// Runs a thread's closure; its panic is its result if the model says so.
fn run_child<F: FnOnce() -> T, T>(f: F) -> std::thread::Result<T> {
    if !with(|engine| engine.limits.child_panics) {
        return Ok(f());
    }
    let result = catch_unwind(AssertUnwindSafe(f));
    match result {
        // Unwinding an abandoned thread is no panic of its own.
        Err(payload) if with(|engine| engine.run.teardown) => resume_unwind(payload),
        result => result,
    }
}

fn thread_request(kind: Kind, value: u64, site: Site) -> Request<'static> {
    Request {
        kind,
        success: Mode::Relaxed,
        failure: Mode::Relaxed,
        op: ReadOp::Load,
        object: None,
        value,
        pointer: false,
        exclusive: false,
        site,
    }
}

impl<T> JoinHandle<T> {
    /// Waits for the thread to end and takes its value.
    ///
    /// # Errors
    /// The panic of the thread, with [`crate::model::Builder::child_panics`];
    /// without it a panic fails the execution.
    #[track_caller]
    pub fn join(self) -> Result<T, Box<dyn Any + Send + 'static>> {
        finish(self.thread.id, &self.packet, Location::caller())
    }

    /// The thread.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
}

/// Configures a thread.
#[derive(Debug, Default)]
pub struct Builder {
    name: Option<String>,
}

impl Builder {
    /// A thread without a name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the thread.
    #[must_use]
    pub fn name(mut self, name: String) -> Self {
        self.name = Some(name);
        self
    }

    /// Stacks are pooled: [`crate::model::Builder::stack_size`] says how large.
    #[must_use]
    pub fn stack_size(self, _size: usize) -> Self {
        self
    }

    /// Starts the thread.
    ///
    /// # Errors
    /// Never.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        Ok(spawn_named(f, self.name, Location::caller()))
    }
}
