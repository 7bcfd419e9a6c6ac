//! [`Search`] and [`Findings`]: what an engine is asked to do with one model, and what it brings back.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    property::Property,
    scenario::Scenario,
    stage::StopBefore,
    verdict::{Emptiness, Limit, LoadBuffering, Verdict},
    witness::Witness,
};

/// How far to search. The runner owns all limits; an engine's own would end a search without a word.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Search {
    /// Only executions with at most this many preemptions.
    pub bound: Option<usize>,
    /// Whether each atomic has a dependency token, which restores executions that loom misses.
    pub dependency_tokens: bool,
    /// After this many executions the search is truncated.
    pub max_executions: u64,
    /// After this many seconds the search is truncated.
    pub max_seconds: u64,
    /// When the search may end early; the counterexample is then the first, not the simplest.
    pub until: Until,
    /// How many cores heddle uses for this search. loom has one.
    pub workers: usize,
    /// Whether to gather the [`Outcome`](Findings::outcomes)s, which costs time.
    pub outcomes: bool,
}

/// When a search may end early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until<P = Property> {
    /// When nothing is left to search.
    Exhausted,
    /// When this property is refuted.
    Refuted(P),
    /// When any property is refuted.
    AnyRefuted,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            bound: None,
            dependency_tokens: false,
            max_executions: 5_000_000,
            max_seconds: 600,
            until: Until::Exhausted,
            workers: 1,
            outcomes: false,
        }
    }
}

/// Which execution of a search it is, so that it can be replayed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counterexample {
    /// How often a thread was interrupted that went on later.
    pub preemptions: usize,
    /// How many operations all threads made.
    pub steps: usize,
    /// Where a stopped thread stopped.
    pub stop_before: StopBefore,
    /// How its engine finds it again.
    pub place: Place,
}

/// How many preemptions and steps an execution has: the fewer, the simpler.
pub type Simplicity = (usize, usize);

/// Names the running execution. Where one is known already that is so simple, one that is less simple need not be named.
pub type Find<'a> = &'a dyn Fn(Option<Simplicity>) -> Option<Counterexample>;

impl Counterexample {
    /// How simple it is.
    pub fn simplicity(&self) -> Simplicity {
        (self.preemptions, self.steps)
    }
}

/// How an engine finds an execution again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// loom: its number in the search, from 1.
    Execution(u64),
    /// heddle: a replay token, which stands for the graph.
    Graph(String),
}

/// What a search brought back. The suite's properties and witnesses are the default; a model of somebody else's has its own.
#[derive(Debug)]
pub struct Findings<P = Property, W = Witness> {
    /// How many executions there were.
    pub executions: u64,
    /// How many more were given up, since a thread waited on an old value (heddle only): no result of their own.
    pub blocked: u64,
    /// What ended the search, if it was not exhausted.
    pub limit: Option<Limit>,
    /// The first sign of load buffering (heddle only).
    pub load_buffering: Option<LoadBuffering>,
    /// In how many of them a thread panicked, so that there was no outcome to judge. A store is judged all the same.
    pub unjudged: u64,
    /// Whether the engine saw nothing of what the threads did with the store: then nothing was interleaved.
    pub unseen: bool,
    /// Why no execution could begin, if none could.
    pub not_set_up: Option<String>,
    /// The simplest counterexample met to each property that was violated.
    pub counterexamples: BTreeMap<P, Counterexample>,
    /// In how many executions each witness was met.
    pub witnesses: BTreeMap<W, u64>,
    /// A fingerprint of each outcome that was met, if asked for: what every call of every thread gave, and what was left.
    pub outcomes: BTreeSet<u64>,
    /// How long it took.
    pub seconds: f64,
}

impl<P, W> Default for Findings<P, W> {
    fn default() -> Self {
        Self {
            executions: 0,
            blocked: 0,
            limit: None,
            load_buffering: None,
            unjudged: 0,
            unseen: false,
            not_set_up: None,
            counterexamples: BTreeMap::new(),
            witnesses: BTreeMap::new(),
            outcomes: BTreeSet::new(),
            seconds: 0.0,
        }
    }
}

impl<P: Ord, W: Ord + Copy> Findings<P, W> {
    /// What this says about `property` after `search`, given what a proof must have met.
    pub fn verdict(&self, property: P, witnesses: &[W], search: &Search) -> Verdict<W> {
        if self.counterexamples.contains_key(&property) {
            return Verdict::Refuted;
        }
        if let Some(words) = &self.not_set_up {
            return Verdict::Vacuous(Emptiness::NotSetUp(words.clone()));
        }
        if let Some(limit) = &self.limit {
            return Verdict::Truncated(limit.clone());
        }
        if self.unseen {
            return Verdict::Vacuous(Emptiness::OneExecution);
        }
        if self.executions <= 1 {
            return Verdict::Vacuous(Emptiness::OneExecution);
        }
        let never_met: Vec<W> =
            witnesses.iter().copied().filter(|witness| !self.witnesses.contains_key(witness)).collect();
        if !never_met.is_empty() {
            return Verdict::Vacuous(Emptiness::NeverMet(never_met));
        }
        match (search.bound, &self.load_buffering) {
            (Some(bound), _) => Verdict::Bounded(bound),
            (None, Some(found)) => Verdict::ProvedForRc11(found.clone()),
            (None, None) => Verdict::Proved,
        }
    }

