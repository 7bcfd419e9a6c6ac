//! The command line of `verify`.

#[cfg(loom)]
mod audit;
#[cfg(loom)]
mod baseline;
#[cfg(loom)]
mod both;
#[cfg(loom)]
mod gate;
mod matrix;
#[cfg(loom)]
mod merge;
#[cfg(loom)]
mod models;
mod options;
#[cfg(loom)]
mod play;
mod rebuild;
#[cfg(loom)]
mod replay;
#[cfg(loom)]
mod reports;

use std::{num::NonZeroUsize, path::PathBuf, process::ExitCode};

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use enactor_verification::{engine::Engine, property::Property, scenario::Scenario, stores::Store};
use enactor_verify::{report::token::Token, stores};

/// How a run of `verify` ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Every verdict is as expected.
    AsExpected = 0,
    /// A verdict differs from what the budget expects.
    Differs = 1,
    /// The command line, or the budget, is wrong.
    Usage = 2,
    /// Truncated or vacuous: no conclusion.
    Inconclusive = 3,
    /// A mistake of ours, or of the machine.
    Internal = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

const AFTER_HELP: &str = "\
Exit codes: 0 all as expected, 1 a verdict differs, 2 usage, 3 truncated or vacuous, 4 internal error.
Ctrl-C ends the searches at their next execution and prints what is known by then; cut searches are truncated.";

/// Plays every scenario on every store in every execution that the engine knows of, and compares with the budget.
#[derive(Debug, Parser)]
#[command(name = "cargo verify", bin_name = "cargo verify", version, after_help = AFTER_HELP)]
#[command(args_conflicts_with_subcommands = true)]
struct Command {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    models: Models,
}

/// Which models to run, and how to print.
#[derive(Debug, Args)]
pub(crate) struct Models {
    /// Print the models instead of running them
    #[arg(long)]
    list: bool,
    /// Whose word the verdicts are
    #[arg(long, value_enum, default_value_t = Engines::Heddle)]
    engine: Engines,
    /// Only models of this store
    #[arg(long, value_parser = stores::named)]
    store: Option<&'static Store>,
    /// Only models of this scenario
    #[arg(long, value_parser = |name: &str| name.parse::<&'static Scenario>())]
    scenario: Option<&'static Scenario>,
    /// Only models that check this property
    #[arg(long)]
    property: Option<Property>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// How many cores to use, at most 1024 [default: all]
    #[arg(long, short)]
    jobs: Option<NonZeroUsize>,
    /// Another budget than the repository's
    #[arg(long, value_name = "FILE")]
    budget: Option<PathBuf>,
    /// Write a page for each property that is refuted, and an index of them, into this folder
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Mark the guilty line of each refutation that nobody expected, for GitHub [default: where GITHUB_ACTIONS is true]
    #[arg(long)]
    annotations: bool,
    /// Put a fingerprint of every outcome into the JSON
    #[arg(long, hide = true)]
    outcomes: bool,
}

/// Which engines to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engines {
    /// Every consistent RC11 execution graph, each once: `proved` is proved for that model
    Heddle,
    /// The reference everyone knows: it misses executions, and has false alarms
    Loom,
    /// Both side by side; fails if loom shows an outcome that heddle does not
    Both,
}

impl Engines {
    /// The engine that a build must have for this.
    fn leg(self) -> Engine {
        match self {
            Engines::Heddle | Engines::Both => Engine::Heddle,
            Engines::Loom => Engine::Loom,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: progress, a table, and a timeline of each way in which the outage happens
    Table,
    /// For programs: one JSON document on standard output
    Json,
}

/// Which execution to show, and how.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// What `cargo verify` printed beside a counterexample
    token: Token,
    /// One operation with a weaker ordering, as `cargo verify audit` printed it
    #[arg(long, value_name = "FILE:LINE:…")]
    weaken: Option<String>,
    /// Show each operation too: value, ordering, and where what was read comes from
    #[arg(long)]
    operations: bool,
    /// Write the execution as a picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write the execution as a page that steps through it
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the execution for programs
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Other {
    /// Play one execution again and show it step by step
    Replay(Replay),
    /// Weaken each ordering of a store, one at a time, and see which scenario notices
    Audit {
        /// The store; without it the one that is claimed to be right
        #[arg(long, value_parser = stores::named)]
        store: Option<&'static Store>,
        /// Whose word the findings are: heddle or loom, which misses executions, so less is noticed
        #[arg(long, default_value_t = Engine::Heddle)]
        engine: Engine,
        /// How to print
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
        /// How many cores to use, at most 1024 [default: all]
        #[arg(long, short)]
        jobs: Option<NonZeroUsize>,
    },
    /// Play every plausible fix in every scenario and print fixes × properties
    Matrix(matrix::Options),
    /// Run what CI runs: every model within a time, compared with the budget and the baseline (docs/gate.md)
    Gate(options::Gate),
    /// Put the shards of a gate together: one verdict, one exit code
    Merge(options::Merge),
    /// Compare how many executions each model has with what is recorded, or record it
    Baseline(options::Recorded),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

pub(crate) fn main() -> ExitCode {
    let command = Command::parse();
    let leg = match &command.other {
        None => command.models.engine.leg(),
        Some(Other::Replay(replay)) => replay.token.engine(),
        Some(Other::Audit { engine, .. }) => *engine,
        Some(Other::Matrix(matrix)) => matrix.engine,
        Some(Other::Gate(gate)) => gate.engine,
        // A merge explores nothing.
        Some(Other::Merge(_)) => Engine::BUILT.unwrap_or(Engine::Heddle),
        Some(Other::Baseline(recorded)) => recorded.engine,
        Some(Other::Completions { shell }) => {
            clap_complete::generate(*shell, &mut Command::command(), "verify", &mut std::io::stdout());
            return Exit::AsExpected.into();
        }
    };
    if let Some(Other::Matrix(matrix)) = &command.other
        && let Err(words) = matrix.check()
    {
        complain(words);
        return Exit::Usage.into();
    }
    let exit = if Engine::BUILT == Some(leg) { run(&command) } else { rebuild::rebuild(leg) };
    exit.into()
}

#[cfg(loom)]
fn run(command: &Command) -> Exit {
    match &command.other {
        Some(Other::Replay(options)) => replay::replay(options),
        Some(Other::Audit { store, format, jobs, .. }) => audit::run(*store, *format, *jobs),
        Some(Other::Matrix(options)) => matrix::run(options),
        Some(Other::Gate(options)) => gate::run(options),
        Some(Other::Merge(options)) => merge::run(options),
        Some(Other::Baseline(options)) => baseline::run(options),
        _ => models::run(&command.models),
    }
}

/// The real leg has no engine, so nobody asks.
#[cfg(not(loom))]
fn run(_command: &Command) -> Exit {
    complain("this build has no engine");
    Exit::Internal
}

/// Says on standard error why the command ends.
pub(crate) fn complain(words: impl std::fmt::Display) {
    let red = anstyle::Style::new().fg_color(Some(anstyle::AnsiColor::Red.into())).bold();
    anstream::eprintln!("{red}error:{red:#} {words}");
}
