//! Every execution of a scenario that loom knows of.
//!
//! The verdict is loom's: it misses interleavings of atomics that a thread loads before it stores (unless each has a
//! dependency token), and it raises some false alarms. `docs/limits.md` says which.

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe, catch_unwind, panic_any},
    sync::{
        Arc, Once,
        atomic::{AtomicU64, Ordering},
    },
};

use enactor::{
    store::{Guarded, Unguarded},
    sync::model::{self, Lens},
};

use super::timeline::Timeline;
use crate::{
    budget::{Model, Store},
    report::timeline::Event,
    scenario::Scenario,
    search::{Collector, Counterexample, Findings, Progress, Search},
    stage::{self, Props, StopBefore},
    subject::Subject,
};

/// The payload of the panic that ends loom's search from within.
struct Enough;

/// What the operations look like to the explorer, apart from the search itself.
pub type Weakened = Option<(model::Site, Option<loom::sync::atomic::Ordering>)>;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the panics that belong to a search off the terminal. Must come before the first search: loom's coroutines
/// install a hook of their own over this one.
fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
}

/// Plays `model` on its own store.
pub fn model(model: &Model, progress: &Arc<Progress>) -> Findings {
    match model.store {
        Store::Unguarded => explore::<Unguarded>(model.scenario, model.search, None, progress),
        Store::Guarded => explore::<Guarded<3>>(model.scenario, model.search, None, progress),
    }
}

/// Plays `scenario` on fresh stores `S` in every execution that `search` allows.
pub fn explore<S: Subject>(
    scenario: &'static Scenario,
    search: Search,
    weakened: Weakened,
    progress: &Arc<Progress>,
) -> Findings {
    let collector = Arc::new(Collector::new(scenario, search, Arc::clone(progress)));
    let props = Props::new(scenario);
    for stop_before in 0.. {
        let stopped = collector.stopped();
        look_through(scenario, &search, weakened);
        explore_part::<S>(scenario, &props, &search, stop_before, &collector);
        // Every place to stop is a part of its own; past the last one the thread runs through.
        if collector.is_over() || !scenario.has_a_stop() || collector.stopped() == stopped {
            break;
        }
    }
    model::look_through(Lens::default());
    collector.finish()
}

fn look_through(scenario: &Scenario, search: &Search, weakened: Weakened) {
    let dependency_tokens = if search.dependency_tokens { scenario.cast.len() } else { 0 };
    model::look_through(Lens { dependency_tokens, weakened, watch: false });
}

/// The sites that `scenario` on stores `S` reaches.
pub fn sites<S: Subject>(scenario: &'static Scenario, search: Search) -> Vec<model::Site> {
    let collector = Arc::new(Collector::new(scenario, search, Arc::default()));
    model::look_through(Lens { watch: true, ..Lens::default() });
    explore_part::<S>(scenario, &Props::new(scenario), &search, usize::MAX - 1, &collector);
    let sites = model::sites();
    model::look_through(Lens::default());
    sites
}

fn explore_part<S: Subject>(
    scenario: &'static Scenario,
    props: &Arc<Props>,
    search: &Search,
    stop_before: StopBefore,
    collector: &Arc<Collector>,
) {
    let count = Arc::new(AtomicU64::new(0));
    let (counted, props, gather) = (Arc::clone(&count), Arc::clone(props), Arc::clone(collector));
    let ended = check(scenario, search, move || {
        if !gather.begin() {
            panic_any(Enough);
        }
        // Relaxed: all executions of a search are on one OS thread.
        let number = counted.fetch_add(1, Ordering::Relaxed) + 1;
        model::begin_execution();
        let execution = stage::perform::<S>(scenario, &props, stop_before);
        gather.judge(&execution, &model::schedule(), stop_before, number);
    });
    if let Err(words) = ended {
        collector.fail(words, &model::schedule(), stop_before, count.load(Ordering::Relaxed));
    }
}

/// Runs loom until it is exhausted or `execution` ends it.
///
/// # Errors
/// What loom, or a broken model, panicked with.
fn check(scenario: &Scenario, search: &Search, execution: impl Fn() + Send + Sync + 'static) -> Result<(), String> {
    quiet_panics();
    let mut builder = loom::model::Builder::new();
    // Every setting, so that none comes from the environment; loom's own limits would end a search without a word.
    builder.max_threads = loom::MAX_THREADS;
    builder.max_branches = 20_000;
    builder.max_permutations = None;
    builder.max_duration = None;
    builder.checkpoint_file = None;
    builder.checkpoint_interval = usize::MAX;
    builder.expect_explicit_explore = false;
    builder.location = false;
    builder.log = false;
    // loom counts a switch away from a thread that could go on even when it only waits for its first turn, so it takes the
    // number of spawned threads more to cover the textbook's preemptions.
    builder.preemption_bound = search.bound.map(|bound| bound + scenario.cast.len() - 1);
    QUIET.set(true);
    let ended = catch_unwind(AssertUnwindSafe(|| builder.check(execution)));
    QUIET.set(false);
    match ended {
        Ok(()) => Ok(()),
        Err(panic) if panic.is::<Enough>() => Ok(()),
        Err(panic) => Err(stage::message(&*panic)),
    }
}

/// Plays the execution `found` of a search once more and writes down what happens.
///
/// # Errors
/// When the search ends before that execution: the store is not deterministic, or it is not the same store.
pub fn replay<S: Subject>(
    scenario: &'static Scenario,
    search: Search,
    weakened: Weakened,
    found: Counterexample,
) -> Result<(Vec<Event>, Findings), NoSuchExecution> {
    let collector = Arc::new(Collector::new(scenario, search, Arc::default()));
    let timeline = Timeline::default();
    let (count, props) = (AtomicU64::new(0), Props::new(scenario));
    let (gather, write) = (Arc::clone(&collector), timeline.clone());
    look_through(scenario, &search, weakened);
    let ended = check(scenario, &search, move || {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        model::begin_execution();
        if number < found.execution {
            stage::perform::<S>(scenario, &props, found.stop_before);
            return;
        }
        assert!(gather.begin(), "the first execution is within every limit");
        let execution = write.during(|| stage::perform::<S>(scenario, &props, found.stop_before));
        gather.judge(&execution, &model::schedule(), found.stop_before, number);
        panic_any(Enough);
    });
    if let Err(words) = ended {
        collector.fail(words, &model::schedule(), found.stop_before, found.execution);
    }
    model::look_through(Lens::default());
    let events = timeline.events();
    if events.is_empty() {
        return Err(NoSuchExecution { execution: found.execution });
    }
    Ok((events, collector.finish()))
}

/// The execution to replay does not come up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the search ends before execution {execution}: the token is of another version of the code, verify again")]
pub struct NoSuchExecution {
    /// Its number.
    pub execution: u64,
}
