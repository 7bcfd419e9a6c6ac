//! [`Matrix`]: fixes × properties, what each came to, and where that is not what the zoo says.

mod show;

use std::collections::{BTreeMap, BTreeSet};

use enactor_verification::{engine::Engine, property::Property, scenario::Scenario, verdict::Verdict};
#[cfg(loom)]
use enactor_verification::{
    engine::explore::Replay,
    report::story::{Sources, Step, Story},
};
use serde::Serialize;

use crate::{
    report::token::Token,
    runner::Outcome,
    zoo::{Fix, Kind, Zoo},
};

/// What came of every fix.
#[derive(Debug, Serialize)]
pub struct Matrix {
    /// Whose word it is.
    pub engine: Engine,
    /// One for each fix, in the zoo's order.
    pub rows: Vec<Row>,
    /// Whether every fix shows what the zoo says.
    pub ok: bool,
}

/// What came of one fix.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The store that comes of it.
    pub fix: &'static str,
    /// `wrong` or `right`.
    pub kind: &'static str,
    /// How many executions there were, by scenario.
    pub executions: BTreeMap<&'static str, u64>,
    /// Scenarios that were not played, and why.
    pub left_out: BTreeMap<&'static str, String>,
    /// One for each property.
    pub cells: Vec<Cell>,
    /// What is not as the zoo says, in sentences.
    pub differences: Vec<Difference>,
}

/// What came of one property of one fix, over all scenarios that check it.
#[derive(Debug, Serialize)]
pub struct Cell {
    /// The property.
    pub property: Property,
    /// What is said of it.
    #[serde(flatten)]
    pub finding: Finding,
}

/// What is said of a property of a fix.
#[derive(Debug, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Finding {
    /// Every scenario proves it.
    Proved {
        /// How many.
        scenarios: usize,
    },
    /// No scenario refutes it within so many preemptions.
    Bounded {
        /// How many.
        preemptions: usize,
        /// How many scenarios.
        scenarios: usize,
    },
    /// No scenario that this engine plays checks it.
    NotChecked,
    /// Some scenarios refute it.
    Refuted {
        /// All of them.
        scenarios: Vec<&'static str>,
        /// The shortest counterexample; of what kills a wrong fix, the shortest in the scenario that tells its story.
        shortest: Shortest,
    },
    /// Some scenarios refute it, and the fix does not promise it.
    NotPromised {
        /// All of them.
        scenarios: Vec<&'static str>,
        /// The shortest counterexample.
        shortest: Shortest,
        /// Why that is no mistake.
        reason: String,
    },
    /// No conclusion: truncated or vacuous.
    Inconclusive {
        /// In which scenario, and how.
        why: String,
    },
}

/// The shortest counterexample.
#[derive(Debug, Clone, Serialize)]
pub struct Shortest {
    /// The scenario.
    pub scenario: &'static str,
    /// How often a thread was interrupted that went on later.
    pub preemptions: usize,
    /// How many operations all threads made.
    pub steps: usize,
    /// What replays it.
    pub token: String,
}

/// Something that is not as the zoo says.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// The sentence.
    pub words: String,
    /// Whether there is no conclusion, rather than another one.
    pub inconclusive: bool,
}

impl Matrix {
    /// What the `outcomes` of the zoo's models on `engine` come to.
    pub fn new(zoo: &Zoo, engine: Engine, outcomes: &[Outcome]) -> Self {
        let rows: Vec<Row> = zoo.fixes.iter().map(|fix| Row::new(fix, engine, outcomes)).collect();
        let ok = rows.iter().all(|row| row.differences.is_empty());
        Self { engine, rows, ok }
    }
}

