//! What all handles of one value share.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc as StdArc, LazyLock, Mutex, MutexGuard, PoisonError};

use crate::engine::{CellName, Destructor, Owner, Tally, suspend, try_with};
use crate::failure::FailureKind;
use crate::graph::{Mode, Rmw, Site, Step};
use crate::sync::{State, only};

/// The counts of values, by address.
pub(crate) type Counts = HashMap<usize, StdArc<Count>, BuildHasherDefault<AddressHasher>>;

/// Those of values that were made outside a model.
static OUTSIDE: LazyLock<Mutex<Counts>> = LazyLock::new(Mutex::default);

/// Addresses are far apart and need little mixing.
#[derive(Debug, Default)]
pub(crate) struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_usize(usize::from(*byte)));
    }

    fn write_usize(&mut self, address: usize) {
        self.0 = (self.0 ^ address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(20);
    }
}

/// What all handles of one value share.
#[derive(Debug)]
pub(crate) struct Count {
    owner: Owner,
    address: usize,
    /// What is made of events, if the value is of the running execution.
    tally: Tally,
    /// The number of handles, if that is counted.
    strong: State,
    /// One more than the weak handles, as in `std`; [`LOCKED`] while a handle asks
    /// whether it is the only one.
    weak: State,
    /// How many handles were dropped, if only those are counted.
    dropped: State,
    /// Who changed the number of handles and who asked for it, if it is not
    /// counted.
    handles: CellName,
    weaks: CellName,
    /// Who asked whether the value is still there, and which of them might rely on
    /// handles that were made by asking.
    asked: CellName,
    relied: CellName,
    /// How many handles there are that come from the first one.
    pub(super) firm: AtomicUsize,
    /// Whether a pointer became a handle.
    raw: AtomicBool,
    weak_handles: AtomicUsize,
    /// The last handle was dropped.
    gone: AtomicBool,
    /// What those who dropped a handle had seen.
    released: Mutex<Vec<u32>>,
    tracked: Mutex<Option<(u64, usize)>>,
}

/// Where a handle comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The first handle, and clones of it.
    First,
    /// [`super::Weak::upgrade`]: it would not be there, had that failed.
    Weak,
    /// A pointer; whose it was before, nobody knows.
    Raw,
}

/// Of [`Count::weak`].
const LOCKED: u64 = u64::MAX;

