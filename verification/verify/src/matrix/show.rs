//! The matrix for people: a table for terminals, and Markdown.

use std::{collections::BTreeMap, fmt::Write as _};

use comfy_table::{Cell as Field, CellAlignment, Table, presets};
use enactor_verification::{engine::Engine, property::Property, scenario::SCENARIOS};

use super::{Finding, Matrix, Row};

const LEGEND: &str = "✓ proved in every scenario that checks it and is played · ✗ refuted · (✗) not promised, with the reason below · ? no \
                      conclusion. The number is the scenario of the shortest counterexample.";
const BOUNDED: &str = "≤ n not refuted within n preemptions, in the scenarios below · – not checked there. The verdicts are \
                       loom's, which misses executions: it refutes, and proves nothing.";

/// The number of a scenario in the tables.
fn number(scenario: &str) -> usize {
    1 + SCENARIOS.iter().position(|known| known.name == scenario).expect("a finding names a scenario")
}

fn field(finding: &Finding) -> String {
    match finding {
        Finding::Proved { .. } => "✓".to_owned(),
        Finding::Bounded { preemptions, .. } => format!("≤ {preemptions}"),
        Finding::NotChecked => "–".to_owned(),
        Finding::Refuted { shortest, .. } => format!("✗ {}", number(shortest.scenario)),
        Finding::NotPromised { shortest, .. } => format!("(✗) {}", number(shortest.scenario)),
        Finding::Inconclusive { .. } => "?".to_owned(),
    }
}

impl Matrix {
    /// For a terminal.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
        let names = Property::ALL.iter().map(|property| property.name().replace('_', "\n"));
        table.set_header(["fix".to_owned(), String::new()].into_iter().chain(names));
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Center);
            column.set_padding((0, 0));
        }
        for row in &self.rows {
            let fields = row.cells.iter().map(|cell| Field::new(field(&cell.finding)));
            table.add_row([Field::new(row.fix), Field::new(row.kind)].into_iter().chain(fields));
        }
        let mut text = format!("{table}\n{LEGEND}\n{}\n", self.bounded());
        for scenario in self.scenarios() {
            writeln!(text, "{:>3} {scenario}", number(scenario)).expect("a String takes everything");
        }
        for (row, property, scenarios, reason) in self.not_promised() {
            let scenarios = scenarios.join(", ");
            writeln!(text, "\nnot promised: {property} by {}: {reason} ({scenarios})", row.fix)
                .expect("a String takes everything");
        }
        for ((scenario, reason), fixes) in self.left_out() {
            writeln!(text, "\nnot played: {scenario}: {reason} With {}", fixes.join(", "))
                .expect("a String takes everything");
        }
        text
    }

    /// For `docs/zoo.md`.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        let mut line = |words: String| writeln!(text, "{words}").expect("a String takes everything");
        let names = Property::ALL.iter().map(|property| format!("`{property}`"));
        line(format!("| fix | | {} |", names.collect::<Vec<_>>().join(" | ")));
        line(format!("|---|---|{}", ":-:|".repeat(Property::ALL.len())));
        for row in &self.rows {
            let fields: Vec<String> = row.cells.iter().map(|cell| field(&cell.finding)).collect();
            line(format!("| `{}` | {} | {} |", row.fix, row.kind, fields.join(" | ")));
        }
        line(format!("\n{LEGEND}\n{}", self.bounded()));
        line("| | scenario |\n|--:|---|".to_owned());
        for scenario in self.scenarios() {
            line(format!("| {} | `{scenario}` |", number(scenario)));
        }
        line("\nNot promised by a right fix:\n".to_owned());
        for (row, property, scenarios, reason) in self.not_promised() {
            let scenarios: Vec<String> = scenarios.iter().map(|scenario| format!("`{scenario}`")).collect();
            line(format!("- `{}`, `{property}`: {reason} In {}.", row.fix, scenarios.join(", ")));
        }
        line("\nNot played:\n".to_owned());
        for ((scenario, reason), fixes) in self.left_out() {
            let fixes: Vec<String> = fixes.iter().map(|fix| format!("`{fix}`")).collect();
            line(format!("- `{scenario}`: {reason} With {}.", fixes.join(", ")));
        }
        text
    }

    /// What else a reader of loom's matrix has to know, and a line end.
    fn bounded(&self) -> String {
        match self.engine {
            Engine::Heddle => String::new(),
            Engine::Loom => format!("{BOUNDED}\n"),
        }
    }

    /// The scenarios that the fields name, or loom plays, by number.
    fn scenarios(&self) -> Vec<&'static str> {
        let played =
            self.rows.iter().filter(|_| self.engine == Engine::Loom).flat_map(|row| row.executions.keys().copied());
        let findings = self.rows.iter().flat_map(|row| &row.cells).map(|cell| &cell.finding);
        let mut named: Vec<&'static str> = findings
            .filter_map(|finding| match finding {
                Finding::Refuted { shortest, .. } | Finding::NotPromised { shortest, .. } => Some(shortest.scenario),
                _ => None,
            })
            .collect();
        named.extend(played);
        named.sort_unstable_by_key(|scenario| number(scenario));
        named.dedup();
        named
    }

    /// Which scenario is left out and why, with which fixes.
    fn left_out(&self) -> BTreeMap<(&'static str, &str), Vec<&'static str>> {
        let mut left_out = BTreeMap::<_, Vec<&'static str>>::new();
        for row in &self.rows {
            for (scenario, reason) in &row.left_out {
                left_out.entry((*scenario, reason.as_str())).or_default().push(row.fix);
            }
        }
        left_out
    }

    fn not_promised(&self) -> impl Iterator<Item = (&Row, Property, &[&'static str], &str)> {
        let cells = self.rows.iter().flat_map(|row| row.cells.iter().map(move |cell| (row, cell)));
        cells.filter_map(|(row, cell)| match &cell.finding {
            Finding::NotPromised { scenarios, reason, .. } => {
                Some((row, cell.property, scenarios.as_slice(), reason.as_str()))
            }
            _ => None,
        })
    }
}
