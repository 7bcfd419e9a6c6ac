//! A counterexample as a timeline: one column a thread, one line a step, in the words of the vocabulary.

use comfy_table::{ContentArrangement, Table, presets};

use crate::scenario::Scenario;

/// One thing that happened in a replayed execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Which thread of the scenario did it; none before they start and after they have ended.
    pub thread: Option<usize>,
    /// What it did, in the words of the vocabulary.
    pub words: String,
    /// The source file.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
    /// How many operations all threads had made by then, if the engine counts them.
    pub operations: usize,
}

/// One operation of a replayed execution, as the engine sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Which thread of the scenario made it. What comes before the threads start and after they have ended is the last one's.
    pub thread: usize,
    /// What kind of operation it is.
    pub what: String,
    /// Which atomic, numbered as they came into use.
    pub location: Option<usize>,
    /// The ordering in force.
    pub ordering: std::sync::atomic::Ordering,
    /// What was read or written.
    pub value: u64,
    /// Which operation wrote what was read; none for the initial value.
    pub source: Option<usize>,
    /// The source file of the call.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
}

/// The timeline of `events` of one execution of `scenario`.
pub fn render(scenario: &Scenario, events: &[Event]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic).set_width(118);
    let names = scenario.cast.iter().map(|role| role.name);
    table.set_header(["#"].into_iter().chain(names).chain(["afterwards", "at"]));
    let afterwards = scenario.cast.len();
    let steps = events.iter().skip_while(|event| event.thread.is_none());
    for (number, event) in (1..).zip(steps) {
        let mut row = vec![String::new(); scenario.cast.len() + 3];
        row[0] = format!("{number}");
        row[event.thread.unwrap_or(afterwards) + 1].clone_from(&event.words);
        row[afterwards + 2] = format!("{}:{}", file_name(event.file), event.line);
        table.add_row(row);
    }
    table.to_string()
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
