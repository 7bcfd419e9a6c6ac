//! The real leg: what ships.

use std::fmt;

pub(super) const NAME: &str = "real";

/// Atomics and fences.
pub mod atomic {
    use std::ops::Deref;
    pub use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};

    /// Atomics that hold 0 at first, the first of them at the beginning of a cache line. Their memory is committed by the
    /// system when it is first touched.
    #[derive(Debug)]
    pub struct Zeroed {
        words: Vec<AtomicU64>,
        first: usize,
    }

    const LINE: usize = 64;

    /// `count` atomics that hold 0.
    pub fn zeroed(count: usize) -> Zeroed {
        let mut words: Vec<AtomicU64> = bytemuck::allocation::zeroed_vec(count + LINE / size_of::<AtomicU64>());
        let first = words.as_ptr().align_offset(LINE);
        words.truncate(first + count);
        Zeroed { words, first }
    }

    impl Deref for Zeroed {
        type Target = [AtomicU64];
        #[inline]
        fn deref(&self) -> &[AtomicU64] {
            &self.words[self.first..]
        }
    }
}

/// A mutual exclusion that blocks. It is never poisoned.
#[derive(Default)]
pub struct Mutex<T>(parking_lot::Mutex<T>);

/// The right to use what a [`Mutex`] protects, until dropped.
pub type MutexGuard<'a, T> = parking_lot::MutexGuard<'a, T>;

impl<T> Mutex<T> {
    /// An unlocked mutex.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self(parking_lot::Mutex::new(value))
    }

    /// Waits for the lock.
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock()
    }

    /// `step`, with the lock, as one step: nobody stops for ever between it and letting go of the lock.
    #[track_caller]
    pub fn in_one_step<R>(&self, step: impl FnOnce(&mut T) -> R) -> R {
        step(&mut self.lock())
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mutex")
    }
}

/// A mutual exclusion that never blocks: it is had at once, or not. It is never poisoned.
#[derive(Default)]
pub struct TryLock<T>(parking_lot::Mutex<T>);

/// The right to use what a [`TryLock`] protects, until dropped.
pub type TryLockGuard<'a, T> = parking_lot::MutexGuard<'a, T>;

impl<T> TryLock<T> {
    /// An unlocked lock.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self(parking_lot::Mutex::new(value))
    }

    /// The lock, or `None` while somebody else holds it.
    #[track_caller]
    pub fn try_lock(&self) -> Option<TryLockGuard<'_, T>> {
        self.0.try_lock()
    }
}

impl<T> fmt::Debug for TryLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TryLock")
    }
}

/// Threads.
pub mod thread {
    pub use std::thread::{JoinHandle, spawn, yield_now};
    use std::time::Duration;

    /// Waits for at least `duration`.
    pub fn pause(duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// Channels between the threads of the service.
pub mod channel {
    /// The end that sends. Clone it for more senders.
    #[derive(Debug, Clone)]
    pub struct Sender<T>(crossbeam_channel::Sender<T>);

    /// The end that receives.
    #[derive(Debug)]
    pub struct Receiver<T>(crossbeam_channel::Receiver<T>);

    /// The other end of the channel is gone.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Closed;

    /// A channel that holds as much as is sent.
    pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
        let (sender, receiver) = crossbeam_channel::unbounded();
        (Sender(sender), Receiver(receiver))
    }

    impl<T> Sender<T> {
        /// Puts `message` into the channel.
        ///
        /// # Errors
        /// [`Closed`] when the receiver is gone; the message is dropped.
        pub fn send(&self, message: T) -> Result<(), Closed> {
            self.0.send(message).map_err(|_| Closed)
        }
    }

    impl<T> Receiver<T> {
        /// Waits for the next message.
        ///
        /// # Errors
        /// [`Closed`] when every sender is gone and the channel is empty.
        pub fn recv(&self) -> Result<T, Closed> {
            self.0.recv().map_err(|_| Closed)
        }

        /// The next message, if one is there.
        pub fn try_recv(&self) -> Option<T> {
            self.0.try_recv().ok()
        }
    }
}
