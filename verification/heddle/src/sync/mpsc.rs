//! Channels, as in `std::sync::mpsc`. A receive also synchronises with what was
//! sent after its message and before it: more than `std` promises.

use std::collections::VecDeque;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError};

use super::{State, only};
use crate::graph::{Mode, Rmw, Site, Step, What};

/// The state holds the messages in its low half, the senders above, and whether
/// the receiver is gone in its highest bit. It orders all that happens to the
/// channel, so the queue itself needs no order of its own.
#[derive(Debug)]
struct Channel<T> {
    state: State,
    queue: Mutex<VecDeque<T>>,
}

/// The sending half.
#[derive(Debug)]
pub struct Sender<T> {
    channel: Arc<Channel<T>>,
    site: Site,
}

/// The receiving half.
#[derive(Debug)]
pub struct Receiver<T> {
    channel: Arc<Channel<T>>,
    site: Site,
}

const MESSAGES: u64 = (1 << 32) - 1;
const SENDER: u64 = 1 << 32;
const GONE: u64 = 1 << 63;

fn send(value: u64, _: u64, alternative: u8) -> Option<Step> {
    let step = match value & GONE {
        0 => Step::Write(value + 1),
        _ => Step::Read,
    };
    only(alternative, step)
}

fn receive(value: u64, or_else: Step) -> Step {
    match (value & MESSAGES, value & !MESSAGES & !GONE) {
        (0, 0) => Step::Read,
        (0, _) => or_else,
        _ => Step::Write(value - 1),
    }
}

fn wait_receive(value: u64, _: u64, alternative: u8) -> Option<Step> {
    only(alternative, receive(value, Step::Blocked))
}

fn try_receive(value: u64, _: u64, alternative: u8) -> Option<Step> {
    only(alternative, receive(value, Step::Read))
}

/// A channel without a bound.
#[must_use]
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let channel = Arc::new(Channel { state: State::of(What::Channel, SENDER), queue: Mutex::new(VecDeque::new()) });
    let site = Location::caller();
    let sender = Sender { channel: Arc::clone(&channel), site };
    (sender, Receiver { channel, site })
}

impl<T> Channel<T> {
    fn take(&self) -> Option<T> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.pop_front()
    }
}

impl<T> Sender<T> {
    /// Sends a message.
    ///
    /// # Errors
    /// The message, if the receiver is gone.
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        let site = Location::caller();
        let channel = &self.channel;
        if !channel.state.apply_as(What::Send, send, 0, Mode::Release, site).wrote {
            return Err(SendError(message));
        }
        let mut queue = channel.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push_back(message);
        Ok(())
    }
}

impl<T> Clone for Sender<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        let site = Location::caller();
        let state = &self.channel.state;
        state.modify(Rmw::Add, SENDER, Mode::Relaxed, site);
        Self { channel: Arc::clone(&self.channel), site }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let state = &self.channel.state;
        state.modify(Rmw::Sub, SENDER, Mode::Release, self.site);
    }
}

impl<T> Receiver<T> {
    /// Waits for a message.
    ///
    /// # Errors
    /// If all senders are gone and no message is left.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        let site = Location::caller();
        let answer = self.channel.state.acquire(wait_receive, 0, site);
        if answer.wrote { self.channel.take().ok_or(RecvError) } else { Err(RecvError) }
    }

    /// Takes a message if there is one.
    ///
    /// # Errors
    /// Whether one may come.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let site = Location::caller();
        let answer = self.channel.state.acquire(try_receive, 0, site);
        if answer.wrote {
            self.channel.take().ok_or(TryRecvError::Disconnected)
        } else if answer.value & !MESSAGES & !GONE == 0 {
            Err(TryRecvError::Disconnected)
        } else {
            Err(TryRecvError::Empty)
        }
    }

    /// As [`Self::recv`], but gives up at any time at which no message is there.
    ///
    /// # Errors
    /// Whether one may come.
    #[track_caller]
    pub fn recv_timeout(&self, _timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.try_recv().map_err(|error| match error {
            TryRecvError::Empty => RecvTimeoutError::Timeout,
            TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
        })
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let state = &self.channel.state;
        state.modify(Rmw::Or, GONE, Mode::Relaxed, self.site);
    }
}
