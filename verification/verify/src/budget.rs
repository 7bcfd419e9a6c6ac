//! [`Budget`]: what every model must show, and how far to search for it. Read from `verification/budget.toml`.
//!
//! Nothing is green by omission: every scenario must be there for every store, and every property of it must have exactly
//! one expectation.

use std::collections::{BTreeMap, BTreeSet};

#[cfg(loom)]
use enactor_verification::search::{Findings, Progress};
use enactor_verification::{
    engine::Engine,
    property::Property,
    scenario::{SCENARIOS, Scenario, UnknownScenario},
    search::Search,
    stores::{STORES, Store},
    verdict::Expectation,
    witness::Witness,
};
use serde::Deserialize;

use crate::stores::{self, UnknownStore};

/// A scenario on a store, how far to search, and what must come of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The store.
    pub store: &'static Store,
    /// The scenario.
    pub scenario: &'static Scenario,
    /// How far to search.
    pub search: Search,
    /// What must come of it, for each property of the scenario.
    pub expected: BTreeMap<Property, Expectation>,
    /// The scenario's witnesses, but for those that this store cannot meet.
    pub witnesses: Vec<Witness>,
    /// The group of the gate that runs it.
    pub group: String,
}

/// All models.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// In the order of the file.
    pub models: Vec<Model>,
    /// Models that are not run, since they are out of the engine's reach. Nothing is known of them from this engine.
    pub out_of_reach: Vec<Model>,
    /// The gate's groups. Every model is in exactly one, and none is empty.
    pub groups: Vec<String>,
}

