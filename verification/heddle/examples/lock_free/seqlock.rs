//! H.-J. Boehm, "Can seqlocks get along with programming language memory
//! models?", MSPC 2012: the version with fences. One writer.

use super::engine;

use engine::sync::Arc;
use engine::sync::atomic::{
    AtomicUsize,
    Ordering::{self, Acquire, Relaxed, Release},
    fence,
};
use engine::thread;

/// Two words that are read together.
pub(crate) struct Seqlock {
    /// Odd while a write is under way.
    sequence: AtomicUsize,
    words: [AtomicUsize; 2],
    /// The fence between reading the words and looking again: Acquire is right.
    fence: Option<Ordering>,
}

impl Seqlock {
    pub(crate) fn new(fence: Option<Ordering>) -> Self {
        let words = [AtomicUsize::new(0), AtomicUsize::new(0)];
        Self { sequence: AtomicUsize::new(0), words, fence }
    }

    pub(crate) fn write(&self, words: [usize; 2]) {
        // Relaxed: there is one writer, it reads its own.
        let before = self.sequence.load(Relaxed);
        self.sequence.store(before + 1, Relaxed);
        // Release: whoever reads one of the words, and then has its fence, sees
        // the odd number above.
        fence(Release);
        self.words[0].store(words[0], Relaxed);
        self.words[1].store(words[1], Relaxed);
        // Release: pairs with the first load of a reader.
        self.sequence.store(before + 2, Release);
    }

    /// One try.
    pub(crate) fn read(&self) -> Option<[usize; 2]> {
        // Acquire: pairs with the last store of a writer.
        let before = self.sequence.load(Acquire);
        let words = [self.words[0].load(Relaxed), self.words[1].load(Relaxed)];
        // Pairs with the writer's fence.
        if let Some(order) = self.fence {
            fence(order);
        }
        let after = self.sequence.load(Relaxed);
        (before == after && before.is_multiple_of(2)).then_some(words)
    }
}

/// What is read was written together. The reader's fence breaks it.
pub(crate) fn read_beside_writes(fence: Option<Ordering>) {
    let lock = Arc::new(Seqlock::new(fence));
    let writer = lock.clone();
    let thread = thread::spawn(move || {
        writer.write([1, 1]);
        writer.write([2, 2]);
    });
    if let Some(words) = lock.read() {
        assert_eq!(words[0], words[1], "the words were written together");
    }
    thread.join().unwrap();
}
