//! What the Planner emits: a [`Plan`] gives each [`Endpoint`] a [`RecordSet`] of [`Target`]s.
//!
//! A record set is never empty, by construction: the empty answer of the outage cannot be *planned*, only reached by a
//! race. Record sets that two plans have in common are shared between them. Plans as files: [`json`].

pub mod json;

use std::{
    borrow::Borrow,
    collections::{BTreeMap, btree_map},
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::NonZeroU16,
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use crate::{generation::Generation, sync::Arc};

/// The DNS name that clients resolve, in lower case, such as `dynamodb.us-east-1.amazonaws.com`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Endpoint(Arc<str>);

/// A string that is no DNS name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no endpoint: {reason}")]
pub struct EndpointError {
    /// What was given.
    pub name: String,
    /// What is wrong, and what would be right.
    pub reason: &'static str,
}

impl Endpoint {
    /// The name, in lower case and without a final dot.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(name: &str) -> Result<Self, EndpointError> {
        let refuse = |reason| Err(EndpointError { name: name.to_owned(), reason });
        let bare = name.strip_suffix('.').unwrap_or(name);
        if bare.len() > 253 {
            return refuse("a DNS name has at most 253 characters; shorten it");
        }
        for label in bare.split('.') {
            if label.is_empty() || label.len() > 63 {
                return refuse("each label between two dots has 1 to 63 characters");
            }
            if !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
                return refuse("use letters, digits, hyphens and underscores; write other scripts in punycode");
            }
        }
        Ok(Self(bare.to_ascii_lowercase().into()))
    }
}

impl TryFrom<String> for Endpoint {
    type Error = EndpointError;
    fn try_from(name: String) -> Result<Self, EndpointError> {
        name.parse()
    }
}

impl From<Endpoint> for String {
    fn from(endpoint: Endpoint) -> String {
        endpoint.as_str().to_owned()
    }
}

impl Borrow<str> for Endpoint {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({})", self.as_str())
    }
}

/// One load balancer in a record set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Where it is.
    #[serde(deserialize_with = "json::address")]
    pub address: IpAddr,
    /// Its share of the traffic, relative to the other targets of the set. A target that shall get none is left out.
    #[serde(deserialize_with = "json::weight")]
    pub weight: NonZeroU16,
}

const IPV6: u64 = 1 << 63;
const WEIGHT_SHIFT: u32 = 32;

impl Target {
    fn pack(self, words: &mut Vec<u64>) {
        let weight = u64::from(self.weight.get()) << WEIGHT_SHIFT;
        match self.address {
            IpAddr::V4(address) => words.push(weight | u64::from(address.to_bits())),
            IpAddr::V6(address) => {
                let bits = address.to_bits();
                words.extend([IPV6 | weight, (bits >> 64) as u64, bits as u64]);
            }
        }
    }
}

/// The targets of packed `words`, as far as they go.
fn unpack(words: &[u64]) -> impl Iterator<Item = Target> + '_ {
    let mut words = words.iter().copied();
    std::iter::from_fn(move || {
        let first = words.next()?;
        let weight = NonZeroU16::new((first >> WEIGHT_SHIFT) as u16)?;
        let address = if first & IPV6 == 0 {
            Ipv4Addr::from_bits(first as u32).into()
        } else {
            let (high, low) = (words.next()?, words.next()?);
            Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low)).into()
        };
        Some(Target { address, weight })
    })
}

/// The targets that one endpoint's clients are sent to: 1 to [`RecordSet::MAX_TARGETS`], sorted by address, each once.
///
/// Packed: an IPv4 target takes one word, an IPv6 target three. Equal sets have equal words.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<Target>", into = "Vec<Target>")]
pub struct RecordSet(Box<[u64]>);

/// Targets that make no record set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordSetError {
    /// An endpoint without targets is the outage.
    #[error("the record set is empty: an endpoint needs at least one target, leave the endpoint as it was instead")]
    Empty,
    /// More targets than a DNS answer carries.
    #[error("{0} targets: a record set has at most {max}, spread them over several endpoints", max = RecordSet::MAX_TARGETS)]
    TooMany(usize),
    /// One address twice.
    #[error("{0} is listed twice: give it once, with the sum of the weights")]
    Duplicate(IpAddr),
}

impl RecordSet {
    /// How many targets a set may have: as many as Route 53 puts in one multi-value answer.
    pub const MAX_TARGETS: usize = 8;
    /// How many packed words that is at most.
    pub const MAX_WORDS: usize = 3 * Self::MAX_TARGETS;

