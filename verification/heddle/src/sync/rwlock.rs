//! `RwLock`.
//!
//! std leaves open who is let in first, and says that a reader may block behind a
//! writer that waits. So `read` has two alternatives while other readers hold the
//! lock: to take it too, or to wait until the writer has come through. The writer
//! need not be known then: a thread that waits in this way lets nobody notice, and at
//! the end of the execution the wait counts only if a writer does wait at the same
//! lock. Then both calls were made and neither did anything, so that the writer's may
//! well have been the first.

use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use super::{Poison, State, only};
use crate::engine::{Answer, with};
use crate::graph::{Mode, Rmw, Site, Step};

/// As `std::sync::RwLock`, poison included: a writer that panics leaves it. A reader
/// may have to wait for a writer that waits for other readers. `try_read` fails only
/// if a writer holds the lock, as std documents it.
#[derive(Debug, Default)]
pub struct RwLock<T: ?Sized> {
    word: Word,
    data: std::sync::RwLock<T>,
}

/// Holds an [`RwLock`] together with other readers.
#[derive(Debug)]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    word: &'a Word,
    data: Option<std::sync::RwLockReadGuard<'a, T>>,
    site: Site,
}

/// Holds an [`RwLock`] alone.
#[derive(Debug)]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    word: &'a Word,
    data: Option<std::sync::RwLockWriteGuard<'a, T>>,
    /// What the word was before it was taken.
    before: u64,
    poison: Poison,
    site: Site,
}

/// What the threads know of a lock.
#[derive(Debug, Default)]
struct Word {
    /// How many readers hold it (low half), how many writers have given it back (30
    /// bits above), poison, and whether a writer holds it (the highest bit). Readers
    /// hand over to the next writer here, and only to a writer.
    state: State,
    /// How many writers have given it back: each hands over to the readers that come
    /// next, who thus learn nothing from the readers before them.
    written: State,
}

const READERS: u64 = (1 << 32) - 1;
const VERSION: u64 = 1 << 32;
const VERSIONS: u64 = READERS << 32 & !WRITER & !Poison::BIT;
const WRITER: u64 = 1 << 63;

/// As an argument of [`wait_read`]: a writer may wait.
const COMPANY: u64 = 1;

fn read(value: u64, or_else: Step) -> Step {
    if value & WRITER != 0 { or_else } else { Step::Write(value + 1) }
}

fn write(value: u64, or_else: Step) -> Step {
    if value & (WRITER | READERS) == 0 { Step::Write(value | WRITER) } else { or_else }
}

fn wait_read(value: u64, company: u64, alternative: u8) -> Option<Step> {
    let shared = value & WRITER == 0 && value & READERS != 0;
    match alternative {
        0 => Some(read(value, Step::Blocked)),
        1 if shared && company == COMPANY => Some(Step::Blocked),
        _ => None,
    }
}

fn try_read(value: u64, _: u64, alternative: u8) -> Option<Step> {
    only(alternative, read(value, Step::Read))
}

fn wait_write(value: u64, _: u64, alternative: u8) -> Option<Step> {
    only(alternative, write(value, Step::Blocked))
}

fn try_write(value: u64, _: u64, alternative: u8) -> Option<Step> {
    only(alternative, write(value, Step::Read))
}

/// The one write of this value: it happened before the word that told of it, so that
/// nobody waits.
fn reach(value: u64, version: u64, alternative: u8) -> Option<Step> {
    only(alternative, if value == version { Step::Read } else { Step::Blocked })
}

impl<T> RwLock<T> {
    /// A free lock.
    #[must_use]
    pub const fn new(data: T) -> Self {
        let word = Word { state: State::new(0), written: State::new(0) };
        Self { word, data: std::sync::RwLock::new(data) }
    }

