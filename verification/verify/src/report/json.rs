//! The verdicts as JSON, for programs.

use std::collections::{BTreeMap, BTreeSet};

use enactor_verification::{engine::Engine, verdict::LoadBuffering};
use serde::{Deserialize, Serialize};

use crate::runner::Outcome;

/// The whole report.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    /// Which engine: its word is in the verdicts.
    pub engine: Engine,
    /// One for each property of each model.
    pub models: Vec<Row>,
    /// Whether every verdict is as expected.
    pub ok: bool,
}

/// One verdict.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    /// The store's name.
    pub store: String,
    /// The scenario's name.
    pub scenario: String,
    /// The property's name.
    pub property: String,
    /// One of proved, bounded, refuted, truncated, vacuous.
    pub verdict: String,
    /// The verdict in full: the bound, what ended the search, what was never met.
    pub detail: String,
    /// What the budget expects.
    pub expected: String,
    /// How many executions the model's search made.
    pub executions: u64,
    /// How many more it gave up, since a thread waited on an old value.
    pub blocked: u64,
    /// The search's preemption bound, if it had one.
    pub bound: Option<usize>,
    /// Whether each atomic had a dependency token.
    pub dependency_tokens: bool,
    /// How long the model's search took.
    pub seconds: f64,
    /// In how many executions each witness was met.
    pub witnesses: BTreeMap<String, u64>,
    /// The token that replays the simplest counterexample, if there is one.
    pub counterexample: Option<String>,
    /// Where there could be load buffering, if the proof is for RC11 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_buffering: Option<LoadBuffering>,
    /// A fingerprint of each outcome that was met, if asked for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub outcomes: BTreeSet<u64>,
}

impl Report {
    /// What `engine` found.
    pub fn new(engine: Engine, outcomes: &[Outcome]) -> Self {
        let models = outcomes.iter().flat_map(rows).collect();
        Self { engine, models, ok: outcomes.iter().all(Outcome::is_as_expected) }
    }
}

fn rows(outcome: &Outcome) -> impl Iterator<Item = Row> + '_ {
    let (model, findings) = (&outcome.model, &outcome.findings);
    outcome.verdicts.iter().map(move |(property, verdict, expectation)| {
        let met =
            |witness: &enactor_verification::witness::Witness| findings.witnesses.get(witness).copied().unwrap_or(0);
        Row {
            store: model.store.name.to_owned(),
            scenario: model.scenario.name.to_owned(),
            property: property.name().to_owned(),
            verdict: verdict.word().to_owned(),
            detail: verdict.to_string(),
            expected: expectation.word().to_owned(),
            executions: findings.executions,
            blocked: findings.blocked,
            bound: model.search.bound,
            dependency_tokens: model.search.dependency_tokens,
            seconds: findings.seconds,
            witnesses: model.witnesses.iter().map(|witness| (witness.name().to_owned(), met(witness))).collect(),
            counterexample: outcome.token(*property).map(|token| token.to_string()),
            load_buffering: verdict.load_buffering().cloned(),
            outcomes: findings.outcomes.clone(),
        }
    })
}
