//! What a search gives back.

use std::panic::Location;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::LoadBuffering;
use crate::failure::Failure;
use crate::graph::{Graph, Kind, NONE};
use crate::workers::Outcome;

/// How far a search came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Completion {
    /// Every execution was explored.
    Exhausted,
    /// Every execution within [`super::Builder::preemption_bound`] was explored;
    /// [`Report::beyond`] says how many are not.
    Bounded,
    /// It stopped at the first failure, or lost an execution that it could not
    /// follow.
    Failed,
    /// It stopped at [`super::Builder::max_permutations`].
    MaxPermutations,
    /// It stopped at [`super::Builder::max_duration`].
    MaxDuration,
    /// An execution went past [`super::Builder::max_branches`].
    Truncated,
    /// It stopped at [`super::Builder::interrupt`].
    Interrupted,
}

/// What a search found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// Distinct complete executions.
    pub executions: u64,
    /// Executions that ended with a thread waiting on an old value: no result
    /// of their own, and no deadlock.
    pub blocked: u64,
    /// Graphs found inconsistent before the closure was run on them.
    pub pruned: u64,
    /// Events of all executions.
    pub events: u64,
    /// Wall-clock time.
    pub elapsed: Duration,
    /// Whether that was all.
    pub completion: Completion,
    /// The share of the search that it came through, guessed as
    /// [`Progress::explored`]; of shards the mean.
    pub explored: f64,
    /// Executions beyond [`super::Builder::preemption_bound`]; they are in no
    /// other number but `events`.
    pub beyond: u64,
    /// Failing executions: one, unless the search was to keep going.
    pub failures: u64,
    /// The first failing execution.
    pub failure: Option<Failure>,
    /// The first sign that a processor or compiler may show an execution that
    /// RC11 forbids, and that was not run; `None`: no execution has one.
    pub load_buffering: Option<LoadBuffering>,
    /// Which part of the search this is, of how many.
    pub shard: Option<(usize, usize)>,
    /// The events of a replay, each after what it depends on; empty otherwise.
    pub trace: Vec<TraceEvent>,
}

/// Where a search is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress {
    /// Runs of the closure so far.
    pub runs: u64,
    /// Choices this worker still has.
    pub backlog: u64,
    /// The share of the search that is behind, from 0 to 1, guessed as if the
    /// alternatives of each choice had as much behind them (Knuth, "Estimating
    /// the efficiency of backtrack programs", 1975). It never goes back, and
    /// what is missing from 1 after the last run were choices that led nowhere.
    /// It is no measurement: alternatives are not alike, and those that are tried
    /// first are no sample of the others.
    pub explored: f64,
    /// Wall-clock time so far.
    pub elapsed: Duration,
}

impl Progress {
    /// How many runs the whole search may have, by [`Self::explored`].
    #[must_use]
    pub fn estimated_runs(&self) -> f64 {
        self.runs as f64 / self.explored
    }
}

/// What an event does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Reads; also a compare-exchange that fails.
    Read,
    /// Writes.
    Write,
    /// The read of a read-modify-write; its write follows.
    ModifyRead,
    /// The write of a read-modify-write.
    ModifyWrite,
    /// Reads what it cannot go on with, and waits.
    Wait,
    /// A fence.
    Fence,
    /// Starts the thread that the value names.
    Spawn,
    /// Joins the thread that the value names.
    Join,
    /// A choice; the value is the alternative.
    Choose,
}

/// One event of a replayed execution.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TraceEvent {
    /// The thread, 0 for the closure itself.
    pub thread: usize,
    /// What it did.
    pub operation: Operation,
    /// Which atomic, numbered as they came into use.
    pub location: Option<usize>,
    /// The ordering in force.
    pub ordering: Ordering,
    /// What was read or written.
    pub value: u64,
    /// The index in the trace of the write that was read; `None` for the
    /// initial value.
    pub source: Option<usize>,
    /// The call in the closure.
    pub site: &'static Location<'static>,
}

impl Report {
    pub(crate) fn new(outcome: Outcome, elapsed: Duration) -> Self {
        let Outcome { stats, failure, load_buffering, completion, explored } = outcome;
        Self {
            executions: stats.executions,
            blocked: stats.blocked,
            pruned: stats.pruned,
            events: stats.events,
            elapsed,
            completion,
            explored,
            beyond: stats.beyond,
            failures: stats.failures,
            failure,
            load_buffering,
            shard: None,
            trace: Vec::new(),
        }
    }

    /// One report for all shards of a search; `None` unless each shard of one
    /// search is there exactly once.
    #[must_use]
    pub fn merge(mut shards: Vec<Self>) -> Option<Self> {
        shards.sort_by_key(|report| report.shard);
        let count = shards.len();
        let present = |(index, report): (usize, &Self)| report.shard == Some((index, count));
        if count == 0 || !shards.iter().enumerate().all(present) {
            return None;
        }
        let explored = shards.iter().map(|shard| shard.explored).sum::<f64>() / count as f64;
        let mut merged = shards.remove(0);
        merged.explored = explored;
        merged.shard = None;
        for shard in shards {
            merged.executions += shard.executions;
            merged.blocked += shard.blocked;
            merged.pruned += shard.pruned;
            merged.events += shard.events;
            merged.beyond += shard.beyond;
            merged.failures += shard.failures;
            merged.elapsed = merged.elapsed.max(shard.elapsed);
            merged.failure = merged.failure.or(shard.failure);
            merged.load_buffering = merged.load_buffering.or(shard.load_buffering);
            if matches!(merged.completion, Completion::Exhausted | Completion::Bounded) {
                merged.completion = shard.completion;
            }
        }
        Some(merged)
    }
}

/// The events of a graph that was built in causal order.
pub(super) fn trace(graph: &Graph) -> Vec<TraceEvent> {
    let events = graph.events.iter().map(|event| TraceEvent {
        thread: event.thread as usize,
        operation: match event.kind {
            Kind::Read if event.blocked => Operation::Wait,
            Kind::Read if event.rmw => Operation::ModifyRead,
            Kind::Read => Operation::Read,
            Kind::Write if event.rmw => Operation::ModifyWrite,
            Kind::Write => Operation::Write,
            Kind::Fence => Operation::Fence,
            Kind::Spawn => Operation::Spawn,
            Kind::Join => Operation::Join,
            Kind::Choose => Operation::Choose,
        },
        location: (event.location != NONE).then_some(event.location as usize),
        ordering: event.mode.into(),
        value: event.value,
        source: (event.source != NONE).then_some(event.source as usize),
        site: event.site,
    });
    events.collect()
}
