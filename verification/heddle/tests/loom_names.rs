//! What a crate that is written for loom uses besides atomics, locks and threads.

mod seen;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use heddle::alloc::{Layout, alloc, alloc_zeroed, dealloc};
use heddle::future::{AtomicWaker, block_on};
use heddle::model::{Builder, Completion, FailureKind};
use heddle::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use heddle::sync::atomic::{AtomicBool, AtomicUsize};
use heddle::sync::mpsc::{self, RecvTimeoutError};
use heddle::thread;
use seen::seen;

heddle::lazy_static! {
    /// Made by whoever comes first.
    static ref COUNT: AtomicUsize = AtomicUsize::new(40);
    static ref HANDLE: heddle::sync::Arc<usize> = heddle::sync::Arc::new(7);
}

#[test]
fn a_lazy_static_is_made_once_in_each_execution_and_seen_whole() {
    let (results, report) = seen(|| {
        let thread = thread::spawn(|| COUNT.fetch_add(1, Relaxed));
        let mine = COUNT.fetch_add(1, Relaxed);
        (mine, thread.join().unwrap(), COUNT.load(Relaxed))
    });
    assert_eq!(results, [(40, 41, 42), (41, 40, 42)].into());
    assert!(report.executions > 1);
}

#[test]
fn what_a_lazy_static_holds_is_no_leak() {
    let (results, _) = seen(|| {
        let thread = thread::spawn(|| **HANDLE);
        (**HANDLE, thread.join().unwrap())
    });
    assert_eq!(results, [(7, 7)].into());
}

struct MadeAnew;

impl Drop for MadeAnew {
    fn drop(&mut self) {
        ANEW.fetch_add(1, Relaxed);
    }
}

heddle::lazy_static! {
    static ref DROPS: MadeAnew = MadeAnew;
    static ref ANEW: AtomicUsize = AtomicUsize::new(0);
}

#[test]
fn a_static_that_is_made_in_a_destructor_is_not_taken_for_the_next_executions() {
    let (results, _) = seen(|| {
        let _: &MadeAnew = &DROPS;
        let thread = thread::spawn(|| ANEW.fetch_add(10, Relaxed));
        (ANEW.load(Relaxed), thread.join().unwrap())
    });
    assert_eq!(results, [(0, 0), (10, 0)].into());
}

#[test]
fn a_receive_times_out_or_not() {
    let (results, _) = seen(|| {
        let (sender, receiver) = mpsc::channel();
        let thread = thread::spawn(move || sender.send(1).unwrap());
        let receive = || receiver.recv_timeout(Duration::from_secs(1)).map_err(|error| error.to_string());
        let first = receive();
        thread.join().unwrap();
        (first, receive())
    });
    let [timeout, disconnected] =
        [RecvTimeoutError::Timeout, RecvTimeoutError::Disconnected].map(|error| Err(error.to_string()));
    assert_eq!(results, [(Ok(1), disconnected), (timeout, Ok(1))].into());
}

#[test]
fn an_update_is_one_read_modify_write() {
    let (results, _) = seen(|| {
        let x = Arc::new(AtomicUsize::new(1));
        let other = x.clone();
        let thread = thread::spawn(move || other.update(Relaxed, Relaxed, |value| value + 1));
        let small = x.try_update(Relaxed, Relaxed, |value| (value < 2).then_some(value * 10));
        (small, thread.join().unwrap(), x.load(Relaxed))
    });
    assert_eq!(results, [(Ok(1), 10, 11), (Err(2), 1, 2)].into());
}

/// Becomes ready when another thread says so.
fn wait_for(flag: &AtomicBool, waker: &AtomicWaker, register_first: bool) {
    block_on(poll_fn(|context| {
        if register_first {
            waker.register_by_ref(context.waker());
        }
        let ready = flag.load(Acquire);
        if !register_first {
            waker.register_by_ref(context.waker());
        }
        if ready { Poll::Ready(()) } else { Poll::Pending }
    }));
}

#[test]
fn a_future_is_woken_if_it_registers_before_it_looks() {
    let model = |register_first| {
        move || {
            let shared = Arc::new((AtomicBool::new(false), AtomicWaker::new()));
            let other = shared.clone();
            let thread = thread::spawn(move || {
                other.0.store(true, Release);
                other.1.wake();
            });
            wait_for(&shared.0, &shared.1, register_first);
            thread.join().unwrap();
        }
    };
    let report = Builder::new().explore(model(true));
    assert_eq!((report.failure, report.completion), (None, Completion::Exhausted));
    let failure = Builder::new().explore(model(false)).failure.expect("the wake-up may be lost");
    assert_eq!(failure.kind, FailureKind::Deadlock);
}

#[test]
fn memory_that_is_not_released_is_a_leak() {
    let layout = Layout::new::<u64>();
    let model = |release: bool| {
        move || {
            // SAFETY: the layout is not empty, and memory is released once.
            unsafe {
                let kept = alloc(layout);
                dealloc(alloc_zeroed(layout), layout);
                if release {
                    dealloc(kept, layout);
                }
            }
        }
    };
    assert_eq!(Builder::new().explore(model(true)).failure, None);
    let failure = Builder::new().explore(model(false)).failure.expect("it leaks");
    assert_eq!(failure.kind, FailureKind::Leak);
    assert!(failure.message.contains("tests/loom_names.rs"), "{failure}");
}

#[test]
fn a_limit_on_threads_is_no_proof() {
    let model = || drop(thread::spawn(|| {}).join());
    let mut builder = Builder::new();
    builder.max_threads = 2;
    builder.check(model);
    builder.max_threads = 1;
    assert_eq!(builder.explore(model).completion, Completion::Truncated);
}
