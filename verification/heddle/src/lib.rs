#![doc = include_str!("../docs.md")]
#![warn(missing_docs)]
#![deny(clippy::undocumented_unsafe_blocks, unsafe_op_in_unsafe_fn)]

pub mod alloc;
pub mod cell;
mod engine;
mod failure;
pub mod future;
mod graph;
pub mod hint;
pub mod lazy_static;
pub mod model;
mod name;
pub mod sync;
pub mod thread;
mod workers;

#[doc(inline)]
pub use model::model;
pub use name::{Nameable, name};

/// Declares thread-local variables of a model; each execution makes new ones.
#[macro_export]
macro_rules! thread_local {
    () => {};
    ($(#[$attr:meta])* $vis:vis static $name:ident: $type:ty = $init:expr; $($rest:tt)*) => {
        $crate::thread_local!($(#[$attr])* $vis static $name: $type = $init);
        $crate::thread_local!($($rest)*);
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident: $type:ty = $init:expr) => {
        $(#[$attr])*
        $vis static $name: $crate::thread::LocalKey<$type> = $crate::thread::LocalKey {
            init: || $init,
        };
    };
}

/// The README's code compiles and does what it says.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