    fn refute(&mut self, property: P, found: Counterexample) {
        match self.counterexamples.get_mut(&property) {
            Some(simplest) if *simplest <= found => {}
            Some(simplest) => *simplest = found,
            None => drop(self.counterexamples.insert(property, found)),
        }
    }
}

/// What the runner and whoever watches it share.
#[derive(Debug, Default)]
pub struct Progress {
    executions: AtomicU64,
    interrupted: AtomicBool,
    /// When all searches end together, and how much time they had.
    deadline: OnceLock<(Instant, Duration)>,
}

impl Progress {
    /// From now on all searches together have this much time. Only the first call counts.
    pub fn allow(&self, time: Duration) {
        // A time past the end of the clock is no limit.
        if let Some(end) = Instant::now().checked_add(time) {
            self.deadline.get_or_init(|| (end, time));
        }
    }

    /// Why no search may go on, if it may not.
    pub fn limit(&self) -> Option<Limit> {
        if self.is_interrupted() {
            return Some(Limit::Interrupted);
        }
        self.deadline.get().filter(|(end, _)| Instant::now() >= *end).map(|&(_, time)| Limit::Together(time))
    }

    /// How many executions there were so far, in all searches.
    pub fn executions(&self) -> u64 {
        // Relaxed: a number to show.
        self.executions.load(Ordering::Relaxed)
    }

    /// Ends every search at its next execution.
    pub fn interrupt(&self) {
        // Relaxed: seen soon enough, and nothing else depends on it.
        self.interrupted.store(true, Ordering::Relaxed);
    }

    /// Whether the searches shall end.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}

/// What one execution showed.
#[derive(Debug, Default)]
pub struct Shown<P = Property, W = Witness> {
    /// The properties that it violates.
    pub violated: Vec<P>,
    /// The witnesses that it met.
    pub met: Vec<W>,
    /// Its outcome's fingerprint, if asked for.
    pub outcome: Option<u64>,
}

/// Gathers the findings of one search, execution by execution.
#[derive(Debug)]
pub struct Collector<P = Property, W = Witness> {
    search: Search,
    /// What is refuted by an execution that does not end.
    completion: Vec<P>,
    until: Until<P>,
    progress: Arc<Progress>,
    began: Instant,
    /// How many executions have begun.
    begun: AtomicU64,
    findings: Mutex<Findings<P, W>>,
}

/// A collector as an engine sees it: whose findings they are is nothing to it.
pub trait Gather: Send + Sync {
    /// Whether there shall be one more execution; false when a limit says no.
    fn may_go_on(&self) -> bool;

    /// The engine could not go on, and says why. If it `found` that the code is to blame, that refutes what it refutes;
    /// the rest is truncated.
    fn fail(&self, found: Option<Counterexample>, words: String);

    /// The engine `found` an execution that does not end, or must not happen.
    fn refute_completion(&self, found: Option<Counterexample>);

    /// Counts executions that were given up.
    fn add_blocked(&self, blocked: u64);

    /// The engine found where there could be load buffering.
    fn add_load_buffering(&self, found: LoadBuffering);
}

impl Collector {
    /// Nothing found yet in `scenario`.
    pub fn new(scenario: &Scenario, search: Search, progress: Arc<Progress>) -> Self {
        let completes = |property: &Property| matches!(property, Property::Completes | Property::SurvivesACrash);
        let completion = scenario.properties.iter().copied().filter(completes).collect();
        let until = search.until;
        Self { until, ..Self::with_completion(completion, search, progress) }
    }
}

impl<P: Ord + Clone, W: Ord + Copy> Collector<P, W> {
    /// Nothing found yet; an execution that does not end refutes each of `completion`.
    pub fn with_completion(completion: Vec<P>, search: Search, progress: Arc<Progress>) -> Self {
        let (began, findings) = (Instant::now(), Mutex::default());
        let begun = AtomicU64::new(0);
        Self { search, completion, until: Until::Exhausted, progress, began, begun, findings }
    }

    fn findings(&self) -> std::sync::MutexGuard<'_, Findings<P, W>> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far to search.
    pub fn search(&self) -> Search {
        self.search
    }

