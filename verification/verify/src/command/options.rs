//! The options of the gate, the merge of its shards, and the baseline.

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use clap::Args;
use enactor_verification::engine::Engine;
use enactor_verify::gate::shard::Shard;

/// What to run, how long, and what to leave behind.
#[derive(Debug, Args)]
pub(crate) struct Gate {
    /// Whose word the verdicts are: heddle or loom
    #[arg(long, default_value_t = Engine::Heddle)]
    pub(super) engine: Engine,
    /// Only models of this group of the budget; may be given several times [default: every group]
    #[arg(long = "group", value_name = "GROUP")]
    pub(super) groups: Vec<String>,
    /// Only models that the changes since this revision can affect
    #[arg(long, value_name = "REV")]
    pub(super) since: Option<String>,
    /// How long all models may take together; those that do not fit are truncated
    #[arg(long, default_value = "5", value_parser = minutes)]
    pub(super) minutes: Duration,
    /// Only the i-th of n parts of the models, for one of n machines
    #[arg(long, value_name = "i/n", requires = "out")]
    pub(super) shard: Option<Shard>,
    /// Write what `cargo verify merge` takes
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Run only what the unfinished run in FILE has left
    #[arg(long, value_name = "FILE")]
    pub(super) resume: Option<PathBuf>,
    /// Where an unfinished run is kept [default: target/gate-unfinished.json of the checkout]
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<PathBuf>,
    /// How many cores to use, at most 1024 [default: all]
    #[arg(long, short)]
    pub(super) jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(super) against: Against,
    #[command(flatten)]
    pub(super) reports: Reports,
}

fn minutes(text: &str) -> Result<Duration, String> {
    let minutes: f64 = text.parse().map_err(|_| "this is no number of minutes".to_owned())?;
    let time = Duration::try_from_secs_f64(minutes * 60.0).map_err(|error| error.to_string())?;
    if time.is_zero() { Err("in no time nothing is checked".to_owned()) } else { Ok(time) }
}

/// Which shards, and what to write.
#[derive(Debug, Args)]
pub(crate) struct Merge {
    /// What `cargo verify gate --out` wrote, from every shard
    #[arg(value_name = "FILE", required = true)]
    pub(super) shards: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) against: Against,
    #[command(flatten)]
    pub(super) reports: Reports,
}

/// Which numbers, and whether to write them down.
#[derive(Debug, Args)]
pub(crate) struct Recorded {
    /// Whose numbers: heddle's or loom's
    #[arg(long, default_value_t = Engine::Heddle)]
    pub(super) engine: Engine,
    /// Write the numbers of this run down
    #[arg(long)]
    pub(super) update: bool,
    /// Only models of this group; give it again for more [default: all]
    #[arg(long, value_name = "NAME")]
    pub(super) group: Vec<String>,
    /// How many cores to use, at most 1024 [default: all]
    #[arg(long, short)]
    pub(super) jobs: Option<NonZeroUsize>,
    /// Another budget than the repository's
    #[arg(long, value_name = "FILE")]
    pub(super) budget: Option<PathBuf>,
    /// Another baseline than the repository's
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
}

/// What a run is compared with.
#[derive(Debug, Args)]
pub(crate) struct Against {
    /// Another budget than the repository's
    #[arg(long, value_name = "FILE")]
    pub(super) budget: Option<PathBuf>,
    /// Another baseline than the repository's
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Another checkout than the one that this was built from
    #[arg(long, value_name = "DIR")]
    pub(super) repository: Option<PathBuf>,
    /// Let a changed number of executions be a warning
    #[arg(long)]
    pub(super) allow_drift: bool,
}

/// Which reports to write.
#[derive(Debug, Args)]
pub(crate) struct Reports {
    /// Write a JUnit report
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Write a SARIF report of what is wrong
    #[arg(long, value_name = "FILE")]
    pub(super) sarif: Option<PathBuf>,
    /// Write a summary in Markdown; it is also added to $GITHUB_STEP_SUMMARY
    #[arg(long, value_name = "FILE")]
    pub(super) markdown: Option<PathBuf>,
    /// Write everything as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
}
