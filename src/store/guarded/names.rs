//! What the endpoints are called: [`Names`]. Nothing here changes once the store is built, and no guard looks at it.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, Hasher},
};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::plan::Endpoint;

/// The endpoints, each known by its **number** everywhere else here: its place in the order of names.
///
/// A client that looks one up meets one small [`Entry`] and letters that lie close together, instead of an [`Endpoint`] and
/// its letters, wherever those were allocated. So it finds more of what it needs in its cache.
pub(super) struct Names {
    /// By number.
    endpoints: Box<[Endpoint]>,
    /// Their letters by number, [`END`] behind each.
    letters: Box<[u8]>,
    /// By the hash of the letters. Nobody but the store's builder chooses the endpoints, so a fixed hash is safe.
    entries: HashTable<Entry>,
}

/// No name has it in it.
const END: u8 = b'\n';

/// What the table knows of an endpoint. Small, so that a client finds more of the table in its cache.
struct Entry {
    number: u32,
    /// Where its letters begin.
    start: u32,
}

impl Names {
    /// None when the letters are too many for an [`Entry`]. There are no more endpoints than letters.
    pub(super) fn new(endpoints: BTreeSet<Endpoint>) -> Option<Self> {
        let mut letters = Vec::new();
        let mut entries = HashTable::with_capacity(endpoints.len());
        for (number, endpoint) in (0..).zip(&endpoints) {
            let name = endpoint.as_str().as_bytes();
            let entry = Entry { number, start: u32::try_from(letters.len()).ok()? };
            letters.extend_from_slice(name);
            letters.push(END);
            entries.insert_unique(hash(name), entry, |_| unreachable!("there is room for every endpoint"));
        }
        Some(Self { endpoints: endpoints.into_iter().collect(), letters: letters.into(), entries })
    }

    /// By number.
    pub(super) fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The number of `endpoint`.
    #[inline]
    pub(super) fn number(&self, endpoint: &Endpoint) -> Option<usize> {
        let name = endpoint.as_str().as_bytes();
        let is_it = |entry: &Entry| {
            let behind = self.letters[entry.start as usize..].strip_prefix(name);
            behind.is_some_and(|behind| behind.first() == Some(&END))
        };
        self.entries.find(hash(name), is_it).map(|entry| entry.number as usize)
    }

    /// Bytes that this takes, without the letters of the [`Endpoint`]s, which plans share, and the table's slack.
    pub(super) fn bytes(&self) -> usize {
        self.endpoints.len() * (size_of::<Endpoint>() + size_of::<Entry>()) + self.letters.len()
    }
}

#[inline]
fn hash(name: &[u8]) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(name);
    hasher.finish()
}
