//! `cargo verify gate`, `merge` and `baseline` as CI meets them: exit codes, files, and what is refused.
#![cfg(loom)]

mod baseline;
mod documents;
mod hostile;
mod interrupt;
mod on_loom;
mod reports;
mod shards;
mod since;

use std::{
    path::Path,
    process::{Command, Output},
};

use enactor_verification::engine::Engine;
use enactor_verify::gate::file;
#[cfg(heddle)]
use enactor_verify::{budget::Budget, gate::baseline::Baseline};
use tempfile::TempDir;

const ENGINE: Engine = Engine::BUILT.expect("a leg with an engine");

/// How many models there are, and how many of them a push waits for: in the budget's own words, counted without reading it.
#[cfg(heddle)]
fn counts() -> (usize, usize) {
    let budget = include_str!("../../../budget.toml");
    let lines = |line: &str| budget.lines().filter(|other| *other == line).count();
    (lines("[[model]]"), lines("group = \"quick\""))
}

/// A command that has ended.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// `verify` on the engine of this build, and not as part of somebody else's job.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_verify"));
    command.args(arguments).env_remove("GITHUB_STEP_SUMMARY");
    if ["gate", "baseline"].contains(&arguments[0]) {
        command.args(["--engine", ENGINE.name()]);
    }
    command
}

fn verify(arguments: &[&str]) -> Ended {
    ended(command(arguments).output().expect("the built binary"))
}

fn ended(output: Output) -> Ended {
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A folder for the files of one test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("text").to_owned()
    }

    /// A file with this text.
    fn file(&self, name: &str, text: &str) -> String {
        let path = std::path::PathBuf::from(self.path(name));
        std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder");
        std::fs::write(&path, text).expect("a temporary file");
        self.path(name)
    }

    #[cfg(heddle)]
    fn names(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.0.path()).expect("it is there");
        let mut names: Vec<String> =
            names.map(|name| name.expect("a name").file_name().into_string().expect("text")).collect();
        names.sort_unstable();
        names
    }
}

fn read(path: &str) -> String {
    file::read(Path::new(path)).expect("it was written")
}

fn json(path: &str) -> serde_json::Value {
    serde_json::from_str(&read(path)).expect("JSON")
}

/// The recorded budget with `to` for the first `from` in the guarded model of `scenario`.
#[cfg(heddle)]
fn budget_with(scenario: &str, from: &str, to: &str) -> String {
    let at = Budget::RECORDED.find(&format!("scenario = \"{scenario}\"")).expect("it is in the budget");
    let (before, after) = Budget::RECORDED.split_at(at);
    assert!(after.contains(from), "{from}");
    format!("{before}{}", after.replacen(from, to, 1))
}

/// How many executions the baseline has for `model` on the engine that this is built for.
#[cfg(heddle)]
fn recorded(model: &str) -> u64 {
    let at = Baseline::RECORDED.find(&format!("[{ENGINE}]")).expect("the engine's section");
    let number = Baseline::RECORDED[at..].split_once(&format!("\"{model}\" = {{ executions = ")).expect("a line").1;
    number.split_once(',').expect("more than one number").0.parse().expect("a number")
}

/// The recorded baseline with another number of executions for `model` on the engine of this build.
#[cfg(heddle)]
fn baseline_with(model: &str, executions: u64) -> String {
    let at = Baseline::RECORDED.find(&format!("[{ENGINE}]")).expect("the engine's section");
    let (before, after) = Baseline::RECORDED.split_at(at);
    let line = after.lines().find(|line| line.contains(model)).expect("the model's line");
    format!(
        "{before}{}",
        after.replacen(line, &format!("\"{model}\" = {{ executions = {executions}, blocked = 0 }}"), 1)
    )
}
