//! Atomic integers and `AtomicBool`.

use std::panic::Location;

use super::{Ordering, Raw};
use crate::engine::Name;
use crate::graph::{ReadOp, Rmw};

/// Whether integers of the size of an address may hold one.
const ADDRESSES: bool = cfg!(feature = "addresses");

macro_rules! shared_api {
    ($name:ident, $type:ty, $unsigned:ty, $bits:expr, $from:expr, $address:expr) => {
        impl $name {
            /// An atomic that begins with `value`.
            #[must_use]
            pub const fn new(value: $type) -> Self {
                Self { initial: value as $unsigned as u64, name: Name::new() }
            }

            fn raw(&self) -> Raw<'_> {
                Raw { initial: self.initial, name: &self.name, pointer: $address }
            }

            /// Lets `f` change the value without synchronisation.
            #[track_caller]
            pub fn with_mut<R>(&mut self, f: impl FnOnce(&mut $type) -> R) -> R {
                let site = Location::caller();
                let mut value = $from(self.raw().exclusive(site));
                let result = f(&mut value);
                self.raw().set(value as $unsigned as u64, site);
                result
            }

            /// Reads the value without synchronisation.
            ///
            /// # Safety
            /// No thread writes at the same time. heddle reports it if one may.
            #[track_caller]
            pub unsafe fn unsync_load(&self) -> $type {
                $from(self.raw().exclusive(Location::caller()))
            }

            /// Takes the value.
            #[track_caller]
            pub fn into_inner(self) -> $type {
                $from(self.raw().exclusive(Location::caller()))
            }

            /// As in `std`.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $type {
                $from(self.raw().load(order, Location::caller()))
            }

            /// As in `std`.
            #[track_caller]
            pub fn store(&self, value: $type, order: Ordering) {
                self.raw().store((value as $unsigned as u64), order, Location::caller());
            }

            #[track_caller]
            fn modify(&self, rmw: Rmw, value: $type, order: Ordering) -> $type {
                let argument = value as $unsigned as u64;
                let bits = $bits;
                let op = ReadOp::Modify { rmw, argument, bits };
                $from(self.raw().read(op, order, order, Location::caller()).value)
            }

            /// As in `std`.
            #[track_caller]
            pub fn swap(&self, value: $type, order: Ordering) -> $type {
                self.modify(Rmw::Swap, value, order)
            }

            /// As in `std`.
            #[track_caller]
            pub fn fetch_and(&self, value: $type, order: Ordering) -> $type {
                self.modify(Rmw::And, value, order)
            }

            /// As in `std`.
            #[track_caller]
            pub fn fetch_nand(&self, value: $type, order: Ordering) -> $type {
                self.modify(Rmw::Nand, value, order)
            }

            /// As in `std`.
            #[track_caller]
            pub fn fetch_or(&self, value: $type, order: Ordering) -> $type {
                self.modify(Rmw::Or, value, order)
            }

            /// As in `std`.
            #[track_caller]
            pub fn fetch_xor(&self, value: $type, order: Ordering) -> $type {
                self.modify(Rmw::Xor, value, order)
            }

            /// As in `std`, before it was deprecated.
            #[track_caller]
            pub fn compare_and_swap(&self, current: $type, new: $type, order: Ordering) -> $type {
                let failure = match order {
                    Ordering::Release => Ordering::Relaxed,
                    Ordering::AcqRel => Ordering::Acquire,
                    order => order,
                };
                match self.compare_exchange(current, new, order, failure) {
                    Ok(value) | Err(value) => value,
                }
            }

            /// As in `std`.
            ///
            /// # Errors
            /// The value, if it was not `current`.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $type,
                new: $type,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$type, $type> {
                self.compare(current, new, success, failure, false)
            }

            /// As in `std`: also fails spuriously.
            ///
            /// # Errors
            /// The value, which may be `current`.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $type,
                new: $type,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$type, $type> {
                self.compare(current, new, success, failure, true)
            }

            #[track_caller]
            fn compare(
                &self,
                current: $type,
                new: $type,
                success: Ordering,
                failure: Ordering,
                weak: bool,
            ) -> Result<$type, $type> {
                let op = ReadOp::Compare { expected: current as $unsigned as u64, new: new as $unsigned as u64, weak };
                let result = self.raw().compare(op, success, failure, Location::caller());
                result.map($from).map_err($from)
            }

            /// As in `std`; never fails spuriously, since it would only retry.
            ///
            /// # Errors
            /// The value on which `f` returned `None`.
            #[track_caller]
            pub fn try_update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut f: impl FnMut($type) -> Option<$type>,
            ) -> Result<$type, $type> {
                let mut value = self.load(fetch_order);
                while let Some(new) = f(value) {
                    match self.compare_exchange(value, new, set_order, fetch_order) {
                        Ok(old) => return Ok(old),
                        Err(newer) => value = newer,
                    }
                }
                Err(value)
            }

            /// As [`Self::try_update`].
            ///
            /// # Errors
            /// The value on which `f` returned `None`.
            #[track_caller]
            pub fn fetch_update<F>(&self, set_order: Ordering, fetch_order: Ordering, f: F) -> Result<$type, $type>
            where
                F: FnMut($type) -> Option<$type>,
            {
                self.try_update(set_order, fetch_order, f)
            }

            /// As in `std`; the value before.
            #[track_caller]
            pub fn update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut f: impl FnMut($type) -> $type,
            ) -> $type {
                match self.try_update(set_order, fetch_order, |value| Some(f(value))) {
                    Ok(value) | Err(value) => value,
                }
            }
        }

        crate::name::nameable! { [] $name, it => crate::engine::Named::Location(&it.name); }

        impl Default for $name {
            fn default() -> Self {
                Self::new(Default::default())
            }
        }

        impl From<$type> for $name {
            fn from(value: $type) -> Self {
                Self::new(value)
            }
        }
    };
}

