//! `cargo verify matrix`: every fix of the zoo in every scenario, or on loom in those that tell some wrong fix's story.

#[cfg(loom)]
mod run;

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, ValueEnum};
use enactor_verification::{engine::Engine, stores::Store};
use enactor_verify::stores;

#[cfg(loom)]
pub(super) use run::run;

/// Which fixes, and how to print.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only this fix
    #[arg(long, value_parser = stores::named)]
    store: Option<&'static Store>,
    /// Whose word the verdicts are: heddle or loom, which plays the scenarios that tell some wrong fix's story, within a bound
    #[arg(long, default_value_t = Engine::Heddle)]
    pub(super) engine: Engine,
    /// Play what the zoo leaves out, too, however long it takes: minutes for some fixes, many hours for all. heddle's only
    #[arg(long)]
    left_out: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// How many cores to use, at most 1024 [default: all]
    #[arg(long, short)]
    jobs: Option<NonZeroUsize>,
    /// Another zoo than the repository's
    #[arg(long, value_name = "FILE")]
    zoo: Option<PathBuf>,
}

impl Options {
    /// Whether they go together. Asked before anything is built for them.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        match self.left_out && self.engine == Engine::Loom {
            true => {
                Err("loom plays the wrong fixes' stories, and leaves none out: take --left-out away, or --engine loom")
            }
            false => Ok(()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Table,
    /// For `docs/zoo.md`
    Markdown,
    /// For programs: one JSON document on standard output
    Json,
}
