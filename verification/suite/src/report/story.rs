//! [`Story`]: a counterexample as people and programs get it. The terminal's [columns](super::columns), the
//! [picture](super::picture) and the [page](super::page) show nothing that is not in it.
//!
//! The zone and the plans after each step are folded from the [`Event`]s of a replay, which say in their fields what they
//! change. Where a store has told less than it did, a look at the end puts it right, as a step of its own.

mod fold;
mod harm;
mod source;

use serde::{Deserialize, Serialize};

pub use source::Sources;

use crate::{
    property::Property,
    scenario::Scenario,
    timeline::{Event, Matter, Moment, Operation},
};

/// Which execution it is, and what it violates.
#[derive(Debug, Clone)]
pub struct Title<'a> {
    /// Its token.
    pub token: String,
    /// The command that replays it.
    pub replay: String,
    /// The name of the store, or of a model that has none.
    pub store: &'a str,
    /// Who acts. A model that has no store has nothing else in it.
    pub scenario: &'static Scenario,
    /// The violated property.
    pub violated: Violated<'a>,
    /// Whether each operation is a step, for code that tells little by itself.
    pub by_operation: bool,
}

/// The property that an execution violates.
#[derive(Debug, Clone, Copy)]
pub enum Violated<'a> {
    /// One of the suite's.
    Suite(Property),
    /// A model's own.
    Own {
        /// Its name.
        name: &'a str,
        /// What it says.
        statement: &'a str,
    },
}

/// One execution that violates a property, step by step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// Its token.
    pub token: String,
    /// The command that replays it.
    pub replay: String,
    /// The name of the store, or of a model that has none.
    pub store: String,
    /// The scenario's name; a model's is that of the model.
    pub scenario: String,
    /// What happens in the scenario.
    pub about: String,
    /// The violated property.
    pub property: String,
    /// What the property says.
    pub statement: String,
    /// Who acts: the threads, and last what comes after they have ended.
    pub columns: Vec<String>,
    /// What was there when the threads started.
    pub before: State,
    /// What happened then, in this order.
    pub steps: Vec<Step>,
    /// Whether one step does the harm. To some properties the execution as a whole does, and its last step shows it.
    pub harm_is_a_step: bool,
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
    /// Whether this is the moment of harm. To a property of the suite one step is.
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
    /// What stands before its words if another thread made it than the one whose step it is: one that was spawned.
    #[serde(default)]
    pub helper: Option<String>,
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
    /// Where the value that was read comes from; none for what reads nothing. More than one where the engine does not say which
    /// of equal values it was.
    pub read_from: Vec<Origin>,
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

/// The column of what an engine says of threads that have not ended.
const IN_THE_END: &str = "in the end";

impl Story {
    /// The story of a replay: what the code told, what the engine saw, and how the engine says it `ended`, if the threads did
    /// not end by themselves.
    pub fn new(
        title: &Title<'_>,
        events: &[Event],
        operations: &[Operation],
        ended: Option<&str>,
        sources: &mut Sources,
    ) -> Self {
        let Title { token, replay, store, scenario, violated, by_operation: _ } = title;
        let Scenario { name, story, cast, .. } = scenario;
        let (before, mut steps) = fold::fold(title, (events, operations), ended, sources);
        // What a model's own property means nobody knows but the model.
        let harm = violated.known().and_then(|property| harm::find(property, &before, &steps, cast.len()));
        if let Some(step) = harm {
            steps[step].0.harm = true;
        }
        let steps = steps.into_iter().map(|(step, _)| step).collect();
        let have_ended = ended.is_none() || events.iter().any(|event| event.matter == Matter::Moment(Moment::End));
        let afterwards = std::iter::once(if have_ended { "afterwards" } else { IN_THE_END }.to_owned());
        Self {
            token: token.clone(),
            replay: replay.clone(),
            store: (*store).to_owned(),
            scenario: (*name).to_owned(),
            about: (*story).to_owned(),
            property: violated.name().to_owned(),
            statement: violated.statement().to_owned(),
            columns: cast.iter().map(|role| role.name.to_owned()).chain(afterwards).collect(),
            before,
            steps,
            harm_is_a_step: violated.known().is_some_and(harm::has_a_moment),
        }
    }

    /// What stands over the steps that are no thread's.
    pub fn afterwards(&self) -> &'static str {
        match self.columns.last() {
            Some(name) if name == IN_THE_END => "how it ended",
            _ => "once the threads have ended",
        }
    }

    /// What does not hold on what.
    pub fn title(&self) -> String {
        let Self { store, scenario, property, .. } = self;
        let of = if self.is_of_a_store() { format!("{store}: {scenario}") } else { store.clone() };
        format!("{property} does not hold on {of}")
    }

    /// The name of a file for it, with this ending.
    pub fn file(&self, ending: &str) -> String {
        let [store, scenario, property] = [&self.store, &self.scenario, &self.property].map(|name| file_name(name));
        format!("{store}-{scenario}-{property}.{ending}")
    }

    /// Whether it is about a store in a scenario, and not about a model of something else.
    pub fn is_of_a_store(&self) -> bool {
        self.store != self.scenario
    }

    /// Whether there is anything of a zone or plans to show.
    pub fn has_a_zone(&self) -> bool {
        let mut states = std::iter::once(&self.before).chain(self.steps.iter().map(|step| &step.after));
        states.any(|state| !state.zone.is_empty() || !state.plans.is_empty() || state.paused)
    }

    /// The moment of harm; none where the property is a model's own.
    pub fn harm(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.harm)
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

impl<'a> Violated<'a> {
    /// Its name.
    pub fn name(self) -> &'a str {
        match self {
            Self::Suite(property) => property.name(),
            Self::Own { name, .. } => name,
        }
    }

    /// What it says.
    pub fn statement(self) -> &'a str {
        match self {
            Self::Suite(property) => property.statement(),
            Self::Own { statement, .. } => statement,
        }
    }

    fn known(self) -> Option<Property> {
        match self {
            Self::Suite(property) => Some(property),
            Self::Own { .. } => None,
        }
    }
}

/// A name that any file system takes; different for different names.
fn file_name(name: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => char::from(byte).to_string(),
        other => format!("~{other:02x}"),
    };
    name.bytes().map(encode).collect()
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