    /// Takes note that one more execution begins.
    pub fn begins(&self) {
        // Relaxed: a number that whoever watches compares with itself.
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    /// How many executions have begun, those included that are given up.
    pub fn begun(&self) -> u64 {
        // Relaxed: as in `begins`.
        self.begun.load(Ordering::Relaxed)
    }

    /// Counts one more execution and what it showed; `find` names it.
    pub fn add(&self, shown: Shown<P, W>, find: Find<'_>) {
        let found = if shown.violated.is_empty() { None } else { find(self.simplest_of(&shown.violated)) };
        let mut findings = self.findings();
        findings.executions += 1;
        // Relaxed: a number to show.
        self.progress.executions.fetch_add(1, Ordering::Relaxed);
        for witness in shown.met {
            *findings.witnesses.entry(witness).or_default() += 1;
        }
        for (property, found) in shown.violated.into_iter().zip(found.iter().cycle()) {
            findings.refute(property, found.clone());
        }
        findings.outcomes.extend(shown.outcome);
    }

    /// How simple the least simple of the counterexamples to these properties is, if each has one.
    fn simplest_of(&self, violated: &[P]) -> Option<Simplicity> {
        let findings = self.findings();
        let simplest = |property| findings.counterexamples.get(property).map(Counterexample::simplicity);
        let known: Option<Vec<Simplicity>> = violated.iter().map(simplest).collect();
        known?.into_iter().max()
    }

    /// No execution can begin: these `words` say why.
    pub fn add_not_set_up(&self, words: String) {
        self.findings().not_set_up.get_or_insert(words);
    }

    /// Takes note that an execution has no outcome to judge.
    pub(crate) fn add_unjudged(&self) {
        self.findings().unjudged += 1;
    }

    /// Nothing of the store is seen by the engine.
    #[cfg(loom)]
    pub(crate) fn add_unseen(&self) {
        self.findings().unseen = true;
    }

    /// Whether the search shall not go on with another part.
    pub fn is_over(&self) -> bool {
        let findings = self.findings();
        findings.limit.is_some() || findings.not_set_up.is_some()
    }

    /// What was found.
    pub fn finish(&self) -> Findings<P, W> {
        let mut findings = std::mem::take(&mut *self.findings());
        findings.seconds = self.began.elapsed().as_secs_f64();
        findings
    }
}

impl<P: Ord + Clone + Send + Sync, W: Ord + Copy + Send + Sync> Gather for Collector<P, W> {
    fn may_go_on(&self) -> bool {
        let mut findings = self.findings();
        let seconds = self.began.elapsed().as_secs();
        let found = match &self.until {
            Until::Exhausted => false,
            Until::Refuted(property) => findings.counterexamples.contains_key(property),
            Until::AnyRefuted => !findings.counterexamples.is_empty(),
        };
        let limit = if found {
            Limit::Refuted
        } else if let Some(limit) = self.progress.limit() {
            limit
        } else if findings.executions >= self.search.max_executions {
            Limit::Executions(self.search.max_executions)
        } else if seconds >= self.search.max_seconds {
            Limit::Seconds(self.search.max_seconds)
        } else {
            return findings.not_set_up.is_none();
        };
        findings.limit.get_or_insert(limit);
        false
    }

    fn fail(&self, found: Option<Counterexample>, words: String) {
        self.refute_completion(found);
        self.findings().limit.get_or_insert(Limit::Engine(words));
    }

    fn refute_completion(&self, found: Option<Counterexample>) {
        let Some(found) = found else { return };
        let mut findings = self.findings();
        for property in &self.completion {
            findings.refute(property.clone(), found.clone());
        }
    }

    fn add_blocked(&self, blocked: u64) {
        self.findings().blocked += blocked;
    }

    fn add_load_buffering(&self, found: LoadBuffering) {
        self.findings().load_buffering.get_or_insert(found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario() -> &'static Scenario {
        &crate::scenario::SCENARIOS[0]
    }

    #[test]
    fn a_search_without_its_witnesses_is_vacuous() {
        let findings = Findings { executions: 9, ..Findings::default() };
        let verdict = findings.verdict(Property::NeverEmpty, scenario().witnesses, &Search::default());
        assert_eq!(verdict, Verdict::Vacuous(Emptiness::NeverMet(scenario().witnesses.to_vec())));
    }

    #[test]
    fn a_limit_makes_truncated_and_a_bound_makes_bounded() {
        let witnesses: BTreeMap<Witness, u64> = scenario().witnesses.iter().map(|&witness| (witness, 1)).collect();
        let verdict = |findings: Findings, bound| {
            findings.verdict(Property::NeverEmpty, scenario().witnesses, &Search { bound, ..Search::default() })
        };
        let found =
            |executions, limit| Findings { executions, limit, witnesses: witnesses.clone(), ..Findings::default() };
        assert_eq!(verdict(found(9, None), None), Verdict::Proved);
        assert_eq!(verdict(found(9, None), Some(2)), Verdict::Bounded(2));
        assert_eq!(verdict(found(1, None), None), Verdict::Vacuous(Emptiness::OneExecution));
        assert_eq!(verdict(found(9, Some(Limit::Seconds(1))), None), Verdict::Truncated(Limit::Seconds(1)));
    }
}