/// The run is over; this thread never goes on.
fn halt() {
    if !std::thread::panicking() {
        loop {
            suspend();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A last handle is being dropped.
struct Ending<'a> {
    count: &'a Count,
    /// In a destructor that another thread might run: what this one was in before.
    outer: Option<Option<Destructor>>,
    panicking: bool,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if let Some(outer) = self.outer.take() {
            let panics = std::thread::panicking() && !self.panicking;
            try_with(|engine| {
                if panics {
                    // Whose panic it is shows who ran it.
                    engine.shows_thread(self.count.owner.site);
                }
                engine.leave_destructor(outer);
            });
        }
        self.count.gone.store(true, Relaxed);
        self.count.forget();
    }
}

impl Count {
    /// The count of a value that has one handle.
    pub(super) fn enter(address: usize, site: Site) -> StdArc<Self> {
        let made = |run, tally, tracked| {
            StdArc::new(Self {
                owner: Owner { run, site },
                address,
                tally,
                strong: State::new(1),
                weak: State::new(1),
                dropped: State::new(0),
                handles: CellName::new(),
                weaks: CellName::new(),
                asked: CellName::new(),
                relied: CellName::new(),
                firm: AtomicUsize::new(1),
                raw: AtomicBool::new(false),
                weak_handles: AtomicUsize::new(0),
                gone: AtomicBool::new(false),
                released: Mutex::default(),
                tracked: Mutex::new(tracked),
            })
        };
        let inside = try_with(|engine| {
            let tracked = engine.track(site);
            let count = made(engine.run.id, engine.tally(site), Some(tracked));
            engine.run.arcs.insert(address, StdArc::clone(&count));
            count
        });
        inside.unwrap_or_else(|| {
            let count = made(0, Tally::NONE, None);
            lock(&OUTSIDE).insert(address, StdArc::clone(&count));
            count
        })
    }

    /// The count of a pointer that becomes a handle.
    pub(super) fn find_raw(address: usize, site: Site) -> StdArc<Self> {
        let count = Self::find(address, site);
        count.raw.store(true, Relaxed);
        count
    }

    /// The count of the value at an address.
    pub(super) fn find(address: usize, site: Site) -> StdArc<Self> {
        let inside = try_with(|engine| engine.run.arcs.get(&address).map(StdArc::clone)).flatten();
        if let Some(count) = inside.or_else(|| lock(&OUTSIDE).get(&address).map(StdArc::clone)) {
            return count;
        }
        let message = "the pointer is no handle of an Arc whose memory is still there";
        try_with(|engine| engine.fail(FailureKind::Unsupported, format!("at {site} {message}")));
        halt();
        panic!("{message}");
    }

    /// Its memory goes with the last handle of any kind.
    fn forget(&self) {
        if !self.gone.load(Relaxed) || self.weak_handles.load(Relaxed) > 0 {
            return;
        }
        let remove = |counts: &mut Counts| {
            let own = |count: &StdArc<Self>| std::ptr::eq(&raw const **count, self);
            if counts.get(&self.address).is_some_and(own) {
                return counts.remove(&self.address);
            }
            None
        };
        let count = match self.owner.run {
            0 => remove(&mut lock(&OUTSIDE)),
            run => try_with(|engine| (engine.run.id == run).then(|| remove(&mut engine.run.arcs))).flatten().flatten(),
        };
        drop(count);
    }

    /// What is made of events here and now.
    fn tally(&self) -> Tally {
        if self.tally == Tally::NONE {
            return Tally::NONE;
        }
        let now = try_with(|engine| engine.run.id == self.owner.run && !engine.run.teardown);
        if now == Some(true) { self.tally } else { Tally::NONE }
    }

    fn note(&self, name: &CellName, asks: bool, wanted: Tally, site: Site) {
        let fine = try_with(|engine| engine.note_handle(name, asks, self.owner, wanted, site));
        if fine == Some(false) {
            halt();
        }
    }

    fn want(&self, wanted: Tally, site: Site) {
        try_with(|engine| engine.want(self.owner, wanted, site));
        halt();
    }

    /// Whether the value is gone, although a handle says otherwise; then the
    /// execution fails.
    pub(super) fn is_gone(&self, site: Site) -> bool {
        let gone = self.gone.load(Relaxed);
        if gone {
            let message = format!("a handle that was made at {site} is dropped after the last one");
            try_with(|engine| engine.fail(FailureKind::Unsupported, message));
            halt();
        }
        gone
    }

    /// A handle is cloned: it is held meanwhile, so this cannot matter to who is
    /// last.
    pub(super) fn add(&self, site: Site) {
        if self.tally().has(Tally::STRONG) {
            self.strong.modify(Rmw::Add, 1, Mode::Relaxed, site);
        } else {
            self.note(&self.handles, false, Tally::STRONG, site);
        }
    }

    /// A handle goes; whether it is the last. `handles` says how many there are
    /// in this run, which has the drops in the graph's order once its event is there.
    pub(super) fn remove(&self, handles: impl Fn() -> usize, origin: Origin, site: Site) -> bool {
        let tally = self.tally();
        if tally.has(Tally::STRONG) {
            self.strong.modify(Rmw::Sub, 1, Mode::Release, site);
            if handles() == 1 {
                self.strong.peek(Mode::Acquire, site);
            }
        } else {
            self.note(&self.handles, false, Tally::STRONG, site);
            self.close(origin, site);
            if tally.has(Tally::LAST) {
                self.dropped.modify(Rmw::Add, 1, Mode::Release, site);
                if handles() == 1 {
                    self.dropped.peek(Mode::Acquire, site);
                }
            }
        }
        if origin == Origin::First {
            self.firm.fetch_sub(1, Relaxed);
        }
        let last = handles() == 1;
        if !last && self.owner.run != 0 {
            try_with(|engine| engine.release_handle(&mut lock(&self.released)));
        }
        last
    }

    /// A handle that could take the value away goes, beside those who asked
    /// whether it is still there.
    fn close(&self, origin: Origin, site: Site) {
        let name = if origin == Origin::Weak { &self.relied } else { &self.asked };
        if try_with(|engine| engine.was_asked(name)) == Some(true) {
            self.want(Tally::STRONG, site);
        }
    }

    /// [`Self::remove`] by somebody who is told whether it was the last.
    pub(super) fn remove_and_tell(&self, handles: impl Fn() -> usize, origin: Origin, site: Site) -> bool {
        let tally = self.tally();
        if !tally.has(Tally::STRONG) && !tally.has(Tally::LAST) {
            self.note(&self.handles, true, Tally::LAST, site);
        }
        self.remove(handles, origin, site)
    }

    /// The handle goes if it is the only one; whether it is.
    pub(super) fn remove_only(&self, handles: impl Fn() -> usize, origin: Origin, site: Site) -> bool {
        let take = |value, _, alternative| only(alternative, if value == 1 { Step::Write(0) } else { Step::Read });
        let taken = if self.tally().has(Tally::STRONG) {
            self.strong.apply(take, 0, Mode::Acquire, site).wrote
        } else {
            self.number(handles, Mode::Acquire, site) == 1
        };
        if taken && !self.tally().has(Tally::STRONG) {
            self.close(origin, site);
        }
        taken
    }

    /// How many handles there are, of which `handles` in this run.
    pub(super) fn number(&self, handles: impl Fn() -> usize, mode: Mode, site: Site) -> usize {
        if self.tally().has(Tally::STRONG) {
            return self.strong.peek(mode, site) as usize;
        }
        self.note(&self.handles, true, Tally::STRONG, site);
        handles()
    }

    /// Whether there is one handle and no weak one, asked as `std` does: nobody
    /// can make a weak handle meanwhile.
    pub(super) fn is_only(&self, handles: impl Fn() -> usize, site: Site) -> bool {
        if !self.tally().has(Tally::WEAK) {
            self.note(&self.weaks, true, Tally::WEAK, site);
            return self.weak_handles.load(Relaxed) == 0 && self.number(handles, Mode::Acquire, site) == 1;
        }
        let close =
            |value, _, alternative| only(alternative, if value == 1 { Step::Write(LOCKED) } else { Step::Read });
        if !self.weak.apply(close, 0, Mode::Acquire, site).wrote {
            return false;
        }
        let alone = self.number(handles, Mode::Acquire, site) == 1;
        self.weak.release(1, site);
        alone
    }

    /// A handle is made of a weak one, if the value is still there; `handles` is
    /// how many there are in this run.
    pub(super) fn upgrade(&self, handles: impl Fn() -> usize, site: Site) -> bool {
        if self.tally().has(Tally::STRONG) {
            let more =
                |value, _, alternative| only(alternative, if value == 0 { Step::Read } else { Step::Write(value + 1) });
            return self.strong.apply(more, 0, Mode::Acquire, site).wrote;
        }
        let released = lock(&self.released);
        let late = try_with(|engine| !engine.run.teardown && !engine.has_seen(&released)) == Some(true);
        let relies = handles() == 0 || self.firm.load(Relaxed) == 0 || self.raw.load(Relaxed);
        if late && !relies {
            // The drop of a handle that comes from the first one will look for this;
            // but of what was dropped before, this acquires.
            try_with(|engine| engine.suspect(self.owner, Tally::STRONG, &released));
        }
        drop(released);
        if late && relies {
            self.want(Tally::STRONG, site);
        }
        self.note(&self.asked, false, Tally::STRONG, site);
        if relies {
            self.note(&self.relied, false, Tally::STRONG, site);
        }
        self.note(&self.handles, false, Tally::STRONG, site);
        handles() > 0
    }

    /// A weak handle is made of a handle.
    pub(super) fn downgrade(&self, site: Site) {
        if self.tally().has(Tally::WEAK) {
            let more = |value, _, alternative| {
                only(alternative, if value == LOCKED { Step::Blocked } else { Step::Write(value + 1) })
            };
            self.weak.apply(more, 0, Mode::Acquire, site);
        } else {
            self.note(&self.weaks, false, Tally::WEAK, site);
        }
        self.weak_handles.fetch_add(1, Relaxed);
    }

    pub(super) fn add_weak(&self, site: Site) {
        if self.tally().has(Tally::WEAK) {
            self.weak.modify(Rmw::Add, 1, Mode::Relaxed, site);
        } else {
            self.note(&self.weaks, false, Tally::WEAK, site);
        }
        self.weak_handles.fetch_add(1, Relaxed);
    }

    pub(super) fn remove_weak(&self, site: Site) {
        if self.tally().has(Tally::WEAK) {
            self.weak.modify(Rmw::Sub, 1, Mode::Release, site);
        } else {
            self.note(&self.weaks, false, Tally::WEAK, site);
        }
        self.weak_handles.fetch_sub(1, Relaxed);
        self.forget();
    }

    pub(super) fn weak_number(&self, site: Site) -> usize {
        if self.tally().has(Tally::WEAK) {
            return match self.weak.peek(Mode::Relaxed, site) {
                LOCKED => 0,
                count => count as usize - 1,
            };
        }
        self.note(&self.weaks, true, Tally::WEAK, site);
        self.weak_handles.load(Relaxed)
    }

    /// The last handle is taken apart, and drops nothing.
    pub(super) fn taken(&self) {
        self.untrack();
        self.gone.store(true, Relaxed);
        self.forget();
    }

    /// The last handle goes, and with it the value before what this returns is
    /// dropped.
    pub(super) fn end(&self) -> impl Drop {
        let tally = self.tally();
        let counted = tally.has(Tally::LAST) || tally.has(Tally::STRONG);
        let released = lock(&self.released);
        let enter = || try_with(|engine| engine.enter_destructor(&released, self.owner)).flatten();
        let outer = if counted { None } else { enter() };
        drop(released);
        self.untrack();
        Ending { count: self, outer, panicking: std::thread::panicking() }
    }

    fn untrack(&self) {
        let tracked = lock(&self.tracked).take();
        if let Some(tracked) = tracked {
            try_with(|engine| engine.untrack(tracked));
        }
    }
}
