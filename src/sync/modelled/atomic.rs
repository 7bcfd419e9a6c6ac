//! Atomics of the modelled legs: each operation passes the [lens](super::model) before the engine sees it.

use std::{fmt, ops::Deref, panic::Location};

pub use std::sync::atomic::Ordering;

use super::{
    engine,
    model::{self, Access, Tokens},
    trace::{self, Identity},
};

/// Atomics that hold 0 at first.
#[derive(Debug)]
pub struct Zeroed(Box<[AtomicU64]>);

/// `count` atomics that hold 0.
pub fn zeroed(count: usize) -> Zeroed {
    Zeroed((0..count).map(|_| AtomicU64::new(0)).collect())
}

impl Deref for Zeroed {
    type Target = [AtomicU64];
    fn deref(&self) -> &[AtomicU64] {
        &self.0
    }
}

/// A fence between the calling thread's accesses before it and after it.
#[track_caller]
pub fn fence(order: Ordering) {
    let site = Location::caller();
    model::step();
    if let Some(order) = model::fence_order(site, order) {
        engine::sync::atomic::fence(order);
        trace::fence(order);
    }
}

/// What a read-modify-write leaves.
macro_rules! result {
    (fetch_add, $old:ident, $value:ident) => {
        $old.wrapping_add($value)
    };
    (fetch_sub, $old:ident, $value:ident) => {
        $old.wrapping_sub($value)
    };
    (fetch_and, $old:ident, $value:ident) => {
        $old & $value
    };
    (fetch_or, $old:ident, $value:ident) => {
        $old | $value
    };
    (fetch_xor, $old:ident, $value:ident) => {
        $old ^ $value
    };
    (fetch_max, $old:ident, $value:ident) => {
        $old.max($value)
    };
    (fetch_min, $old:ident, $value:ident) => {
        $old.min($value)
    };
}

macro_rules! atomic {
    ($name:ident, $value:ty, $($rmw:ident),*) => {
        /// An atomic of the facade, as in `std::sync::atomic`.
        pub struct $name {
            cell: engine::sync::atomic::$name,
            tokens: Tokens,
            identity: Identity,
        }

        impl $name {
            /// An atomic that holds `value`.
            #[track_caller]
            pub fn new(value: $value) -> Self {
                Self {
                    cell: engine::sync::atomic::$name::new(value),
                    tokens: Tokens::new(),
                    identity: Identity::new(value as u64),
                }
            }

            #[track_caller]
            fn before(&self, access: Access, order: Ordering) -> Ordering {
                let site = Location::caller();
                model::step();
                self.tokens.depend(access);
                model::order(site, access, order)
            }

            #[track_caller]
            fn before_exchange(&self, success: Ordering, failure: Ordering) -> (Ordering, Ordering) {
                let failure = model::order(Location::caller(), Access::FailedCompareExchange, failure);
                (self.before(Access::ReadModifyWrite, success), failure)
            }

            #[track_caller]
            fn tell_exchange(
                &self,
                exchanged: Result<$value, $value>,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) {
                match exchanged {
                    Ok(old) => self.identity.told(Some(old as u64), Some(new as u64), success),
                    Err(seen) => self.identity.told(Some(seen as u64), None, failure),
                }
            }

            /// Reads the value.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                let order = self.before(Access::Load, order);
                let value = self.cell.load(order);
                self.identity.told(Some(value as u64), None, order);
                value
            }

            /// Writes `value`.
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                let order = self.before(Access::Store, order);
                self.cell.store(value, order);
                self.identity.told(None, Some(value as u64), order);
            }

            /// Writes `value` and returns what was there, in one step.
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                let order = self.before(Access::ReadModifyWrite, order);
                let old = self.cell.swap(value, order);
                self.identity.told(Some(old as u64), Some(value as u64), order);
                old
            }

            /// Writes `new` if `current` is there, in one step.
            ///
            /// # Errors
            /// What was there instead.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let (success, failure) = self.before_exchange(success, failure);
                let exchanged = self.cell.compare_exchange(current, new, success, failure);
                self.tell_exchange(exchanged, new, success, failure);
                exchanged
            }

            /// As [`Self::compare_exchange`], but it may fail although `current` is there.
            ///
            /// # Errors
            /// What was there.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let (success, failure) = self.before_exchange(success, failure);
                let exchanged = self.cell.compare_exchange_weak(current, new, success, failure);
                self.tell_exchange(exchanged, new, success, failure);
                exchanged
            }

            $(
                /// As in `std::sync::atomic`, in one step; returns what was there.
                #[track_caller]
                pub fn $rmw(&self, value: $value, order: Ordering) -> $value {
                    let order = self.before(Access::ReadModifyWrite, order);
                    let old = self.cell.$rmw(value, order);
                    self.identity.told(Some(old as u64), Some(result!($rmw, old, value) as u64), order);
                    old
                }
            )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new(Default::default())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

atomic!(AtomicU32, u32, fetch_add, fetch_sub, fetch_and, fetch_or, fetch_xor, fetch_max, fetch_min);
atomic!(AtomicU64, u64, fetch_add, fetch_sub, fetch_and, fetch_or, fetch_xor, fetch_max, fetch_min);
atomic!(AtomicUsize, usize, fetch_add, fetch_sub, fetch_and, fetch_or, fetch_xor, fetch_max, fetch_min);
atomic!(AtomicBool, bool, fetch_and, fetch_or, fetch_xor);
