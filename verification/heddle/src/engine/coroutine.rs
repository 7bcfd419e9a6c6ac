//! The threads of a model as coroutines of one OS thread, on stacks that are
//! mapped once a thread slot and used for the whole search.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};

use super::{Answer, Engine, Entry, Request, overflow};
use crate::graph::ThreadId;

pub(super) type Thread = Coroutine<(), (), (), DefaultStack>;

thread_local! {
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
    static YIELDER: Cell<*const Yielder<(), ()>> = const { Cell::new(std::ptr::null()) };
    static PANIC_SITE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `f` on this OS thread's engine.
///
/// # Panics
/// Outside a model.
pub(crate) fn with<R>(f: impl FnOnce(&mut Engine) -> R) -> R {
    try_with(f).expect("heddle's types work only inside heddle::model or Builder::explore")
}

/// As [`with`], or `None` outside a model.
pub(crate) fn try_with<R>(f: impl FnOnce(&mut Engine) -> R) -> Option<R> {
    overflow::check();
    reach(f)
}

/// As [`try_with`], by a thread whose stack may be at its end.
pub(super) fn reach<R>(f: impl FnOnce(&mut Engine) -> R) -> Option<R> {
    ENGINE.try_with(|engine| engine.try_borrow_mut().ok()?.as_mut().map(f)).ok().flatten()
}

/// Gives this OS thread an engine, or takes it back.
pub(crate) fn exchange(engine: Option<Engine>) -> Option<Engine> {
    ENGINE.with(|slot| slot.replace(engine))
}

/// Performs one operation of the current thread, suspending it as needed.
pub(crate) fn perform(request: &Request<'_>) -> Answer {
    loop {
        if let Some(answer) = with(|engine| engine.step(request)) {
            return answer;
        }
        suspend();
    }
}

/// Gives control back to the scheduler.
pub(crate) fn suspend() {
    let yielder = YIELDER.get();
    assert!(!yielder.is_null(), "heddle's types work only inside heddle::model or Builder::explore");
    // SAFETY: the pointer was stored by the coroutine that runs now, when it
    // started or when it was last resumed, and its yielder lives as long as the
    // coroutine's stack.
    unsafe { (*yielder).suspend(()) };
    YIELDER.set(yielder);
}

/// Where the panic that a thread is unwinding with began.
pub(crate) fn take_panic_site() -> Option<String> {
    PANIC_SITE.take()
}

/// Keeps panics inside a model off the terminal; the report shows them.
pub(crate) fn install_panic_hook() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if YIELDER.try_with(Cell::get).is_ok_and(|yielder| !yielder.is_null()) {
                let site = info.location().map(ToString::to_string);
                PANIC_SITE.set(site);
            } else {
                previous(info);
            }
        }));
    });
}

/// The coroutines of one worker.
#[derive(Default)]
pub(crate) struct Driver {
    threads: Vec<Option<Thread>>,
    stacks: Vec<Option<DefaultStack>>,
    /// Where each thread's stack ends.
    ends: Vec<usize>,
    stack_size: usize,
}

impl Driver {
    pub(crate) fn new(stack_size: usize) -> Self {
        Self { stack_size, ..Self::default() }
    }

    /// Runs the threads of one execution until none can go on.
    pub(crate) fn run(&mut self, body: &dyn Fn() -> Entry) {
        loop {
            with(|engine| engine.start_run(body()));
            while let Some(thread) = with(Engine::schedule) {
                self.resume(thread);
            }
            // Outside of `with`: destructors may use heddle's types.
            let statics = with(Engine::take_ended_statics);
            drop(statics);
            let again = with(Engine::end_run);
            self.tear_down();
            let statics = with(|engine| std::mem::take(&mut engine.run.statics));
            drop(statics);
            // What such a destructor made anew might do so for ever.
            std::mem::forget(with(|engine| std::mem::take(&mut engine.run.statics)));
            if !again {
                return;
            }
        }
    }

    fn resume(&mut self, thread: ThreadId) {
        let slot = thread as usize;
        while self.threads.len() <= slot {
            self.threads.push(None);
            self.stacks.push(None);
            self.ends.push(0);
        }
        let mut coroutine = match self.threads[slot].take() {
            Some(coroutine) => coroutine,
            None => self.start(slot),
        };
        overflow::enter(&coroutine, self.ends[slot]);
        let result = coroutine.resume(());
        overflow::leave();
        YIELDER.set(std::ptr::null());
        match result {
            CoroutineResult::Yield(()) => self.threads[slot] = Some(coroutine),
            CoroutineResult::Return(()) => self.stacks[slot] = Some(coroutine.into_stack()),
        }
    }

    fn start(&mut self, slot: usize) -> Thread {
        let (entry, size) = with(|engine| (engine.entries[slot].take(), engine.run.slots[slot].stack_size));
        let entry = entry.expect("a thread that is ready has a body until it starts");
        let size = size.max(self.stack_size);
        let pooled = self.stacks[slot].take().filter(|stack| overflow::size(stack) >= size);
        let stack = pooled.unwrap_or_else(|| overflow::stack(size));
        self.ends[slot] = overflow::end(&stack);
        Coroutine::with_stack(stack, move |yielder, ()| body(yielder, entry))
    }

    /// Unwinds what did not end, so that nothing on its stack leaks. Children
    /// go first: a scoped thread borrows from its parent's stack.
    fn tear_down(&mut self) {
        let order = with(|engine| {
            engine.run.teardown = true;
            engine.graph.ranks.clone()
        });
        for slot in order.into_iter().rev().map(|thread| thread as usize) {
            // Outside of `with`: destructors may use heddle's types.
            let entry = with(|engine| engine.entries.get_mut(slot).and_then(Option::take));
            drop(entry);
            // A destructor may panic on what an abandoned run left behind; the
            // execution already has its verdict.
            let mut coroutine = self.threads.get_mut(slot).and_then(Option::take);
            if let Some(coroutine) = &mut coroutine {
                let _ = catch_unwind(AssertUnwindSafe(|| coroutine.force_unwind()));
            }
            // A thread that panicked still has its own, too.
            let locals = with(|engine| engine.run.take_locals(slot));
            let _ = catch_unwind(AssertUnwindSafe(|| drop(locals)));
            YIELDER.set(std::ptr::null());
            if let Some(coroutine) = coroutine.filter(Coroutine::done) {
                self.stacks[slot] = Some(coroutine.into_stack());
            }
        }
    }
}

fn body(yielder: &Yielder<(), ()>, entry: Entry) {
    YIELDER.set(std::ptr::from_ref(yielder));
    let entry = || {
        entry();
        // The destructors of thread-local variables are part of the thread.
        let locals = with(|engine| {
            let thread = engine.run.current as usize;
            engine.run.take_locals(thread)
        });
        drop(locals);
    };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(entry)) {
        if with(|engine| engine.run.teardown) {
            // The coroutine's own unwinding must reach the coroutine.
            resume_unwind(payload);
        }
        let site = take_panic_site();
        with(|engine| engine.panicked(&*payload, site));
    }
    with(Engine::end_thread);
}
