//! [`Record`]: what a run of the gate found, and what follows from it.

use enactor_verification::{
    property::Property,
    verdict::{Expectation, Limit, Verdict},
};
use serde::{Deserialize, Serialize};

use super::{baseline::Counts, identity::Identity, shard::Shard};
use crate::{budget::Model, runner::Outcome};

/// What a run of the gate found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Which code, and which models.
    pub identity: Identity,
    /// Which part of the models.
    pub shard: Shard,
    /// What came of each model of that part, in the order of the budget.
    pub models: Vec<Played>,
    /// The models of the budget that were not to be run.
    pub left_out: Vec<LeftOut>,
    /// With `--since`: what changed, and what each change can affect.
    pub changes: Vec<String>,
}

/// What came of one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Played {
    /// Store and scenario.
    pub model: String,
    /// Its group.
    pub group: String,
    /// How many executions there were, and how many were given up.
    pub counts: Counts,
    /// What the baseline says about that.
    pub recorded: Option<Counts>,
    /// How long it took.
    pub milliseconds: u64,
    /// What ended the search, if it was not exhausted.
    pub cut: Option<Cut>,
    /// One for each property.
    pub verdicts: Vec<Said>,
}

/// What ended a search early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// Ctrl-C, or the time for all models: another run may finish it.
    Unfinished,
    /// The model's own limit, or the engine's: another run would end at the same place.
    Limit,
}

/// One verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// The property's name.
    pub property: String,
    /// The verdict's word.
    pub verdict: String,
    /// The verdict in full.
    pub detail: String,
    /// What the budget expects.
    pub expected: String,
    /// The token that replays the simplest counterexample, if there is one.
    pub counterexample: Option<String>,
}

/// Models that were not to be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Why.
    pub why: String,
    /// Store and scenario of each.
    pub models: Vec<String>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Store and scenario.
    pub model: String,
    /// What kind.
    pub kind: ProblemKind,
    /// What is wrong, in a sentence.
    pub words: String,
    /// The property, if it is about one.
    pub property: Option<String>,
    /// The token that replays the simplest counterexample, if there is one.
    pub counterexample: Option<String>,
}

/// The kinds of [`Problem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// A conclusive verdict is another one than expected.
    Differs,
    /// A limit was hit.
    Truncated,
    /// The search proves nothing.
    Vacuous,
    /// The number of executions is not the recorded one.
    Drift,
    /// The number of executions is not the recorded one, and that is allowed: a warning.
    AllowedDrift,
}

/// What follows from a [`Record`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Every verdict is as expected.
    Green,
    /// No model was to be run, for the reasons that the record gives.
    NothingToCheck,
    /// A verdict differs, or a number of executions does.
    Red,
    /// Truncated or vacuous: no conclusion, and not green.
    Inconclusive,
}

impl Said {
    /// Whether the verdict is the expected one.
    pub fn is_as_expected(&self) -> bool {
        self.verdict == self.expected
    }

    fn problem_kind(&self) -> ProblemKind {
        match self.verdict.as_str() {
            "truncated" => ProblemKind::Truncated,
            "vacuous" => ProblemKind::Vacuous,
            _ => ProblemKind::Differs,
        }
    }
}

impl ProblemKind {
    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            ProblemKind::Differs => "differs",
            ProblemKind::Truncated => "truncated",
            ProblemKind::Vacuous => "vacuous",
            ProblemKind::Drift | ProblemKind::AllowedDrift => "drift",
        }
    }
}

impl Conclusion {
    /// In words, for people.
    pub fn sentence(self) -> &'static str {
        match self {
            Conclusion::Green => "green: every verdict is as expected",
            Conclusion::NothingToCheck => "green: nothing to check, for the reasons given",
            Conclusion::Red => "red: something is not as expected",
            Conclusion::Inconclusive => "red: no conclusion, a search was truncated or proves nothing",
        }
    }
}

impl Played {
    /// What `outcome` comes to.
    pub fn new(outcome: &Outcome, recorded: Option<Counts>) -> Self {
        let (model, findings) = (&outcome.model, &outcome.findings);
        let said = |(property, verdict, expectation): &(Property, Verdict, Expectation)| Said {
            property: property.name().to_owned(),
            verdict: verdict.word().to_owned(),
            detail: verdict.to_string(),
            expected: expectation.word().to_owned(),
            counterexample: outcome.token(*property).map(|token| token.to_string()),
        };
        let cut = findings.limit.as_ref().map(|limit| match limit {
            Limit::Interrupted | Limit::Together(_) => Cut::Unfinished,
            Limit::Executions(_) | Limit::Seconds(_) | Limit::Refuted | Limit::Engine(_) => Cut::Limit,
        });
        Self {
            model: model.name(),
            group: model.group.clone(),
            counts: Counts { executions: findings.executions, blocked: findings.blocked },
            recorded,
            milliseconds: (findings.seconds * 1000.0) as u64,
            cut,
            verdicts: outcome.verdicts.iter().map(said).collect(),
        }
    }

