//! [`Zoo`]: what every fix must show, as a whole. Read from `verification/zoo.toml`.
//!
//! A fix is played in every scenario. A wrong one is refuted in the properties that the file names, and one of them tells its
//! story; everything else is proved. A right one is proved, but for what it does not promise, with a reason. Nothing is green
//! by omission: every store must be there, and an excuse that is not needed is a difference.

use std::collections::{BTreeMap, BTreeSet};

use enactor_verification::{
    engine::Engine,
    property::Property,
    scenario::{SCENARIOS, Scenario, UnknownScenario},
    search::Search,
    stores::Store,
    verdict::Expectation,
    witness::Witness,
};
use serde::Deserialize;

use crate::{
    budget::Model,
    stores::{self, UnknownStore},
};

/// What every fix must show.
#[derive(Debug, Clone, PartialEq)]
pub struct Zoo {
    /// In the order of the file.
    pub fixes: Vec<Fix>,
    /// loom plays them within this many preemptions.
    pub loom_bound: usize,
    /// The scenarios that tell some wrong fix's story: what loom plays, with every fix.
    pub stories: Vec<&'static Scenario>,
}

/// What one fix must show.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// The store that comes of it.
    pub store: &'static Store,
    /// Whether it is one.
    pub kind: Kind,
    /// Situations that it cannot meet, and why.
    pub unwitnessed: BTreeMap<Witness, String>,
    /// Scenarios that are not played, and why.
    pub left_out: Vec<(&'static Scenario, String)>,
    /// How far heddle searches.
    pub search: Search,
}

/// Whether a fix is one.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// It is not.
    Wrong {
        /// The property and the scenario that tell its story.
        killed_by: (Property, &'static Scenario),
        /// Every property that some scenario refutes.
        refuted: BTreeSet<Property>,
    },
    /// It is, but for what it does not promise.
    Right {
        /// What that is.
        not_promised: Vec<NotPromised>,
    },
}

/// A property that a right fix does not have in some scenarios.
#[derive(Debug, Clone, PartialEq)]
pub struct NotPromised {
    /// The property.
    pub property: Property,
    /// Exactly the scenarios that refute it.
    pub scenarios: Vec<&'static Scenario>,
    /// Why that is no mistake.
    pub reason: String,
}

