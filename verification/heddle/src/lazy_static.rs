//! Lazily made statics, as in the `lazy_static` crate; each execution makes its
//! own, and they are dropped when it has ended.

use std::any::Any;
use std::fmt;
use std::rc::Rc;

use crate::engine::with;
use crate::sync::OnceLock;

/// A static that its first user makes, declared by [`crate::lazy_static!`].
pub struct Lazy<T> {
    #[doc(hidden)]
    pub init: fn() -> T,
}

impl<T> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy").finish_non_exhaustive()
    }
}

impl<T: 'static> Lazy<T> {
    /// The value of this execution. The first thread makes it and others wait.
    ///
    /// It does not live longer than the execution: as in loom, the `'static` is
    /// what the real `lazy_static` gives, and must not be kept outside the model.
    ///
    /// # Panics
    /// Outside a model.
    #[track_caller]
    pub fn get(&'static self) -> &'static T {
        let key = std::ptr::from_ref(self).addr();
        let value: Rc<dyn Any> = with(|engine| {
            let statics = &mut engine.run.statics;
            if let Some((_, value)) = statics.iter().find(|(other, _)| *other == key) {
                return Rc::clone(value);
            }
            let value: Rc<dyn Any> = Rc::new(OnceLock::<T>::new());
            statics.push((key, Rc::clone(&value)));
            value
        });
        let lock = value.downcast_ref::<OnceLock<T>>().expect("a static has one type");
        let value = std::ptr::from_ref(lock.get_or_init(self.init));
        // SAFETY: the run keeps the lock, and so the value, until its threads have
        // ended or were unwound, and nothing of an execution is used after that.
        unsafe { &*value }
    }
}

/// Declares statics that are made on first use; as `lazy_static::lazy_static!`.
#[macro_export]
macro_rules! lazy_static {
    () => {};
    ($(#[$attr:meta])* $vis:vis static ref $name:ident: $type:ty = $init:expr; $($rest:tt)*) => {
        #[allow(non_camel_case_types, missing_docs, missing_debug_implementations, dead_code)]
        $(#[$attr])*
        $vis struct $name {
            private: (),
        }
        #[doc(hidden)]
        $vis static $name: $name = $name { private: () };
        impl ::core::ops::Deref for $name {
            type Target = $type;
            #[track_caller]
            fn deref(&self) -> &$type {
                static LAZY: $crate::lazy_static::Lazy<$type> = $crate::lazy_static::Lazy { init: || $init };
                LAZY.get()
            }
        }
        $crate::lazy_static!($($rest)*);
    };
}
