//! The verdicts as JSON, for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::token::Token;
use crate::runner::Outcome;

/// The whole report.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Which engine: its word is in the verdicts.
    pub engine: &'static str,
    /// One for each property of each model.
    pub models: Vec<Row>,
    /// Whether every verdict is as expected.
    pub ok: bool,
}

/// One verdict.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The store's name.
    pub store: &'static str,
    /// The scenario's name.
    pub scenario: &'static str,
    /// The property's name.
    pub property: &'static str,
    /// One of proved, bounded, refuted, truncated, vacuous.
    pub verdict: &'static str,
    /// The verdict in full: the bound, what ended the search, what was never met.
    pub detail: String,
    /// What the budget expects.
    pub expected: &'static str,
    /// How many executions the model's search made.
    pub executions: u64,
    /// The search's preemption bound, if it had one.
    pub bound: Option<usize>,
    /// Whether each atomic had a dependency token.
    pub dependency_tokens: bool,
    /// How long the model's search took.
    pub seconds: f64,
    /// In how many executions each witness was met.
    pub witnesses: BTreeMap<&'static str, u64>,
    /// The token that replays the simplest counterexample, if there is one.
    pub counterexample: Option<String>,
}

impl Report {
    /// What `engine` found.
    pub fn new(engine: &'static str, outcomes: &[Outcome]) -> Self {
        let models = outcomes.iter().flat_map(rows).collect();
        Self { engine, models, ok: outcomes.iter().all(Outcome::is_as_expected) }
    }
}

fn rows(outcome: &Outcome) -> impl Iterator<Item = Row> + '_ {
    let (model, findings) = (&outcome.model, &outcome.findings);
    outcome.verdicts.iter().map(move |(property, verdict, expectation)| {
        let met = |witness: &crate::witness::Witness| findings.witnesses.get(witness).copied().unwrap_or(0);
        Row {
            store: model.store.name(),
            scenario: model.scenario.name,
            property: property.name(),
            verdict: verdict.word(),
            detail: verdict.to_string(),
            expected: expectation.word(),
            executions: findings.executions,
            bound: model.search.bound,
            dependency_tokens: model.search.dependency_tokens,
            seconds: findings.seconds,
            witnesses: model.witnesses.iter().map(|witness| (witness.name(), met(witness))).collect(),
            counterexample: findings.counterexamples.get(property).map(|&found| {
                let (store, scenario, property, search) = (model.store, model.scenario, *property, model.search);
                Token { store, scenario, property, search, found }.to_string()
            }),
        }
    })
}
