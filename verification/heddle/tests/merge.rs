//! Shards are merged into one verdict only if they are parts of one search, and
//! it is never better than the worst of them.

use std::sync::Arc;

use heddle::model::{Builder, Completion, FailureKind, Report, choose};
use heddle::sync::atomic::AtomicUsize;
use heddle::sync::atomic::Ordering::{AcqRel, Relaxed, Release, SeqCst};
use heddle::thread;

/// Three threads that add to one atomic; the closure looks at the first value.
fn adds(step: usize) -> impl Fn() + Send + Sync + 'static {
    move || {
        let count = Arc::new(AtomicUsize::new(0));
        let threads = [1, 2, 3].map(|_| {
            let count = Arc::clone(&count);
            thread::spawn(move || count.fetch_add(step, Relaxed))
        });
        let _ = threads.map(|thread| thread.join().unwrap());
        assert_eq!(count.load(Relaxed), 3 * step);
    }
}

fn part<F>(shard: (usize, usize), change: impl FnOnce(&mut Builder), f: F) -> Report
where
    F: Fn() + Send + Sync + 'static,
{
    let mut builder = Builder::new();
    builder.shard = Some(shard);
    change(&mut builder);
    builder.explore(f)
}

fn merged(first: Report, second: Report) -> Option<Completion> {
    Report::merge(vec![first, second]).map(|report| report.completion)
}

#[test]
fn shards_of_one_search_are_merged() {
    let merged = |change: fn(&mut Builder)| {
        let shards = (0..3).map(|index| part((index, 3), change, adds(1)));
        let merged = Report::merge(shards.collect()).expect("all are there");
        (merged.completion, merged.executions, merged.failure)
    };
    assert_eq!(merged(|_| ()), (Completion::Exhausted, 6, None));
    assert_eq!(merged(|builder| builder.preemption_bound = Some(9)), (Completion::Bounded, 6, None));
    // How the work is divided is not what is searched.
    let two = part((1, 2), |builder| builder.workers = 2, adds(1));
    assert_eq!(self::merged(part((0, 2), |_| (), adds(1)), two), Some(Completion::Exhausted));
}

#[test]
fn shards_of_different_programs_are_refused() {
    assert_eq!(merged(part((0, 2), |_| (), adds(1)), part((1, 2), |_| (), adds(2))), None);
    let other = || assert!(choose(64) < 64);
    assert_eq!(merged(part((0, 2), |_| (), adds(1)), part((1, 2), |_| (), other)), None);
    // They end before there is anything to deal out.
    let small = |order| move || AtomicUsize::new(0).store(1, order);
    assert_eq!(merged(part((0, 2), |_| (), small(Relaxed)), part((1, 2), |_| (), small(Release))), None);
    assert!(merged(part((0, 2), |_| (), small(Relaxed)), part((1, 2), |_| (), small(Relaxed))).is_some());
}

#[test]
fn shards_of_different_settings_are_refused() {
    let changes: [fn(&mut Builder); 8] = [
        |builder| builder.preemption_bound = Some(0),
        |builder| builder.preemption_bound = Some(1),
        |builder| builder.max_branches = 500,
        |builder| builder.max_threads = 7,
        |builder| builder.spurious_wakeups = 2,
        |builder| builder.spurious_failures = 2,
        |builder| builder.child_panics = true,
        |builder| builder.weakened.push(heddle::model::Weakening::new("merge.rs", 1, AcqRel)),
    ];
    for change in changes {
        assert_eq!(merged(part((0, 2), |_| (), adds(1)), part((1, 2), change, adds(1))), None);
        assert_eq!(merged(part((0, 2), change, adds(1)), part((1, 2), |_| (), adds(1))), None);
    }
}

/// 64 choices, of which one fails.
fn fails_at(number: u64) -> impl Fn() + Send + Sync + 'static {
    move || assert_ne!(choose(64), number)
}

#[test]
fn a_failure_in_one_shard_fails_the_whole() {
    for number in [3, 40, 60] {
        for keep_going in [false, true] {
            let shard = |index| part((index, 2), |builder| builder.keep_going = keep_going, fails_at(number));
            let merged = Report::merge(vec![shard(0), shard(1)]).expect("both are there");
            assert_eq!(merged.completion, Completion::Failed, "{number} {keep_going}");
            assert_eq!(merged.failure.map(|failure| failure.kind), Some(FailureKind::Panic));
        }
    }
}

#[test]
fn a_failure_before_the_deal_fails_the_whole() {
    let shard = |index| part((index, 2), |_| (), || panic!("always"));
    assert_eq!(merged(shard(0), shard(1)), Some(Completion::Failed));
}

/// One alternative runs for ever, another one fails.
fn runs_on_or_fails(order: [u64; 2]) -> impl Fn() + Send + Sync + 'static {
    move || match choose(64) {
        choice if choice == order[0] => {
            let flag = AtomicUsize::new(0);
            while flag.load(SeqCst) == 0 {
                flag.store(0, Release);
            }
        }
        choice => assert_ne!(choice, order[1]),
    }
}

#[test]
fn truncated_goes_before_failed() {
    for order in [[10, 11], [11, 10]] {
        let change = |builder: &mut Builder| (builder.max_branches, builder.keep_going) = (100, true);
        let shards = [0, 1].map(|index| part((index, 2), change, runs_on_or_fails(order)));
        let kinds = shards.clone().map(|shard| shard.completion);
        let one_each = kinds.iter().filter(|kind| **kind == Completion::Truncated).count() == 1;
        assert!(one_each, "{kinds:?}: the two are in different shards");
        let [first, second] = shards;
        assert_eq!(merged(first, second), Some(Completion::Truncated));
    }
}

#[test]
fn a_shard_that_was_stopped_is_no_proof() {
    let stopped = |builder: &mut Builder| builder.max_permutations = Some(1);
    let whole = part((0, 2), |_| (), adds(1));
    assert_eq!(merged(whole, part((1, 2), stopped, adds(1))), Some(Completion::MaxPermutations));
    let bounded = |builder: &mut Builder| builder.preemption_bound = Some(1);
    let both = |builder: &mut Builder| (builder.preemption_bound, builder.max_permutations) = (Some(1), Some(1));
    let whole = part((0, 2), bounded, adds(1));
    assert_eq!(merged(whole, part((1, 2), both, adds(1))), Some(Completion::MaxPermutations));
}

#[test]
fn the_simplest_failure_of_all_shards_is_kept() {
    let f = || {
        let choice = choose(64);
        let flag = AtomicUsize::new(0);
        (0..choice).for_each(|_| flag.store(1, Release));
        assert!(choice < 5);
    };
    let shard = |index| part((index, 2), |builder| builder.simplest_failure = true, f);
    let shards = [shard(0), shard(1)];
    let least = shards.iter().filter_map(|shard| shard.failure.as_ref()).map(|failure| failure.events).min();
    let merged = Report::merge(shards.into()).expect("both are there");
    assert_eq!(merged.failure.map(|failure| failure.events), least);
}
