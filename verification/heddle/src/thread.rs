//! Threads, as in `std::thread`.

mod local;
mod scoped;

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::engine::{Entry, Request, perform, try_with, unwinding, with};
use crate::graph::{Kind, Mode, ReadOp, Rmw, Site, ThreadId as Slot};
use crate::hint::spin_at;
use crate::sync::{State, notify};

pub use local::{AccessError, LocalKey};
pub use scoped::{Scope, ScopedJoinHandle, scope};

/// Whether this thread of the model unwinds from a panic.
///
/// `std::thread::panicking` asks the OS thread, and all threads of a model are one:
/// it also says yes while another thread is in the middle of unwinding. This one is
/// exact, but that beside such a thread a panic counts until its thread ends even if
/// the program catches it before, and one of `resume_unwind` does not count.
#[must_use]
pub fn panicking() -> bool {
    let modelled = || try_with(|_| ()).is_some();
    std::thread::panicking() && (unwinding::is_unwinding() || !modelled())
}

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

impl ThreadId {
    pub(crate) fn of(slot: Slot) -> Self {
        Self(slot)
    }

    /// How many spin hints the thread has given.
    pub(crate) fn hints(self) -> u32 {
        with(|engine| engine.run.slots[self.0 as usize].hints)
    }
}

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

/// Waits for [`Thread::unpark`], or returns for no reason: std's may, and this one
/// does as often as [`crate::model::Builder::spurious_wakeups`] says.
#[track_caller]
pub fn park() {
    let argument = if may_wake() { notify::SPURIOUS } else { 0 };
    let answer = parking(current().id).apply(notify::take, argument, Mode::Acquire, Location::caller());
    if !answer.wrote {
        woke();
    }
}

/// Whether the running thread may still wake for no reason.
pub(crate) fn may_wake() -> bool {
    with(|engine| engine.run.slots[engine.run.current as usize].spurious > 0)
}

/// The running thread woke for no reason.
pub(crate) fn woke() {
    with(|engine| {
        let slot = &mut engine.run.slots[engine.run.current as usize];
        slot.spurious = slot.spurious.saturating_sub(1);
    });
}

fn parking(thread: ThreadId) -> Arc<State> {
    with(|engine| engine.parking(thread.0))
}

/// As [`park`], but may give up at any time. Giving up is a hint as
/// [`crate::hint::spin_loop`] is one.
#[track_caller]
pub fn park_timeout(_timeout: Duration) {
    let site = Location::caller();
    if !parking(current().id).apply(notify::try_take, 0, Mode::Acquire, site).wrote {
        spin_at(site);
    }
}

/// Lets time pass, of which a model has none: a hint as [`crate::hint::spin_loop`].
#[track_caller]
pub fn sleep(_duration: Duration) {
    spin_at(Location::caller());
}

/// The running thread.
#[must_use]
pub fn current() -> Thread {
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
        result => {
            unwinding::forget();
            result
        }
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
