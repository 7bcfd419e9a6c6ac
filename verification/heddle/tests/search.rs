//! However a search is divided, it explores the same executions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use heddle::model::{Builder, Completion, Operation, Progress, Report};
use heddle::sync::atomic::AtomicUsize;
use heddle::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use heddle::thread;

fn counters() {
    let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let threads: Vec<_> = (0..3)
        .map(|name| {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.0.fetch_add(1, Relaxed);
                shared.1.store(name, Relaxed);
                shared.0.load(SeqCst);
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(shared.0.load(Relaxed), 3);
}

fn explore(change: impl FnOnce(&mut Builder)) -> Report {
    let mut builder = Builder::new();
    change(&mut builder);
    builder.explore(counters)
}

#[test]
fn workers_share_the_executions() {
    let alone = explore(|_| {});
    assert_eq!(alone.completion, Completion::Exhausted);
    for workers in 2..5 {
        let together = explore(|builder| builder.workers = workers);
        assert_eq!(together.completion, Completion::Exhausted);
        assert_eq!(together.executions, alone.executions);
        assert_eq!(together.blocked, alone.blocked);
    }
}

#[test]
fn shards_merge_into_the_whole_search_and_nothing_less() {
    let alone = explore(|_| {});
    let shard = |index| explore(|builder| builder.shard = Some((index, 3)));
    let shards = vec![shard(2), shard(0), shard(1)];
    assert!(shards.iter().all(|report| report.executions > 0));
    let merged = Report::merge(shards.clone()).expect("every shard is there");
    assert_eq!(merged.executions, alone.executions);
    assert_eq!(merged.completion, Completion::Exhausted);
    assert!(Report::merge(shards[1..].to_vec()).is_none());
    assert!(Report::merge(vec![shard(0), shard(0), shard(1)]).is_none());
}

#[test]
fn a_sharded_search_may_also_have_workers() {
    let alone = explore(|_| {});
    let shards = (0..2).map(|index| {
        explore(|builder| {
            builder.shard = Some((index, 2));
            builder.workers = 3;
        })
    });
    let merged = Report::merge(shards.collect()).expect("every shard is there");
    assert_eq!(merged.executions, alone.executions);
}

#[test]
fn every_graph_comes_once_with_its_own_token() {
    // A model whose every execution fails gives every token.
    let tokens = Arc::new(Mutex::new(std::collections::BTreeSet::new()));
    let mut builder = Builder::new();
    builder.keep_going = true;
    let seen = tokens.clone();
    let report = builder.explore(move || {
        counters();
        seen.lock().unwrap().insert(heddle::model::running().token);
    });
    assert_eq!(report.executions, tokens.lock().unwrap().len() as u64);
    for token in tokens.lock().unwrap().iter().step_by(50) {
        let again = Builder::new().replay(token, counters).expect("it is a token");
        assert_eq!((again.executions, again.completion), (1, Completion::Exhausted));
    }
}

#[test]
fn a_replay_shows_its_events_in_causal_order() {
    let token = Arc::new(Mutex::new(String::new()));
    let keep = token.clone();
    Builder::new().check(move || {
        counters();
        *keep.lock().unwrap() = heddle::model::running().token;
    });
    let token = token.lock().unwrap().clone();
    let report = Builder::new().replay(&token, counters).expect("it is a token");
    assert!(report.trace.iter().any(|event| event.operation == Operation::ModifyWrite));
    for (index, event) in report.trace.iter().enumerate() {
        assert!(event.source.is_none_or(|source| source < index));
        assert!(event.site.file().ends_with("tests/search.rs"));
        if let Some(source) = event.source {
            assert_eq!(report.trace[source].value, event.value);
        }
    }
}

#[test]
fn the_share_that_is_explored_grows_to_one() {
    let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let tell = told.clone();
    let report = explore(|builder| {
        builder.progress_interval = 1;
        builder.progress = Some(Arc::new(move |progress| tell.lock().unwrap().push(*progress)));
    });
    let told = told.lock().unwrap();
    assert!(told.windows(2).all(|pair| pair[0].explored < pair[1].explored));
    let last = told.last().expect("it is told");
    assert!(last.explored <= report.explored);
    assert!((report.explored - 1.0).abs() < 1e-9, "{report:?}");
    assert!(last.estimated_runs() >= last.runs as f64);
}

#[test]
fn workers_and_shards_each_come_to_the_end_of_their_share() {
    let explored = |workers, shard| {
        let report = explore(|builder| {
            builder.workers = workers;
            builder.shard = shard;
        });
        report.explored
    };
    assert!((explored(3, None) - 1.0).abs() < 1e-9);
    for shard in 0..3 {
        assert!((explored(2, Some((shard, 3))) - 1.0).abs() < 1e-9);
    }
}

#[test]
fn a_search_that_was_cut_short_has_not_explored_all() {
    let report = explore(|builder| builder.max_permutations = Some(20));
    assert!(report.explored > 0.0 && report.explored < 1.0, "{report:?}");
}

#[test]
fn progress_is_told() {
    let told = Arc::new(AtomicU64::new(0));
    let tell = told.clone();
    let report = explore(|builder| {
        builder.progress_interval = 10;
        builder.progress = Some(Arc::new(move |progress| {
            assert_eq!(progress.runs % 10, 0);
            tell.fetch_add(1, Ordering::Relaxed);
        }));
    });
    let runs = report.executions + report.blocked;
    assert_eq!(told.load(Ordering::Relaxed), runs / 10);
}

/// Two threads that each read, then write, and a third that does not matter.
fn lost_update() {
    let count = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let threads: Vec<_> = (0..3)
        .map(|name| {
            let count = count.clone();
            thread::spawn(move || {
                count.1.load(SeqCst);
                if name < 2 {
                    let before = count.0.load(SeqCst);
                    count.0.store(before + 1, SeqCst);
                }
                count.1.store(name, SeqCst);
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(count.0.load(SeqCst), 2);
}

#[test]
fn the_simplest_counterexample_has_one_preemption() {
    let mut builder = Builder::new();
    builder.simplest_failure = true;
    for workers in [1, 2] {
        builder.workers = workers;
        let report = builder.explore(lost_update);
        assert_eq!(report.completion, Completion::Exhausted);
        let failure = report.failure.expect("an update is lost");
        assert!(report.failures > 1);
        assert_eq!(failure.preemptions, 1);
        let again = builder.replay(&failure.token, lost_update).expect("it is a token");
        let threads: Vec<_> = again.trace.iter().map(|event| event.thread).collect();
        let switches = threads.windows(2).filter(|pair| pair[0] != pair[1]);
        // There and back, and between threads that have ended.
        assert!(switches.count() <= 6, "{threads:?}");
        assert_eq!(again.failure, Some(failure));
    }
}

#[test]
fn a_search_that_is_interrupted_says_so() {
    let interrupt = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let runs = Arc::new(AtomicU64::new(0));
    let mut builder = Builder::new();
    builder.interrupt = Some(Arc::clone(&interrupt));
    let report = builder.explore(move || {
        if runs.fetch_add(1, Ordering::Relaxed) == 1 {
            interrupt.store(true, Ordering::Relaxed);
        }
        heddle::model::choose(5);
    });
    assert_eq!((report.executions, report.completion), (2, Completion::Interrupted));
}

/// Two `SeqCst` reads may miss each other's writes through a write that is not.
fn around_a_choice(alternatives: u64) {
    let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let [one, two, three] = [(); 3].map(|()| shared.clone());
    let threads = [
        thread::spawn(move || {
            one.0.store(1, SeqCst);
            if alternatives > 0 {
                heddle::model::choose(alternatives);
            }
            one.0.store(2, Release);
        }),
        thread::spawn(move || {
            two.0.load(Acquire);
            two.1.load(SeqCst);
        }),
        thread::spawn(move || {
            three.1.store(1, SeqCst);
            three.0.load(SeqCst);
        }),
    ];
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_choice_is_no_event_of_the_memory_model() {
    let executions = |alternatives| Builder::new().explore(move || around_a_choice(alternatives)).executions;
    let without = executions(0);
    assert_eq!(executions(1), without);
    assert_eq!(executions(2), 2 * without);
}
