//! What each operation of one execution did. heddle tells that by itself; loom does not, so on its leg the facade writes it down
//! while an execution is replayed. Nothing of it is an operation to loom: the execution stays what it was.
//!
//! Which write a read has read loom does not say either. A read-modify-write reads the last one. For another read the
//! value says it: where several writes have written it, each is named that the thread may still read.

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
    /// Read the first and wrote the second in one step.
    Modify(u64, Option<usize>, u64),
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
    /// The operations that wrote, and what.
    writes: Vec<(usize, u64)>,
    /// For each thread: older writes than this place among them it has gone past.
    past: HashMap<usize, usize>,
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

/// From here on each operation of the running execution is written down.
pub fn begin() {
    TRACE.set(Some(Trace::default()));
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
            let deed = match (read, written) {
                (Some(read), None) => Deed::Read(read, known.sources(self.initial, read, thread)),
                (Some(read), Some(written)) => {
                    Deed::Modify(read, known.writes.last().map(|(write, _)| *write), written)
                }
                (None, Some(written)) => Deed::Write(written),
                (None, None) => return,
            };
            if let Some(written) = written {
                known.past.insert(thread, known.writes.len());
                known.writes.push((at, written));
            }
            let location = Some(known.number);
            trace.add(thread, deed, location, ordering, site);
        });
    }

    /// A read that failed to become a write has read the last write.
    #[track_caller]
    pub(super) fn failed(&self, read: u64, ordering: Ordering) {
        let site = Location::caller();
        with(|trace, thread| {
            let known = trace.known(self.id);
            let last = known.writes.last().map(|(write, _)| *write);
            known.past.insert(thread, known.writes.len().saturating_sub(1));
            let location = Some(known.number);
            trace.add(thread, Deed::Read(read, vec![last]), location, ordering, site);
        });
    }

    /// The mutex was taken, or let go of.
    #[track_caller]
    pub(super) fn locked(&self, deed: Deed) {
        let site = Location::caller();
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
    // Threads of an execution that failed are unwound outside of it, where loom knows no thread.
    if std::thread::panicking() {
        return;
    }
    TRACE.with_borrow_mut(|trace| {
        let Some(trace) = trace else { return };
        let id = engine::thread::current().id();
        let thread = trace.threads.iter().position(|known| *known == id).unwrap_or_else(|| {
            trace.threads.push(id);
            trace.threads.len() - 1
        });
        what(trace, thread);
    });
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
    /// The writes of `value` that `thread` may read. What it has gone past it has not read again.
    fn sources(&mut self, initial: u64, value: u64, thread: usize) -> Vec<Option<usize>> {
        let past = self.past.get(&thread).copied();
        let places = (0..self.writes.len()).filter(|at| self.writes[*at].1 == value);
        let mut places: Vec<Option<usize>> =
            Some(None).filter(|_| initial == value).into_iter().chain(places.map(Some)).collect();
        if let Some(past) = past
            && places.iter().any(|place| *place >= Some(past))
        {
            places.retain(|place| *place >= Some(past));
        }
        if let [Some(only)] = places.as_slice() {
            self.past.insert(thread, *only);
        }
        places.into_iter().map(|place| place.map(|at| self.writes[at].0)).collect()
    }
}
