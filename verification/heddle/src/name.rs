//! Names for the variables of a model, for people.

use crate::engine::try_with;

/// What [`name()`] can name: atomics, locks, cells and the other objects of this
/// crate that threads share, also behind a pointer.
pub trait Nameable: sealed::Sealed {}

pub(crate) mod sealed {
    use crate::engine::Named;

    /// Something that the engine knows.
    pub trait Sealed {
        #[doc(hidden)]
        #[expect(private_interfaces, reason = "nobody else can call it")]
        fn named(&self) -> Named<'_>;
    }
}

/// Calls a variable by a name where a failing execution is printed: "stores 1 to
/// tail" instead of "stores 1 to atomic 3".
///
/// It is no operation and costs nothing while executions are explored. Outside a
/// model it does nothing.
///
/// ```
/// use heddle::sync::Arc;
/// use heddle::sync::atomic::{AtomicUsize, Ordering::Relaxed};
///
/// let failure = heddle::model::Builder::new().explore(|| {
///     let tail = Arc::new(AtomicUsize::new(0));
///     heddle::name(&tail, "tail");
///     tail.store(1, Relaxed);
///     assert_eq!(tail.load(Relaxed), 2);
/// });
/// let failure = failure.failure.unwrap();
/// assert_eq!(failure.steps[0].words, "stores 1 to tail (Relaxed)");
/// ```
pub fn name<T: Nameable + ?Sized>(variable: &T, name: &str) {
    try_with(|engine| engine.call(variable.named(), name));
}

macro_rules! nameable {
    ($([$($generics:tt)*] $type:ty, $variable:ident => $named:expr;)*) => {
        $(
            impl<$($generics)*> crate::name::Nameable for $type {}

            impl<$($generics)*> crate::name::sealed::Sealed for $type {
                #[expect(private_interfaces, reason = "nobody else can call it")]
                fn named(&self) -> crate::engine::Named<'_> {
                    let $variable = self;
                    $named
                }
            }
        )*
    };
}
pub(crate) use nameable;

nameable! {
    [T: Nameable + ?Sized] &T, it => (**it).named();
    [T: Nameable + ?Sized] Box<T>, it => (**it).named();
    [T: Nameable + ?Sized] std::sync::Arc<T>, it => (**it).named();
    [T: Nameable + ?Sized] crate::sync::Arc<T>, it => (**it).named();
}
