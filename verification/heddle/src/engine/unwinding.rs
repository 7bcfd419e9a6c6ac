//! Which thread unwinds from a panic.
//!
//! std counts panics for each OS thread, and all threads of a model are one: a
//! coroutine that is suspended in the middle of its unwinding, since a destructor
//! did an operation, would make every other look as if it were panicking. So each
//! coroutine takes its own answer with it when it is suspended.
//!
//! The running thread's answer is std's as long as no other coroutine is suspended
//! in the middle of unwinding: this is exact. While one is, std's says nothing;
//! then a thread panics from the panic that the hook was told of until it ends.
//! Not exact is thus, and only beside a thread that unwinds: a panic that the
//! program itself catches then (it seems to go on), and one that it starts then
//! with `resume_unwind`, which tells no hook (it is not seen). The same holds for
//! all executions of an OS thread that was already panicking when they began.

use std::cell::{Cell, RefCell};

#[derive(Clone, Copy)]
struct State {
    /// Coroutines that are suspended in the middle of unwinding, and one for what
    /// was unwinding before the execution began.
    others: u32,
    /// Of the running thread: the hook was told of its panic.
    told: bool,
}

thread_local! {
    static STATE: Cell<State> = const { Cell::new(State { others: 0, told: false }) };
    /// Where the running thread's panic began.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// What a coroutine takes with it when it is suspended.
pub(super) struct Suspended {
    unwinding: bool,
    place: Option<String>,
}

/// Whether the running thread of the model unwinds from a panic of its own.
pub(crate) fn is_unwinding() -> bool {
    // Most of the time nobody does.
    std::thread::panicking() && {
        let State { others, told } = STATE.get();
        others == 0 || told
    }
}

/// An execution begins: none of its threads unwinds.
pub(super) fn begin() {
    STATE.set(State { others: u32::from(std::thread::panicking()), told: false });
}

/// The running thread begins, or caught its panic.
pub(crate) fn forget() {
    STATE.set(State { told: false, ..STATE.get() });
}

/// The hook is told of a panic of the running thread, or one that was caught is
/// about to go on.
pub(crate) fn panics(place: Option<String>) {
    STATE.set(State { told: true, ..STATE.get() });
    PLACE.set(place);
}

/// Where the panic of the running thread began.
pub(crate) fn take_place() -> Option<String> {
    PLACE.take()
}

/// The running coroutine is about to be suspended.
pub(super) fn leave() -> Suspended {
    let unwinding = is_unwinding();
    let mut place = None;
    if unwinding {
        let state = STATE.get();
        STATE.set(State { others: state.others + 1, told: false });
        place = PLACE.take();
    }
    Suspended { unwinding, place }
}

/// It goes on.
pub(super) fn come_back(suspended: Suspended) {
    let State { others, .. } = STATE.get();
    STATE.set(State { others: others - u32::from(suspended.unwinding), told: suspended.unwinding });
    if suspended.unwinding {
        PLACE.set(suspended.place);
    }
}
