//! [`Seqlock`]: two words that belong together, written by one thread and read by many without a lock.

use enactor::sync::atomic::{AtomicU64, Ordering, fence};

/// Two words that belong together.
pub struct Seqlock {
    /// Odd while the words are being written.
    version: AtomicU64,
    words: [AtomicU64; 2],
}

/// The words changed while they were read: try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torn;

impl Seqlock {
    /// Both words are 0.
    pub fn new() -> Self {
        Self { version: AtomicU64::new(0), words: [AtomicU64::new(0), AtomicU64::new(0)] }
    }

    /// Writes both words. One thread at a time.
    pub fn write(&self, words: [u64; 2]) {
        // Relaxed: only this thread writes the version.
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version + 1, Ordering::Relaxed);
        // Release: whoever reads a word that is written below sees the odd version (pairs with the fence in `read`).
        fence(Ordering::Release);
        for (word, value) in self.words.iter().zip(words) {
            word.store(value, Ordering::Relaxed);
        }
        // Release: whoever sees this version sees the words (pairs with the first load in `read`).
        self.version.store(version + 2, Ordering::Release);
    }

    /// Both words, as one write left them.
    ///
    /// # Errors
    /// [`Torn`] when a write came in between.
    pub fn read(&self) -> Result<[u64; 2], Torn> {
        // Acquire: pairs with the last store in `write`.
        let before = self.version.load(Ordering::Acquire);
        let words = [0, 1].map(|number: usize| self.words[number].load(Ordering::Relaxed));
        // Acquire: if a word is of a later write, the load below sees its odd version (pairs with the fence in `write`). The
        // mistake leaves it out.
        #[cfg(not(feature = "broken"))]
        fence(Ordering::Acquire);
        let after = self.version.load(Ordering::Relaxed);
        if before == after && before.is_multiple_of(2) { Ok(words) } else { Err(Torn) }
    }
}

impl Default for Seqlock {
    fn default() -> Self {
        Self::new()
    }
}
