//! The gate's result for people: one line a model, then what is wrong.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use comfy_table::{Cell, CellAlignment, Table, presets};

use super::record::{Conclusion, Played, Problem, ProblemKind, Record};

/// How many verdicts of each kind a model has, in one line.
pub fn verdicts(played: &Played) -> String {
    let words = ["proved", "bounded", "refuted", "truncated", "vacuous"];
    let count = |word: &str| played.verdicts.iter().filter(|said| said.verdict == word).count();
    let counts = words.map(|word| (count(word), word));
    let counts: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    counts.join(", ")
}

/// What a problem is about: the model, and how to see it.
pub fn problem(problem: &Problem) -> String {
    let Problem { model, words, counterexample, .. } = problem;
    let replay =
        counterexample.iter().map(|token| format!("; replay: cargo verify replay {token}")).collect::<String>();
    format!("{model}: {words}{replay}")
}

/// The whole result.
pub fn render(record: &Record, allow_drift: bool) -> String {
    let mut text = String::new();
    if !record.models.is_empty() {
        text += &format!("{}\n", models(record));
    }
    let (red, yellow) = (AnsiColor::Red.on_default().bold(), AnsiColor::Yellow.on_default().bold());
    for problem in record.problems(allow_drift) {
        let warning = problem.kind == ProblemKind::AllowedDrift;
        let style = if warning { yellow } else { red };
        let word = problem.kind.word();
        writeln!(text, "{style}{word:<9}{style:#} {}", self::problem(&problem)).expect("a String takes everything");
    }
    text + &closing(record, allow_drift)
}

fn models(record: &Record) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["model", "group", "verdicts", "as expected", "executions", "time"]);
    for column in [4, 5] {
        table.column_mut(column).expect("there are six").set_cell_alignment(CellAlignment::Right);
    }
    for played in &record.models {
        let right = played.verdicts.iter().all(super::record::Said::is_as_expected) && played.drift().is_none();
        table.add_row([
            Cell::new(&played.model),
            Cell::new(&played.group),
            Cell::new(verdicts(played)),
            Cell::new(if right { "yes" } else { "NO" }),
            Cell::new(played.counts.executions),
            Cell::new(format!("{:.1} s", played.milliseconds as f64 / 1000.0)),
        ]);
    }
    table
}

/// What was left out, how much was run, and what follows.
fn closing(record: &Record, allow_drift: bool) -> String {
    let mut text = String::new();
    for change in &record.changes {
        writeln!(text, "changed {change}").expect("a String takes everything");
    }
    for left_out in &record.left_out {
        writeln!(text, "left out {}", self::left_out(left_out)).expect("a String takes everything");
    }
    let conclusion = record.conclusion(allow_drift);
    let style = match conclusion {
        Conclusion::Green | Conclusion::NothingToCheck => AnsiColor::Green.on_default().bold(),
        Conclusion::Red | Conclusion::Inconclusive => Style::new().fg_color(Some(AnsiColor::Red.into())).bold(),
    };
    writeln!(text, "{}", summary(record)).expect("a String takes everything");
    writeln!(text, "{style}{}{style:#}", conclusion.sentence()).expect("a String takes everything");
    text
}

/// How much was run, in one line.
pub fn summary(record: &Record) -> String {
    let (models, all, executions) = (record.models.len(), record.identity.models.len(), record.executions());
    let engine = record.identity.engine;
    let of = if models == all { String::new() } else { format!(" of {all} (shard {})", record.shard) };
    format!("{models}{of} models, {executions} executions by {engine}")
}

/// Which models were left out, and why.
pub fn left_out(left_out: &super::record::LeftOut) -> String {
    match left_out.models.as_slice() {
        [model] => format!("{model}: {}", left_out.why),
        models => format!("{} models: {}", models.len(), left_out.why),
    }
}
