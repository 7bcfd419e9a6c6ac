//! What each operation of one execution did. heddle tells that by itself; loom does not, so on its leg the facade writes it down
//! while an execution is replayed. Nothing of it is an operation to loom: the execution stays what it was.
//!
//! Which write a read has read loom does not say either. The value does: where several writes have written it, each is named, but
//! for those of the reading thread itself that a later one of its own has replaced.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    panic::Location,
    sync::atomic::Ordering,
};

use super::{
    engine,
    model::{self, Part},
};

/// One operation.
#[derive(Debug, Clone)]
pub struct Traced {
    /// In whose part it was made.
    pub part: Option<Part>,
    /// The number of the thread that made it, as they came to their first operation.
    pub thread: usize,
    /// What was done.
    pub deed: Deed,
    /// Which atomic or mutex, numbered as they came into use.
    pub location: Option<usize>,
    /// The ordering in force.
    pub ordering: Ordering,
    /// Where the call is.
    pub site: &'static Location<'static>,
}

/// What an operation did.
#[derive(Debug, Clone)]
pub enum Deed {
    /// Read this value, from one of these operations; `None` is the value that was there at first.
    Read(u64, Vec<Option<usize>>),
    /// Wrote this value.
    Write(u64),
    /// Read the first, from one of these, and wrote the second in one step.
    Modify(u64, Vec<Option<usize>>, u64),
    /// A fence.
    Fence,
    /// Took a mutex.
    Lock,
    /// Let go of a mutex.
    Unlock,
}

/// What is known of one atomic or mutex.
#[derive(Default)]
struct Known {
    number: usize,
    writes: Vec<Write>,
}

/// A write, or the half of a read-modify-write that is one.
struct Write {
    operation: usize,
    thread: usize,
    value: u64,
}

#[derive(Default)]
struct Trace {
    operations: Vec<Traced>,
    /// How many of these are a read and a write.
    modifications: usize,
    threads: Vec<engine::thread::ThreadId>,
    locations: HashMap<u64, Known>,
}

thread_local! {
    static TRACE: RefCell<Option<Trace>> = const { RefCell::new(None) };
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// From here on each operation of the running execution is written down. The calling thread has number 0.
pub fn begin() {
    TRACE.set(Some(Trace { threads: vec![engine::thread::current().id()], ..Trace::default() }));
}

/// What was written down. Nothing is from here on.
pub fn end() -> Vec<Traced> {
    TRACE.take().map(|trace| trace.operations).unwrap_or_default()
}

/// How many reads, writes and others there were so far; a read and a write in one step are two.
pub fn so_far() -> usize {
    TRACE.with_borrow(|trace| trace.as_ref().map_or(0, |trace| trace.operations.len() + trace.modifications))
}

/// Who an atomic or a mutex is, and what it held at first.
#[derive(Debug)]
pub(super) struct Identity {
    id: u64,
    initial: u64,
}

impl Identity {
    pub(super) fn new(initial: u64) -> Self {
        Self { id: NEXT.replace(NEXT.get() + 1), initial }
    }

    /// An operation on it has read and written these values.
    #[track_caller]
    pub(super) fn told(&self, read: Option<u64>, written: Option<u64>, ordering: Ordering) {
        let site = Location::caller();
        with(|trace, thread| {
            let at = trace.operations.len();
            let known = trace.known(self.id);
            let sources = |read| known.sources(self.initial, read, thread);
            let deed = match (read, written) {
                (Some(read), None) => Deed::Read(read, sources(read)),
                (Some(read), Some(written)) => Deed::Modify(read, sources(read), written),
                (None, Some(written)) => Deed::Write(written),
                (None, None) => return,
            };
            known.writes.extend(written.map(|value| Write { operation: at, thread, value }));
            let location = Some(known.number);
            trace.add(thread, deed, location, ordering, site);
        });
    }

    /// The mutex was taken, or let go of, at `site`.
    pub(super) fn locked(&self, deed: Deed, site: &'static Location<'static>) {
        let ordering = if matches!(deed, Deed::Lock) { Ordering::Acquire } else { Ordering::Release };
        with(|trace, thread| {
            let location = Some(trace.known(self.id).number);
            trace.add(thread, deed, location, ordering, site);
        });
    }
}

/// A fence was made.
#[track_caller]
pub(super) fn fence(ordering: Ordering) {
    let site = Location::caller();
    with(|trace, thread| trace.add(thread, Deed::Fence, None, ordering, site));
}

/// Does `what` with what is written down, and the number of the calling thread; nothing when nothing is.
fn with(what: impl FnOnce(&mut Trace, usize)) {
    TRACE.with_borrow_mut(|trace| {
        let Some(trace) = trace else { return };
        let Some(id) = caller() else { return };
        let thread = trace.threads.iter().position(|known| *known == id).unwrap_or_else(|| {
            trace.threads.push(id);
            trace.threads.len() - 1
        });
        what(trace, thread);
    });
}

/// The calling thread. None while a thread of an execution that loom has given up is unwound: it knows no thread then, and
/// says so by a panic. While one of the code's own panics is under way it does.
fn caller() -> Option<engine::thread::ThreadId> {
    let id = || engine::thread::current().id();
    if std::thread::panicking() { std::panic::catch_unwind(id).ok() } else { Some(id()) }
}

impl Trace {
    fn known(&mut self, id: u64) -> &mut Known {
        let number = self.locations.len();
        self.locations.entry(id).or_insert_with(|| Known { number, ..Known::default() })
    }

    fn add(
        &mut self,
        thread: usize,
        deed: Deed,
        location: Option<usize>,
        ordering: Ordering,
        site: &'static Location<'static>,
    ) {
        self.modifications += usize::from(matches!(deed, Deed::Modify(..)));
        self.operations.push(Traced { part: model::part(), thread, deed, location, ordering, site });
    }
}

impl Known {
    /// The writes of `value` that `thread` may have read.
    fn sources(&self, initial: u64, value: u64, thread: usize) -> Vec<Option<usize>> {
        let is_replaced = |write: &&Write| {
            let own = self.writes.iter().rfind(|other| other.thread == thread);
            write.thread == thread && own.is_some_and(|own| own.operation > write.operation)
        };
        // Nobody writes before the value is there, but whoever has written does not find it again.
        let has_written = self.writes.iter().any(|write| write.thread == thread);
        let writes = self.writes.iter().filter(|write| write.value == value && !is_replaced(write));
        let at_first = Some(None).filter(|_| initial == value && !has_written);
        at_first.into_iter().chain(writes.map(|write| Some(write.operation))).collect()
    }
}
