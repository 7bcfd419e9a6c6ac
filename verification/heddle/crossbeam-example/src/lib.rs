//! [`Records`]: one endpoint's record set, which clients copy without a lock; crossbeam-epoch says when its memory may be used
//! again.
//!
//! Record sets lie in places that are used again, not on the heap: a place that is used too early gives a torn answer, which
//! an assertion sees, and not undefined behaviour, which nobody may see. What is deferred is that a place becomes free.

use std::sync::Arc;

use crossbeam_epoch::{Collector, LocalHandle};
use loom::sync::atomic::{
    AtomicBool, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

/// How many places there are: what is served, and what is being written.
const PLACES: usize = 2;

/// Two words that belong together: those of plan *n* are both *n*.
pub type Words = [u64; 2];

/// Whether a place is given back when crossbeam says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveBack {
    /// When nobody can be reading it any more.
    Deferred,
    /// At once: the mistake.
    AtOnce,
}

/// One endpoint's record set.
#[derive(Debug)]
pub struct Records {
    collector: Collector,
    give_back: GiveBack,
    /// Which place is served.
    served: AtomicUsize,
    words: [[AtomicU64; 2]; PLACES],
    /// Places that nobody can be reading.
    free: Arc<[AtomicBool; PLACES]>,
}

impl Records {
    /// Plan 1 is served.
    pub fn new(give_back: GiveBack) -> Self {
        Self {
            collector: Collector::new(),
            give_back,
            served: AtomicUsize::new(0),
            words: [1, 0].map(|plan| [AtomicU64::new(plan), AtomicU64::new(plan)]),
            free: Arc::new([AtomicBool::new(false), AtomicBool::new(true)]),
        }
    }

    /// A client that crossbeam knows of.
    pub fn client(&self) -> LocalHandle {
        self.collector.register()
    }

    /// What a client gets.
    pub fn resolve(&self, client: &LocalHandle) -> Words {
        let _pinned = client.pin();
        // Acquire: the record set happens before our copy of it. Pairs with the Release in `apply`.
        let place = &self.words[self.served.load(Acquire)];
        // Relaxed: while we are pinned nobody writes here.
        [place[0].load(Relaxed), place[1].load(Relaxed)]
    }

    /// Serves these plans, one after the other, until no place is free; says how many. One thread at a time.
    pub fn apply(&self, plans: &[u64]) -> usize {
        let automation = self.collector.register();
        for (applied, &plan) in plans.iter().enumerate() {
            // Acquire: whoever read the place had unpinned before it was given back.
            let free = || (0..PLACES).find(|&place| self.free[place].load(Acquire));
            // Each flush lets the epoch advance by one, if every pinned client has seen the one of now, and runs what was
            // deferred two epochs ago.
            let flush = |_| {
                automation.pin().flush();
                free()
            };
            let Some(place) = free().or_else(|| (0..2).find_map(flush)) else { return applied };
            // Relaxed: nobody else looks at it before it is given back.
            self.free[place].store(false, Relaxed);
            for word in &self.words[place] {
                // Relaxed: handed on by the store below.
                word.store(plan, Relaxed);
            }
            // Relaxed: only this thread writes it.
            let before = self.served.load(Relaxed);
            // Release: pairs with the Acquire in `resolve`.
            self.served.store(place, Release);
            let free = Arc::clone(&self.free);
            // Release: pairs with the Acquire above, in whichever thread this runs.
            let give_back = move || free[before].store(true, Release);
            match self.give_back {
                GiveBack::AtOnce => give_back(),
                GiveBack::Deferred => automation.pin().defer(give_back),
            }
        }
        plans.len()
    }
}
