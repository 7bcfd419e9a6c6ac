//! The record as Markdown: the summary of a CI job.

use std::fmt::Write as _;

use super::{
    record::{ProblemKind, Record},
    table,
};

/// The whole summary.
pub fn render(record: &Record, allow_drift: bool) -> String {
    let mut text = format!("## cargo verify gate: {}\n\n", record.conclusion(allow_drift).sentence());
    let mut line = |line: String| writeln!(text, "{line}").expect("a String takes everything");
    let revision = record.identity.revision.as_deref().unwrap_or("no revision");
    line(format!("{}, of `{revision}`.\n", table::summary(record)));
    let problems = record.problems(allow_drift);
    if !problems.is_empty() {
        line("| | model | what |\n|---|---|---|".to_owned());
        for problem in problems {
            let mark = if problem.kind == ProblemKind::AllowedDrift { "warning" } else { problem.kind.word() };
            let replay = problem.counterexample.iter().map(|token| format!("<br>`cargo verify replay {token}`"));
            let words = cell(&problem.words) + &replay.collect::<String>();
            line(format!("| {mark} | `{}` | {words} |", problem.model));
        }
        line(String::new());
    }
    let changes = record.changes.iter().map(|change| format!("- changed {}", cell(change)));
    let left_out = record.left_out.iter().map(|left_out| format!("- left out {}", cell(&table::left_out(left_out))));
    let mut list: Vec<String> = changes.chain(left_out).collect();
    if !list.is_empty() {
        list.push(String::new());
    }
    list.into_iter().for_each(&mut line);
    if !record.models.is_empty() {
        line("<details><summary>every model</summary>\n".to_owned());
        line("| model | verdicts | executions | time |\n|---|---|---:|---:|".to_owned());
        for played in &record.models {
            let (verdicts, seconds) = (table::verdicts(played), played.milliseconds as f64 / 1000.0);
            line(format!("| `{}` | {verdicts} | {} | {seconds:.1} s |", played.model, played.counts));
        }
        line("\n</details>".to_owned());
    }
    text
}

/// What would end a cell, or start markup, does not.
fn cell(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('|', "\\|").replace('\n', " ")
}