impl Row {
    /// What the `outcomes` of the models of `fix` on `engine` come to; others are not looked at.
    pub fn new(fix: &Fix, engine: Engine, outcomes: &[Outcome]) -> Self {
        let outcomes: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.model.store == fix.store).collect();
        let cells: Vec<Cell> = Property::ALL.iter().map(|&property| Cell::new(fix, property, &outcomes)).collect();
        let mut differences: Vec<Difference> = cells.iter().filter_map(|cell| cell.difference(fix, engine)).collect();
        // loom plays less, and needs less to be excused.
        if engine == Engine::Heddle {
            differences.extend(unneeded_excuses(fix, &outcomes));
        }
        let kind = match fix.kind {
            Kind::Wrong { .. } => "wrong",
            Kind::Right { .. } => "right",
        };
        let executions = outcomes.iter().map(|outcome| (outcome.model.scenario.name, outcome.findings.executions));
        let left_out = fix.left_out.iter().filter(|_| engine == Engine::Heddle);
        let left_out = left_out.map(|(scenario, reason)| (scenario.name, reason.clone()));
        Self {
            fix: fix.store.name,
            kind,
            executions: executions.collect(),
            left_out: left_out.collect(),
            cells,
            differences,
        }
    }
}

/// Witnesses that are excused although every scenario that asks for one has met it.
fn unneeded_excuses(fix: &Fix, outcomes: &[&Outcome]) -> Vec<Difference> {
    let is_needed = |witness| {
        let mut asking = outcomes.iter().filter(|outcome| outcome.model.scenario.witnesses.contains(witness));
        asking.any(|outcome| !outcome.findings.witnesses.contains_key(witness))
    };
    let unneeded = fix.unwitnessed.keys().filter(|witness| !is_needed(witness));
    let words = |witness| format!("{}: the witness {witness} is excused, and met wherever it is asked for", fix.store);
    unneeded.map(|witness| Difference { words: words(witness), inconclusive: false }).collect()
}

