//! Three lock-free structures from their papers, each explored as it should be
//! and with one thing wrong: `cargo run --release -p heddle --example lock_free`.
//!
//! The structures name their model checker in one line, here. With
//! `use loom as engine;` it is loom; `tests/examples.rs` runs both.

use heddle as engine;

mod michael_scott_queue;
mod seqlock;
mod treiber_stack;

use engine::model::Builder;
use engine::sync::atomic::Ordering::{Acquire, Relaxed, Release};

fn explore(name: &str, model: impl Fn() + Send + Sync + 'static) {
    let report = Builder::new().explore(model);
    match &report.failure {
        None => println!("{name}: {:?} after {} executions", report.completion, report.executions),
        Some(failure) => println!("{name}: {failure}"),
    }
}

fn main() {
    explore("Treiber's stack", || treiber_stack::push_beside_pop(Release));
    explore("  that publishes relaxed", || treiber_stack::push_beside_pop(Relaxed));
    explore("Michael and Scott's queue", || michael_scott_queue::two_enqueue_beside_dequeue(Release));
    explore("  that links relaxed", || michael_scott_queue::two_enqueue_beside_dequeue(Relaxed));
    explore("Boehm's seqlock", || seqlock::read_beside_writes(Some(Acquire)));
    explore("  whose reader has no fence", || seqlock::read_beside_writes(None));
}
