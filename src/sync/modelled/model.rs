//! The lens: how a runner watches or changes single operations of a model.
//!
//! A lens belongs to an execution. Both engines run all threads of one execution on one OS thread, and heddle runs several
//! executions on several, so what is known of an execution is kept for each OS thread and begins anew with
//! [`begin_execution`]. What a lens can do:
//!
//! - **Dependency tokens** ([`Lens::dependency_tokens`]): loom 0.7.2 remembers only the last access to each atomic, so a
//!   load can hide an earlier load of another thread from the store that races with it (its issues 166 and 392). With
//!   tokens, each atomic has one mutex a thread, held for ever: before a thread reads it tries its own one, before it writes
//!   it tries all others'. Each try fails, so nothing happens before anything else by it, but loom sees that a write and
//!   every thread's last read are dependent. Two reads stay independent. heddle needs none.
//! - **Sites** ([`Lens::watch`]): which operations, by file and line, were reached, with their orderings.
//! - **Weakening** ([`Lens::weakened`]): one operation uses another ordering than the source says.
//! - **Stopping** ([`stop_after`]): a thread stops for ever before its n-th operation, locks and all.
//! - **Schedule** ([`schedule`]): which thread made each operation, for counting preemptions. heddle's is its own.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    fmt,
    panic::{Location, panic_any},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::engine;

/// What kind of operation a site is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// A read.
    Load,
    /// A write.
    Store,
    /// A read and a write in one step.
    ReadModifyWrite,
    /// The read that a compare-exchange comes down to when it fails.
    FailedCompareExchange,
    /// A fence.
    Fence,
}

/// One operation in the source, with the ordering written there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// The file, as the compiler names it.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
    /// What kind of operation stands there.
    pub access: Access,
    /// The ordering, by strength: 0 Relaxed, 1 Acquire, 2 Release, 3 AcqRel, 4 SeqCst.
    strength: u8,
}

const ORDERINGS: [Ordering; 5] =
    [Ordering::Relaxed, Ordering::Acquire, Ordering::Release, Ordering::AcqRel, Ordering::SeqCst];

impl Site {
    /// The operation at `line` of `file`, with the `order` that is written there.
    pub fn new(file: &'static str, line: u32, access: Access, order: Ordering) -> Self {
        let strength = ORDERINGS.iter().position(|&known| known == order).expect("std has five orderings") as u8;
        Self { file, line, access, strength }
    }

    /// The ordering that the source gives.
    pub fn ordering(&self) -> Ordering {
        ORDERINGS[usize::from(self.strength)]
    }