    /// What the baseline says, if that is something else. A search that was cut has no number to compare.
    pub fn drift(&self) -> Option<Counts> {
        self.recorded.filter(|recorded| self.cut.is_none() && *recorded != self.counts)
    }

    /// Whether this is about `model` as its budget has it.
    pub fn fits(&self, model: &Model) -> bool {
        let expected = model.expected.iter().map(|(property, expectation)| (property.name(), expectation.word()));
        let said = self.verdicts.iter().map(|said| (said.property.as_str(), said.expected.as_str()));
        self.model == model.name() && self.group == model.group && expected.eq(said)
    }
}

impl Record {
    /// Everything that is not as it should be.
    pub fn problems(&self, allow_drift: bool) -> Vec<Problem> {
        let mut problems = Vec::new();
        for played in &self.models {
            for said in played.verdicts.iter().filter(|said| !said.is_as_expected()) {
                problems.push(Problem {
                    model: played.model.clone(),
                    kind: said.problem_kind(),
                    words: format!("{} is {}, expected {}", said.property, said.detail, said.expected),
                    property: Some(said.property.clone()),
                    counterexample: said.counterexample.clone(),
                });
            }
            // What was cut may have more to show, though all that is expected of it came up.
            if played.cut.is_some() && played.verdicts.iter().all(Said::is_as_expected) {
                problems.push(Problem {
                    model: played.model.clone(),
                    kind: ProblemKind::Truncated,
                    words: "the search was cut after all that is expected had come up".to_owned(),
                    property: None,
                    counterexample: None,
                });
            }
            if let Some(recorded) = played.drift() {
                problems.push(Problem {
                    model: played.model.clone(),
                    kind: if allow_drift { ProblemKind::AllowedDrift } else { ProblemKind::Drift },
                    words: format!("{}, the baseline says {recorded}", played.counts),
                    property: None,
                    counterexample: None,
                });
            }
        }
        problems
    }

    /// What follows.
    pub fn conclusion(&self, allow_drift: bool) -> Conclusion {
        let problems = self.problems(allow_drift);
        let any = |kinds: &[ProblemKind]| problems.iter().any(|problem| kinds.contains(&problem.kind));
        if any(&[ProblemKind::Differs, ProblemKind::Drift]) {
            Conclusion::Red
        } else if any(&[ProblemKind::Truncated, ProblemKind::Vacuous]) {
            Conclusion::Inconclusive
        } else if self.models.is_empty() {
            Conclusion::NothingToCheck
        } else {
            Conclusion::Green
        }
    }

    /// The models that another run may finish.
    pub fn unfinished(&self) -> impl Iterator<Item = &Played> {
        self.models.iter().filter(|played| played.cut == Some(Cut::Unfinished))
    }

    /// How many executions there were in all.
    pub fn executions(&self) -> u64 {
        self.models.iter().map(|played| played.counts.executions).sum()
    }
}

#[cfg(test)]
mod tests {
    use enactor_verification::engine::Engine;

    use super::*;

    /// A record of one model, of which all that is expected has come up.
    fn refuted(cut: Option<Cut>) -> Record {
        let said = Said {
            property: "never_empty".to_owned(),
            verdict: "refuted".to_owned(),
            detail: "refuted".to_owned(),
            expected: "refuted".to_owned(),
            counterexample: None,
        };
        let counts = Counts { executions: 9, blocked: 0 };
        let played = Played {
            model: "unguarded/client_looks_twice".to_owned(),
            group: "quick".to_owned(),
            counts,
            recorded: Some(counts),
            milliseconds: 1,
            cut,
            verdicts: vec![said],
        };
        let [sources, budget, baseline] = [String::new(), String::new(), String::new()];
        let models = vec![played.model.clone()];
        let identity = Identity { engine: Engine::Heddle, revision: None, sources, budget, baseline, models };
        Record { identity, shard: Shard::WHOLE, models: vec![played], left_out: Vec::new(), changes: Vec::new() }
    }

    #[test]
    fn a_search_that_was_cut_is_not_green_though_all_that_is_expected_has_come_up() {
        assert_eq!(refuted(None).conclusion(false), Conclusion::Green);
        for cut in [Cut::Unfinished, Cut::Limit] {
            let record = refuted(Some(cut));
            assert_eq!(record.conclusion(false), Conclusion::Inconclusive);
            assert_eq!(record.problems(false).len(), 1);
        }
    }
}
