//! What a search gives back.

use std::panic::Location;
use std::sync::atomic::Ordering;
use std::time::Duration;

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
    /// Which part of the search this is, of how many.
    pub shard: Option<(usize, usize)>,
    /// Which search it is a part of.
    pub fingerprint: Fingerprint,
    /// The events of a replay, each after what it depends on; empty otherwise.
    pub trace: Vec<TraceEvent>,
}

/// Tells searches apart: what decides which executions there are, of the settings
/// and of the program. Programs are told apart by the runs that come before the
/// work is dealt out, which are the same in every shard: by their operations, the
/// lines of these and small values. Addresses and paths may differ between
/// machines and are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    settings: u64,
    /// `None` if the search was stopped before it was dealt out.
    program: Option<u64>,
}

impl Fingerprint {
    pub(crate) fn new(settings: u64, program: Option<u64>) -> Self {
        Self { settings, program }
    }

    /// Whether these may be parts of one search. One that was stopped too early to
    /// tell may be a part of any with its settings: it proves nothing in any case.
    fn fits(&self, other: &Self) -> bool {
        let programs = self.program.zip(other.program);
        self.settings == other.settings && programs.is_none_or(|(one, other)| one == other)
    }
}

/// FNV-1a, word by word: the same on every machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digest(u64);

/// No address is below the lowest page, which no system maps.
const SMALL: u64 = 1 << 12;

impl Digest {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x0100_0000_01b3);
        // Else what is high in a word would never reach what is low.
        self.0 ^= self.0 >> 29;
    }

    pub(crate) fn text(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.word(u64::from(byte)));
        self.word(u64::MAX);
    }

    /// A value, unless it may be an address.
    fn value(&mut self, value: u64) {
        self.word(value.min(SMALL));
    }

    /// An execution. `events` also counts those that it left out of its graph.
    pub(crate) fn graph(&mut self, graph: &Graph, events: usize) {
        self.word(events as u64);
        for event in &graph.events {
            let file = event.site.file();
            self.text(file.rsplit(['/', '\\']).next().unwrap_or(file));
            self.word(u64::from(event.site.line()) << 32 | u64::from(event.site.column()));
            self.word(event.kind as u64 | (event.mode as u64) << 8 | u64::from(event.alternative) << 16);
            self.word(u64::from(event.thread) << 32 | u64::from(event.location));
            self.word(u64::from(event.source) << 32 | u64::from(event.place));
            self.value(event.value);
        }
    }

    pub(crate) fn end(self) -> u64 {
        self.0
    }
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
        let Outcome { stats, failure, completion, explored, .. } = outcome;
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
            shard: None,
            fingerprint: Fingerprint::default(),
            trace: Vec::new(),
        }
    }

    /// One report for all shards of a search; `None` unless each shard of one
    /// search is there exactly once: of one program, with the same settings (see
    /// [`Fingerprint`]).
    ///
    /// How far it came is how far the worst shard did: an execution that was too
    /// long goes before a failure, that before a limit that stopped the search, a
    /// bound on preemptions before everything. With a failure in any shard it is
    /// [`Completion::Failed`], also if the shards were to keep going.
    #[must_use]
    pub fn merge(mut shards: Vec<Self>) -> Option<Self> {
        shards.sort_by_key(|report| report.shard);
        let count = shards.len();
        let present = |(index, report): (usize, &Self)| report.shard == Some((index, count));
        if count == 0 || !shards.iter().enumerate().all(present) {
            return None;
        }
        let known = shards.iter().find(|shard| shard.fingerprint.program.is_some()).unwrap_or(&shards[0]);
        let fingerprint = known.fingerprint;
        if !shards.iter().all(|shard| shard.fingerprint.fits(&fingerprint)) {
            return None;
        }
        let explored = shards.iter().map(|shard| shard.explored).sum::<f64>() / count as f64;
        let mut merged = shards.remove(0);
        merged.explored = explored;
        merged.shard = None;
        merged.fingerprint = fingerprint;
        for shard in shards {
            merged.executions += shard.executions;
            merged.blocked += shard.blocked;
            merged.pruned += shard.pruned;
            merged.events += shard.events;
            merged.beyond += shard.beyond;
            merged.failures += shard.failures;
            merged.elapsed = merged.elapsed.max(shard.elapsed);
            if shard.completion.rank() > merged.completion.rank() {
                merged.completion = shard.completion;
            }
            // None of them came first: the simplest is the one to read.
            let failures = [merged.failure.take(), shard.failure];
            merged.failure = failures.into_iter().flatten().min_by_key(Failure::cost);
        }
        if merged.failure.is_some() && merged.completion.rank() < Completion::Failed.rank() {
            merged.completion = Completion::Failed;
        }
        Some(merged)
    }
}

impl Completion {
    /// The higher, the less it says of the program.
    fn rank(self) -> u8 {
        match self {
            Self::Exhausted => 0,
            Self::Bounded => 1,
            Self::MaxPermutations | Self::MaxDuration | Self::Interrupted => 2,
            Self::Failed => 3,
            Self::Truncated => 4,
        }
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