macro_rules! atomic_integer {
    ($name:ident, $type:ty, $unsigned:ty, $max:ident, $min:ident) => {
        atomic_integer!($name, $type, $unsigned, $max, $min, false);
    };
    ($name:ident, $type:ty, $unsigned:ty, $max:ident, $min:ident, $address:expr) => {
        #[doc = concat!("As `std::sync::atomic::", stringify!($name), "`.")]
        #[derive(Debug)]
        pub struct $name {
            initial: u64,
            name: Name,
        }

        shared_api!($name, $type, $unsigned, <$type>::BITS as u8, |bits: u64| bits as $type, $address);

        impl $name {
            /// As in `std`: wraps around.
            #[track_caller]
            pub fn fetch_add(&self, value: $type, order: Ordering) -> $type {
                self.modify(Rmw::Add, value, order)
            }

            /// As in `std`: wraps around.
            #[track_caller]
            pub fn fetch_sub(&self, value: $type, order: Ordering) -> $type {
                self.modify(Rmw::Sub, value, order)
            }

            /// As in `std`.
            #[track_caller]
            pub fn fetch_max(&self, value: $type, order: Ordering) -> $type {
                self.modify(Rmw::$max, value, order)
            }

            /// As in `std`.
            #[track_caller]
            pub fn fetch_min(&self, value: $type, order: Ordering) -> $type {
                self.modify(Rmw::$min, value, order)
            }
        }
    };
}

atomic_integer!(AtomicU8, u8, u8, MaxUnsigned, MinUnsigned);
atomic_integer!(AtomicU16, u16, u16, MaxUnsigned, MinUnsigned);
atomic_integer!(AtomicU32, u32, u32, MaxUnsigned, MinUnsigned);
atomic_integer!(AtomicU64, u64, u64, MaxUnsigned, MinUnsigned);
atomic_integer!(AtomicUsize, usize, usize, MaxUnsigned, MinUnsigned, ADDRESSES);
atomic_integer!(AtomicI8, i8, u8, MaxSigned, MinSigned);
atomic_integer!(AtomicI16, i16, u16, MaxSigned, MinSigned);
atomic_integer!(AtomicI32, i32, u32, MaxSigned, MinSigned);
atomic_integer!(AtomicI64, i64, u64, MaxSigned, MinSigned);
atomic_integer!(AtomicIsize, isize, usize, MaxSigned, MinSigned, ADDRESSES);

/// As `std::sync::atomic::AtomicBool`.
#[derive(Debug)]
pub struct AtomicBool {
    initial: u64,
    name: Name,
}

shared_api!(AtomicBool, bool, u8, 1, |bits: u64| bits != 0, false);
