//! What an operation is about, for people: the graph treats all alike.

/// The object of an operation, or what is done to it where one object has more
/// than one thing to wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum What {
    /// An atomic of the closure's own.
    #[default]
    Atomic,
    Mutex,
    /// An `RwLock`: giving it back.
    RwLock,
    ReadLock,
    WriteLock,
    /// A `Condvar`: its waiter.
    Condvar,
    /// A `Condvar`: who notifies.
    Notification,
    /// A channel: its handles, and receiving.
    Channel,
    Send,
    Barrier,
    OnceLock,
    /// loom's `Notify`.
    Notify,
    /// `park` and `unpark`.
    Park,
    /// The count of an `Arc`.
    Handles,
}
