//! What the gate and the merge of its shards share: reading what is expected, and writing the reports.

use std::{
    collections::BTreeSet,
    env,
    io::Write as _,
    path::{Path, PathBuf},
};

use enactor_verification::{engine::Engine, report::story::Sources};
use enactor_verify::{
    budget::{Budget, Model},
    gate::{
        baseline::Baseline,
        file, junit, markdown,
        record::{Conclusion, LeftOut, Problem, Record},
        sarif, table,
    },
};
use serde::Serialize;

use super::{
    Exit, complain,
    options::{Against, Reports},
};

/// Budget and baseline, read.
pub(super) struct Expected {
    pub(super) budget: Budget,
    pub(super) budget_text: String,
    pub(super) baseline: Baseline,
    pub(super) baseline_text: String,
}

impl Against {
    /// The checkout.
    pub(super) fn root(&self) -> PathBuf {
        self.repository.clone().unwrap_or_else(|| Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).to_owned())
    }

    /// What is expected of `engine`.
    pub(super) fn read(&self, engine: Engine) -> Result<Expected, String> {
        let (budget_text, budget_is) = text("the budget", &self.budget, Budget::RECORDED)?;
        let budget = Budget::read(&budget_text, engine).map_err(|error| format!("{budget_is}: {error}"))?;
        let (baseline_text, baseline_is) = text("the baseline", &self.baseline, Baseline::RECORDED)?;
        let baseline = Baseline::read(&baseline_text, engine, &budget.models);
        let baseline = baseline.map_err(|error| format!("{baseline_is}: {error}"))?;
        Ok(Expected { budget, budget_text, baseline, baseline_text })
    }
}

/// The text of the file at `path`, or what is recorded, and how to speak of it.
pub(super) fn text(what: &str, path: &Option<PathBuf>, recorded: &str) -> Result<(String, String), String> {
    match path {
        None => Ok((recorded.to_owned(), what.to_owned())),
        Some(path) => match file::read(path) {
            Ok(text) => Ok((text, format!("{what} {}", path.display()))),
            Err(error) => Err(format!("{what}: {error}")),
        },
    }
}

/// The whole result, for programs.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    conclusion: Conclusion,
    exit: u8,
    problems: &'a [Problem],
    record: &'a Record,
}

impl Reports {
    /// Whether every report can be written, as far as one can know before the run. `others` are written too.
    pub(super) fn check(&self, others: &[&Option<PathBuf>]) -> Result<(), String> {
        let own = [&self.junit, &self.sarif, &self.markdown, &self.json];
        if let Some(path) = step_summary() {
            file::check_appendable(&path).map_err(|error| format!("GITHUB_STEP_SUMMARY: {error}"))?;
        }
        let mut seen = BTreeSet::new();
        for path in own.iter().chain(others).filter_map(|path| path.as_ref()) {
            file::check_writable(path).map_err(|error| error.to_string())?;
            if !seen.insert(file::whole_name(path)) {
                return Err(format!("{} would be written twice: give each report a file", path.display()));
            }
        }
        Ok(())
    }

    /// Writes the reports, prints the result, and says how the command ends.
    pub(super) fn finish(&self, record: &Record, against: &Against) -> Exit {
        let allow_drift = against.allow_drift;
        let conclusion = record.conclusion(allow_drift);
        let exit = match conclusion {
            Conclusion::Green | Conclusion::NothingToCheck => Exit::AsExpected,
            Conclusion::Red => Exit::Differs,
            Conclusion::Inconclusive => Exit::Inconclusive,
        };
        let problems = record.problems(allow_drift);
        let document = Document { version: 1, conclusion, exit: exit as u8, problems: &problems, record };
        let summary = markdown::render(record, allow_drift);
        let mut sources = Sources::default();
        let mut blame = |token: &str| {
            let story = super::replay::story(&token.parse().ok()?, &mut sources)?;
            let place = story.guilty()?.place.clone()?;
            Some(sarif::Line { path: sources.in_repository(&place.file), line: place.line as usize })
        };
        let mut written = vec![
            write(&self.junit, || junit::render(record, allow_drift)),
            write(&self.sarif, || sarif::render(record, allow_drift, &against.root(), &mut blame)),
            write(&self.markdown, || summary.clone()),
            write(&self.json, || super::models::json(&document)),
        ];
        if let Some(path) = step_summary() {
            written.push(file::append(&path, &summary).map_err(|error| error.to_string()));
        }
        written.push(say(&table::render(record, allow_drift)));
        // Said last, where people look; the others are written by now.
        let failed = written.into_iter().filter_map(Result::err).map(complain).count();
        if failed > 0 { Exit::Internal } else { exit }
    }
}

/// Where GitHub Actions wants the summary of a step.
fn step_summary() -> Option<PathBuf> {
    env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()).map(PathBuf::from)
}

fn write(path: &Option<PathBuf>, text: impl FnOnce() -> String) -> Result<(), String> {
    path.as_ref().map_or(Ok(()), |path| file::write(path, &text()).map_err(|error| error.to_string()))
}

/// Prints the result. A standard output that takes nothing is no reason to lose anything else.
pub(super) fn say(text: &str) -> Result<(), String> {
    let mut out = anstream::stdout();
    let said = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    said.map_err(|error| format!("cannot write to standard output: {error}"))
}

/// The models that the budget keeps from `engine`.
pub(super) fn out_of_reach(budget: &Budget, engine: Engine) -> Option<LeftOut> {
    let models: Vec<String> = budget.out_of_reach.iter().map(Model::name).collect();
    let why = format!("out of {engine}'s reach, by the budget; heddle has their verdicts");
    (!models.is_empty()).then_some(LeftOut { why, models })
}

/// Whether `record`, which comes from a file, is about models of the budget as it is.
pub(super) fn check_fits(record: &Record, budget: &Budget) -> Result<(), String> {
    let models = || budget.models.iter().chain(&budget.out_of_reach);
    let named = |name: &String| models().find(|model| model.name() == *name);
    let left_out = record.left_out.iter().flat_map(|left_out| &left_out.models);
    if let Some(name) = record.identity.models.iter().chain(left_out.clone()).find(|name| named(name).is_none()) {
        return Err(format!("the budget has no model {name}"));
    }
    let known: BTreeSet<&String> = record.identity.models.iter().chain(left_out).collect();
    if let Some(model) = models().find(|model| !known.contains(&model.name())) {
        return Err(format!("{} was neither selected nor left out", model.name()));
    }
    match models().find(|model| record.models.iter().any(|played| played.model == model.name() && !played.fits(model)))
    {
        Some(model) => Err(format!("{} has other verdicts than the budget asks for", model.name())),
        None => Ok(()),
    }
}
