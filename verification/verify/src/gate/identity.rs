//! [`Identity`]: which code, budget and models a record is about. Records of different ones are never put together.

use std::{fs, io, path::Path};

use enactor_verification::engine::Engine;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{file::FileError, since};

/// What must be the same for two records to be of the same run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The engine.
    pub engine: Engine,
    /// git's name of the revision, if there is one.
    pub revision: Option<String>,
    /// A digest of the sources that the models are made of, changes without a revision included.
    pub sources: String,
    /// A digest of the budget.
    pub budget: String,
    /// A digest of the baseline.
    pub baseline: String,
    /// The models that were selected, on all machines together.
    pub models: Vec<String>,
}

/// Where the sources are, and what else they are not: the budget and the baseline have a digest of their own.
const SOURCES: [&str; 6] = ["Cargo.toml", "Cargo.lock", ".cargo/config.toml", "build.rs", "src", "verification"];
const NOT_SOURCES: [&str; 2] = ["verification/budget.toml", "verification/baseline.toml"];

impl Identity {
    /// Of a checkout in `root`.
    ///
    /// # Errors
    /// When a source cannot be read.
    pub fn new(
        root: &Path,
        engine: Engine,
        budget: &str,
        baseline: &str,
        models: Vec<String>,
    ) -> Result<Self, FileError> {
        Ok(Self {
            engine,
            revision: since::revision(root, "HEAD").ok(),
            sources: sources(root).map_err(|error| FileError::of_sources(root, error))?,
            budget: digest(budget.as_bytes()),
            baseline: digest(baseline.as_bytes()),
            models,
        })
    }

    /// What differs, if something does.
    pub fn differs(&self, other: &Self) -> Option<&'static str> {
        let pairs = [
            (self.engine != other.engine, "the engine"),
            (self.revision != other.revision, "the revision"),
            (self.sources != other.sources, "the code"),
            (self.budget != other.budget, "the budget"),
            (self.baseline != other.baseline, "the baseline"),
            (self.models != other.models, "the selection of models"),
        ];
        pairs.into_iter().find_map(|(differs, what)| differs.then_some(what))
    }
}

/// A digest, in hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sources(root: &Path) -> io::Result<String> {
    let mut all = Sha256::new();
    for path in SOURCES {
        add(root, path, &mut all)?;
    }
    Ok(all.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Adds a file, or everything in a folder, with its path and its length.
fn add(root: &Path, path: &str, all: &mut Sha256) -> io::Result<()> {
    let here = root.join(path);
    if here.is_dir() {
        let names = fs::read_dir(&here)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<io::Result<Vec<String>>>()?;
        names.retain(|name| !name.starts_with('.') && name != "target");
        names.sort_unstable();
        return names.iter().try_for_each(|name| add(root, &format!("{path}/{name}"), all));
    }
    if here.is_file() && !NOT_SOURCES.contains(&path) && since::is_part_of_a_model(path) {
        let text = fs::read(here)?;
        all.update(format!("{path}\0{}\0", text.len()));
        all.update(text);
    }
    Ok(())
}
