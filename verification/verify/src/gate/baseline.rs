//! [`Baseline`]: how many executions each model had when somebody looked. A change means that the model is another one, or
//! the search is: nobody should learn of it by chance.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use enactor_verification::{engine::Engine, scenario::Scenario};
use serde::{Deserialize, Serialize};

use crate::{budget::Model, stores};

/// The format that this code writes.
const VERSION: u32 = 1;

/// How many executions a search had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Those that ran to their end.
    pub executions: u64,
    /// Those that were given up, since a thread waited on an old value.
    pub blocked: u64,
}

/// The recorded counts of every model, by engine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    version: u32,
    #[serde(default)]
    heddle: BTreeMap<String, Counts>,
    #[serde(default)]
    loom: BTreeMap<String, Counts>,
}

/// A text that is no baseline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// Not the expected TOML. The message names the line.
    #[error("{0}")]
    Syntax(String),
    /// Written by another version.
    #[error(
        "it has version {0}, and this is for version {VERSION}: write it anew with `cargo verify baseline --update`"
    )]
    Version(u32),
    /// A model that does not exist.
    #[error("no model is called {model:?}: `cargo verify baseline --engine {engine} --update` takes it out")]
    UnknownModel {
        /// The name.
        model: String,
        /// For which engine it is recorded.
        engine: Engine,
    },
    /// A model that is recorded for an engine from which the budget keeps it.
    #[error(
        "{model} is recorded for {engine}, and the budget says that it is out of {engine}'s reach: let it be run again, or take it \
         out with `cargo verify baseline --engine {engine} --update`"
    )]
    NotRun {
        /// Store and scenario.
        model: String,
        /// The engine.
        engine: Engine,
    },
    /// A model of the budget that is not recorded.
    #[error("{model} is not recorded for {engine}: `cargo verify baseline --engine {engine} --update` puts it in")]
    Missing {
        /// Store and scenario.
        model: String,
        /// The engine.
        engine: Engine,
    },
}

impl Baseline {
    /// The baseline of this repository.
    pub const RECORDED: &str = include_str!("../../../baseline.toml");

    /// Nothing recorded.
    pub fn empty() -> Self {
        Self { version: VERSION, heddle: BTreeMap::new(), loom: BTreeMap::new() }
    }

    /// Reads a baseline, whatever models it names.
    ///
    /// # Errors
    /// [`BaselineError`], but for unknown and missing models.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let baseline: Self = toml::from_str(text).map_err(|error| BaselineError::Syntax(error.to_string()))?;
        if baseline.version != VERSION {
            return Err(BaselineError::Version(baseline.version));
        }
        Ok(baseline)
    }

    /// Reads a baseline that records every one of `models` for `engine`.
    ///
    /// # Errors
    /// [`BaselineError`] says what is wrong and what to do.
    pub fn read(text: &str, engine: Engine, models: &[Model]) -> Result<Self, BaselineError> {
        let baseline = Self::parse(text)?;
        for &engine in Engine::ALL {
            if let Some(model) = baseline.of(engine).keys().find(|name| !is_model(name)) {
                return Err(BaselineError::UnknownModel { model: model.clone(), engine });
            }
        }
        if let Some(model) = models.iter().find(|model| baseline.counts(engine, &model.name()).is_none()) {
            return Err(BaselineError::Missing { model: model.name(), engine });
        }
        match baseline.of(engine).keys().find(|name| !models.iter().any(|model| model.name() == **name)) {
            Some(model) => Err(BaselineError::NotRun { model: model.clone(), engine }),
            None => Ok(baseline),
        }
    }

    /// What is recorded for a model.
    pub fn counts(&self, engine: Engine, model: &str) -> Option<Counts> {
        self.of(engine).get(model).copied()
    }

    /// The same, with these counts, and no others, for `engine`.
    pub fn with(mut self, engine: Engine, counts: BTreeMap<String, Counts>) -> Self {
        match engine {
            Engine::Heddle => self.heddle = counts,
            Engine::Loom => self.loom = counts,
        }
        self
    }

    /// What is recorded for `engine`.
    pub fn of(&self, engine: Engine) -> &BTreeMap<String, Counts> {
        match engine {
            Engine::Heddle => &self.heddle,
            Engine::Loom => &self.loom,
        }
    }
}

fn is_model(name: &str) -> bool {
    name.split_once('/')
        .is_some_and(|(store, scenario)| stores::named(store).is_ok() && scenario.parse::<&'static Scenario>().is_ok())
}

/// Sorted, one line a model, so that a change is one that people can review.
impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::from(
            "# How many executions each model has. Written by `cargo verify baseline --update`; `cargo verify gate` is red when\n\
             # a search has another number.\n",
        );
        writeln!(text, "version = {}", self.version)?;
        for engine in [Engine::Heddle, Engine::Loom] {
            writeln!(text, "\n[{engine}]")?;
            for (model, Counts { executions, blocked }) in self.of(engine) {
                writeln!(text, "{model:?} = {{ executions = {executions}, blocked = {blocked} }}")?;
            }
        }
        f.write_str(&text)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.blocked {
            0 => write!(f, "{} executions", self.executions),
            blocked => write!(f, "{} executions and {blocked} blocked", self.executions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;

    #[test]
    fn the_recorded_baseline_has_every_model_as_it_would_be_written() {
        for &engine in Engine::ALL {
            let models = Budget::read(Budget::RECORDED, engine).expect("the budget").models;
            let baseline = Baseline::read(Baseline::RECORDED, engine, &models).expect("verification/baseline.toml");
            assert_eq!(baseline.to_string(), Baseline::RECORDED);
            assert_eq!(baseline.of(engine).len(), models.len());
        }
    }

    #[test]
    fn a_garbled_baseline_says_what_is_wrong_and_what_to_do() {
        let models = Budget::read(Budget::RECORDED, Engine::Heddle).expect("the budget").models;
        let error = |text: &str| Baseline::read(text, Engine::Heddle, &models).expect_err("no baseline").to_string();
        let first = Baseline::RECORDED.lines().find(|line| line.starts_with('"')).expect("a model");
        for (text, words) in [
            (String::new(), "missing field `version`"),
            (Baseline::RECORDED.replace("version = 1", "version = 2"), "it has version 2"),
            (Baseline::RECORDED.replacen("executions = ", "executions = -", 1), "invalid value: integer `-"),
            (Baseline::RECORDED.replacen(first, &format!("{first}\n{first}"), 1), "duplicate key"),
            (Baseline::RECORDED.replacen(first, "", 1), "is not recorded for heddle"),
            (Baseline::RECORDED.replacen("guarded", "gaurded", 1), "no model is called \"gaurded/"),
            (Baseline::RECORDED.replacen("[loom]", "[spin]", 1), "unknown field `spin`"),
        ] {
            assert!(error(&text).contains(words), "{words}: {}", error(&text));
        }
    }
}
