//! The threads of a model as coroutines of one OS thread, on stacks that are
//! mapped once a thread slot and used for the whole search.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

use corosensei::stack::{DefaultStack, Stack};
use corosensei::{Coroutine, CoroutineResult, Yielder};

use super::{Answer, Engine, Entry, Hinted, Request};
use crate::graph::{Site, ThreadId};

type Thread = Coroutine<(), (), (), DefaultStack>;

thread_local! {
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
    static YIELDER: Cell<*const Yielder<(), ()>> = const { Cell::new(std::ptr::null()) };
    /// From where on the stack of the thread that was suspended is to be looked at.
    static SHOWN: Cell<usize> = const { Cell::new(0) };
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
        if with(Engine::is_asked_to_show) { show() } else { suspend() }
    }
}

/// A spin hint of the current thread.
pub(crate) fn hint(site: Site) {
    loop {
        match with(|engine| engine.spin(site)) {
            Hinted::GoesOn => return,
            Hinted::Waits => suspend(),
            Hinted::Shows => show(),
        }
    }
}

/// Lets the scheduler look at the thread's stack: see `engine/state.rs`.
#[inline(never)]
fn show() {
    let registers = super::state::registers();
    SHOWN.set(std::ptr::from_ref(&registers).addr());
    suspend();
    std::hint::black_box(&registers);
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

/// An engine on its way to another OS thread.
struct Handed(Option<Engine>);

// SAFETY: it is handed over between executions, when it holds no value of the closure
// (`forget_threads`), and its former OS thread waits meanwhile.
unsafe impl Send for Handed {}

/// The coroutines of one worker.
#[derive(Default)]
pub(crate) struct Driver {
    threads: Vec<Option<Thread>>,
    stacks: Vec<Option<DefaultStack>>,
    /// Where the stack of each thread begins.
    bases: Vec<usize>,
    stack_size: usize,
}

impl Driver {
    pub(crate) fn new(stack_size: usize) -> Self {
        Self { stack_size, ..Self::default() }
    }

    /// Runs the threads of one execution until none can go on.
    pub(crate) fn run(&mut self, body: &(dyn Fn() -> Entry + Sync)) {
        // A thread that was forgotten while it unwound has left its panic in std's
        // count for this OS thread: its successors must not take it for theirs.
        if std::thread::panicking() { self.run_elsewhere(body) } else { self.run_here(body) }
    }

    /// Runs the execution on an OS thread of its own.
    fn run_elsewhere(&self, body: &(dyn Fn() -> Entry + Sync)) {
        let engine = Handed(exchange(None));
        let stack_size = self.stack_size;
        let ended = std::thread::scope(|scope| {
            let elsewhere = scope.spawn(move || {
                let Handed(engine) = { engine };
                exchange(engine);
                Self::new(stack_size).run_here(body);
                Handed(exchange(None))
            });
            elsewhere.join()
        });
        match ended {
            Ok(Handed(engine)) => drop(exchange(engine)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    fn run_here(&mut self, body: &dyn Fn() -> Entry) {
        loop {
            with(|engine| engine.start_run(body()));
            while let Some(thread) = with(Engine::schedule) {
                self.resume(thread);
            }
            // Outside of `with`: destructors may use heddle's types.
            let statics = with(Engine::take_ended_statics);
            drop(statics);
            let again = with(Engine::end_run);
            self.forget_threads();
            // Of an execution that came to its end: what the destructor of a static made
            // anew, and might for ever.
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
            self.bases.push(0);
        }
        let mut coroutine = match self.threads[slot].take() {
            Some(coroutine) => coroutine,
            None => self.start(slot),
        };
        let mut result = coroutine.resume(());
        while SHOWN.get() != 0 {
            let state = super::state::of_stack(SHOWN.replace(0), self.bases[slot]);
            with(|engine| engine.keep_state(thread, state));
            result = coroutine.resume(());
        }
        YIELDER.set(std::ptr::null());
        match result {
            CoroutineResult::Yield(()) => self.threads[slot] = Some(coroutine),
            CoroutineResult::Return(()) => self.stacks[slot] = Some(coroutine.into_stack()),
        }
    }

    fn start(&mut self, slot: usize) -> Thread {
        let entry = with(|engine| engine.entries[slot].take());
        let entry = entry.expect("a thread that is ready has a body until it starts");
        let stack = self.stacks[slot]
            .take()
            .unwrap_or_else(|| DefaultStack::new(self.stack_size).expect("the system has memory for a thread's stack"));
        self.bases[slot] = stack.base().get();
        Coroutine::with_stack(stack, move |yielder, ()| body(yielder, entry))
    }

    /// Forgets the threads that did not end: the execution failed, or waits for what
    /// another graph shows. Unwinding them would run destructors in a state that no
    /// execution has, and a guard that aborts when its thread panics would end the
    /// process. So nothing on their stacks is dropped, and what they own leaks.
    fn forget_threads(&mut self) {
        for (thread, stack) in self.threads.iter_mut().zip(&mut self.stacks) {
            let Some(mut coroutine) = thread.take() else {
                continue;
            };
            // SAFETY: all threads of the execution are forgotten together, with what
            // borrows from these frames, and nothing of it is used again.
            unsafe { coroutine.force_reset() };
            *stack = Some(coroutine.into_stack());
        }
        with(|engine| {
            engine.entries.drain(..).flatten().for_each(std::mem::forget);
            engine.run.slots.drain(..).for_each(|slot| std::mem::forget(slot.locals));
        });
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
        let site = take_panic_site();
        with(|engine| engine.panicked(&*payload, site));
    }
    with(Engine::end_thread);
}
