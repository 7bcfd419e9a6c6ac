//! What a replay says: [`Event`] by event as the code told them, and [`Operation`] by operation as the engine saw them.
//! A report is made of both.

use std::str::FromStr;

/// One thing that happened in a replayed execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Which thread of the scenario did it; none before they start and after they have ended.
    pub thread: Option<usize>,
    /// What it did, in the words of the vocabulary.
    pub words: String,
    /// What it is about, beyond words.
    pub matter: Matter,
    /// Whether it was told by whoever called the store, after the call, and not by the store where it happened.
    pub by_caller: bool,
    /// The source file.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
    /// How many operations all threads had made by then, if the engine counts them.
    pub operations: usize,
}

/// What an event is about, as its fields say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Matter {
    /// Nothing that a zone or a plan would show.
    #[default]
    Words,
    /// `change`: the zone, the plans or the pause have changed.
    Change(Change),
    /// `refused`: somebody wanted to change something, and could not, for this reason.
    Refusal(String),
    /// `answer`: a client has looked at this endpoint.
    Answer {
        /// The endpoint.
        endpoint: String,
        /// Which plan it came from.
        generation: Option<u32>,
        /// What it is worth.
        answer: Worth,
    },
    /// `panic`: the thread panicked.
    Panic,
    /// `moment`: the stage has come to a point that divides the execution.
    Moment(Moment),
    /// `found = "zone"`: what an endpoint serves, looked up once the threads had ended.
    FoundZone {
        /// The endpoint.
        endpoint: String,
        /// What it serves.
        generation: Option<u32>,
    },
    /// `violates`: how the execution violates the property of this name, if one of its steps does not show it by itself.
    Violates(String),
    /// `found = "plans"`: the stored plans, looked up once the threads had ended.
    FoundPlans(Vec<u32>),
}

/// A change of the zone, the plans or the pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// This plan is available now.
    Publish(u32),
    /// This endpoint serves this plan now.
    Apply(String, u32),
    /// This plan is deleted now.
    Delete(u32),
    /// The automation is paused now.
    Pause,
    /// The automation goes on now.
    Resume,
}

/// What an answer to a client is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// The record set of the plan that it names.
    Whole,
    /// Nothing.
    Empty,
    /// Something else than the record set of the plan that it names.
    Torn,
}

/// A point that divides an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Everything is set up, the threads start.
    Start,
    /// The threads have ended.
    End,
    /// Going on after that: new plans, and an Enactor that shall apply them.
    Recovery,
}

/// A text that is none of the words of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no word for this")]
pub struct UnknownWord(String);

impl FromStr for Worth {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "whole" => Ok(Self::Whole),
            "empty" => Ok(Self::Empty),
            "torn" => Ok(Self::Torn),
            _ => Err(UnknownWord(word.to_owned())),
        }
    }
}

impl FromStr for Moment {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "start" => Ok(Self::Start),
            "end" => Ok(Self::End),
            "recovery" => Ok(Self::Recovery),
            _ => Err(UnknownWord(word.to_owned())),
        }
    }
}

/// What stands before the words of a thread that one of the scenario's has spawned.
pub(crate) const HELPER: &str = "its thread: ";
#[cfg(loom)]
/// What stands before the words of a thread that was spawned before those started or after they had ended.
pub(crate) const OTHER: &str = "another thread: ";

/// One operation of a replayed execution, as the engine sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// In whose part it was made, of the scenario's threads. What comes before the threads start and after they have ended is
    /// the last one's.
    pub thread: usize,
    /// What stands before its words if another thread made it: one that was spawned for this part, or for none.
    pub helper: Option<&'static str>,
    /// The engine's number for the thread that made it.
    pub by: usize,
    /// What kind of operation it is.
    pub what: String,
    /// Which atomic, numbered as they came into use.
    pub location: Option<usize>,
    /// The ordering in force.
    pub ordering: std::sync::atomic::Ordering,
    /// What was read or written.
    pub value: u64,
    /// Which operation wrote what was read; none for the initial value. More than one where the engine does not say which, and
    /// the value does not either.
    pub sources: Vec<Option<usize>>,
    /// The source file of the call.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
}
