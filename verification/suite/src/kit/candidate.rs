//! [`Candidate`]: somebody's store, and what they say about it.

use std::sync::{Arc, OnceLock};

use enactor::{generation::Generation, plan::Endpoint, store::PlanStore};

use super::{
    Case,
    case::{Claim, Run},
};
#[cfg(loom)]
use crate::engine::explore;
#[cfg(not(loom))]
use crate::engine::threads;
use crate::{
    engine::Engine,
    property::Property,
    scenario::{Need, SCENARIOS, Scenario},
    search::Search,
    subject::Maker,
    witness::Witness,
};

/// A store to be verified: a name, a constructor, and what the store cannot give or does not promise.
///
/// Whatever is left out is visible: as an ignored test that says why, never as one that passes.
#[must_use = "a candidate does nothing before a kit takes it"]
pub struct Candidate<S> {
    name: String,
    maker: Maker<S>,
    accounts: bool,
    room: usize,
    endpoints: usize,
    lacks: Vec<(Need, String)>,
    not_promised: Vec<(Property, String)>,
    cannot_meet: Vec<(String, Witness, String)>,
    scenarios: Vec<&'static Scenario>,
    limits: Limits,
}

/// How far to search.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) seconds: u64,
    pub(super) executions: u64,
    pub(super) rounds: u64,
    pub(super) bound: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { seconds: 60, executions: 5_000_000, rounds: 300, bound: None }
    }
}

impl Limits {
    /// The search of a case with so many threads, on the leg of this build.
    pub(super) fn search(self, threads: usize) -> Search {
        let search = Search { max_seconds: self.seconds, max_executions: self.executions, ..Search::default() };
        match Engine::BUILT {
            None => Search { max_executions: self.rounds, ..search },
            // All cores for one search after the other.
            Some(Engine::Heddle) => {
                Search { workers: std::thread::available_parallelism().map_or(1, usize::from), ..search }
            }
            // What loom is done with in seconds on stores of our size.
            Some(Engine::Loom) => {
                let bound = self.bound.or(Some(if threads > 2 { 0 } else { 2 }));
                Search { bound, dependency_tokens: true, ..search }
            }
        }
    }
}

impl<S: PlanStore> Candidate<S> {
    /// A store called `name` that `build` makes for the endpoints that it is given, with nothing published.
    ///
    /// # Panics
    /// Unless the name consists of letters, digits, `_` and `-`: it is part of test names and tokens.
    pub fn new(name: &str, build: impl Fn(&[Endpoint]) -> S + Send + Sync + 'static) -> Self {
        assert_is_name(name);
        Self {
            name: name.to_owned(),
            maker: Maker::new(build),
            accounts: false,
            room: usize::MAX,
            endpoints: usize::MAX,
            lacks: Vec::new(),
            not_promised: Vec::new(),
            cannot_meet: Vec::new(),
            scenarios: SCENARIOS.iter().collect(),
            limits: Limits::default(),
        }
    }

    /// It has room for so many plans at once. Scenarios that need more are ignored.
    pub fn room(mut self, plans: usize) -> Self {
        self.room = plans;
        self
    }

    /// It serves at most so many endpoints. Scenarios that need more are ignored.
    pub fn endpoints(mut self, endpoints: usize) -> Self {
        self.endpoints = endpoints;
        self
    }

    /// It cannot do this. Scenarios that need it are ignored; `why` is shown.
    pub fn lacks(mut self, need: Need, why: &str) -> Self {
        self.lacks.push((need, why.to_owned()));
        self
    }

    /// It does not promise this property. Its tests are ignored; `why` is shown.
    pub fn not_promised(mut self, property: Property, why: &str) -> Self {
        self.not_promised.push((property, why.to_owned()));
        self
    }

    /// In `scenario` it cannot get into this situation, so a proof need not have met it. If it does get there the test fails.
    ///
    /// # Panics
    /// When there is no such scenario, or it does not ask for that witness.
    pub fn cannot_meet(mut self, scenario: &str, witness: Witness, why: &str) -> Self {
        let asked = self.scenarios.iter().any(|it| it.name == scenario && it.witnesses.contains(&witness));
        assert!(asked, "{scenario} is no scenario here, or does not ask for {witness}: take the excuse out");
        self.cannot_meet.push((scenario.to_owned(), witness, why.to_owned()));
        self
    }

    /// The oldest generation that may still be applied to an endpoint, for stores that withdraw plans: `pause_is_final` then
    /// sees a withdrawal as a change.
    pub fn floor(mut self, floor: impl Fn(&S, &Endpoint) -> Option<Generation> + Send + Sync + 'static) -> Self {
        self.maker.floor = Arc::new(floor);
        self
    }

    /// How much more is in use than the stored plans need, in any unit. Without it nobody can say anything about leaks, and
    /// `no_leak` is ignored.
    pub fn leaked(mut self, leaked: impl Fn(&S) -> usize + Send + Sync + 'static) -> Self {
        self.maker.leaked = Arc::new(move |store| Some(leaked(store)));
        self.accounts = true;
        self
    }

    /// One scenario more, such as one of [`enactors`](crate::scenario::enactors).
    pub fn scenario(mut self, scenario: &'static Scenario) -> Self {
        self.scenarios.push(scenario);
        self
    }

