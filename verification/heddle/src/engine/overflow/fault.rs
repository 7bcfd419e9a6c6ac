//! Faults in the guard of a stack, on Linux: the handler lets the coroutine return
//! as a thread that has failed.
//!
//! A fault may come in the middle of anything that the thread does. In the engine it
//! cannot, because of the reserve. In the C library it can, and then the allocator
//! could be left locked or in pieces; so the library gets a page more of the guard
//! each time until it has returned to the thread's own code, which faults next. An
//! allocator that is part of the program itself is not told apart from its code.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::ptr;
use std::sync::OnceLock;

use corosensei::stack::{DefaultStack, Stack};
use corosensei::trap::{CoroutineTrapHandler, TrapHandlerRegs};

use crate::engine::coroutine::reach;

/// More than one page, so that the C library can be given some.
pub(super) const GUARD: usize = 256 * 1024;

/// What the handler itself needs, and more.
const ALTERNATE: usize = 64 * 1024;

/// What the handler has to know of the process; it must not ask for it.
struct Installed {
    page: usize,
    /// The code of the C library.
    library: Range<usize>,
    /// The handlers before, of SIGSEGV and SIGBUS.
    previous: [libc::sigaction; 2],
}

static INSTALLED: OnceLock<Installed> = OnceLock::new();

/// The coroutine that runs on this OS thread.
#[derive(Clone, Copy)]
struct Watched {
    coroutine: CoroutineTrapHandler<()>,
    /// Where its guard ends, upwards.
    guard: usize,
}

thread_local! {
    static WATCHED: Cell<Option<Watched>> = const { Cell::new(None) };
    /// Memory for the handler's own stack, on OS threads that had none.
    static STACK: RefCell<Option<Alternate>> = const { RefCell::new(None) };
}

/// A stack for signal handlers of one OS thread.
struct Alternate(Box<[u8]>);

impl Alternate {
    /// One, unless the thread has one: std gives one to its own.
    fn missing() -> Option<Self> {
        // SAFETY: zeros are a valid `stack_t`.
        let mut old: libc::stack_t = unsafe { std::mem::zeroed() };
        // SAFETY: it only asks for the present one.
        let asked = unsafe { libc::sigaltstack(ptr::null(), &raw mut old) };
        if asked != 0 || old.ss_flags & libc::SS_DISABLE == 0 {
            return None;
        }
        let mut memory = vec![0; ALTERNATE].into_boxed_slice();
        let new = libc::stack_t { ss_sp: memory.as_mut_ptr().cast(), ss_flags: 0, ss_size: memory.len() };
        // SAFETY: the memory lives until `drop` has told the system to forget it.
        let set = unsafe { libc::sigaltstack(&raw const new, ptr::null_mut()) };
        (set == 0).then_some(Self(memory))
    }
}

impl Drop for Alternate {
    fn drop(&mut self) {
        let none = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: self.0.len() };
        // SAFETY: the thread is ending and does not use it now.
        unsafe { libc::sigaltstack(&raw const none, ptr::null_mut()) };
    }
}

/// Guards a new stack of this OS thread.
pub(super) fn guard(stack: &DefaultStack) {
    INSTALLED.get_or_init(install);
    STACK.with_borrow_mut(|alternate| {
        if alternate.is_none() {
            *alternate = Alternate::missing();
        }
    });
    let (limit, base) = (stack.limit().get(), stack.base().get());
    // Huge pages would make each stack as large as it may become. That is advice: it
    // may fail.
    // SAFETY: the range is the stack's own mapping, which nobody uses yet.
    unsafe { libc::madvise(ptr::with_exposed_provenance_mut(limit), base - limit, libc::MADV_NOHUGEPAGE) };
    close(limit);
}

/// Makes the whole guard above the stack's limit fault.
fn close(limit: usize) {
    // SAFETY: the range is part of the stack's own mapping, and nothing is kept there.
    unsafe { libc::mprotect(ptr::with_exposed_provenance_mut(limit), GUARD, libc::PROT_NONE) };
}

/// A coroutine is about to run whose guard ends there.
pub(super) fn watch(coroutine: CoroutineTrapHandler<()>, guard: usize) {
    WATCHED.set(Some(Watched { coroutine, guard }));
}

pub(super) fn watch_nothing() {
    WATCHED.set(None);
}

fn install() -> Installed {
    // SAFETY: asking for the size of a page has no conditions.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
    let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) = on_fault;
    let previous = [libc::SIGSEGV, libc::SIGBUS].map(|signal| {
        // SAFETY: zeros are a valid `sigaction`.
        let (mut new, mut old): (libc::sigaction, libc::sigaction) = unsafe { std::mem::zeroed() };
        new.sa_sigaction = handler as usize;
        new.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        // SAFETY: the handler only does what a handler may, see there.
        unsafe { libc::sigaction(signal, &raw const new, &raw mut old) };
        old
    });
    Installed { page, library: library(), previous }
}

/// Where the code of the C library is; nowhere if that cannot be found out.
fn library() -> Range<usize> {
    let malloc: unsafe extern "C" fn(usize) -> *mut libc::c_void = libc::malloc;
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let ranges = maps.lines().filter_map(|line| {
        let (start, rest) = line.split_once('-')?;
        let (end, _) = rest.split_once(' ')?;
        Some(usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?)
    });
    let mut found = ranges.filter(|range| range.contains(&(malloc as usize)));
    found.next().unwrap_or_default()
}

