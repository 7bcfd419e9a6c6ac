//! Running a closure under every behaviour its threads and atomics allow.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

mod report;
mod verdict;

use crate::engine::{Driver, Engine, Guide, Request, exchange, install_panic_hook, perform, try_with, with};
pub use crate::failure::{Failure, FailureKind};
use crate::graph::{Graph, Kind, Mode, ReadOp};
use crate::workers::{self, Body, Outcome, OwnBody};
pub use report::{Completion, Operation, Progress, Report, TraceEvent};
pub use verdict::{LoadBuffering, Verdict};

/// What a search may use, and what it does.
///
/// The fields that loom has keep loom's names. There is no bound on the number
/// of threads, locations or writes.
#[derive(Clone)]
#[non_exhaustive]
pub struct Builder {
    /// The most events one execution may have; past that the search ends as
    /// truncated, with the line. A read-modify-write counts as two.
    pub max_branches: usize,
    /// The most threads one execution may start, the closure's own included; with
    /// one more the search ends as truncated. There is no need for such a limit.
    pub max_threads: usize,
    /// The most executions, blocked ones included.
    pub max_permutations: Option<usize>,
    /// The longest time.
    pub max_duration: Option<Duration>,
    /// Only executions that have an order with at most this many preemptions: a
    /// preemption interrupts a thread that could have gone on, and did not yield.
    /// The order is an interleaving that explains the execution, or one that only
    /// keeps causes first if it is not sequentially consistent. Executions beyond
    /// the bound are run and left out, so a bound saves no time; a search that
    /// comes to its end with it is [`Completion::Bounded`]. loom's bound counts
    /// otherwise.
    pub preemption_bound: Option<usize>,
    /// How often each thread may wake spuriously from a `Condvar` in one
    /// execution.
    pub spurious_wakeups: u32,
    /// How often the `compare_exchange_weak` of one line may fail spuriously in
    /// one thread on the same write: enough to see it, and an end to retrying.
    pub spurious_failures: u32,
    /// A panic in a spawned thread is what its `join` returns, and no failure.
    pub child_panics: bool,
    /// Whether making, dropping and counting the handles of an `Arc` are events,
    /// so that every order of drops is explored. Many more executions; without
    /// it a program that can tell those orders apart fails as not modelled.
    pub arc_counts: bool,
    /// Go on after a failing execution; the report has the first and how many.
    pub keep_going: bool,
    /// Explore on after a failure, and report the one with the fewest
    /// preemptions, then the fewest events.
    pub simplest_failure: bool,
    /// How many OS threads search. With more than one, the closure runs on
    /// several at once: it must not use statics of heddle's types.
    pub workers: usize,
    /// Explore only part `.0` of `.1`; see [`Report::merge`].
    pub shard: Option<(usize, usize)>,
    /// The search ends before its next run once this is set, as interrupted.
    pub interrupt: Option<Arc<AtomicBool>>,
    /// Called every [`Self::progress_interval`] runs.
    pub progress: Option<Tell>,
    /// In runs of the closure.
    pub progress_interval: u64,
    /// The size of each thread's stack in bytes.
    pub stack_size: usize,
    /// Operations to run with another ordering than the code says.
    pub weakened: Vec<Weakening>,
}

/// Is told how far a search is.
pub type Tell = Arc<dyn Fn(&Progress) + Send + Sync>;

/// Runs the atomic operations of one line as if they had this ordering.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Weakening {
    /// The end of the file's path, as `#[track_caller]` reports it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The ordering to use; parts that an operation cannot have are dropped.
    pub ordering: Ordering,
}

impl Weakening {
    /// The operations at this line, with this ordering.
    pub fn new(file: impl Into<String>, line: u32, ordering: Ordering) -> Self {
        Self { file: file.into(), line, ordering }
    }

    pub(crate) fn names(&self, site: &Location<'_>) -> bool {
        self.line == site.line() && site.file().ends_with(&self.file)
    }
}