    /// Takes the data.
    ///
    /// # Errors
    /// The data, if it is poisoned.
    pub fn into_inner(self) -> LockResult<T> {
        let poisoned = self.word.state.is_poisoned();
        Poison::result(poisoned, self.data.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until no writer holds it, or also until none waits for it, and reads.
    ///
    /// # Errors
    /// The guard, if it is poisoned.
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let site = Location::caller();
        let company = with(|engine| engine.has_company());
        let answer = self.word.state.apply(wait_read, u64::from(company), Mode::Relaxed, site);
        self.read_guard(answer, site)
    }

    /// Reads if no writer holds it.
    ///
    /// # Errors
    /// `WouldBlock`; the guard, if it is poisoned.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let site = Location::caller();
        let answer = self.word.state.apply(try_read, 0, Mode::Relaxed, site);
        if answer.wrote { Ok(self.read_guard(answer, site)?) } else { Err(TryLockError::WouldBlock) }
    }

    /// Waits until nobody holds it, and takes it.
    ///
    /// # Errors
    /// The guard, if it is poisoned.
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let site = Location::caller();
        let answer = self.word.state.apply(wait_write, 0, Mode::Acquire, site);
        self.write_guard(answer, site)
    }

    /// Takes it if nobody holds it.
    ///
    /// # Errors
    /// `WouldBlock`; the guard, if it is poisoned.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let site = Location::caller();
        let answer = self.word.state.apply(try_write, 0, Mode::Acquire, site);
        if answer.wrote { Ok(self.write_guard(answer, site)?) } else { Err(TryLockError::WouldBlock) }
    }

    /// Whether a writer panicked, as far as this thread has heard.
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        self.word.state.peek(Mode::Relaxed, Location::caller()) & Poison::BIT != 0
    }

    /// Says that the data is in order again.
    #[track_caller]
    pub fn clear_poison(&self) {
        self.word.state.modify(Rmw::And, !Poison::BIT, Mode::Relaxed, Location::caller());
    }

    fn read_guard(&self, taken: Answer, site: Site) -> LockResult<RwLockReadGuard<'_, T>> {
        let version = taken.value & VERSIONS;
        if version != 0 {
            self.word.written.acquire(reach, version, site);
        }
        let data = match self.data.try_read() {
            Ok(data) => Some(data),
            Err(TryLockError::Poisoned(poison)) => Some(poison.into_inner()),
            // Only while an abandoned execution is unwound.
            Err(TryLockError::WouldBlock) => None,
        };
        let poisoned = taken.value & Poison::BIT != 0;
        Poison::result(poisoned, RwLockReadGuard { word: &self.word, data, site })
    }

    fn write_guard(&self, taken: Answer, site: Site) -> LockResult<RwLockWriteGuard<'_, T>> {
        let data = match self.data.try_write() {
            Ok(data) => Some(data),
            Err(TryLockError::Poisoned(poison)) => Some(poison.into_inner()),
            // Only while an abandoned execution is unwound.
            Err(TryLockError::WouldBlock) => None,
        };
        let poison = Poison::new(taken.value);
        let before = taken.value & !Poison::BIT;
        Poison::result(poison.found, RwLockWriteGuard { word: &self.word, data, before, poison, site })
    }

    /// The data.
    ///
    /// # Errors
    /// The data, if it is poisoned.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let poisoned = self.word.state.is_poisoned();
        Poison::result(poisoned, self.data.get_mut().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(data: T) -> Self {
        Self::new(data)
    }
}

const ABANDONED: &str = "the execution was abandoned while another thread held the lock";

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.data.as_ref().expect(ABANDONED)
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.data.as_ref().expect(ABANDONED)
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.data.as_mut().expect(ABANDONED)
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    fn drop(&mut self) {
        self.data = None;
        self.word.state.modify(Rmw::Sub, 1, Mode::Release, self.site);
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    fn drop(&mut self) {
        self.data = None;
        let panicked = self.poison.panicked();
        let free = self.before + VERSION;
        self.word.written.release(free, self.site);
        self.poison.release(&self.word.state, self.before | WRITER, free, panicked, self.site);
    }
}
