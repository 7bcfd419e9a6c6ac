//! [`EpochReclamation`]: a client announces that it reads; a deleted plan's place is used again two epochs later, when nobody who
//! could have seen it is reading any more. **Right.**
//!
//! The scheme of crossbeam-epoch, written out small on the facade's atomics, so that every scenario can be played on both
//! engines. Epochs only; no garbage lists, no thread registry: a client takes any free pin. crossbeam's own code is explored
//! in `verification/heddle/crossbeam-example`, in the situation that it is there for.
//!
//! - A client **pins**: it puts the current epoch into a pin, then a fence, then it looks.
//! - The epoch **advances** by one when every pin in use shows the current one.
//! - A place retired in epoch *e* is free in epoch *e* + 2: whoever could have seen the plan was pinned in *e* or before, and has
//!   gone since.
//!
//! **What it costs.** A client that stops for ever while it reads keeps every later place from being used again (the store is full
//! at some time; nothing wrong is served). Clients write to shared memory. [`Guarded`](enactor::store::Guarded) lets clients look
//! twice instead, which costs neither. And the automation's own steps are locked here, so an Enactor that stops in one
//! of them stops the others: what this fix is about is clients.

use enactor::{
    plan::Answer,
    sync::{
        atomic::{
            AtomicU64,
            Ordering::{self, Acquire, Relaxed, Release, SeqCst},
            fence,
        },
        thread,
    },
};

use crate::places::{Lockless, Places, Reading};

/// The store of this fix.
pub type EpochReclamation = Lockless<Epochs>;

/// How many clients can read at once; one more waits.
const PINS: usize = 4;

/// The epoch, who reads in which, and what was retired when.
#[derive(Debug, Default)]
pub struct Epochs {
    now: AtomicU64,
    /// The epoch and 1; 0 when not in use.
    pins: [AtomicU64; PINS],
    /// The epoch in which each place was retired, and 1; 0 when it never was. Only the automation's transactions touch it.
    retired: [AtomicU64; 3],
}

impl Epochs {
    fn pin(&self) -> &AtomicU64 {
        loop {
            // Relaxed: an old epoch only keeps places for longer.
            let now = self.now.load(Relaxed) + 1;
            for pin in &self.pins {
                // Acquire: whoever had this pin before has read before us. Pairs with the Release in `resolve`. Relaxed on
                // failure: somebody else has it.
                if pin.compare_exchange(0, now, Acquire, Relaxed).is_ok() {
                    // SeqCst: either `advance` sees this pin, or we see everything that came before its fence, such as
                    // that the endpoint has moved on. The order of the two fences decides.
                    fence(SeqCst);
                    return pin;
                }
            }
            thread::yield_now();
        }
    }

    /// Goes on to the next epoch, if nobody reads in an earlier one. Only one transaction at a time does this.
    fn advance(&self) -> u64 {
        // Relaxed: only transactions write it, and they are ordered by their lock.
        let now = self.now.load(Relaxed);
        // SeqCst: the other one of the two in `pin`.
        fence(SeqCst);
        // Relaxed: the fence below makes an acquire of it.
        let is_behind = |pin: &AtomicU64| ![0, now + 1].contains(&pin.load(Relaxed));
        if self.pins.iter().any(is_behind) {
            return now;
        }
        // Acquire: what clients read before they let go of their pins happens before what is written next. Pairs with the
        // Release in `resolve`.
        fence(Acquire);
        // Release: a client that pins in the next epoch sees what the last one has retired. Relaxed would do, since its
        // fence orders more; this is what one reads without thinking about fences.
        self.now.store(now + 1, Release);
        now + 1
    }
}

impl Reading for Epochs {
    const NAME: &'static str = "epoch_reclamation";

    // Release: pairs with the Acquire in `Places::look`.
    const SERVE: Ordering = Release;

    fn resolve(&self, places: &Places, endpoint: usize, answer: &mut Answer) {
        let pin = self.pin();
        answer.clear(None);
        if let Some(found) = places.look(endpoint) {
            places.copy(endpoint, found, answer);
        }
        // Release: our copy happens before the place is used again. Pairs with the fence in `advance`, and with the next
        // owner of the pin.
        pin.store(0, Release);
    }

    fn retire(&self, place: usize) {
        // Relaxed, here and in `is_free`: only transactions touch it.
        self.retired[place].store(self.now.load(Relaxed) + 1, Relaxed);
    }

    fn is_free(&self, place: usize) -> bool {
        let retired = self.retired[place].load(Relaxed);
        // Twice: with nobody reading, a place is free at once.
        retired == 0 || self.now.load(Relaxed).max(self.advance()).max(self.advance()) + 1 >= retired + 2
    }
}
