//! `Arc` and `Weak`.

mod raw;

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Mutex;

use super::State;
use crate::engine::{CellName, suspend, try_with};
use crate::graph::{Mode, Rmw, Site, What};

/// As `std::sync::Arc`; a value that outlives the execution is a reported leak.
pub struct Arc<T: ?Sized> {
    /// `None` only while it is dropped or taken apart.
    value: Option<std::sync::Arc<T>>,
    count: std::sync::Arc<Count>,
    site: Site,
}

/// As `std::sync::Weak`.
pub struct Weak<T: ?Sized> {
    value: std::sync::Weak<T>,
    count: std::sync::Arc<Count>,
}

/// What all handles of one value share.
#[derive(Debug)]
struct Count {
    /// The number of handles, if that is modelled.
    strong: State,
    /// Who changed the number and who asked for it, if it is not.
    handles: CellName,
    /// What those who dropped a handle had seen.
    released: Mutex<Vec<u32>>,
    tracked: Mutex<Option<(u64, usize)>>,
}

impl Count {
    fn new(site: Site) -> std::sync::Arc<Self> {
        let tracked = try_with(|engine| engine.track(site));
        std::sync::Arc::new(Self {
            strong: State::of(What::Handles, 1),
            handles: CellName::new(),
            released: Mutex::default(),
            tracked: Mutex::new(tracked),
        })
    }

    /// A handle comes or goes, or is counted; whether counts are events.
    fn touch(&self, observe: bool, site: Site) -> bool {
        let modelled = try_with(|engine| engine.limits.arc_counts).unwrap_or(false);
        if modelled {
            return true;
        }
        let fine = try_with(|engine| engine.count_handle(&self.handles, observe, site));
        if fine == Some(false) && !std::thread::panicking() {
            loop {
                suspend();
            }
        }
        false
    }

    fn untrack(&self) {
        let tracked = self.tracked.lock().ok().and_then(|mut tracked| tracked.take());
        if let Some(tracked) = tracked {
            try_with(|engine| engine.untrack(tracked));
        }
    }
}

impl<T> Arc<T> {
    /// The first handle to a value.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self::from_std(std::sync::Arc::new(value))
    }

    /// As in `std`.
    #[track_caller]
    pub fn pin(value: T) -> Pin<Self> {
        // SAFETY: the value is on the heap and an `Arc` never moves it while
        // another handle may look at it: `try_unwrap` needs an unpinned handle.
        unsafe { Pin::new_unchecked(Self::new(value)) }
    }

    /// The value, if this is its only handle.
    ///
    /// # Errors
    /// The handle, if it is not.
    #[track_caller]
    pub fn try_unwrap(mut this: Self) -> Result<T, Self> {
        if !this.is_only(Location::caller()) {
            return Err(this);
        }
        this.count.untrack();
        let value = this.value.take().expect(HELD);
        std::sync::Arc::try_unwrap(value).map_err(|value| {
            this.value = Some(value);
            this
        })
    }
}

const HELD: &str = "a handle holds its value until it is dropped";

impl<T: ?Sized> Arc<T> {
    /// The first modelled handle to a value; there must be no other.
    #[track_caller]
    pub fn from_std(value: std::sync::Arc<T>) -> Self {
        let site = Location::caller();
        Self { value: Some(value), count: Count::new(site), site }
    }

    fn std(&self) -> &std::sync::Arc<T> {
        self.value.as_ref().expect(HELD)
    }

    fn is_only(&self, site: Site) -> bool {
        if self.count.touch(true, site) {
            self.count.strong.peek(Mode::Acquire, site) == 1
        } else {
            std::sync::Arc::strong_count(self.std()) == 1
        }
    }

    /// How many handles there are.
    #[track_caller]
    pub fn strong_count(this: &Self) -> usize {
        let site = Location::caller();
        if this.count.touch(true, site) {
            this.count.strong.peek(Mode::Relaxed, site) as usize
        } else {
            std::sync::Arc::strong_count(this.std())
        }
    }

    /// The value, if this is its only handle.
    #[track_caller]
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        if !this.is_only(Location::caller()) {
            return None;
        }
        this.value.as_mut().and_then(std::sync::Arc::get_mut)
    }

    /// Whether two handles are to one value.
    #[must_use]
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        std::sync::Arc::ptr_eq(this.std(), other.std())
    }

    /// Where the value is.
    #[must_use]
    pub fn as_ptr(this: &Self) -> *const T {
        std::sync::Arc::as_ptr(this.std())
    }

    /// A handle that does not keep the value.
    #[must_use]
    pub fn downgrade(this: &Self) -> Weak<T> {
        Weak { value: std::sync::Arc::downgrade(this.std()), count: std::sync::Arc::clone(&this.count) }
    }
}

impl<T: ?Sized> Weak<T> {
    /// A handle that keeps the value, if it is still there.
    #[must_use]
    #[track_caller]
    pub fn upgrade(&self) -> Option<Arc<T>> {
        let site = Location::caller();
        if self.count.touch(true, site) {
            let rule = |value, _, alternative| {
                super::only(
                    alternative,
                    match value {
                        0 => crate::graph::Step::Read,
                        count => crate::graph::Step::Write(count + 1),
                    },
                )
            };
            let answer = self.count.strong.apply(rule, 0, Mode::Acquire, site);
            if !answer.wrote {
                return None;
            }
        }
        let value = Some(self.value.upgrade()?);
        let count = std::sync::Arc::clone(&self.count);
        Some(Arc { value, count, site })
    }
}

impl<T: ?Sized> Clone for Weak<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), count: std::sync::Arc::clone(&self.count) }
    }
}

impl<T: ?Sized> Clone for Arc<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        let site = Location::caller();
        if self.count.touch(false, site) {
            self.count.strong.modify(Rmw::Add, 1, Mode::Relaxed, site);
        }
        Self { value: self.value.clone(), count: std::sync::Arc::clone(&self.count), site }
    }
}

impl<T: ?Sized> Drop for Arc<T> {
    fn drop(&mut self) {
        let Some(value) = self.value.take() else {
            return;
        };
        if self.count.touch(false, self.site) {
            self.count.strong.modify(Rmw::Sub, 1, Mode::AcqRel, self.site);
        }
        let last = std::sync::Arc::strong_count(&value) == 1;
        let released = self.count.released.lock();
        let mut released = released.unwrap_or_else(std::sync::PoisonError::into_inner);
        if !last {
            try_with(|engine| engine.release_handle(&mut released));
            return;
        }
        let counted = try_with(|engine| {
            if !engine.limits.arc_counts && !engine.run.teardown {
                engine.enter_destructor(&released);
            }
        });
        drop(released);
        self.count.untrack();
        drop(value);
        if counted.is_some() {
            try_with(crate::engine::Engine::leave_destructor);
        }
    }
}

impl<T: ?Sized> Deref for Arc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.std()
    }
}

impl<T: ?Sized> AsRef<T> for Arc<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: Default> Default for Arc<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Arc<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Arc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized> fmt::Debug for Weak<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(Weak)")
    }
}
