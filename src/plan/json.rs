//! Plans as JSON files.
//!
//! ```
//! let text = r#"{
//!   "generation": 7,
//!   "endpoints": {
//!     "dynamodb.us-east-1.amazonaws.com": [
//!       {"address": "10.0.0.1", "weight": 10},
//!       {"address": "fd00::1", "weight": 1}
//!     ]
//!   }
//! }"#;
//! let plan = enactor::plan::json::from_str(text)?;
//! assert_eq!(plan.generation().get(), 7);
//! assert_eq!(enactor::plan::json::from_str(&enactor::plan::json::to_string(&plan))?, plan);
//!
//! let error = enactor::plan::json::from_str(&text.replace("10.0.0.1", "10.0.0")).unwrap_err();
//! assert_eq!(error.place, r#"endpoints.dynamodb.us-east-1.amazonaws.com[0].address, line 5, column 27"#);
//! # Ok::<(), enactor::plan::json::PlanFileError>(())
//! ```

use std::{collections::BTreeMap, fmt, fs, io, marker::PhantomData, path::Path};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, MapAccess, Visitor},
};

use super::{Endpoint, Plan, RecordSet};
use crate::{generation::Generation, sync::Arc};

/// A text that is no plan: where, why, and what would mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no plan: at {place}: {reason}")]
#[non_exhaustive]
pub struct PlanFileError {
    /// The path inside the document, with line and column.
    pub place: String,
    /// What is wrong there, and what would be right.
    pub reason: String,
}

/// A plan file that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file system said no.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the file system said.
        source: io::Error,
    },
    /// The file holds no plan.
    #[error("{path}: {source}")]
    Content {
        /// The file.
        path: String,
        /// What is wrong with its content.
        source: PlanFileError,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    generation: Generation,
    endpoints: Unique<Endpoint, Arc<RecordSet>>,
}

/// A JSON object whose keys differ: plain maps let the last of two equal keys win, without a word.
struct Unique<K, V>(BTreeMap<K, V>);

impl<'de, K: Deserialize<'de> + Ord + fmt::Display, V: Deserialize<'de>> Deserialize<'de> for Unique<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys<K, V>(PhantomData<(K, V)>);
        impl<'de, K: Deserialize<'de> + Ord + fmt::Display, V: Deserialize<'de>> Visitor<'de> for Keys<K, V> {
            type Value = Unique<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of endpoint names, each with a list of targets")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut map = BTreeMap::new();
                while let Some(key) = entries.next_key::<K>()? {
                    if map.contains_key(&key) {
                        return Err(de::Error::custom(format!("{key} is listed twice: keep one of the two")));
                    }
                    let value = entries.next_value()?;
                    map.insert(key, value);
                }
                Ok(Unique(map))
            }
        }
        deserializer.deserialize_map(Keys(PhantomData))
    }
}

impl<K: Serialize, V: Serialize> Serialize for Unique<K, V> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// The plan in this JSON text.
///
/// # Errors
/// [`PlanFileError`] when the text is no JSON, has fields that a plan has not, a generation, name or address that is none,
/// an endpoint twice or without targets, or no endpoint at all.
pub fn from_str(text: &str) -> Result<Plan, PlanFileError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let document: Document = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        located(&path, error.inner())
    })?;
    deserializer.end().map_err(|error| located("the end", &error))?;
    if document.endpoints.0.is_empty() {
        let reason = "a plan needs at least one endpoint".to_owned();
        return Err(PlanFileError { place: "endpoints".to_owned(), reason });
    }
    Ok(Plan::new(document.generation, document.endpoints.0))
}

fn located(path: &str, error: &serde_json::Error) -> PlanFileError {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let reason = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text).to_owned();
    PlanFileError { place: format!("{path}, line {line}, column {column}"), reason }
}

/// The plan as JSON text, indented, endpoints by name.
pub fn to_string(plan: &Plan) -> String {
    let endpoints = Unique(plan.records().map(|(endpoint, records)| (endpoint.clone(), records.clone())).collect());
    let document = Document { generation: plan.generation(), endpoints };
    serde_json::to_string_pretty(&document).expect("strings, numbers and lists are always JSON")
}

/// The plan in the file at `path`.
///
/// # Errors
/// [`FileError`] when the file cannot be read or holds no plan.
pub fn read(path: &Path) -> Result<Plan, FileError> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|source| FileError::Io { path: name.clone(), source })?;
    from_str(&text).map_err(|source| FileError::Content { path: name, source })
}

/// Writes the plan to the file at `path`, whole or not at all: a reader never sees half a plan.
///
/// # Errors
/// [`FileError::Io`] when the file cannot be written; what was there before stays.
pub fn write(path: &Path, plan: &Plan) -> Result<(), FileError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, to_string(plan) + "\n")
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|source| FileError::Io { path: path.display().to_string(), source })
}
