//! A stack that overflows is a failure of the execution, and nothing else is.

use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;

use heddle::model::{Again, Builder, Completion, Failure, FailureKind};
use heddle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use heddle::thread;

fn overflow(model: impl Fn() + Send + Sync + Clone + 'static) -> Failure {
    let builder = Builder::new();
    let failure = builder.explore(model.clone()).failure.expect("it recurses without end");
    assert_eq!((failure.kind, &failure.again), (FailureKind::StackOverflow, &Again::Same), "{failure}");
    let replayed = builder.replay(&failure.token, model).expect("it is a token");
    assert_eq!(replayed.failure.map(|failure| failure.kind), Some(FailureKind::StackOverflow));
    failure
}

#[expect(unconditional_recursion, reason = "that is what is tried")]
fn alone(depth: usize) -> usize {
    let frame = black_box([depth; 16]);
    alone(depth + 1) + frame[depth % 16]
}

#[test]
fn a_recursion_without_operations_is_a_stack_overflow() {
    let failure = overflow(|| {
        black_box(alone(0));
    });
    assert_eq!(failure.thread, 0);
    assert!(failure.message.contains("the stack of thread 0 overflowed (2048 KiB)"), "{failure}");
    assert!(failure.message.contains("set Builder::stack_size"), "{failure}");
}

#[expect(unconditional_recursion, reason = "that is what is tried")]
fn with_an_operation(count: &AtomicUsize) -> usize {
    let frame = black_box([count.fetch_add(1, SeqCst); 64]);
    with_an_operation(count) + frame[0]
}

#[test]
fn a_recursion_with_operations_is_a_stack_overflow() {
    let failure = overflow(|| {
        let count = Arc::new(AtomicUsize::new(0));
        let thread = thread::spawn(move || with_an_operation(&count));
        thread.join().unwrap();
    });
    assert_eq!(failure.thread, 1);
    assert!(failure.message.contains("overflowed after the operation at "), "{failure}");
    assert!(failure.steps.len() > 1_000);
    assert!(failure.to_string().contains(" more steps)"), "{failure}");
}

#[expect(unconditional_recursion, reason = "that is what is tried")]
fn allocating(depth: usize) -> usize {
    let kept = black_box(vec![depth; depth % 97 + 1]);
    let text = black_box(format!("{depth}"));
    allocating(depth + 1) + kept.len() + text.len()
}

#[test]
fn the_allocator_is_whole_after_an_overflow() {
    for _ in 0..100 {
        let mut builder = Builder::new();
        builder.stack_size = 64 * 1024;
        let report = builder.explore(|| {
            black_box(allocating(0));
        });
        assert_eq!(report.failure.map(|failure| failure.kind), Some(FailureKind::StackOverflow));
        let many: Vec<Vec<usize>> = (0..200).map(|length| vec![length; length]).collect();
        drop(black_box(many));
    }
}

#[test]
fn a_search_goes_on_after_an_overflow() {
    for workers in [1, 3] {
        let mut builder = Builder::new();
        builder.keep_going = true;
        builder.workers = workers;
        builder.stack_size = 32 * 1024;
        let report = builder.explore(|| {
            let count = Arc::new(AtomicUsize::new(0));
            let threads = [(); 3].map(|()| {
                let count = count.clone();
                thread::spawn(move || count.fetch_add(1, SeqCst))
            });
            let last = threads.map(|thread| thread.join().unwrap())[2];
            if last == 2 {
                black_box(alone(0));
            }
        });
        assert_eq!(report.completion, Completion::Exhausted);
        assert_eq!((report.executions, report.failures), (4, 2), "{workers} workers");
    }
}

fn deep(bytes: usize) -> usize {
    let frame = black_box([bytes as u8; 1024]);
    if bytes < 1024 { usize::from(frame[0]) } else { deep(bytes - 1024) + usize::from(frame[bytes % 1024]) }
}

#[test]
fn the_size_of_a_stack_is_obeyed() {
    let kind = |builder: &Builder, model: fn()| builder.explore(model).failure.map(|failure| failure.kind);
    let mut builder = Builder::new();
    assert_eq!(kind(&builder, || drop(black_box(deep(1 << 20)))), None);
    assert_eq!(kind(&builder, || drop(black_box(deep(3 << 20)))), Some(FailureKind::StackOverflow));
    builder.stack_size = 8 << 20;
    assert_eq!(kind(&builder, || drop(black_box(deep(3 << 20)))), None);
    builder.stack_size = 64 << 10;
    let larger = || {
        let thread = thread::Builder::new().stack_size(8 << 20).spawn(|| deep(3 << 20));
        black_box(thread.unwrap().join().unwrap());
    };
    assert_eq!(kind(&builder, larger), None);
    let other = || {
        drop(thread::Builder::new().stack_size(8 << 20).spawn(|| {}).unwrap().join());
        drop(thread::spawn(|| deep(1 << 20)).join());
    };
    assert_eq!(kind(&builder, other), Some(FailureKind::StackOverflow));
}

/// Runs a test of this file that ends its process, and gives what it wrote.
fn ended_by(signal: i32, test: &str) -> String {
    use std::os::unix::process::ExitStatusExt;
    let output = Command::new(std::env::current_exe().expect("a test has a path"))
        .args([test, "--exact", "--nocapture"])
        .env("HEDDLE_FATAL", "1")
        .output()
        .expect("the test starts");
    assert_eq!(output.status.signal(), Some(signal), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn is_child() -> bool {
    std::env::var_os("HEDDLE_FATAL").is_some()
}

#[test]
fn an_overflow_outside_a_model_is_not_heddles() {
    if is_child() {
        // The handler is there.
        heddle::model(|| {});
        black_box(alone(0));
    }
    let told = ended_by(6, "an_overflow_outside_a_model_is_not_heddles");
    assert!(told.contains("has overflowed its stack"), "{told}");
}

#[test]
fn a_wild_pointer_in_a_model_is_not_an_overflow() {
    if is_child() {
        heddle::model(|| {
            // SAFETY: none; the process is to end here.
            unsafe { black_box(std::ptr::without_provenance_mut::<u8>(black_box(64))).write_volatile(1) };
        });
    }
    ended_by(11, "a_wild_pointer_in_a_model_is_not_an_overflow");
}
