//! A [`Record`] in a file: a shard's, to be merged, or an unfinished run's, to be resumed.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    file::{self, FileError},
    identity::digest,
    record::Record,
};

const FORMAT: &str = "enactor-gate";
const VERSION: u32 = 1;

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `cargo verify merge` takes it.
    Shard,
    /// `--resume` takes it.
    Unfinished,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u32,
    kind: Kind,
    /// Of the record.
    checksum: String,
    record: Record,
}

/// Enough to say why a file is none of this version.
#[derive(Deserialize)]
struct Heading {
    format: String,
    version: u32,
}

/// A file that has no record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoredError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is something else.
    #[error("{}: this is no file of `cargo verify gate`: {error}", path.display())]
    Garbled {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: String,
    },
    /// It is of another version.
    #[error("{}: the file has version {found}, and this is for version {VERSION}: run the gate anew", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// It is for something else.
    #[error("{}: {}", path.display(), match found {
        Kind::Shard => "this is a shard, which `cargo verify merge` takes",
        Kind::Unfinished => "this is an unfinished run, which `cargo verify gate --resume` takes",
    })]
    Kind {
        /// The file.
        path: PathBuf,
        /// What it is for.
        found: Kind,
    },
}

/// Writes `record`.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, kind: Kind, record: &Record) -> Result<(), FileError> {
    let file =
        File { format: FORMAT.to_owned(), version: VERSION, kind, checksum: checksum(record), record: record.clone() };
    let text = serde_json::to_string_pretty(&file).expect("a record is always JSON");
    file::write(path, &format!("{text}\n"))
}

/// Reads what [`write()`] wrote.
///
/// # Errors
/// [`StoredError`] says what the file is instead.
pub fn read(path: &Path, kind: Kind) -> Result<Record, StoredError> {
    let text = file::read(path)?;
    let garbled = |error: &dyn ToString| StoredError::Garbled { path: path.to_owned(), error: error.to_string() };
    let heading: Heading = serde_json::from_str(&text).map_err(|error| garbled(&error))?;
    if heading.format != FORMAT {
        return Err(garbled(&format!("its format is {:?}", heading.format)));
    }
    if heading.version != VERSION {
        return Err(StoredError::Version { path: path.to_owned(), found: heading.version });
    }
    let file: File = serde_json::from_str(&text).map_err(|error| garbled(&error))?;
    if file.checksum != checksum(&file.record) {
        return Err(garbled(&"its checksum is not that of what stands there"));
    }
    if file.kind != kind {
        return Err(StoredError::Kind { path: path.to_owned(), found: file.kind });
    }
    Ok(file.record)
}

fn checksum(record: &Record) -> String {
    digest(serde_json::to_string(record).expect("a record is always JSON").as_bytes())
}
