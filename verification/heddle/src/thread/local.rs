//! Thread-local variables of a model.

use std::any::Any;
use std::panic::Location;
use std::rc::Rc;

use crate::engine::{show_thread, with};

/// A thread-local variable, made by [`crate::thread_local!`].
#[derive(Debug)]
pub struct LocalKey<T: 'static> {
    #[doc(hidden)]
    pub init: fn() -> T,
}

/// A thread-local variable was used after its thread's values were dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a thread-local variable was used after its thread had dropped it")]
#[non_exhaustive]
pub struct AccessError;

impl<T: 'static> LocalKey<T> {
    /// Runs `f` on the running thread's value.
    ///
    /// # Panics
    /// After the thread's values were dropped.
    #[track_caller]
    pub fn with<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        self.try_with(f).expect("the thread has not ended")
    }

    /// Runs `f` on the running thread's value.
    ///
    /// # Errors
    /// After the thread's values were dropped.
    #[track_caller]
    pub fn try_with<F, R>(&'static self, f: F) -> Result<R, AccessError>
    where
        F: FnOnce(&T) -> R,
    {
        show_thread(Location::caller());
        let key = std::ptr::from_ref(self).addr();
        let found = with(|engine| {
            let locals = &engine.run.slots[engine.run.current as usize].locals;
            let mut locals = locals.iter();
            locals.find(|(other, _)| *other == key).map(|(_, value)| Rc::clone(value))
        });
        let value = found.unwrap_or_else(|| {
            let value: Rc<dyn Any> = Rc::new((self.init)());
            with(|engine| {
                let slot = engine.run.current as usize;
                engine.run.slots[slot].locals.push((key, Rc::clone(&value)));
            });
            value
        });
        value.downcast_ref::<T>().map(f).ok_or(AccessError)
    }
}
