//! Runs models on all cores and says what came of each.

use std::{num::NonZeroUsize, sync::Arc};

use enactor_verification::{
    property::Property,
    search::{Findings, Progress},
    verdict::{Expectation, Verdict},
    workers::each,
};

use crate::{budget::Model, report::token::Token};

/// What came of one model.
#[derive(Debug)]
pub struct Outcome {
    /// The model.
    pub model: Model,
    /// What the engine brought back.
    pub findings: Findings,
    /// For each property: what is said, and what was expected.
    pub verdicts: Vec<(Property, Verdict, Expectation)>,
}

impl Outcome {
    /// What `findings` say about `model`.
    pub fn new(model: Model, findings: Findings) -> Self {
        let verdict = |(&property, &expectation): (&Property, &Expectation)| {
            (property, findings.verdict(property, &model.witnesses, &model.search), expectation)
        };
        let verdicts = model.expected.iter().map(verdict).collect();
        Self { model, findings, verdicts }
    }

    /// The token of the simplest counterexample to `property`, if there is one.
    pub fn token(&self, property: Property) -> Option<Token> {
        let found = self.findings.counterexamples.get(&property)?.clone();
        let Model { store, scenario, search, .. } = self.model;
        Some(Token { store, scenario, property, search, found })
    }

    /// Whether every verdict is what the budget expects.
    pub fn is_as_expected(&self) -> bool {
        self.verdicts.iter().all(|(_, verdict, expectation)| verdict.is(*expectation))
    }
}

/// What happens to a model, for whoever watches.
pub enum Event<'a> {
    /// A worker took it up.
    Began(&'a Model),
    /// It is done.
    Ended(&'a Outcome),
}

/// Runs every model, `workers` at a time; the outcomes are in the order of the models.
pub fn run(
    models: &[Model],
    workers: NonZeroUsize,
    play: impl Fn(&Model, &Arc<Progress>) -> Findings + Sync,
    progress: &Arc<Progress>,
    watch: impl Fn(Event<'_>) + Sync,
) -> Vec<Outcome> {
    each(models, workers, |model| {
        watch(Event::Began(model));
        let outcome = Outcome::new(model.clone(), play(model, progress));
        watch(Event::Ended(&outcome));
        outcome
    })
}
