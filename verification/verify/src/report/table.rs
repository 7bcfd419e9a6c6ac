//! The table of verdicts, for people.

use anstyle::{AnsiColor, Style};
use comfy_table::{Cell, CellAlignment, Table, presets};
use enactor_verification::verdict::Verdict;

use crate::runner::Outcome;

/// The table of every verdict. Colour is left to the stream that it is written to.
pub fn verdicts(outcomes: &[Outcome]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["store", "scenario", "property", "verdict", "executions", "time"]);
    for column in [4, 5] {
        table.column_mut(column).expect("there are six").set_cell_alignment(CellAlignment::Right);
    }
    for outcome in outcomes {
        let tokens = if outcome.model.search.dependency_tokens { " +tokens" } else { "" };
        for (row, (property, verdict, expectation)) in outcome.verdicts.iter().enumerate() {
            let first = row == 0;
            let when_first = |text: String| if first { text } else { String::new() };
            let verdict = match verdict.is(*expectation) {
                true => verdict.to_string(),
                false => format!("{verdict}, expected {expectation}"),
            };
            table.add_row([
                Cell::new(when_first(outcome.model.store.to_string())),
                Cell::new(when_first(format!("{}{tokens}", outcome.model.scenario))),
                Cell::new(property),
                Cell::new(verdict),
                Cell::new(when_first(outcome.findings.executions.to_string())),
                Cell::new(when_first(format!("{:.1} s", outcome.findings.seconds))),
            ]);
        }
    }
    table.to_string()
}

/// One line for each verdict that is not what was expected.
pub fn differences(outcomes: &[Outcome]) -> String {
    let mut lines = String::new();
    let red = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
    for outcome in outcomes {
        for (property, verdict, expectation) in &outcome.verdicts {
            if !verdict.is(*expectation) {
                let model = outcome.model.name();
                lines += &format!("{red}differs{red:#}  {model}: {property} is {verdict}, expected {expectation}\n");
            }
        }
    }
    lines
}

/// One line for each place where there could be load buffering, which RC11 leaves out.
pub fn load_buffering(outcomes: &[Outcome]) -> String {
    let mut lines = String::new();
    for outcome in outcomes {
        if let Some(found) = outcome.verdicts.iter().find_map(|(_, verdict, _)| verdict.load_buffering()) {
            lines += &format!("proved for RC11  {}: {found}\n", outcome.model.name());
        }
    }
    lines
}

/// How many verdicts there are of each kind, in one line.
pub fn summary(outcomes: &[Outcome]) -> String {
    let verdicts: Vec<&Verdict> =
        outcomes.iter().flat_map(|o| o.verdicts.iter().map(|(_, verdict, _)| verdict)).collect();
    let words = ["proved", "bounded", "refuted", "truncated", "vacuous"];
    let counts = words.map(|word| (verdicts.iter().filter(|verdict| verdict.word() == word).count(), word));
    let counts: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let executions: u64 = outcomes.iter().map(|outcome| outcome.findings.executions).sum();
    format!("{} models, {} executions: {}", outcomes.len(), executions, counts.join(", "))
}
