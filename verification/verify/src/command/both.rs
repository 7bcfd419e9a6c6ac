//! `--engine both`: the same models on heddle, here, and on loom, in another build; side by side.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    process::{Child, Stdio},
};

use anstream::println;
use comfy_table::{CellAlignment, Table, presets};
use enactor_verification::{engine::Engine, search::Progress};
use enactor_verify::{
    report::json::{Report, Row},
    runner::Outcome,
};
use serde::Serialize;

use super::{Exit, Format, Models, complain, models, rebuild};

/// Both reports, and what the comparison says.
#[derive(Debug, Serialize)]
struct Both {
    engine: &'static str,
    heddle: Report,
    loom: Report,
    models: Vec<Compared>,
    ok: bool,
}

/// One model on both engines.
#[derive(Debug, Serialize)]
struct Compared {
    store: String,
    scenario: String,
    heddle_executions: u64,
    loom_executions: u64,
    heddle_outcomes: usize,
    loom_outcomes: usize,
    /// Outcomes that loom shows and heddle does not. None is known to be a false alarm of loom's, so each is a failure.
    only_loom: usize,
    heddle_seconds: f64,
    loom_seconds: f64,
}

/// Runs the same models on loom, compares and prints.
pub(super) fn compare(outcomes: &[Outcome], options: &Models, progress: &Progress) -> Exit {
    let heddle = Report::new(Engine::Heddle, outcomes);
    let loom = match run_loom(options) {
        Ok(report) => report,
        Err(_) if progress.is_interrupted() => {
            complain("loom's run was ended before it had anything to say");
            return Exit::Inconclusive;
        }
        Err(words) => {
            complain(words);
            return Exit::Internal;
        }
    };
    let compared = pair(&heddle, &loom);
    let same = compared.iter().all(|model| model.only_loom == 0);
    let mut both = Both { engine: "both", ok: same && heddle.ok && loom.ok, heddle, loom, models: compared };
    match options.format {
        Format::Json => {
            both.forget_fingerprints();
            println!("{}", models::json(&both));
        }
        Format::Table => print_for_people(&both),
    }
    if !same || both.differs() {
        Exit::Differs
    } else if both.ok {
        Exit::AsExpected
    } else {
        Exit::Inconclusive
    }
}

/// The report of a loom build of this program on the same models.
fn run_loom(options: &Models) -> Result<Report, String> {
    let mut command = rebuild::command(Engine::Loom);
    command.args(["--engine", "loom", "--format", "json", "--outcomes"]);
    let mut pass = |name: &str, value: Option<OsString>| {
        if let Some(value) = value {
            command.arg(name).arg(value);
        }
    };
    pass("--store", options.store.map(|store| store.name.into()));
    pass("--scenario", options.scenario.map(|scenario| scenario.name.into()));
    pass("--property", options.property.map(|property| property.name().into()));
    pass("--jobs", options.jobs.map(|jobs| jobs.to_string().into()));
    pass("--budget", options.budget.as_ref().map(|path| path.as_os_str().to_owned()));
    let output = rebuild::start(command.stdout(Stdio::piped())).and_then(Child::wait_with_output);
    let output = output.map_err(|error| format!("cannot run cargo to build the loom leg: {error}"))?;
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("loom's run gave no report ({error}), and ended with {}", output.status))
}

/// The first row of each model: executions and outcomes stand in every one.
fn by_model(report: &Report) -> BTreeMap<(&str, &str), &Row> {
    report.models.iter().rev().map(|row| ((row.store.as_str(), row.scenario.as_str()), row)).collect()
}

fn pair(heddle: &Report, loom: &Report) -> Vec<Compared> {
    let theirs = by_model(loom);
    let pair = |(&(store, scenario), ours): (&(&str, &str), &&Row)| {
        let theirs = theirs.get(&(store, scenario))?;
        Some(Compared {
            store: store.to_owned(),
            scenario: scenario.to_owned(),
            heddle_executions: ours.executions,
            loom_executions: theirs.executions,
            heddle_outcomes: ours.outcomes.len(),
            loom_outcomes: theirs.outcomes.len(),
            only_loom: theirs.outcomes.difference(&ours.outcomes).count(),
            heddle_seconds: ours.seconds,
            loom_seconds: theirs.seconds,
        })
    };
    by_model(heddle).iter().filter_map(pair).collect()
}

impl Both {
    /// The fingerprints are for the comparison; nobody can read them.
    fn forget_fingerprints(&mut self) {
        for row in self.heddle.models.iter_mut().chain(&mut self.loom.models) {
            row.outcomes.clear();
        }
    }

    /// Whether a verdict of either engine is another one than expected, and says something.
    fn differs(&self) -> bool {
        let mut rows = self.heddle.models.iter().chain(&self.loom.models);
        rows.any(|row| row.verdict != row.expected && !["truncated", "vacuous"].contains(&row.verdict.as_str()))
    }
}

fn print_for_people(both: &Both) {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header([
        "store", "scenario", "heddle", "outcomes", "time", "loom", "outcomes", "time", "loom misses", "only loom",
    ]);
    for column in 2..10 {
        table.column_mut(column).expect("there are ten").set_cell_alignment(CellAlignment::Right);
    }
    for model in &both.models {
        table.add_row([
            model.store.clone(),
            model.scenario.clone(),
            model.heddle_executions.to_string(),
            model.heddle_outcomes.to_string(),
            format!("{:.1} s", model.heddle_seconds),
            model.loom_executions.to_string(),
            model.loom_outcomes.to_string(),
            format!("{:.1} s", model.loom_seconds),
            (model.heddle_outcomes + model.only_loom - model.loom_outcomes).to_string(),
            model.only_loom.to_string(),
        ]);
    }
    println!("{table}");
    for (engine, report) in [(Engine::Heddle, &both.heddle), (Engine::Loom, &both.loom)] {
        for row in report.models.iter().filter(|row| row.verdict != row.expected) {
            let Row { store, scenario, property, detail, expected, .. } = row;
            println!("differs on {engine}: {store}/{scenario}: {property} is {detail}, expected {expected}");
        }
    }
    let invented: usize = both.models.iter().map(|model| model.only_loom).sum();
    println!("{invented} outcomes that only loom shows. An outcome is what every call of every thread gave.");
}
