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
//! assert_eq!(error.place, r#"endpoints.dynamodb.us-east-1.amazonaws.com[0].address, line 5, column 26"#);
//! # Ok::<(), enactor::plan::json::PlanFileError>(())
//! ```

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, Write as _},
    marker::PhantomData,
    net::IpAddr,
    num::NonZeroU16,
    path::{Path, PathBuf},
    process,
};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::error::Category;

use super::{Endpoint, Plan, RecordSet, Target};
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
    endpoints: Unique<Endpoint, Records>,
}

/// What must be a JSON object: a derived structure would take a list of its fields' values too.
struct Object<T>(T);

/// What stands in a plan file as an object.
trait Form {
    /// How it looks there.
    const FORM: &str;
}

impl Form for Document {
    const FORM: &str = r#"{"generation": …, "endpoints": …}"#;
}

impl Form for Target {
    const FORM: &str = r#"{"address": …, "weight": …}"#;
}

impl<'de, T: Deserialize<'de> + Form> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Form> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(T::FORM)
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
            }
        }
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

/// A record set as it stands in a plan file.
#[derive(Serialize)]
struct Records(Arc<RecordSet>);

impl<'de> Deserialize<'de> for Records {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Targets;
        impl<'de> Visitor<'de> for Targets {
            type Value = Records;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of 1 to {} targets", RecordSet::MAX_TARGETS)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Records, A::Error> {
                let mut targets = Vec::new();
                while let Some(Object(target)) = entries.next_element::<Object<Target>>()? {
                    targets.push(target);
                }
                let records = RecordSet::new(targets).map_err(de::Error::custom)?;
                Ok(Records(records.into()))
            }
        }
        deserializer.deserialize_seq(Targets)
    }
}

/// Reads a target's address.
pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IpAddr, D::Error> {
    struct Address;
    impl Visitor<'_> for Address {
        type Value = IpAddr;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an IP address in quotes")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<IpAddr, E> {
            let refuse = |_| E::custom(format!("{text:?} is no IP address: write it as 10.0.0.1 or as fd00::1"));
            text.parse().map_err(refuse)
        }
    }
    deserializer.deserialize_str(Address)
}

/// Reads a target's weight.
pub(super) fn weight<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NonZeroU16, D::Error> {
    struct Weight;
    impl Visitor<'_> for Weight {
        type Value = NonZeroU16;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a whole number from 1 to {}", u16::MAX)
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<NonZeroU16, E> {
            let weight = u16::try_from(number).map_err(|_| {
                E::custom(format!("weight {number} is over {}: scale down every weight of the endpoint", u16::MAX))
            })?;
            NonZeroU16::new(weight)
                .ok_or_else(|| E::custom("weight 0 is no share: leave out a target that shall get no traffic"))
        }
    }
    deserializer.deserialize_u16(Weight)
}

/// A JSON object with at least one key, whose keys differ: plain maps let the last of two equal keys win, without a word.
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
                        return Err(de::Error::custom(format!(
                            "{key} is listed twice: keep one of the two (upper and lower case are the same)"
                        )));
                    }
                    let value = entries.next_value()?;
                    map.insert(key, value);
                }
                if map.is_empty() {
                    return Err(de::Error::custom("a plan needs at least one endpoint"));
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
    if text.starts_with('\u{feff}') {
        let reason = "the text begins with a byte-order mark: save it as UTF-8 without one".to_owned();
        return Err(PlanFileError { place: "the start, line 1, column 1".to_owned(), reason });
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let Object(document) = serde_path_to_error::deserialize::<_, Object<Document>>(&mut deserializer)
        .map_err(|error| located(&error.path().to_string(), error.inner()))?;
    deserializer.end().map_err(|error| located("the end", &error))?;
    let records = document.endpoints.0.into_iter().map(|(endpoint, Records(records))| (endpoint, records));
    Ok(Plan::new(document.generation, records))
}

fn located(path: &str, error: &serde_json::Error) -> PlanFileError {
    // A lone dot is the whole document, a question mark a key that could not be read.
    let path = match path.trim_end_matches('?').trim_end_matches('.') {
        "" => "the top".to_owned(),
        path => path.escape_debug().to_string(),
    };
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let reason = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    let reason = match mend(error.classify(), reason) {
        Some(mend) => format!("{reason}: {mend}"),
        None => reason.to_owned(),
    };
    // The parser counts what it has read, which may be nothing.
    PlanFileError { place: format!("{path}, line {line}, column {}", column.max(1)), reason }
}

/// What to do about a reason that comes from the JSON parser and does not say so itself.
fn mend(category: Category, reason: &str) -> Option<&'static str> {
    match category {
        Category::Eof => Some("the text ends before the plan does, write it again whole"),
        Category::Syntax if reason == "trailing characters" => Some("keep one plan in a file, and nothing after it"),
        Category::Syntax if reason == "number out of range" => Some("no number of a plan is so large"),
        Category::Syntax => Some("this is no JSON, mend it here"),
        Category::Data if reason.starts_with("missing field") => Some("add it"),
        Category::Data if reason.starts_with("duplicate field") => Some("keep one of the two"),
        Category::Data | Category::Io => None,
    }
}

/// The plan as JSON text, indented, endpoints by name.
pub fn to_string(plan: &Plan) -> String {
    let endpoints =
        Unique(plan.records().map(|(endpoint, records)| (endpoint.clone(), Records(records.clone()))).collect());
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

/// Writes the plan to the file at `path`, whole or not at all: a reader never sees half a plan, however many write at once,
/// and of those the last one wins.
///
/// # Errors
/// [`FileError::Io`] when the file cannot be written; what was there before stays, and nothing else does.
pub fn write(path: &Path, plan: &Plan) -> Result<(), FileError> {
    let text = to_string(plan) + "\n";
    let failed = |source| FileError::Io { path: path.display().to_string(), source };
    let (beside, mut file) = create_beside(path).map_err(failed)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.and_then(|()| fs::rename(&beside, path)).map_err(|source| {
        // The first failure is the one to tell of.
        let _ = fs::remove_file(&beside);
        failed(source)
    })
}

/// A new, empty file in the directory of `path`, which nobody else writes to.
fn create_beside(path: &Path) -> io::Result<(PathBuf, fs::File)> {
    let mut number = 0_u32;
    loop {
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}-{number}.new", process::id()));
        match fs::File::create_new(&beside) {
            Ok(file) => return Ok((beside.into(), file)),
            // Another thread's, or what a process of the same number left when it was killed.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    }
}