/// The handler of faults. It reads a thread-local without a destructor, may change
/// the protection of pages and the interrupted context, and no more.
extern "C" fn on_fault(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the system gives both to a handler with SA_SIGINFO.
    let (address, machine) = unsafe { ((*info).si_addr().addr(), &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext) };
    let Some(installed) = INSTALLED.get() else {
        // It faulted while this was being installed: the default comes next.
        return to_default(signal);
    };
    let watched = WATCHED.try_with(Cell::get).ok().flatten();
    match watched.filter(|watched| watched.is_overflow(address, machine)) {
        Some(watched) => watched.end(address, machine, installed),
        None => pass_on(signal, info, context, installed),
    }
}

impl Watched {
    fn limit(&self) -> usize {
        self.guard - GUARD
    }

    fn is_overflow(&self, address: usize, machine: &libc::mcontext_t) -> bool {
        (self.limit()..self.guard).contains(&address) && self.coroutine.stack_ptr_in_bounds(stack_pointer(machine))
    }

    /// Ends the coroutine, or lets the C library go on until it has returned.
    fn end(self, address: usize, machine: &mut libc::mcontext_t, installed: &Installed) {
        let page = address / installed.page * installed.page;
        if installed.library.contains(&program_counter(machine)) && page > self.limit() {
            let more = ptr::with_exposed_provenance_mut(page);
            // SAFETY: the page is part of the running stack's guard.
            if unsafe { libc::mprotect(more, installed.page, libc::PROT_READ | libc::PROT_WRITE) } == 0 {
                return;
            }
        }
        let limit = self.limit();
        // SAFETY: the interrupted context is on the coroutine's stack, and the
        // coroutine is alive: it is watched while it runs. What it was doing is given
        // up with its stack: nothing of a failed execution is used again.
        let registers = unsafe { self.coroutine.setup_trap_handler(move || overflowed(limit)) };
        go_on_at(machine, registers);
    }
}

/// What the coroutine does in the end, on its own stack from its base.
fn overflowed(limit: usize) {
    close(limit);
    let told = reach(|engine| {
        engine.overflowed();
        engine.end_thread();
    });
    if told.is_none() {
        eprintln!("heddle: the stack of a thread overflowed within the engine");
        std::process::abort();
    }
}

#[cfg(target_arch = "x86_64")]
fn stack_pointer(machine: &libc::mcontext_t) -> usize {
    machine.gregs[libc::REG_RSP as usize] as usize
}

#[cfg(target_arch = "x86_64")]
fn program_counter(machine: &libc::mcontext_t) -> usize {
    machine.gregs[libc::REG_RIP as usize] as usize
}

#[cfg(target_arch = "x86_64")]
fn go_on_at(machine: &mut libc::mcontext_t, registers: TrapHandlerRegs) {
    let TrapHandlerRegs { rip, rsp, rbp, rdi, rsi } = registers;
    machine.gregs[libc::REG_RIP as usize] = rip as i64;
    machine.gregs[libc::REG_RSP as usize] = rsp as i64;
    machine.gregs[libc::REG_RBP as usize] = rbp as i64;
    machine.gregs[libc::REG_RDI as usize] = rdi as i64;
    machine.gregs[libc::REG_RSI as usize] = rsi as i64;
}

#[cfg(target_arch = "aarch64")]
fn stack_pointer(machine: &libc::mcontext_t) -> usize {
    machine.sp as usize
}

#[cfg(target_arch = "aarch64")]
fn program_counter(machine: &libc::mcontext_t) -> usize {
    machine.pc as usize
}

#[cfg(target_arch = "aarch64")]
fn go_on_at(machine: &mut libc::mcontext_t, registers: TrapHandlerRegs) {
    let TrapHandlerRegs { pc, sp, x0, x1, x29, lr } = registers;
    machine.pc = pc;
    machine.sp = sp;
    machine.regs[0] = x0;
    machine.regs[1] = x1;
    machine.regs[29] = x29;
    machine.regs[30] = lr;
}

/// A fault of somebody else: whose handler was there before gets it.
fn pass_on(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void, installed: &Installed) {
    let previous = &installed.previous[usize::from(signal == libc::SIGBUS)];
    match previous.sa_sigaction {
        libc::SIG_DFL | libc::SIG_IGN => to_default(signal),
        handler if previous.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: with this flag a handler has this type.
            let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
                unsafe { std::mem::transmute(handler) };
            handler(signal, info, context);
        }
        handler => {
            // SAFETY: without the flag a handler has this type.
            let handler: extern "C" fn(libc::c_int) = unsafe { std::mem::transmute(handler) };
            handler(signal);
        }
    }
}

/// The instruction faults again when the handler returns, and the process ends.
fn to_default(signal: libc::c_int) {
    // SAFETY: zeros with this handler are a valid `sigaction`, and setting it is
    // allowed in a handler.
    unsafe {
        let mut default: libc::sigaction = std::mem::zeroed();
        default.sa_sigaction = libc::SIG_DFL;
        libc::sigaction(signal, &raw const default, ptr::null_mut());
    }
}
