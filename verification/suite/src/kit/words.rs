//! What a test that fails tells people.

#[cfg(loom)]
use comfy_table::{ContentArrangement, Table, presets};

use crate::verdict::{Emptiness, Limit, Verdict};
#[cfg(loom)]
use crate::{
    engine::{Engine, explore::Replay},
    scenario::Scenario,
    timeline::{Event, Operation},
};
use std::fmt::Display;

/// What to do about a search that a limit ended.
pub(super) fn truncated(name: &str, limit: &Limit, executions: u64) -> String {
    let advice = match limit {
        Limit::Engine(words) if words.contains("not deterministic") => {
            "Given the same values read, the code did not do the same again. Take out of it, or fix for the test, what differs \
             from run to run: a HashMap's random state, clocks, random numbers, addresses, statics that keep a value."
        }
        Limit::Engine(words) if words.contains(super::watch::HANGS) => {
            "Use the locks and atomics of enactor::sync, and let a loop that waits read one of them. If the code does end, give it \
             more `seconds`."
        }
        Limit::Engine(words)
            if words.contains("truncated") || words.contains("exceeded") || words.contains("Truncated") =>
        {
            "One execution goes on and on: a loop that retries must end, or wait for something that another thread writes."
        }
        Limit::Engine(_) => "The engine cannot go on with this code: mend what it says.",
        Limit::Seconds(_) | Limit::Executions(_) => {
            "Give it more (`seconds`, `executions` of the candidate), make the scenario smaller, or on loom set a `bound`."
        }
        Limit::Refuted | Limit::Together(_) | Limit::Interrupted => "Run it again.",
    };
    let words = match limit {
        Limit::Engine(words) => words.clone(),
        limit => limit.to_string(),
    };
    format!("{name} is truncated after {executions} executions: nothing is proved.\nWhy: {words}\n{advice}")
}

/// What to do about a search that proves nothing.
pub(super) fn vacuous<W: Display>(name: &str, verdict: &Verdict<W>) -> String {
    let advice = match verdict {
        Verdict::Vacuous(Emptiness::NotSetUp(_)) => {
            "No execution could begin. Mend the constructor, or say in the kit what the store cannot give (`room`, `endpoints`)."
        }
        Verdict::Vacuous(Emptiness::OneExecution) => {
            "The engine saw one execution: nothing that the threads share goes through enactor::sync. Use its atomics, locks and \
             threads in place of std's; without a cfg they are std's."
        }
        _ => {
            "What a proof must have met never came up. Either the code cannot get there (say so with `cannot_meet`), or \
             something is missing that lets threads meet."
        }
    };
    format!("{name} is {verdict}: it proves nothing.\n{advice}")
}

/// What to say of a counterexample that does not come up again.
#[cfg(loom)]
pub(super) fn unsteady(name: &str) -> String {
    let limit =
        Limit::Engine("the code is not deterministic: a counterexample was found that does not come up again".into());
    truncated(name, &limit, 1)
}

/// The command that replays `token`, for somebody who has nothing but this line.
#[cfg(loom)]
pub(super) fn command(token: &str, command: &str) -> String {
    let flags = Engine::BUILT.expect("a leg with an engine").flags().join(" ");
    format!("RUSTFLAGS=\"{flags}\" ENACTOR_REPLAY='{token}' {command}")
}

/// When to print single operations.
#[cfg(loom)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    All,
    WhenFew,
}

/// What happens in an execution, step by step.
#[cfg(loom)]
pub(super) fn steps<P, W>(scenario: &Scenario, replay: &Replay<P, W>, detail: Detail) -> String {
    let mut text = told(scenario, &replay.events);
    let few = replay.operations.len() <= 40;
    if !replay.operations.is_empty() && (few || detail == Detail::All) {
        text += &format!("\n{}", operations(scenario, &replay.operations));
    }
    text
}

/// What the code said once the threads had started: one column a thread, and one for what came after them.
#[cfg(loom)]
fn told(scenario: &Scenario, events: &[Event]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic).set_width(118);
    let names: Vec<&str> = scenario.cast.iter().map(|role| role.name).chain(["afterwards"]).collect();
    table.set_header(["#"].into_iter().chain(names.iter().copied()).chain(["at"]));
    let steps = events.iter().skip_while(|event| event.thread.is_none());
    for (number, event) in (1..).zip(steps) {
        let mut row = vec![String::new(); names.len() + 2];
        row[0] = format!("{number}");
        row[event.thread.unwrap_or(scenario.cast.len()) + 1].clone_from(&event.words);
        row[names.len() + 1] = at(event.file, event.line);
        table.add_row(row);
    }
    table.to_string()
}

#[cfg(loom)]
fn at(file: &str, line: u32) -> String {
    format!("{}:{line}", file.rsplit(['/', '\\']).next().unwrap_or(file))
}

/// Every operation, as the engine sees it. The number of an operation that is read from refers to the first column.
#[cfg(loom)]
fn operations(scenario: &Scenario, operations: &[Operation]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic).set_width(118);
    table.set_header(["operation", "thread", "does", "ordering", "on", "value", "reads from", "at"]);
    for (number, operation) in operations.iter().enumerate() {
        let on = operation.location.map(|location| format!("#{location}")).unwrap_or_default();
        let source = operation.source.map(|source| source.to_string()).unwrap_or_default();
        table.add_row([
            number.to_string(),
            scenario.cast[operation.thread].name.to_owned(),
            operation.what.clone(),
            format!("{:?}", operation.ordering),
            on,
            operation.value.to_string(),
            source,
            at(operation.file, operation.line),
        ]);
    }
    table.to_string()
}
