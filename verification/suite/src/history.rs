//! [`History`]: what the threads of one execution called and got, in the order in which it happened.
//!
//! The recorder is plain memory that no explorer sees: it adds no step and no happens-before to the execution.

use std::sync::{Mutex, PoisonError};

use enactor::{
    enactor::RunReport,
    generation::Generation,
    operator::RepairError,
    store::{ApplyOutcome, CleanUp, PublishError, Repair},
};

/// What a client saw at one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seen {
    /// The generation that the zone gave.
    pub generation: Option<Generation>,
    /// Whether the answer was empty.
    pub empty: bool,
    /// Whether the answer was something else than that generation's record set.
    pub torn: bool,
}

/// What the automation has done to a store, at one moment: whatever changes, changes one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// What each endpoint serves.
    pub applied: Vec<Option<Generation>>,
    /// What each endpoint will not serve any more, for stores that withdraw plans.
    pub floors: Vec<Option<Generation>>,
    /// The stored plans.
    pub stored: Vec<Generation>,
}

/// One call and what came of it. Endpoints are numbered as in the scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// An Enactor reads the newest generation.
    Latest(Option<Generation>),
    /// An Enactor's freshness check reads what an endpoint serves.
    Applied(usize, Option<Generation>),
    /// apply-plan.
    Apply(usize, Generation, ApplyOutcome),
    /// A clean-up of everything older.
    CleanUp(Generation, CleanUp),
    /// A client resolves.
    Resolve(usize, Seen),
    /// publish.
    Publish(Generation, Result<(), PublishError>),
    /// publish of a plan without some endpoint's record set.
    PublishPart(Generation, Result<(), PublishError>),
    /// The operator's pause, and what could be observed right after it.
    Pause(Snapshot),
    /// The operator's resume.
    Resume,
    /// The operator's repair.
    Repair(Generation, Result<Repair, RepairError>),
    /// repair with a plan without some endpoint's record set.
    RepairPart(Generation, Result<Repair, RepairError>),
    /// A whole run of an Enactor ended.
    Run(RunReport),
    /// The thread tells another that it has got this far.
    Tell,
    /// Whether the thread had been told when it asked.
    Hear(bool),
    /// The thread stopped for ever.
    Stopped,
    /// The thread panicked.
    Panicked(String),
}

/// One call, by whom, and when it began and ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The thread's number in the scenario.
    pub thread: usize,
    /// What was called and what came of it.
    pub call: Call,
    /// A moment at which it had not begun; moments count the beginnings and ends of calls.
    pub began: u32,
    /// A moment at which it had ended.
    pub ended: u32,
}

/// The calls of one execution so far.
#[derive(Debug, Default)]
pub struct History(Mutex<(u32, Vec<Record>)>);

impl History {
    /// The next moment.
    pub fn moment(&self) -> u32 {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.0 += 1;
        inner.0
    }

    /// Adds a call that began at moment `began` and ends now.
    pub fn add(&self, thread: usize, began: u32, call: Call) {
        let ended = self.moment();
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.1.push(Record { thread, call, began, ended });
    }

    /// The calls so far, in the order in which they ended.
    pub fn take(&self) -> Vec<Record> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).1)
    }
}

/// Who told whom: (teller, place), (hearer, place).
pub(crate) fn messages(history: &[Record]) -> Vec<[(usize, usize); 2]> {
    let at = |wanted: &Call| {
        let places = history.iter().enumerate().filter(move |(_, record)| record.call == *wanted);
        places.map(|(place, record)| (record.thread, place)).collect::<Vec<_>>()
    };
    let hears = at(&Call::Hear(true));
    at(&Call::Tell).into_iter().flat_map(|tell| hears.iter().map(move |&hear| [tell, hear])).collect()
}
