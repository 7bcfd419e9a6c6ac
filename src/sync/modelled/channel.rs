//! Channels of the modelled legs, over the engine's. See the facade's policies: the service compiles with them, no model
//! uses them.
//!
//! loom 0.7.2 knows of no closed channel: where the other legs say [`Closed`], there `recv` waits for ever, which loom reports
//! as a deadlock.

use super::engine;

/// The end that sends. Clone it for more senders.
#[derive(Debug)]
pub struct Sender<T>(engine::sync::mpsc::Sender<T>);

/// The end that receives.
#[derive(Debug)]
pub struct Receiver<T>(engine::sync::mpsc::Receiver<T>);

/// The other end of the channel is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

/// A channel that holds as much as is sent.
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = engine::sync::mpsc::channel();
    (Sender(sender), Receiver(receiver))
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
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