/// The limits one worker needs to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_events: usize,
    pub(crate) max_threads: usize,
    pub(crate) preemption_bound: Option<usize>,
    pub(crate) spurious_wakeups: u32,
    pub(crate) spurious_failures: u32,
    pub(crate) child_panics: bool,
    pub(crate) simplest_failure: bool,
    pub(crate) arc_counts: bool,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("max_branches", &self.max_branches)
            .field("max_permutations", &self.max_permutations)
            .field("max_duration", &self.max_duration)
            .field("workers", &self.workers)
            .field("shard", &self.shard)
            .finish_non_exhaustive()
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// No limit but 10,000 events an execution.
    #[must_use]
    pub fn new() -> Self {
        Self {
            max_branches: 10_000,
            max_threads: usize::MAX,
            max_permutations: None,
            max_duration: None,
            preemption_bound: None,
            spurious_wakeups: 1,
            spurious_failures: 1,
            child_panics: false,
            arc_counts: false,
            keep_going: false,
            simplest_failure: false,
            workers: 1,
            shard: None,
            interrupt: None,
            progress: None,
            progress_interval: 10_000,
            stack_size: 256 * 1024,
            weakened: Vec::new(),
        }
    }

    /// Explores every execution of `f`, as loom's `check`.
    ///
    /// # Panics
    /// On the first failing execution, and if a limit cut the search short. A
    /// search that is bounded as [`Self::preemption_bound`] says passes.
    #[track_caller]
    pub fn check<F>(&self, f: F)
    where
        F: Fn() + Sync + Send + 'static,
    {
        let report = self.explore(f);
        if let Some(failure) = &report.failure {
            panic!("{failure}");
        }
        assert!(
            matches!(report.completion, Completion::Exhausted | Completion::Bounded),
            "the search is not complete ({:?}) after {} executions: nothing is proved",
            report.completion,
            report.executions
        );
    }

    /// Explores every execution of `f` and reports.
    ///
    /// # Panics
    /// Inside another model, or if the shard is not one of its number.
    pub fn explore<F>(&self, f: F) -> Report
    where
        F: Fn() + Sync + Send + 'static,
    {
        if let Some((shard, shards)) = self.shard {
            assert!(shard < shards, "there is no shard {shard} of {shards}");
        }
        assert_outside();
        install_panic_hook();
        let started = Instant::now();
        let body: Body = Arc::new(f);
        let mut outcome = workers::search(self, &body);
        if outcome.stats.truncated > 0 {
            outcome.completion = Completion::Truncated;
        } else if outcome.stats.lost > 0 {
            outcome.completion = Completion::Failed;
        } else if outcome.completion == Completion::Exhausted && self.preemption_bound.is_some() {
            outcome.completion = Completion::Bounded;
        }
        let mut report = Report::new(outcome, started.elapsed());
        report.shard = self.shard;
        report
    }

    /// Runs the one execution of `f` that a token stands for, and gives its
    /// events; `None` if the token is not one.
    ///
    /// # Panics
    /// Inside another model.
    pub fn replay<F>(&self, token: &str, f: F) -> Option<Report>
    where
        F: Fn() + Sync + Send + 'static,
    {
        assert_outside();
        install_panic_hook();
        let guide = Guide::parse(token)?;
        let started = Instant::now();
        let mut engine = self.engine();
        engine.follow(guide);
        exchange(Some(engine));
        let body: Body = Arc::new(f);
        let body = OwnBody::new(&body);
        Driver::new(self.stack_size).run(&|| body.entry());
        let mut engine = exchange(None)?;
        engine.keep_failure();
        let outcome = Outcome {
            stats: engine.stats,
            completion: if engine.failure.is_some() { Completion::Failed } else { Completion::Exhausted },
            failure: engine.failure.take(),
            load_buffering: engine.load_buffering.take(),
            explored: 1.0,
        };
        let mut report = Report::new(outcome, started.elapsed());
        report.trace = report::trace(&engine.graph);
        Some(report)
    }

    pub(crate) fn engine(&self) -> Engine {
        let limits = Limits {
            max_events: self.max_branches,
            max_threads: self.max_threads,
            preemption_bound: self.preemption_bound,
            spurious_wakeups: self.spurious_wakeups,
            spurious_failures: self.spurious_failures,
            child_panics: self.child_panics,
            simplest_failure: self.simplest_failure,
            arc_counts: self.arc_counts,
        };
        let mut engine = Engine::new(limits, Graph::new());
        engine.weakened.clone_from(&self.weakened);
        engine
    }
}

fn assert_outside() {
    let inside = try_with(|_| ()).is_some();
    assert!(!inside, "a model cannot run inside a model");
}

/// Explores every execution of `f`; [`Builder::check`] with no limits set.
///
/// # Panics
/// As [`Builder::check`].
#[track_caller]
pub fn model<F>(f: F)
where
    F: Fn() + Sync + Send + 'static,
{
    Builder::new().check(f);
}

/// One of `0..alternatives`; the search explores each. Time, failures and input
/// in a model are choices.
///
/// # Panics
/// If there is no alternative.
#[track_caller]
pub fn choose(alternatives: u64) -> u64 {
    assert!(alternatives > 0, "choose needs at least one alternative");
    perform(&Request {
        kind: Kind::Choose,
        success: Mode::Relaxed,
        failure: Mode::Relaxed,
        op: ReadOp::Load,
        object: None,
        value: alternatives,
        pointer: false,
        exclusive: false,
        site: Location::caller(),
    })
    .value
}

/// The running execution as far as it has come; for recorders.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Running {
    /// Give it to [`Builder::replay`].
    pub token: String,
    /// How often a thread that could have gone on is interrupted in the order
    /// in which the token replays: the fewest this execution needs.
    pub preemptions: u32,
    /// How many events there are so far.
    pub events: usize,
}

/// The running execution as far as it has come, in the order with the fewest
/// preemptions. Looking for that order takes time: ask for few executions, or
/// [`running_within`] few preemptions.
///
/// # Panics
/// Outside a model.
#[must_use]
pub fn running() -> Running {
    running_within(u32::MAX).expect("every execution has an order")
}

/// The same, if it needs no more preemptions than `at_most`.
///
/// # Panics
/// Outside a model.
#[must_use]
pub fn running_within(at_most: u32) -> Option<Running> {
    with(|engine| engine.running(at_most))
}

/// Whether the running execution is being taken down, since it is over or leads
/// nowhere: what unwinds a thread then is heddle's, and code that catches panics
/// should let it go on with [`std::panic::resume_unwind`]. Outside a model, no.
#[must_use]
pub fn is_abandoned() -> bool {
    try_with(|engine| engine.run.teardown).unwrap_or(false)
}

/// How many events the running execution has so far. In a replay, events before
/// this number in [`Report::trace`] have happened.
///
/// # Panics
/// Outside a model.
#[must_use]
pub fn events_so_far() -> usize {
    with(|engine| engine.events())
}
