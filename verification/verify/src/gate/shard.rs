//! [`Shard`]: a part of the models for one of several machines, and how their records become one again.

use std::{fmt, num::NonZeroUsize, str::FromStr};

use serde::{Deserialize, Serialize};

use super::record::Record;

/// The `number`th of `count` parts, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    number: NonZeroUsize,
    count: NonZeroUsize,
}

/// A text that is no shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no shard: shards are 1/n to n/n, as 2/3 is the second of three")]
pub struct UnknownShard(pub String);

/// Records that are not the shards of one run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// There is nothing to merge.
    #[error("no shard was given: nothing was checked")]
    None,
    /// A shard of another run.
    #[error("{file} is of another run than {first}: {what} differs")]
    Foreign {
        /// The file.
        file: String,
        /// The file that it was compared with.
        first: String,
        /// What differs.
        what: &'static str,
    },
    /// The same shard twice.
    #[error("{file} and {other} are both shard {shard}: give each shard once")]
    Twice {
        /// One file.
        file: String,
        /// The other.
        other: String,
        /// The shard.
        shard: Shard,
    },
    /// A shard that was not given.
    #[error("shard {0} is missing: its models were not checked")]
    Missing(Shard),
    /// A record that does not have the models of its shard.
    #[error("{file} does not have the models of shard {shard}")]
    OtherModels {
        /// The file.
        file: String,
        /// The shard.
        shard: Shard,
    },
}

impl Shard {
    /// The only part.
    pub const WHOLE: Self = Self { number: NonZeroUsize::MIN, count: NonZeroUsize::MIN };

    /// Of how many.
    pub fn count(self) -> usize {
        self.count.get()
    }

    /// Which of `all` belong to this part. Neighbours in the budget are alike, so each goes to another part.
    pub fn of<T>(self, all: &[T]) -> impl Iterator<Item = &T> {
        all.iter().skip(self.number.get() - 1).step_by(self.count.get())
    }

    fn all(count: NonZeroUsize) -> impl Iterator<Item = Self> {
        (1..=count.get()).filter_map(NonZeroUsize::new).map(move |number| Self { number, count })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

impl FromStr for Shard {
    type Err = UnknownShard;
    fn from_str(text: &str) -> Result<Self, UnknownShard> {
        let numbers =
            text.split_once('/').and_then(|(number, count)| Some((number.parse().ok()?, count.parse().ok()?)));
        match numbers {
            Some((number, count)) if number <= count => Ok(Self { number, count }),
            _ => Err(UnknownShard(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Shard {
    type Error = UnknownShard;
    fn try_from(text: String) -> Result<Self, UnknownShard> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

/// Makes one record of all shards of a run. Each comes with the name of its file.
///
/// # Errors
/// [`MergeError`] when a shard is missing, is there twice, or is of another run.
pub fn merge(shards: Vec<(String, Record)>) -> Result<Record, MergeError> {
    let (first_file, first) = shards.first().ok_or(MergeError::None)?;
    for (file, record) in &shards {
        let differs = match first.identity.differs(&record.identity) {
            None if record.shard.count != first.shard.count => Some("the number of shards"),
            None if (&record.left_out, &record.changes) != (&first.left_out, &first.changes) => {
                Some("what was left out")
            }
            what => what,
        };
        if let Some(what) = differs {
            return Err(MergeError::Foreign { file: file.clone(), first: first_file.clone(), what });
        }
        let theirs = record.models.iter().map(|played| &played.model);
        if !record.shard.of(&record.identity.models).eq(theirs) {
            return Err(MergeError::OtherModels { file: file.clone(), shard: record.shard });
        }
    }
    for (at, (file, record)) in shards.iter().enumerate() {
        if let Some((other, _)) = shards[..at].iter().find(|(_, other)| other.shard == record.shard) {
            return Err(MergeError::Twice { file: file.clone(), other: other.clone(), shard: record.shard });
        }
    }
    let there = |shard: &Shard| shards.iter().any(|(_, record)| record.shard == *shard);
    if let Some(missing) = Shard::all(first.shard.count).find(|shard| !there(shard)) {
        return Err(MergeError::Missing(missing));
    }
    let Record { identity, left_out, changes, .. } = first.clone();
    let mut models: Vec<_> = shards.into_iter().flat_map(|(_, record)| record.models).collect();
    let place = |model: &String| identity.models.iter().position(|name| name == model);
    models.sort_by_key(|played| place(&played.model));
    Ok(Record { identity, shard: Shard::WHOLE, models, left_out, changes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_is_in_exactly_one_shard() {
        for models in 0..20 {
            let models: Vec<usize> = (0..models).collect();
            for count in (1..7).filter_map(NonZeroUsize::new) {
                let mut together: Vec<usize> =
                    Shard::all(count).flat_map(|s| s.of(&models).copied().collect::<Vec<_>>()).collect();
                together.sort_unstable();
                assert_eq!(together, models, "{count} shards");
            }
        }
    }

    #[test]
    fn what_is_no_shard_says_what_one_is() {
        for text in ["", "1", "0/3", "4/3", "1/0", "-1/2", "1/2/3", "a/b", " 1/2", "1/99999999999999999999"] {
            assert_eq!(text.parse::<Shard>(), Err(UnknownShard(text.to_owned())));
        }
        assert_eq!("2/3".parse::<Shard>().expect("a shard").to_string(), "2/3");
    }
}
