//! `cargo verify baseline`: whether the numbers of executions are the recorded ones, and how they become that.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anstream::println;
use enactor_verification::search::Progress;
use enactor_verify::{
    budget::{Budget, Model},
    gate::{
        baseline::{Baseline, Counts},
        file,
    },
    runner::Outcome,
};

use super::{
    Exit, complain,
    models::{self, ENGINE},
    options::Recorded,
    play::{self, Audience},
    reports,
};

pub(super) fn run(options: &Recorded) -> Exit {
    let (path, budget, baseline) = match read(options) {
        Ok(read) => read,
        Err(words) => {
            complain(words);
            return Exit::Usage;
        }
    };
    let progress = Arc::new(Progress::default());
    if let Err(exit) = play::listen(&progress) {
        return exit;
    }
    let outcomes = play::play(&budget.models, options.jobs, Audience::People, &baseline, &progress);
    if !outcomes.iter().all(is_worth_recording) {
        for outcome in outcomes.iter().filter(|outcome| !is_worth_recording(outcome)) {
            let limit = outcome.findings.limit.iter().map(|limit| format!(", cut: {limit}")).collect::<String>();
            complain(format!("{} is not as expected{limit}: its number says nothing", outcome.model.name()));
        }
        return match models::exit(&outcomes) {
            Exit::AsExpected => Exit::Inconclusive,
            other => other,
        };
    }
    let counts = outcomes.iter().map(|outcome| {
        let findings = &outcome.findings;
        (outcome.model.name(), Counts { executions: findings.executions, blocked: findings.blocked })
    });
    // What was not asked for stays as it is recorded.
    let mut known = baseline.of(ENGINE).clone();
    if options.group.is_empty() {
        known.clear();
    }
    known.extend(counts);
    let now = baseline.clone().with(ENGINE, known);
    let changes = changes(&baseline.to_string(), &now.to_string());
    for change in &changes {
        println!("{change}");
    }
    conclude(options, &path, &now, changes.is_empty())
}

fn conclude(options: &Recorded, path: &Path, now: &Baseline, same: bool) -> Exit {
    if same {
        println!("every number is as recorded");
        return Exit::AsExpected;
    }
    if !options.update {
        complain("the numbers are not the recorded ones; look why, then `cargo verify baseline --update`");
        return Exit::Differs;
    }
    match file::write(path, &now.to_string()) {
        Ok(()) => {
            println!("written; review the change before you commit it");
            Exit::AsExpected
        }
        Err(error) => {
            complain(error);
            Exit::Internal
        }
    }
}

/// Only a search that came to its end, and to what is expected, has a number to compare with.
fn is_worth_recording(outcome: &Outcome) -> bool {
    outcome.is_as_expected() && outcome.findings.limit.is_none()
}

/// Where the baseline is, the models, and what is recorded so far.
fn read(options: &Recorded) -> Result<(PathBuf, Budget, Baseline), String> {
    let (text, what) = reports::text("the budget", &options.budget, Budget::RECORDED)?;
    let mut budget = Budget::read(&text, ENGINE).map_err(|error| format!("{what}: {error}"))?;
    if let Some(unknown) = options.group.iter().find(|group| !budget.groups.contains(group)) {
        return Err(format!("no group is called {unknown:?}; the budget has {}", budget.groups.join(", ")));
    }
    budget.models.retain(|model| options.group.is_empty() || options.group.contains(&model.group));
    let recorded = || Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../baseline.toml")).to_owned();
    let path = options.baseline.clone().unwrap_or_else(recorded);
    let baseline = match options.update && !path.exists() {
        true => Baseline::empty(),
        false => {
            let text = file::read(&path).map_err(|error| error.to_string())?;
            Baseline::parse(&text).map_err(|error| format!("the baseline {}: {error}", path.display()))?
        }
    };
    if options.update {
        file::check_writable(&path).map_err(|error| error.to_string())?;
    }
    Ok((path, budget, baseline))
}

/// The lines that go and the lines that come: the lines are sorted, and each is another model's.
fn changes(before: &str, after: &str) -> Vec<String> {
    let but_for = |text: &str, other: &str, sign: &str| -> Vec<(String, String)> {
        let lines = sections(text).into_iter().filter(|line| !sections(other).contains(line));
        lines.map(|line| (line.clone(), format!("{sign} {line}"))).collect()
    };
    let mut lines = but_for(before, after, "-");
    lines.extend(but_for(after, before, "+"));
    lines.sort_by(|one, other| model(&one.0).cmp(model(&other.0)));
    lines.into_iter().map(|(_, line)| line).collect()
}

/// Each line of a model, with its engine.
fn sections(text: &str) -> Vec<String> {
    let mut engine = "";
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') {
            engine = line;
        } else if line.starts_with('"') {
            lines.push(format!("{engine} {line}"));
        }
    }
    lines
}

fn model(line: &str) -> &str {
    line.split(" = ").next().unwrap_or(line)
}

/// Says which models of a run have another number of executions than recorded. Only the gate is red for that.
pub(super) fn warn_of_drift(outcomes: &[Outcome]) {
    let Ok(baseline) = Baseline::parse(Baseline::RECORDED) else {
        return complain("verification/baseline.toml is none; see `cargo verify baseline`");
    };
    let yellow = anstyle::AnsiColor::Yellow.on_default().bold();
    for outcome in outcomes.iter().filter(|outcome| outcome.findings.limit.is_none()) {
        let Model { store, scenario, .. } = &outcome.model;
        let findings = &outcome.findings;
        let counts = Counts { executions: findings.executions, blocked: findings.blocked };
        match baseline.counts(ENGINE, &outcome.model.name()) {
            Some(recorded) if recorded == counts => {}
            Some(recorded) => {
                anstream::eprintln!(
                    "{yellow}drift:{yellow:#} {store}/{scenario}: {counts}, the baseline says {recorded}"
                );
            }
            None => anstream::eprintln!("{yellow}drift:{yellow:#} {store}/{scenario} is not in the baseline"),
        }
    }
}