/// A text that is no budget.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BudgetError {
    /// Not the expected TOML. The message names the line.
    #[error("{0}")]
    Syntax(String),
    /// A store that does not exist.
    #[error(transparent)]
    UnknownStore(#[from] UnknownStore),
    /// A scenario that does not exist.
    #[error(transparent)]
    UnknownScenario(#[from] UnknownScenario),
    /// An expectation for something that the scenario does not check.
    #[error("{model} has no property {property}: take it out of the budget, or add it to the scenario")]
    NotChecked {
        /// Store and scenario.
        model: String,
        /// The property.
        property: Property,
    },
    /// A property with no expectation, or two.
    #[error("{model}: {property} has {count} expectations: give it exactly one of proved, refuted, or a rest")]
    NotOneExpectation {
        /// Store and scenario.
        model: String,
        /// The property.
        property: Property,
        /// How many.
        count: usize,
    },
    /// A witness that the scenario does not ask for is excused.
    #[error("{model} does not ask for the witness {witness}: take it out of unwitnessed")]
    NoSuchWitness {
        /// Store and scenario.
        model: String,
        /// The witness.
        witness: Witness,
    },
    /// The same model twice.
    #[error("{0} is there twice: keep one")]
    Twice(String),
    /// A model of the repository that no entry names.
    #[error("{0} is not in the budget: add an entry, a model that nobody runs proves nothing")]
    Missing(String),
    /// A model in no group of the gate.
    #[error("{0} is in no group: give it a `group`, or no gate would ever run it")]
    NoGroup(String),
    /// A model in a group that the budget does not have.
    #[error("{model} is in the group {group:?}, which is none of the budget's `groups`")]
    UnknownGroup {
        /// Store and scenario.
        model: String,
        /// The group.
        group: String,
    },
    /// A group of the budget without a model.
    #[error("no model is in the group {0:?}: take it out of `groups`, or put a model in")]
    EmptyGroup(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    groups: Vec<String>,
    model: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    store: String,
    scenario: String,
    #[serde(default)]
    group: String,
    bound: Option<usize>,
    max_executions: Option<u64>,
    max_seconds: Option<u64>,
    #[serde(default)]
    proved: Vec<Property>,
    #[serde(default)]
    refuted: Vec<Property>,
    rest: Option<Expectation>,
    /// Witnesses that this store cannot meet, such as a refusal that it does not know.
    #[serde(default)]
    unwitnessed: Vec<Witness>,
    /// How far loom gets.
    #[serde(default)]
    loom: Loom,
}

/// What is different when loom explores.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Loom {
    bound: Option<usize>,
    #[serde(default)]
    dependency_tokens: bool,
    /// loom would not be done within hours, whatever the bound: it does not run this model.
    #[serde(default)]
    out_of_reach: bool,
    /// Properties that are refuted, but not by anything within loom's reach.
    #[serde(default)]
    not_refuted: Vec<Property>,
}

impl Budget {
    /// The budget of this repository.
    pub const RECORDED: &str = include_str!("../../budget.toml");
}

impl Budget {
    /// Reads what `engine` must show.
    ///
    /// # Errors
    /// [`BudgetError`] says what is wrong and what to do.
    pub fn read(text: &str, engine: Engine) -> Result<Self, BudgetError> {
        let file: File = toml::from_str(text).map_err(|error| BudgetError::Syntax(error.to_string()))?;
        let (mut models, mut out_of_reach) = (Vec::new(), Vec::new());
        for entry in file.model {
            let reached = engine != Engine::Loom || !entry.loom.out_of_reach;
            let models = if reached { &mut models } else { &mut out_of_reach };
            models.push(entry.model(engine)?);
        }
        let all = || models.iter().chain(&out_of_reach);
        let mut seen = BTreeSet::new();
        for model in all() {
            if !seen.insert((model.store.name, model.scenario.name)) {
                return Err(BudgetError::Twice(model.name()));
            }
        }
        for store in STORES {
            for scenario in SCENARIOS {
                if !all().any(|model| model.store == store && model.scenario == scenario) {
                    return Err(BudgetError::Missing(format!("{store}/{scenario}")));
                }
            }
        }
        let budget = Self { models, out_of_reach, groups: file.groups };
        budget.check_groups()?;
        Ok(budget)
    }

    fn check_groups(&self) -> Result<(), BudgetError> {
        for model in self.models.iter().chain(&self.out_of_reach) {
            if model.group.is_empty() {
                return Err(BudgetError::NoGroup(model.name()));
            }
            if !self.groups.contains(&model.group) {
                return Err(BudgetError::UnknownGroup { model: model.name(), group: model.group.clone() });
            }
        }
        let empty = self.groups.iter().find(|group| !self.models.iter().any(|model| model.group == **group));
        empty.map_or(Ok(()), |group| Err(BudgetError::EmptyGroup(group.clone())))
    }
}

impl Entry {
    fn model(self, engine: Engine) -> Result<Model, BudgetError> {
        let store = stores::named(&self.store)?;
        let scenario: &'static Scenario = self.scenario.parse()?;
        let name = format!("{store}/{scenario}");
        let lists = [(Expectation::Proved, &self.proved), (Expectation::Refuted, &self.refuted)];
        for &property in lists.iter().flat_map(|(_, list)| *list).chain(&self.loom.not_refuted) {
            if !scenario.properties.contains(&property) {
                return Err(BudgetError::NotChecked { model: name, property });
            }
        }
        let bound = if engine == Engine::Loom { self.loom.bound.or(self.bound) } else { self.bound };
        let mut expected = BTreeMap::new();
        for &property in scenario.properties {
            let given = lists.iter().flat_map(|(expectation, list)| list.iter().map(move |p| (*expectation, *p)));
            let mut given: Vec<Expectation> = given.filter(|(_, p)| *p == property).map(|(e, _)| e).collect();
            if given.is_empty() {
                given.extend(self.rest);
            }
            let &[expectation] = given.as_slice() else {
                return Err(BudgetError::NotOneExpectation { model: name, property, count: given.len() });
            };
            let out_of_reach = engine == Engine::Loom && self.loom.not_refuted.contains(&property);
            // Whatever holds within a bound is bounded, and nobody may call it more.
            let expectation = match expectation {
                Expectation::Refuted if !out_of_reach => Expectation::Refuted,
                _ if bound.is_some() => Expectation::Bounded,
                _ => Expectation::Proved,
            };
            expected.insert(property, expectation);
        }
        let default = Search::default();
        let search = Search {
            bound,
            dependency_tokens: engine == Engine::Loom && self.loom.dependency_tokens,
            max_executions: self.max_executions.unwrap_or(default.max_executions),
            max_seconds: self.max_seconds.unwrap_or(default.max_seconds),
            ..default
        };
        if let Some(&witness) = self.unwitnessed.iter().find(|witness| !scenario.witnesses.contains(witness)) {
            return Err(BudgetError::NoSuchWitness { model: name, witness });
        }
        let asked_for = |witness: &Witness| !self.unwitnessed.contains(witness);
        let witnesses = scenario.witnesses.iter().copied().filter(asked_for).collect();
        Ok(Model { store, scenario, search, expected, witnesses, group: self.group })
    }
}

impl Model {
    /// Store and scenario.
    pub fn name(&self) -> String {
        format!("{}/{}", self.store, self.scenario)
    }

    /// Plays it on the engine of this build.
    #[cfg(loom)]
    pub fn explore(&self, progress: &std::sync::Arc<Progress>) -> Findings {
        self.store.explore(self.scenario, self.search, None, progress)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_budget_is_one() {
        for &engine in Engine::ALL {
            let budget = Budget::read(Budget::RECORDED, engine).expect("verification/budget.toml");
            let all = budget.models.len() + budget.out_of_reach.len();
            assert_eq!(all, STORES.len() * SCENARIOS.len());
            assert!(engine == Engine::Loom || budget.out_of_reach.is_empty(), "nothing is out of heddle's reach");
        }
    }

    fn error(text: &str) -> BudgetError {
        Budget::read(text, Engine::Heddle).expect_err("not a budget")
    }

    #[test]
    fn a_garbled_budget_says_where_and_what() {
        let entry = "[[model]]\nstore = 'guarded'\nscenario = 'told_client_sees_the_new_plan'\n";
        let syntax = |text: &str| match error(text) {
            BudgetError::Syntax(message) => message,
            other => panic!("{other}"),
        };
        assert!(syntax("model = 3").contains("line 1"));
        assert!(syntax(&format!("{entry}proofed = []")).contains("unknown field `proofed`"));
        assert!(matches!(error(&entry.replace("guarded", "gaurded")), BudgetError::UnknownStore(_)));
        assert!(syntax(&format!("{entry}proved = ['never_emty']")).contains("unknown variant `never_emty`"));
        assert!(matches!(error(&entry.replace("told", "tolled")), BudgetError::UnknownScenario(_)));
        assert!(matches!(error(entry), BudgetError::NotOneExpectation { count: 0, .. }));
        let twice = format!("{entry}rest = 'proved'\nproved = ['never_empty']\nrefuted = ['never_empty']");
        assert!(matches!(error(&twice), BudgetError::NotOneExpectation { count: 2, .. }));
        let other = format!("{entry}rest = 'proved'\nrefuted = ['pause_is_final']");
        assert!(matches!(error(&other), BudgetError::NotChecked { property: Property::PauseIsFinal, .. }));
        assert!(syntax(&format!("{entry}rest = 'bounded'")).contains("unknown variant `bounded`"));
        let whole = format!("{entry}rest = 'proved'\n");
        assert!(matches!(error(&whole.repeat(2)), BudgetError::Twice(_)));
        assert!(matches!(error(&whole), BudgetError::Missing(_)));
    }

    #[test]
    fn a_model_that_no_group_of_the_gate_runs_is_an_error() {
        let recorded = |from: &str, to: &str| {
            assert!(Budget::RECORDED.contains(from));
            error(&Budget::RECORDED.replacen(from, to, 1))
        };
        assert!(matches!(recorded("group = \"quick\"\n", ""), BudgetError::NoGroup(_)));
        assert!(matches!(recorded("group = \"full\"", "group = \"fool\""), BudgetError::UnknownGroup { .. }));
        assert!(matches!(recorded("groups = [", "groups = [\"nightly\", "), BudgetError::EmptyGroup(_)));
    }
}
