//! [`Story`]: a counterexample as people and programs get it. The terminal's [columns](super::columns), the
//! [picture](super::picture) and the [page](super::page) show nothing that is not in it.
//!
//! The zone and the plans after each step are folded from the [`Event`]s of a replay, which say in their fields what they
//! change. Where a store has told less than it did, a look at the end puts it right, as a step of its own.

mod fold;
mod harm;
mod source;

use enactor_verification::{
    property::Property,
    scenario::Scenario,
    timeline::{Event, Operation},
};
use serde::{Deserialize, Serialize};

pub use source::Sources;

use super::token::Token;

/// One execution that violates a property, step by step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// What replays it.
    pub token: String,
    /// The store's name.
    pub store: String,
    /// The scenario's name.
    pub scenario: String,
    /// What happens in the scenario.
    pub about: String,
    /// The violated property.
    pub property: Property,
    /// What the property says.
    pub statement: String,
    /// Who acts: the threads, and last what comes after they have ended.
    pub columns: Vec<String>,
    /// What was there when the threads started.
    pub before: State,
    /// What happened then, in this order.
    pub steps: Vec<Step>,
}

/// What there is between two steps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// What each endpoint serves, by name.
    pub zone: Vec<Served>,
    /// The stored plans, oldest first.
    pub plans: Vec<u32>,
    /// Whether the automation is paused.
    pub paused: bool,
}

/// What one endpoint serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// The endpoint.
    pub endpoint: String,
    /// The plan; none before the first one.
    pub generation: Option<u32>,
    /// Whether that plan is stored. An endpoint with a plan that is not is dangling.
    pub stored: bool,
}

/// One step of one thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// From 1.
    pub number: usize,
    /// Which of the story's columns it stands in.
    pub column: usize,
    /// What was done, in the words of the vocabulary.
    pub words: String,
    /// Where in the source; none where nobody knows.
    pub place: Option<Place>,
    /// Whether it changed the zone, the plans or the pause.
    pub changes: bool,
    /// What there is after it.
    pub after: State,
    /// Whether this is the moment of harm; of one step it is.
    pub harm: bool,
    /// The operations that the thread made since its last step, if the engine tells them.
    pub operations: Vec<Deed>,
}

/// A place in the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file, as the compiler names it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The statement that begins there; none where the source is not at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The lines before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

/// One operation on memory that the threads share. A read and a write in one step are one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Its number in the execution.
    pub number: usize,
    /// What it does, in a word: reads, writes, modifies, waits for, or what the engine calls it.
    pub what: String,
    /// Which atomic, numbered as they came into use.
    pub location: Option<usize>,
    /// The ordering in force.
    pub ordering: String,
    /// What was read.
    pub read: Option<u64>,
    /// What was written.
    pub written: Option<u64>,
    /// Where the value that was read comes from; none for what reads nothing.
    pub read_from: Option<Origin>,
    /// Where in the source.
    pub place: Place,
}

/// Where a value that was read comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It was there from the beginning of the atomic.
    Initial,
    /// It was written before the threads started.
    SetUp,
    /// A thread wrote it.
    Operation {
        /// The number of the operation.
        operation: usize,
        /// The step that it is part of, if any.
        step: Option<usize>,
    },
}

impl Story {
    /// The story of a replay of `token`: what the code told, what the engine saw, and how the engine says it `ended`, if the
    /// threads did not end by themselves.
    pub fn new(
        token: &Token,
        events: &[Event],
        operations: &[Operation],
        ended: Option<&str>,
        sources: &mut Sources,
    ) -> Self {
        let Scenario { name, story, cast, .. } = token.scenario;
        let (before, mut steps) = fold::fold(token, (events, operations), ended, sources);
        if let Some(step) = harm::find(token.property, &before, &steps, cast.len()) {
            steps[step].0.harm = true;
        }
        let steps = steps.into_iter().map(|(step, _)| step).collect();
        let afterwards = std::iter::once("afterwards".to_owned());
        Self {
            token: token.to_string(),
            store: token.store.name.to_owned(),
            scenario: (*name).to_owned(),
            about: (*story).to_owned(),
            property: token.property,
            statement: token.property.statement().to_owned(),
            columns: cast.iter().map(|role| role.name.to_owned()).chain(afterwards).collect(),
            before,
            steps,
        }
    }

    /// The moment of harm.
    pub fn harm(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.harm)
    }

    /// Whether the harm is done by that one step. To some properties the whole execution does it, and its last step shows it.
    pub fn harm_is_a_step(&self) -> bool {
        harm::has_a_moment(self.property)
    }

    /// The step to blame: the last one up to the harm that changed something, or the harm itself.
    pub fn guilty(&self) -> Option<&Step> {
        let harm = self.harm()?;
        let changes = self.steps[..harm.number].iter().rev().find(|step| step.changes);
        Some(changes.unwrap_or(harm))
    }

    /// What there is before step `number`.
    pub fn before(&self, number: usize) -> &State {
        number.checked_sub(2).map_or(&self.before, |at| &self.steps[at].after)
    }

    /// Every plan that is ever stored, oldest first.
    pub fn plans(&self) -> Vec<u32> {
        let states = std::iter::once(&self.before).chain(self.steps.iter().map(|step| &step.after));
        let mut plans: Vec<u32> = states.flat_map(|state| state.plans.iter().copied()).collect();
        plans.sort_unstable();
        plans.dedup();
        plans
    }
}

/// `text` without what a terminal would obey, and what no XML may have. Words come from panics too, so from anywhere.
pub(super) fn legible(text: &str) -> String {
    let is_legible = |c: char| (!c.is_control() || c == '\n') && !matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().map(|c| if is_legible(c) { c } else { '\u{fffd}' }).collect()
}

impl State {
    /// The endpoints that point at a deleted plan.
    pub fn dangling(&self) -> impl Iterator<Item = &Served> {
        self.zone.iter().filter(|served| served.is_dangling())
    }
}

impl Served {
    /// Whether it points at a deleted plan.
    pub fn is_dangling(&self) -> bool {
        self.generation.is_some() && !self.stored
    }
}

impl Place {
    /// The file's name without its folders, and the line.
    pub fn short(&self) -> String {
        let name = self.file.rsplit(['/', '\\']).next().unwrap_or(&self.file);
        format!("{name}:{}", self.line)
    }
}