    /// The orderings one step weaker, which this kind of operation can have. `None` for a fence that is left out.
    pub fn weaker(&self) -> Vec<Option<Ordering>> {
        use Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
        match (self.access, self.ordering()) {
            (Access::Fence, Acquire | Release) => vec![None],
            (_, Relaxed) => vec![],
            (Access::Load | Access::FailedCompareExchange, SeqCst) => vec![Some(Acquire)],
            (Access::Store, SeqCst) => vec![Some(Release)],
            (_, SeqCst) => vec![Some(AcqRel)],
            (_, AcqRel) => vec![Some(Acquire), Some(Release)],
            (_, _) => vec![Some(Relaxed)],
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {:?} {:?}", self.file, self.line, self.access, self.ordering())
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What an exploration sees and changes.
#[derive(Debug, Clone, Default)]
pub struct Lens {
    /// Give each atomic dependency tokens for so many threads; 0: none.
    pub dependency_tokens: usize,
    /// Let this site use that ordering; `None` leaves a fence out.
    pub weakened: Option<(Site, Option<Ordering>)>,
    /// Collect the sites that known threads reach.
    pub watch: Option<Arc<Watched>>,
}

/// The sites that the executions under a lens have reached.
#[derive(Debug, Default)]
pub struct Watched {
    sites: Mutex<BTreeSet<Site>>,
    locked: AtomicBool,
}

impl Watched {
    /// The sites, in the order of their places.
    pub fn sites(&self) -> Vec<Site> {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Whether a known thread took a [`Mutex`](super::Mutex), which is no site: it has no ordering to choose.
    pub fn locked(&self) -> bool {
        self.locked.load(Ordering::Relaxed)
    }

    fn add(&self, site: Site) {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner).insert(site);
    }
}

#[derive(Clone, Copy)]
struct Stop {
    thread: engine::thread::ThreadId,
    operations_left: usize,
}

thread_local! {
    static LENS: RefCell<Lens> = RefCell::default();
    /// Whether anything is to be done at an operation but the operation: most searches on heddle have nothing.
    static BUSY: Cell<bool> = const { Cell::new(true) };
    static STOP: Cell<Option<Stop>> = const { Cell::new(None) };
    static CAST: RefCell<Vec<(engine::thread::ThreadId, u8)>> = const { RefCell::new(Vec::new()) };
    /// Threads that the facade has spawned, and for whom they work.
    static HELPERS: RefCell<Vec<(engine::thread::ThreadId, Option<u8>)>> = const { RefCell::new(Vec::new()) };
    /// Whether a thread without a token has used an atomic that has some.
    static WITHOUT_TOKEN: Cell<bool> = const { Cell::new(false) };
    static SCHEDULE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// To be called first in each execution: it is seen through `lens`, and what is known of the one before is forgotten.
pub fn begin_execution(lens: &Lens) {
    // loom's schedule and tokens are looked after here, too.
    BUSY.set(cfg!(not(heddle)) || lens.weakened.is_some() || lens.watch.is_some());
    LENS.with(|current| current.borrow_mut().clone_from(lens));
    STOP.set(None);
    CAST.with(|cast| cast.borrow_mut().clear());
    HELPERS.with(|helpers| helpers.borrow_mut().clear());
    SCHEDULE.with(|schedule| schedule.borrow_mut().clear());
}

/// Makes the calling thread known as `number` until it [leaves](leave_thread). Only known threads have a schedule and touch
/// tokens: before they start and after they have ended there is nothing to interleave.
pub fn enter_thread(number: u8) {
    let id = engine::thread::current().id();
    CAST.with(|cast| {
        let mut cast = cast.borrow_mut();
        cast.retain(|(known, _)| *known != id);
        cast.push((id, number));
    });
}

/// The calling thread is not known any more. All others must have ended.
pub fn leave_thread() {
    let id = engine::thread::current().id();
    CAST.with(|cast| cast.borrow_mut().retain(|(known, _)| *known != id));
}

/// The number under which the calling thread is known.
pub fn current_thread() -> Option<u8> {
    let id = engine::thread::current().id();
    CAST.with(|cast| cast.borrow().iter().find(|(known, _)| *known == id).map(|(_, number)| *number))
}

/// In whose part the calling thread works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The known thread whose part it is; none for what is spawned before those start or after they have ended.
    pub number: Option<u8>,
    /// Whether the calling thread is not that one itself, but was spawned for it.
    pub helper: bool,
}

/// In whose part the calling thread works; none for the thread that all others come from, before the known threads start and after
/// they have ended.
pub fn part() -> Option<Part> {
    if let Some(number) = current_thread() {
        return Some(Part { number: Some(number), helper: false });
    }
    let id = engine::thread::current().id();
    let number =
        HELPERS.with(|helpers| helpers.borrow().iter().find(|(known, _)| *known == id).map(|(_, number)| *number));
    number.map(|number| Part { number, helper: true })
}

/// The calling thread has just been spawned by one that works in `part`.
pub(super) fn take_part(part: Option<Part>) {
    let number = part.and_then(|part| part.number);
    // An engine may give it the name of a thread that has ended.
    leave_thread();
    let id = engine::thread::current().id();
    HELPERS.with(|helpers| {
        let mut helpers = helpers.borrow_mut();
        helpers.retain(|(known, _)| *known != id);
        helpers.push((id, number));
    });
}

/// For each operation so far in this execution that a known thread made: which thread.
pub fn schedule() -> Vec<u8> {
    SCHEDULE.with(|schedule| schedule.borrow().clone())
}

/// Whether a thread that has no dependency token has used an atomic that has some, since this was asked last: loom may have missed
/// something then.
pub fn is_without_token() -> bool {
    WITHOUT_TOKEN.replace(false)
}

/// The payload of the panic that takes a stopped thread off the stage; whoever starts such a thread catches it.
#[derive(Debug)]
pub struct Stopped;

/// The calling thread stops for ever before the operation that follows its next `operations`. Locks that it holds then stay
/// locked; it unwinds with [`Stopped`]. One thread an execution.
pub fn stop_after(operations: usize) {
    BUSY.set(true);
    STOP.set(Some(Stop { thread: engine::thread::current().id(), operations_left: operations }));
}

/// Whether the calling thread has stopped for ever.
pub(super) fn has_stopped() -> bool {
    // Also while threads of an execution that failed are being dropped, outside loom: nobody has stopped then.
    match STOP.get() {
        Some(stop) if stop.operations_left == usize::MAX => engine::thread::current().id() == stop.thread,
        _ => false,
    }
}

/// One operation of the calling thread is about to happen.
#[inline]
pub(super) fn step() {
    if BUSY.get() {
        make_step();
    }
}

fn make_step() {
    if cfg!(not(heddle))
        && let Some(number) = current_thread()
    {
        SCHEDULE.with(|schedule| schedule.borrow_mut().push(number));
    }
    may_stop();
}

/// The calling thread may stop here.
pub(super) fn may_stop() {
    let Some(stop) = STOP.get() else { return };
    // A thread that is being taken off the stage does not stop once more on its way.
    if std::thread::panicking() {
        return;
    }
    if engine::thread::current().id() != stop.thread || stop.operations_left == usize::MAX {
        return;
    }
    let left = stop.operations_left.checked_sub(1);
    STOP.set(Some(Stop { operations_left: left.unwrap_or(usize::MAX), ..stop }));
    if left.is_none() {
        panic_any(Stopped);
    }
}

/// The calling thread is about to take a mutex.
pub(super) fn lock() {
    step();
    if BUSY.get() {
        LENS.with(|lens| {
            if let Some(watched) = &lens.borrow().watch
                && part().is_some()
            {
                // Relaxed: it is only ever set, and looked at when the search is over.
                watched.locked.store(true, Ordering::Relaxed);
            }
        });
    }
}

/// The ordering that the operation at `site` shall use.
pub(super) fn order(site: &'static Location<'static>, access: Access, order: Ordering) -> Ordering {
    through_lens(site, access, order).expect("only a fence can be left out")
}

/// The ordering that the fence at `site` shall use; none when it is left out.
pub(super) fn fence_order(site: &'static Location<'static>, order: Ordering) -> Option<Ordering> {
    through_lens(site, Access::Fence, order)
}

#[inline]
fn through_lens(location: &'static Location<'static>, access: Access, order: Ordering) -> Option<Ordering> {
    if BUSY.get() { look_through_lens(location, access, order) } else { Some(order) }
}

fn look_through_lens(location: &'static Location<'static>, access: Access, order: Ordering) -> Option<Ordering> {
    LENS.with(|lens| {
        let lens = lens.borrow();
        let site = Site::new(location.file(), location.line(), access, order);
        if let Some(watched) = &lens.watch
            && part().is_some()
        {
            watched.add(site);
        }
        match lens.weakened {
            Some((weakened, order)) if weakened == site => order,
            _ => Some(order),
        }
    })
}

/// What makes loom see that a write depends on every thread's last read: one mutex a thread, locked for ever.
pub(super) struct Tokens(Box<[engine::sync::Mutex<()>]>);

impl Tokens {
    pub(super) fn new() -> Self {
        if cfg!(heddle) {
            return Self(Box::default());
        }
        let count = LENS.with(|lens| lens.borrow().dependency_tokens);
        let token = || {
            let token = engine::sync::Mutex::new(());
            std::mem::forget(token.lock());
            token
        };
        Self((0..count).map(|_| token()).collect())
    }

    pub(super) fn depend(&self, access: Access) {
        if self.0.is_empty() {
            return;
        }
        let Some(me) = current_thread().map(usize::from) else {
            if part().is_some() {
                WITHOUT_TOKEN.set(true);
            }
            return;
        };
        let reads = access == Access::Load;
        for (_, token) in self.0.iter().enumerate().filter(|(owner, _)| (*owner == me) == reads) {
            assert!(token.try_lock().is_err(), "a token's lock is never given back");
        }
    }
}