    /// None of the suite's scenarios, only those that are added after this.
    pub fn only_added(mut self) -> Self {
        self.scenarios.clear();
        self
    }

    /// After so many seconds a scenario's search is truncated. Default: 60.
    pub fn seconds(mut self, seconds: u64) -> Self {
        self.limits.seconds = seconds;
        self
    }

    /// After so many executions a scenario's search is truncated. Default: 5,000,000.
    pub fn executions(mut self, executions: u64) -> Self {
        self.limits.executions = executions;
        self
    }

    /// On real threads: so many rounds of each scenario. Default: 300.
    ///
    /// # Panics
    /// With none: a stress test is never empty.
    pub fn rounds(mut self, rounds: u64) -> Self {
        assert!(rounds > 0, "a stress test is never empty: give it at least one round");
        self.limits.rounds = rounds;
        self
    }

    /// On loom: only executions with at most so many preemptions; the verdict is then *bounded*. Default: 2 for two threads,
    /// 0 for more. heddle has no bound and needs none.
    pub fn bound(mut self, preemptions: usize) -> Self {
        self.limits.bound = Some(preemptions);
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn cases(&self) -> Vec<Case<Property, Witness>> {
        self.scenarios.iter().map(|scenario| self.case(scenario)).collect()
    }

    /// Why `scenario` cannot be played on this store.
    fn misses(&self, scenario: &Scenario) -> Option<String> {
        let needs = scenario.needs();
        let lacks = self.lacks.iter().find(|(need, _)| needs.abilities.contains(need));
        if let Some((need, why)) = lacks {
            return Some(format!("needs {need}: {why}"));
        }
        if needs.room > self.room {
            return Some(format!("needs room for {} plans, the store has {}", needs.room, self.room));
        }
        if needs.endpoints > self.endpoints {
            return Some(format!("needs {} endpoints, the store has {}", needs.endpoints, self.endpoints));
        }
        too_many_threads(needs.threads)
    }

    fn case(&self, scenario: &'static Scenario) -> Case<Property, Witness> {
        let misses = self.misses(scenario);
        let claim = |property: &Property| {
            let promised = self.not_promised.iter().find(|(it, _)| it == property).map(|(_, why)| why);
            let uncounted = *property == Property::NoLeak && !self.accounts;
            let uncounted = uncounted.then(|| "the store does not say what is in use: see `leaked`".to_owned());
            let unchecked = misses.clone().or_else(|| Some(format!("not promised: {}", promised?))).or(uncounted);
            Claim { property: *property, known: Some(*property), statement: property.statement().to_owned(), unchecked }
        };
        let claims = scenario.properties.iter().map(claim).collect();
        let excuse = |witness: &Witness| {
            let excuse = self.cannot_meet.iter().find(|(name, it, _)| name == scenario.name && it == witness)?;
            Some((*witness, excuse.2.clone()))
        };
        let excused: Vec<_> = scenario.witnesses.iter().filter_map(excuse).collect();
        let asked = |witness: &Witness| !excused.iter().any(|(it, _)| it == witness);
        let completes = |property: &Property| matches!(property, Property::Completes | Property::SurvivesACrash);
        Case {
            path: format!("{}/{scenario}", self.name),
            scenario,
            needs: scenario.needs().to_string(),
            claims,
            witnesses: scenario.witnesses.iter().copied().filter(asked).collect(),
            completion: scenario.properties.iter().copied().filter(completes).collect(),
            search: self.limits.search(scenario.cast.len()),
            run: self.search(scenario),
            #[cfg(loom)]
            again: {
                let stores = self.maker.stores();
                Box::new(move |search, weakened, found| explore::replay(&stores, scenario, search, weakened, found))
            },
            #[cfg(loom)]
            sites: {
                let stores = self.maker.stores();
                Box::new(move |search| explore::sites(&stores, scenario, search))
            },
            #[cfg(loom)]
            with_weaker: {
                let stores = self.maker.stores();
                Box::new(move |weakened| {
                    let stores = Arc::clone(&stores);
                    Arc::new(move |collector| explore::explore(&stores, scenario, weakened, collector))
                })
            },
            findings: OnceLock::new(),
            excused,
        }
    }

    fn search(&self, scenario: &'static Scenario) -> Run<Property, Witness> {
        let stores = self.maker.stores();
        #[cfg(loom)]
        return Arc::new(move |collector| {
            explore::explore(&stores, scenario, None, collector);
            if scenario.tells() && !explore::is_seen(&stores, scenario) {
                collector.add_unseen();
            }
        });
        #[cfg(not(loom))]
        return Arc::new(move |collector| threads::stress(&stores, scenario, collector));
    }
}

/// Why so many threads cannot be explored, if they cannot.
pub(super) fn too_many_threads(threads: usize) -> Option<String> {
    #[cfg(all(loom, not(heddle)))]
    let most = loom::MAX_THREADS;
    #[cfg(any(not(loom), heddle))]
    let most = 64;
    (threads > most).then(|| format!("needs {threads} threads, this leg has at most {most}"))
}

/// # Panics
/// Unless `name` can be part of test names and tokens.
pub(super) fn assert_is_name(name: &str) {
    let good = |letter: char| letter.is_alphanumeric() || "_-".contains(letter);
    assert!(!name.is_empty() && name.chars().all(good), "{name:?} is no name: use letters, digits, _ and -");
}