impl Cell {
    fn new(fix: &Fix, property: Property, outcomes: &[&Outcome]) -> Self {
        let verdict = |outcome: &&'_ Outcome| {
            let (_, verdict, _) = outcome.verdicts.iter().find(|(checked, ..)| *checked == property)?;
            Some((outcome.model.scenario, verdict.clone()))
        };
        let verdicts: Vec<(&'static Scenario, Verdict)> = outcomes.iter().filter_map(verdict).collect();
        let refuting: Vec<&'static str> =
            verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::Refuted).map(|(s, _)| s.name).collect();
        let open = verdicts.iter().find(|(_, verdict)| verdict.is_inconclusive());
        let bound = verdicts.iter().find_map(|(_, verdict)| match verdict {
            Verdict::Bounded(preemptions) => Some(*preemptions),
            _ => None,
        });
        let excuse = match &fix.kind {
            Kind::Right { not_promised } => not_promised.iter().find(|excuse| excuse.property == property),
            Kind::Wrong { .. } => None,
        };
        let is_wrong = matches!(fix.kind, Kind::Wrong { .. });
        let finding = match (open, shortest(fix, property, outcomes), excuse) {
            // A counterexample is one whatever else is open. A right fix is to be proved in every scenario.
            (_, Some(shortest), _) if is_wrong => Finding::Refuted { scenarios: refuting, shortest },
            (Some((scenario, verdict)), ..) => Finding::Inconclusive { why: format!("{scenario} is {verdict}") },
            (None, None, _) if verdicts.is_empty() => Finding::NotChecked,
            (None, None, _) => match bound {
                Some(preemptions) => Finding::Bounded { preemptions, scenarios: verdicts.len() },
                None => Finding::Proved { scenarios: verdicts.len() },
            },
            (None, Some(shortest), Some(excuse)) => {
                Finding::NotPromised { scenarios: refuting, shortest, reason: excuse.reason.clone() }
            }
            (None, Some(shortest), None) => Finding::Refuted { scenarios: refuting, shortest },
        };
        Self { property, finding }
    }

    /// What is not as the zoo says. The zoo speaks of every scenario and every execution; loom plays less, so what it says
    /// has to agree, and each wrong fix has to die.
    fn difference(&self, fix: &Fix, engine: Engine) -> Option<Difference> {
        let (store, property) = (fix.store, self.property);
        let plays_all = engine == Engine::Heddle;
        let differs = |words| Some(Difference { words: format!("{store}: {property} {words}"), inconclusive: false });
        let expected = fix.lacks(property);
        match (&self.finding, &fix.kind) {
            (Finding::Inconclusive { why }, _) => {
                Some(Difference { words: format!("{store}: {property}: {why}"), inconclusive: true })
            }
            (Finding::NotChecked, _) if plays_all => {
                Some(Difference { words: format!("{store}: {property}: no scenario was played"), inconclusive: true })
            }
            (Finding::Bounded { .. }, _) if plays_all => {
                Some(Difference { words: format!("{store}: {property} is only bounded"), inconclusive: true })
            }
            (Finding::Proved { .. }, _) if plays_all && expected => {
                differs("is proved, and should be refuted".to_owned())
            }
            (Finding::Proved { .. } | Finding::Bounded { .. } | Finding::NotChecked, _) => match fix.killed_by() {
                Some((killer, scenario)) if killer == property => differs(format!("should be refuted in {scenario}")),
                _ => None,
            },
            (Finding::Refuted { scenarios, .. }, _) if !expected => {
                differs(format!("is refuted, and should be proved: in {}", scenarios.join(", ")))
            }
            (Finding::Refuted { scenarios, .. }, Kind::Wrong { killed_by: (killer, scenario), .. })
                if *killer == property && !scenarios.contains(&scenario.name) =>
            {
                differs(format!("should be refuted in {scenario}, and is in {}", scenarios.join(", ")))
            }
            (Finding::NotPromised { scenarios, .. }, _) => {
                let excused: BTreeSet<&str> = fix.excuses(property).map(|scenario| scenario.name).collect();
                let refuting: BTreeSet<&str> = scenarios.iter().copied().collect();
                let mut others = excused
                    .symmetric_difference(&refuting)
                    .copied()
                    .filter(|name| plays_all || refuting.contains(name))
                    .peekable();
                others.peek()?;
                let others: Vec<&str> = others.collect();
                differs(format!("is not promised, but not as written in {}", others.join(", ")))
            }
            _ => None,
        }
    }
}

/// The token of the counterexample that kills a wrong fix.
pub fn killer(fix: &Fix, outcomes: &[Outcome]) -> Option<Token> {
    let (property, scenario) = fix.killed_by()?;
    let model = outcomes.iter().find(|outcome| outcome.model.store == fix.store && outcome.model.scenario == scenario);
    model?.token(property)
}

fn shortest(fix: &Fix, property: Property, outcomes: &[&Outcome]) -> Option<Shortest> {
    let told = |scenario: &'static Scenario| fix.killed_by() == Some((property, scenario));
    let tokens = outcomes.iter().filter_map(|outcome| outcome.token(property));
    let first = tokens.min_by_key(|token| (!told(token.scenario), token.found.preemptions, token.found.steps))?;
    let (preemptions, steps) = (first.found.preemptions, first.found.steps);
    Some(Shortest { scenario: first.scenario.name, preemptions, steps, token: first.to_string() })
}

/// What the threads did in a replay of `token`, a line a step: who, and what.
#[cfg(loom)]
pub fn schedule(token: &Token, replay: &Replay) -> Vec<String> {
    let cast = &token.scenario.cast;
    let width = cast.iter().map(|role| role.name.len()).max().unwrap_or(0);
    // Nobody looks at places.
    let story = Story::new(&token.title(), &replay.events, &replay.operations, None, &mut Sources::below([]));
    let line = |step: Step| Some(format!("{:width$}  {}", cast.get(step.column)?.name, step.words));
    story.steps.into_iter().filter_map(line).collect()
}
