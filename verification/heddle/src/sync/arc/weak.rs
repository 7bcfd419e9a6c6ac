//! `Weak`.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc as StdArc, Weak as StdWeak};

use super::{Arc, Count, Origin};
use crate::graph::{Mode, Site};

/// As `std::sync::Weak`.
pub struct Weak<T: ?Sized> {
    pub(super) value: StdWeak<T>,
    /// `None` if it never had a value.
    pub(super) count: Option<StdArc<Count>>,
    site: Site,
}

impl<T> Weak<T> {
    /// A handle to nothing.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        Self { value: StdWeak::new(), count: None, site: Location::caller() }
    }
}

impl<T> Default for Weak<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T: ?Sized> Weak<T> {
    pub(super) fn new_of(value: StdWeak<T>, count: StdArc<Count>, site: Site) -> Self {
        Self { value, count: Some(count), site }
    }

    /// A handle that keeps the value, if it is still there.
    #[must_use]
    #[track_caller]
    pub fn upgrade(&self) -> Option<Arc<T>> {
        let site = Location::caller();
        let count = self.count.as_ref()?;
        if !count.upgrade(|| self.value.strong_count(), site) {
            return None;
        }
        let value = Some(self.value.upgrade()?);
        Some(Arc { value, count: StdArc::clone(count), site, origin: Origin::Weak })
    }

    /// How many handles keep the value.
    #[must_use]
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        let number =
            |count: &StdArc<Count>| count.number(|| self.value.strong_count(), Mode::Relaxed, Location::caller());
        self.count.as_ref().map_or(0, number)
    }

    /// How many weak handles there are, or 0 if the value is gone.
    #[must_use]
    #[track_caller]
    pub fn weak_count(&self) -> usize {
        let Some(count) = &self.count else {
            return 0;
        };
        let weak = count.weak_number(Location::caller());
        if self.strong_count() == 0 { 0 } else { weak }
    }

    /// Whether two handles are to one value, or both to none.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.value.ptr_eq(&other.value)
    }
}

impl<T: ?Sized> Clone for Weak<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        let site = Location::caller();
        if let Some(count) = &self.count {
            count.add_weak(site);
        }
        Self { value: self.value.clone(), count: self.count.clone(), site }
    }
}

impl<T: ?Sized> Drop for Weak<T> {
    fn drop(&mut self) {
        if let Some(count) = self.count.take() {
            count.remove_weak(self.site);
        }
    }
}

impl<T: ?Sized> fmt::Debug for Weak<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(Weak)")
    }
}