/// A text that is no zoo.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZooError {
    /// Not the expected TOML. The message names the line.
    #[error("{0}")]
    Syntax(String),
    /// A store that does not exist.
    #[error(transparent)]
    UnknownStore(#[from] UnknownStore),
    /// A scenario that does not exist.
    #[error(transparent)]
    UnknownScenario(#[from] UnknownScenario),
    /// Something of a right fix at a wrong one, or the other way round, or nothing that kills a wrong one.
    #[error("{fix}: {why}")]
    Kind {
        /// The fix.
        fix: &'static str,
        /// What does not fit.
        why: &'static str,
    },
    /// A scenario that says nothing about the property.
    #[error("{fix}: {scenario} does not check {property}: name a scenario that does")]
    NotChecked {
        /// The fix.
        fix: &'static str,
        /// The scenario.
        scenario: &'static str,
        /// The property.
        property: Property,
    },
    /// A scenario that is left out, and needed.
    #[error("{fix}: {scenario} is left out, and named elsewhere: play it")]
    LeftOut {
        /// The fix.
        fix: &'static str,
        /// The scenario.
        scenario: &'static str,
    },
    /// An excuse without a reason.
    #[error("{fix}: {what} is excused without a reason: write one")]
    NoReason {
        /// The fix.
        fix: &'static str,
        /// The property, the witness or the scenario.
        what: &'static str,
    },
    /// The same property twice.
    #[error("{fix}: {property} is there twice: keep one")]
    PropertyTwice {
        /// The fix.
        fix: &'static str,
        /// The property.
        property: Property,
    },
    /// The same fix twice.
    #[error("{0} is there twice: keep one")]
    Twice(&'static str),
    /// A store that no entry names.
    #[error("{0} is not in the zoo: add an entry, a fix that nobody plays shows nothing")]
    Missing(&'static str),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    max_executions: u64,
    loom: OnLoom,
    fix: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnLoom {
    bound: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    store: String,
    kind: Word,
    killed_by: Option<KilledBy>,
    #[serde(default)]
    also_refuted: Vec<Property>,
    #[serde(default)]
    not_promised: Vec<Excuse>,
    #[serde(default)]
    unwitnessed: BTreeMap<Witness, String>,
    #[serde(default)]
    left_out: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Wrong,
    Right,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KilledBy {
    property: Property,
    scenario: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Excuse {
    property: Property,
    scenarios: Vec<String>,
    reason: String,
}

impl Zoo {
    /// The zoo of this repository.
    pub const RECORDED: &str = include_str!("../../zoo.toml");

    /// Reads what every fix must show.
    ///
    /// # Errors
    /// [`ZooError`] says what is wrong and what to do.
    pub fn read(text: &str) -> Result<Self, ZooError> {
        let file: File = toml::from_str(text).map_err(|error| ZooError::Syntax(error.to_string()))?;
        let search = Search { max_executions: file.max_executions, ..Search::default() };
        let fixes = file.fix.into_iter().map(|entry| entry.fix(search)).collect::<Result<Vec<Fix>, _>>()?;
        let mut seen = BTreeSet::new();
        for fix in &fixes {
            if !seen.insert(fix.store.name) {
                return Err(ZooError::Twice(fix.store.name));
            }
        }
        if let Some(missing) = stores::all().find(|store| !seen.contains(store.name)) {
            return Err(ZooError::Missing(missing.name));
        }
        let told =
            |scenario: &&Scenario| fixes.iter().any(|fix| fix.killed_by().is_some_and(|(_, by)| by == *scenario));
        let stories = SCENARIOS.iter().filter(told).collect();
        Ok(Self { fixes, loom_bound: file.loom.bound, stories })
    }

    /// What `engine` plays. heddle: every fix in every scenario, but for what is left out, in every execution. loom: every
    /// fix in the scenarios that tell some wrong fix's story, within a bound; the others it would not finish.
    pub fn models(&self, engine: Engine) -> Vec<Model> {
        match engine {
            Engine::Heddle => self.fixes.iter().flat_map(Fix::models).collect(),
            Engine::Loom => {
                let search = Search { bound: Some(self.loom_bound), dependency_tokens: true, ..Search::default() };
                let fixes = self.fixes.iter();
                fixes.flat_map(|fix| self.stories.iter().map(|scenario| fix.model(scenario, search))).collect()
            }
        }
    }
}

impl Fix {
    /// Every scenario with this fix, but for those that are left out.
    pub fn models(&self) -> impl Iterator<Item = Model> + '_ {
        let left_out = |scenario: &&Scenario| self.left_out.iter().any(|(other, _)| *other == *scenario);
        let played = SCENARIOS.iter().filter(move |scenario| !left_out(scenario));
        played.map(|scenario| self.model(scenario, self.search))
    }

    /// Leaves nothing out any more, however long it takes.
    pub fn leave_nothing_out(&mut self) {
        self.left_out.clear();
        self.search = Search { max_executions: u64::MAX, max_seconds: u32::MAX.into(), ..self.search };
    }

    /// Whether it has no such property in some scenario that is played.
    pub fn lacks(&self, property: Property) -> bool {
        match &self.kind {
            Kind::Wrong { refuted, .. } => refuted.contains(&property),
            Kind::Right { .. } => self.excuses(property).next().is_some(),
        }
    }

    /// The scenarios that are played and in which a right fix does not promise the property.
    pub fn excuses(&self, property: Property) -> impl Iterator<Item = &'static Scenario> + '_ {
        let not_promised = match &self.kind {
            Kind::Wrong { .. } => [].as_slice(),
            Kind::Right { not_promised } => not_promised,
        };
        let excuses = not_promised.iter().filter(move |excuse| excuse.property == property);
        let scenarios = excuses.flat_map(|excuse| excuse.scenarios.iter().copied());
        scenarios.filter(|scenario| !self.left_out.iter().any(|(other, _)| other == scenario))
    }

    /// What is expected is what a right fix would show: what becomes of the fix as a whole is for the
    /// [matrix](crate::matrix) to say.
    fn model(&self, scenario: &'static Scenario, search: Search) -> Model {
        Model {
            group: "zoo".to_owned(),
            store: self.store,
            scenario,
            search,
            expected: scenario.properties.iter().map(|&property| (property, Expectation::Proved)).collect(),
            witnesses: self.asked_for(scenario).collect(),
        }
    }

    /// The property and the scenario that tell a wrong fix's story.
    pub fn killed_by(&self) -> Option<(Property, &'static Scenario)> {
        match self.kind {
            Kind::Wrong { killed_by, .. } => Some(killed_by),
            Kind::Right { .. } => None,
        }
    }

    fn asked_for(&self, scenario: &'static Scenario) -> impl Iterator<Item = Witness> + '_ {
        scenario.witnesses.iter().copied().filter(|witness| !self.unwitnessed.contains_key(witness))
    }
}

impl Entry {
    fn fix(mut self, search: Search) -> Result<Fix, ZooError> {
        let store = stores::named(&self.store)?;
        let fix = store.name;
        if let Some((witness, _)) = self.unwitnessed.iter().find(|(_, reason)| reason.trim().is_empty()) {
            return Err(ZooError::NoReason { fix, what: witness.name() });
        }
        let left_out = std::mem::take(&mut self.left_out).into_iter().map(|(name, reason)| {
            let scenario: &'static Scenario = name.parse()?;
            match reason.trim().is_empty() {
                true => Err(ZooError::NoReason { fix, what: scenario.name }),
                false => Ok((scenario, reason)),
            }
        });
        let left_out = left_out.collect::<Result<Vec<(&'static Scenario, String)>, _>>()?;
        let wrong = |why| Err(ZooError::Kind { fix, why });
        let kind = match (self.kind, self.killed_by) {
            (Word::Wrong, None) => return wrong("a wrong fix needs a killed_by: a property and a scenario"),
            (Word::Right, Some(_)) => return wrong("a right fix is killed by nothing: take killed_by out"),
            (Word::Wrong, Some(_)) if !self.not_promised.is_empty() => {
                return wrong("a wrong fix has no excuses: what it breaks is also_refuted");
            }
            (Word::Right, None) if !self.also_refuted.is_empty() => {
                return wrong("what a right fix breaks is not_promised, with a reason");
            }
            (Word::Wrong, Some(killed_by)) => {
                let scenario = checking(fix, killed_by.property, &killed_by.scenario)?;
                let mut refuted = BTreeSet::from([killed_by.property]);
                if let Some(&property) = self.also_refuted.iter().find(|property| !refuted.insert(**property)) {
                    return Err(ZooError::PropertyTwice { fix, property });
                }
                Kind::Wrong { killed_by: (killed_by.property, scenario), refuted }
            }
            (Word::Right, None) => {
                let not_promised = self.not_promised.into_iter().map(|excuse| excuse.check(fix));
                let not_promised = not_promised.collect::<Result<Vec<NotPromised>, _>>()?;
                let mut seen = BTreeSet::new();
                if let Some(twice) = not_promised.iter().find(|excuse| !seen.insert(excuse.property)) {
                    return Err(ZooError::PropertyTwice { fix, property: twice.property });
                }
                Kind::Right { not_promised }
            }
        };
        if let Kind::Wrong { killed_by: (_, story), .. } = &kind
            && left_out.iter().any(|(scenario, _)| scenario == story)
        {
            return Err(ZooError::LeftOut { fix, scenario: story.name });
        }
        Ok(Fix { store, kind, unwitnessed: self.unwitnessed, left_out, search })
    }
}

impl Excuse {
    fn check(self, fix: &'static str) -> Result<NotPromised, ZooError> {
        let property = self.property;
        if self.reason.trim().is_empty() || self.scenarios.is_empty() {
            return Err(ZooError::NoReason { fix, what: property.name() });
        }
        let scenarios = self.scenarios.iter().map(|scenario| checking(fix, property, scenario));
        Ok(NotPromised { property, scenarios: scenarios.collect::<Result<_, _>>()?, reason: self.reason })
    }
}

/// The scenario of this name, which must check the property.
fn checking(fix: &'static str, property: Property, name: &str) -> Result<&'static Scenario, ZooError> {
    let scenario: &'static Scenario = name.parse()?;
    if !scenario.properties.contains(&property) {
        return Err(ZooError::NotChecked { fix, scenario: scenario.name, property });
    }
    Ok(scenario)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_zoo_is_one() {
        let zoo = Zoo::read(Zoo::RECORDED).expect("verification/zoo.toml");
        assert_eq!(zoo.fixes.len(), stores::all().count());
    }

    #[test]
    fn loom_plays_each_wrong_fix_in_its_own_story() {
        // Another scenario than the recorded zoo has for that fix, and for any other.
        let text = Zoo::RECORDED.replacen(
            "killed_by = { property = \"never_torn\", scenario = \"slot_is_used_again_under_a_client\" }",
            "killed_by = { property = \"never_torn\", scenario = \"client_looks_twice\" }",
            1,
        );
        assert_ne!(text, Zoo::RECORDED);
        for text in [Zoo::RECORDED, &text] {
            let zoo = Zoo::read(text).expect("a zoo");
            let models = zoo.models(Engine::Loom);
            assert_eq!(models.len(), zoo.fixes.len() * zoo.stories.len());
            for (fix, (_, story)) in zoo.fixes.iter().filter_map(|fix| Some((fix, fix.killed_by()?))) {
                assert!(
                    models.iter().any(|model| model.store == fix.store && model.scenario == story),
                    "{}",
                    fix.store
                );
            }
        }
    }

    #[test]
    fn a_garbled_zoo_says_where_and_what() {
        let error = |text: &str| {
            Zoo::read(&format!("max_executions = 9\nloom = {{ bound = 1 }}\n{text}")).expect_err("not a zoo")
        };
        let syntax = |text: &str| match error(text) {
            ZooError::Syntax(message) => message,
            other => panic!("{other}"),
        };
        let right = "[[fix]]\nstore = 'global_lock'\nkind = 'right'\n";
        let wrong = "[[fix]]\nstore = 'single_look'\nkind = 'wrong'\n\
                     killed_by = { property = 'never_torn', scenario = 'client_looks_twice' }\n";
        assert!(syntax("fix = 3").contains("line 3"));
        assert!(syntax(&format!("{right}proved = []")).contains("unknown field `proved`"));
        assert!(syntax(&right.replace("'right'", "'green'")).contains("unknown variant `green`"));
        assert!(syntax(&wrong.replace("_torn", "_tron")).contains("unknown variant `never_tron`"));
        assert!(syntax(&format!("{right}unwitnessed = {{ nothing = 'why' }}")).contains("unknown variant `nothing`"));
        assert!(matches!(error(&right.replace("global", "gobal")), ZooError::UnknownStore(_)));
        assert!(matches!(error(&wrong.replace("twice", "thrice")), ZooError::UnknownScenario(_)));
        assert!(matches!(error(&right.replace("'right'", "'wrong'")), ZooError::Kind { .. }));
        assert!(matches!(error(&wrong.replace("'wrong'", "'right'")), ZooError::Kind { .. }));
        assert!(matches!(error(&format!("{right}also_refuted = ['never_torn']")), ZooError::Kind { .. }));
        assert!(matches!(error(&wrong.replace("never_torn", "reclaims")), ZooError::NotChecked { .. }));
        assert!(matches!(error(&format!("{wrong}also_refuted = ['never_torn']")), ZooError::PropertyTwice { .. }));
        let excuse = "[[fix.not_promised]]\nproperty = 'converges'\nscenarios = ['two_enactors_one_endpoint']\n";
        assert!(matches!(error(&format!("{right}{excuse}reason = ' '")), ZooError::NoReason { .. }));
        assert!(matches!(error(&format!("{wrong}{excuse}reason = 'so'")), ZooError::Kind { .. }));
        let excused = format!("{right}unwitnessed = {{ heard = '' }}");
        assert!(matches!(error(&excused), ZooError::NoReason { what: "heard", .. }));
        let left_out = |reason: &str| format!("{wrong}left_out = {{ client_looks_twice = '{reason}' }}");
        assert!(matches!(error(&left_out("")), ZooError::NoReason { what: "client_looks_twice", .. }));
        assert!(matches!(error(&left_out("too large")), ZooError::LeftOut { .. }));
        assert_eq!(error(&right.repeat(2)), ZooError::Twice("global_lock"));
        assert_eq!(error(right), ZooError::Missing("unguarded"));
    }
}