    /// The set of these targets, in any order.
    ///
    /// # Errors
    /// [`RecordSetError`] for none, more than [`RecordSet::MAX_TARGETS`], or one address twice.
    pub fn new(mut targets: Vec<Target>) -> Result<Self, RecordSetError> {
        targets.sort_unstable();
        match targets.len() {
            0 => return Err(RecordSetError::Empty),
            1..=Self::MAX_TARGETS => {}
            count => return Err(RecordSetError::TooMany(count)),
        }
        if let Some(pair) = targets.windows(2).find(|pair| pair[0].address == pair[1].address) {
            return Err(RecordSetError::Duplicate(pair[0].address));
        }
        let mut words = Vec::with_capacity(targets.len());
        targets.into_iter().for_each(|target| target.pack(&mut words));
        Ok(Self(words.into_boxed_slice()))
    }

    /// The targets, by address.
    pub fn targets(&self) -> impl Iterator<Item = Target> + '_ {
        unpack(&self.0)
    }

    /// The packed form: 1 to [`RecordSet::MAX_WORDS`] words.
    #[inline]
    pub fn words(&self) -> &[u64] {
        &self.0
    }
}

impl TryFrom<Vec<Target>> for RecordSet {
    type Error = RecordSetError;
    fn try_from(targets: Vec<Target>) -> Result<Self, RecordSetError> {
        Self::new(targets)
    }
}

impl From<RecordSet> for Vec<Target> {
    fn from(records: RecordSet) -> Self {
        records.targets().collect()
    }
}

impl fmt::Debug for RecordSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.targets()).finish()
    }
}

/// What a client sees: a copy of one plan's record set, or an **empty answer**. Reusable as a buffer.
#[derive(Clone)]
pub struct Answer {
    generation: Option<Generation>,
    length: usize,
    words: [u64; RecordSet::MAX_WORDS],
}

impl Answer {
    /// The empty answer.
    pub const EMPTY: Answer = Answer { generation: None, length: 0, words: [0; RecordSet::MAX_WORDS] };

    /// Whether the client learns no address: nothing applied yet, or the outage.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The generation that the zone gave for the endpoint. An empty answer that has one is dangling.
    pub fn generation(&self) -> Option<Generation> {
        self.generation
    }

    /// The targets, by address.
    pub fn targets(&self) -> impl Iterator<Item = Target> + '_ {
        unpack(self.words())
    }

    /// The packed form, as in [`RecordSet::words`].
    #[inline]
    pub fn words(&self) -> &[u64] {
        &self.words[..self.length]
    }

    /// Becomes the empty answer, of an endpoint that serves `generation`.
    pub fn clear(&mut self, generation: Option<Generation>) {
        (self.generation, self.length) = (generation, 0);
    }

    /// Becomes `generation`'s record set of `length` words, the caller to fill them.
    ///
    /// # Panics
    /// When `length` is over [`RecordSet::MAX_WORDS`].
    #[inline]
    pub fn fill(&mut self, generation: Generation, length: usize) -> &mut [u64] {
        (self.generation, self.length) = (Some(generation), length);
        &mut self.words[..length]
    }
}

/// What an earlier answer has left in the buffer does not count.
impl PartialEq for Answer {
    fn eq(&self, other: &Self) -> bool {
        (self.generation, self.words()) == (other.generation, other.words())
    }
}

impl Eq for Answer {}

impl Default for Answer {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let targets: Vec<Target> = self.targets().collect();
        f.debug_struct("Answer").field("generation", &self.generation).field("targets", &targets).finish()
    }
}

/// One generation's record set for each endpoint. Cheap to derive from the plan before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    generation: Generation,
    records: BTreeMap<Endpoint, Arc<RecordSet>>,
}

impl Plan {
    /// The plan `generation` with these record sets.
    pub fn new(
        generation: Generation,
        records: impl IntoIterator<Item = (Endpoint, impl Into<Arc<RecordSet>>)>,
    ) -> Self {
        let records = records.into_iter().map(|(endpoint, records)| (endpoint, records.into())).collect();
        Self { generation, records }
    }

    /// The number that orders this plan.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The record set of `endpoint`.
    pub fn get(&self, endpoint: &Endpoint) -> Option<&Arc<RecordSet>> {
        self.records.get(endpoint)
    }

    /// Every endpoint with its record set, by name.
    pub fn records(&self) -> btree_map::Iter<'_, Endpoint, Arc<RecordSet>> {
        self.records.iter()
    }

    /// How many endpoints the plan has record sets for.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether the plan has no endpoint at all.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}
