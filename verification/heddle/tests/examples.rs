//! The examples on both engines: what switches is the line `use … as engine`.

#![allow(clippy::duplicate_mod, reason = "one source runs on both engines")]

#[path = "../examples/lock_free"]
mod on_heddle {
    use heddle as engine;
    pub(crate) mod michael_scott_queue;
    pub(crate) mod seqlock;
    pub(crate) mod treiber_stack;
}

#[path = "../examples/lock_free"]
mod on_loom {
    use loom as engine;
    pub(crate) mod michael_scott_queue;
    pub(crate) mod seqlock;
    pub(crate) mod treiber_stack;
}

use std::panic::catch_unwind;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use heddle::model::{Builder, Completion, FailureKind};

/// The executions of a model that must hold.
fn holds(model: impl Fn() + Send + Sync + 'static) -> u64 {
    let report = Builder::new().explore(model);
    assert_eq!(report.failure, None);
    assert_eq!(report.completion, Completion::Exhausted);
    report.executions
}

/// What refutes a model that must not hold, found again by its token.
fn refuted(model: impl Fn() + Send + Sync + Copy + 'static) -> String {
    let failure = Builder::new().explore(model).failure.expect("the model is wrong");
    assert_eq!(failure.kind, FailureKind::Panic);
    let again = Builder::new().replay(&failure.token, model).expect("it is a token");
    assert_eq!(again.failure.as_ref(), Some(&failure));
    failure.message
}

/// Whether loom's search ends without a panic.
fn loom_passes(model: impl Fn() + Send + Sync + std::panic::UnwindSafe + 'static) -> bool {
    // loom has no bound of its own here: the models are small enough for it.
    catch_unwind(move || loom::model::Builder::new().check(model)).is_ok()
}

#[test]
fn a_stack_needs_a_release_to_publish_a_node() {
    assert!(holds(|| on_heddle::treiber_stack::push_beside_pop(Release)) > 1);
    let message = refuted(|| on_heddle::treiber_stack::push_beside_pop(Relaxed));
    assert!(message.contains("the stack keeps what it is given"), "{message}");
    assert!(loom_passes(|| on_loom::treiber_stack::push_beside_pop(Release)));
    assert!(!loom_passes(|| on_loom::treiber_stack::push_beside_pop(Relaxed)));
}

#[test]
fn a_queue_needs_a_release_to_link_a_node() {
    assert!(holds(|| on_heddle::michael_scott_queue::two_enqueue_beside_dequeue(Release)) > 1);
    let message = refuted(|| on_heddle::michael_scott_queue::two_enqueue_beside_dequeue(Relaxed));
    assert!(message.contains("the queue keeps what it is given"), "{message}");
    assert!(!loom_passes(|| on_loom::michael_scott_queue::two_enqueue_beside_dequeue(Relaxed)));
}

#[test]
fn a_seqlock_needs_a_fence_between_its_words_and_the_second_look() {
    assert!(holds(|| on_heddle::seqlock::read_beside_writes(Some(Acquire))) > 1);
    let message = refuted(|| on_heddle::seqlock::read_beside_writes(None));
    assert!(message.contains("the words were written together"), "{message}");
    assert!(loom_passes(|| on_loom::seqlock::read_beside_writes(Some(Acquire))));
    assert!(!loom_passes(|| on_loom::seqlock::read_beside_writes(None)));
}
