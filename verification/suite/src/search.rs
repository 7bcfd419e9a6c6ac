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
    check,
    property::Property,
    scenario::Scenario,
    stage::{Execution, StopBefore},
    verdict::{Emptiness, Limit, Verdict},
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
    /// The search ends when this property is refuted; the counterexample is then the first, not the simplest.
    pub until_refuted: Option<Property>,
    /// How many cores heddle uses for this search. loom has one.
    pub workers: usize,
    /// Whether to gather the [`Outcome`](Findings::outcomes)s, which costs time.
    pub outcomes: bool,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            bound: None,
            dependency_tokens: false,
            max_executions: 5_000_000,
            max_seconds: 600,
            until_refuted: None,
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

/// How an engine finds an execution again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// loom: its number in the search, from 1.
    Execution(u64),
    /// heddle: a replay token, which stands for the graph.
    Graph(String),
}

/// What a search brought back.
#[derive(Debug, Default)]
pub struct Findings {
    /// How many executions there were.
    pub executions: u64,
    /// How many more were given up, since a thread waited on an old value (heddle only): no result of their own.
    pub blocked: u64,
    /// What ended the search, if it was not exhausted.
    pub limit: Option<Limit>,
    /// The simplest counterexample met to each property that was violated.
    pub counterexamples: BTreeMap<Property, Counterexample>,
    /// In how many executions each witness was met.
    pub witnesses: BTreeMap<Witness, u64>,
    /// A fingerprint of each outcome that was met, if asked for: what every call of every thread gave, and what was left.
    pub outcomes: BTreeSet<u64>,
    /// How long it took.
    pub seconds: f64,
}

impl Findings {
    /// What this says about `property` after `search`, given what a proof must have met.
    pub fn verdict(&self, property: Property, witnesses: &[Witness], search: &Search) -> Verdict {
        if self.counterexamples.contains_key(&property) {
            return Verdict::Refuted;
        }
        if let Some(limit) = &self.limit {
            return Verdict::Truncated(limit.clone());
        }
        let never_met: Vec<Witness> =
            witnesses.iter().copied().filter(|witness| !self.witnesses.contains_key(witness)).collect();
        if !never_met.is_empty() {
            return Verdict::Vacuous(Emptiness::NeverMet(never_met));
        }
        if self.executions <= 1 {
            return Verdict::Vacuous(Emptiness::OneExecution);
        }
        search.bound.map_or(Verdict::Proved, Verdict::Bounded)
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

/// Gathers the findings of one search, execution by execution.
#[derive(Debug)]
pub struct Collector {
    scenario: &'static Scenario,
    search: Search,
    progress: Arc<Progress>,
    began: Instant,
    findings: Mutex<Findings>,
}

impl Collector {
    /// Nothing found yet.
    pub fn new(scenario: &'static Scenario, search: Search, progress: Arc<Progress>) -> Self {
        Self { scenario, search, progress, began: Instant::now(), findings: Mutex::default() }
    }

    fn findings(&self) -> std::sync::MutexGuard<'_, Findings> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there shall be one more execution; false when a limit says no.
    pub fn may_go_on(&self) -> bool {
        let mut findings = self.findings();
        let seconds = self.began.elapsed().as_secs();
        let until = self.search.until_refuted;
        let limit = if until.is_some_and(|property| findings.counterexamples.contains_key(&property)) {
            Limit::Refuted
        } else if let Some(limit) = self.progress.limit() {
            limit
        } else if findings.executions >= self.search.max_executions {
            Limit::Executions(self.search.max_executions)
        } else if seconds >= self.search.max_seconds {
            Limit::Seconds(self.search.max_seconds)
        } else {
            return true;
        };
        findings.limit.get_or_insert(limit);
        false
    }

    /// Counts one more execution and looks at it; `found` names it.
    pub fn judge(&self, execution: &Execution, found: impl Fn() -> Counterexample) {
        // Not under the lock: this is most of the work, and other workers have executions of their own.
        let witnesses = self.scenario.witnesses.iter().filter(|witness| witness.is_met(&execution.history));
        let witnesses: Vec<Witness> = witnesses.copied().collect();
        let properties = self.scenario.properties.iter();
        let violated: Vec<Property> =
            properties.copied().filter(|&property| check::violates(property, self.scenario, execution)).collect();
        let found = (!violated.is_empty()).then(found);
        let outcome = self.search.outcomes.then(|| execution.fingerprint());
        let mut findings = self.findings();
        findings.executions += 1;
        // Relaxed: a number to show.
        self.progress.executions.fetch_add(1, Ordering::Relaxed);
        for witness in witnesses {
            *findings.witnesses.entry(witness).or_default() += 1;
        }
        for (property, found) in violated.iter().zip(found.iter().cycle()) {
            findings.refute(*property, found.clone());
        }
        findings.outcomes.extend(outcome);
    }

    /// The engine could not go on, and says why. If it `found` that the code is to blame, that refutes what it refutes;
    /// the rest is truncated.
    pub fn fail(&self, found: Option<Counterexample>, words: String) {
        self.refute_completion(found);
        self.findings().limit.get_or_insert(Limit::Engine(words));
    }

    /// The engine `found` an execution that does not end, or must not happen.
    pub fn refute_completion(&self, found: Option<Counterexample>) {
        let Some(found) = found else { return };
        let mut findings = self.findings();
        for &property in self.scenario.properties {
            if matches!(property, Property::Completes | Property::SurvivesACrash) {
                findings.refute(property, found.clone());
            }
        }
    }

    /// Counts executions that were given up.
    pub fn add_blocked(&self, blocked: u64) {
        self.findings().blocked += blocked;
    }

    /// Whether the search shall not go on with another part.
    pub fn is_over(&self) -> bool {
        self.findings().limit.is_some()
    }

    /// In how many executions a thread stopped for ever.
    pub fn stopped(&self) -> u64 {
        self.findings().witnesses.get(&Witness::StoppedForEver).copied().unwrap_or(0)
    }

    /// What was found.
    pub fn finish(&self) -> Findings {
        let mut findings = std::mem::take(&mut *self.findings());
        findings.seconds = self.began.elapsed().as_secs_f64();
        findings
    }
}

impl Findings {
    fn refute(&mut self, property: Property, found: Counterexample) {
        match self.counterexamples.get_mut(&property) {
            Some(simplest) if *simplest <= found => {}
            Some(simplest) => *simplest = found,
            None => drop(self.counterexamples.insert(property, found)),
        }
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
