//! `Arc` and `Weak`.

mod count;
mod raw;
mod weak;

use std::fmt;
use std::mem;
use std::ops::Deref;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::sync::atomic::Ordering::Relaxed;

pub(crate) use count::Counts;
use count::{Count, Origin};
pub use weak::Weak;

use crate::graph::{Mode, Site};

/// As `std::sync::Arc`; a value that outlives the execution is a reported leak.
///
/// Its handles are events only where somebody can tell the orders apart in which
/// they come and go; see the crate documentation.
pub struct Arc<T: ?Sized> {
    /// `None` only while it is dropped or taken apart.
    value: Option<StdArc<T>>,
    count: StdArc<Count>,
    site: Site,
    origin: Origin,
}

impl<T> Arc<T> {
    /// The first handle to a value.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self::from_std(StdArc::new(value))
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
        if !this.count.remove_only(|| this.handles(), this.origin, Location::caller()) {
            return Err(this);
        }
        Ok(this.take())
    }

    /// The value, if this is its last handle.
    #[must_use]
    #[track_caller]
    pub fn into_inner(mut this: Self) -> Option<T> {
        let site = Location::caller();
        if this.count.remove_and_tell(|| this.handles(), this.origin, site) {
            return Some(this.take());
        }
        drop(this.value.take());
        None
    }

    /// The value, or a clone of it if this is not its only handle.
    #[must_use]
    #[track_caller]
    pub fn unwrap_or_clone(this: Self) -> T
    where
        T: Clone,
    {
        Self::try_unwrap(this).unwrap_or_else(|this| (*this).clone())
    }

    /// Takes the value out of the last handle.
    fn take(&mut self) -> T {
        let value = self.value.take().and_then(StdArc::into_inner);
        self.count.taken();
        value.expect("the graph has every drop of another handle, and so has this run")
    }
}

const HELD: &str = "a handle holds its value until it is dropped";

impl<T: ?Sized> Arc<T> {
    /// The first modelled handle to a value; there must be no other.
    #[track_caller]
    pub fn from_std(value: StdArc<T>) -> Self {
        let site = Location::caller();
        let count = Count::enter(StdArc::as_ptr(&value).addr(), site);
        Self { value: Some(value), count, site, origin: Origin::First }
    }

    fn std(&self) -> &StdArc<T> {
        self.value.as_ref().expect(HELD)
    }

    /// How many handles there are in this run.
    fn handles(&self) -> usize {
        StdArc::strong_count(self.std())
    }

    /// How many handles there are.
    #[track_caller]
    pub fn strong_count(this: &Self) -> usize {
        this.count.number(|| this.handles(), Mode::Relaxed, Location::caller())
    }

    /// How many weak handles there are.
    #[track_caller]
    pub fn weak_count(this: &Self) -> usize {
        this.count.weak_number(Location::caller())
    }

    /// The value, if this is its only handle and there is no weak one.
    #[track_caller]
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        if !this.count.is_only(|| this.handles(), Location::caller()) {
            return None;
        }
        this.value.as_mut().and_then(StdArc::get_mut)
    }

    /// Whether two handles are to one value.
    #[must_use]
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        StdArc::ptr_eq(this.std(), other.std())
    }

    /// Where the value is.
    #[must_use]
    pub fn as_ptr(this: &Self) -> *const T {
        StdArc::as_ptr(this.std())
    }

    /// A handle that does not keep the value.
    #[must_use]
    #[track_caller]
    pub fn downgrade(this: &Self) -> Weak<T> {
        let site = Location::caller();
        this.count.downgrade(site);
        Weak::new_of(StdArc::downgrade(this.std()), StdArc::clone(&this.count), site)
    }
}

impl<T: ?Sized> Clone for Arc<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        let site = Location::caller();
        self.count.add(site);
        if self.origin == Origin::First {
            self.count.firm.fetch_add(1, Relaxed);
        }
        Self { value: self.value.clone(), count: StdArc::clone(&self.count), site, origin: self.origin }
    }
}

impl<T: ?Sized> Drop for Arc<T> {
    fn drop(&mut self) {
        let Some(value) = self.value.take() else {
            return;
        };
        if self.count.is_gone(self.site) {
            mem::forget(value);
            return;
        }
        if self.count.remove(|| StdArc::strong_count(&value), self.origin, self.site) {
            let end = self.count.end();
            drop(value);
            drop(end);
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
