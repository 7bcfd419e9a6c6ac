//! Who waits for what in a deadlock.

use std::fmt;
use std::panic::Location;

/// A thread that waits in a deadlock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// The thread, 0 for the closure itself.
    pub thread: usize,
    /// The name that the program gave the thread.
    pub thread_name: Option<String>,
    /// What it waits for.
    pub waits_for: WaitsFor,
    /// What [`crate::name`] called that.
    pub name: Option<String>,
    /// Where it waits.
    pub site: Option<&'static Location<'static>>,
    /// Who changed it last: of a lock that is held, who took it.
    pub last: Option<Deed>,
    /// The notification of a `Condvar` that came before the thread waited.
    pub missed: Option<Deed>,
}

/// What a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WaitsFor {
    /// A `Mutex`.
    Mutex,
    /// A `RwLock`, to read.
    ReadLock,
    /// A `RwLock`, to write.
    WriteLock,
    /// A notification of a `Condvar`.
    Condvar,
    /// Somebody to unpark it.
    Unpark,
    /// A message of a channel.
    Message,
    /// So many more threads at a `Barrier`.
    Barrier {
        /// How many.
        missing: u64,
    },
    /// Another thread that makes the value of a `OnceLock`.
    OnceLock,
    /// A `Notify`.
    Notify,
    /// This thread to end.
    Join(usize),
    /// The loop that it spins in to find something else.
    Spin,
    /// Something else.
    Other,
}

/// What some thread did somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deed {
    /// The thread.
    pub thread: usize,
    /// The call in the closure.
    pub site: &'static Location<'static>,
}

impl Deed {
    pub(crate) fn new(thread: u32, site: &'static Location<'static>) -> Self {
        Self { thread: thread as usize, site }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thread {} at {}", self.thread, self.site)
    }
}

impl fmt::Display for WaitsFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mutex => f.write_str("a mutex"),
            Self::ReadLock => f.write_str("an RwLock to read"),
            Self::WriteLock => f.write_str("an RwLock to write"),
            Self::Condvar => f.write_str("a notification of a Condvar"),
            Self::Unpark => f.write_str("somebody to unpark it"),
            Self::Message => f.write_str("a message of a channel"),
            Self::Barrier { missing } => write!(f, "{missing} more at a Barrier"),
            Self::OnceLock => f.write_str("the value of a OnceLock"),
            Self::Notify => f.write_str("a Notify"),
            Self::Join(child) => write!(f, "thread {child} to end"),
            Self::Spin | Self::Other => f.write_str("something to change"),
        }
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.waits_for == WaitsFor::Spin { "spins" } else { "waits" };
        write!(f, "thread {} {verb}", self.thread)?;
        if let Some(site) = self.site {
            write!(f, " at {site}")?;
        }
        write!(f, " for {}", self.waits_for)?;
        if let Some(name) = &self.name {
            write!(f, " ({name})")?;
        }
        if let Some(missed) = self.missed {
            return write!(f, ", notified by {missed} before it waited");
        }
        let Some(last) = self.last else {
            return match self.waits_for {
                WaitsFor::Condvar => f.write_str(", which nobody notified"),
                WaitsFor::Unpark => f.write_str(", which nobody did"),
                _ => Ok(()),
            };
        };
        match self.waits_for {
            WaitsFor::Mutex if last.thread == self.thread => write!(f, ", which it holds itself since {}", last.site),
            WaitsFor::Mutex => write!(f, ", held by {last}"),
            WaitsFor::OnceLock => write!(f, ", which {last} began to make"),
            WaitsFor::Condvar => write!(f, ", last notified by {last}, which woke another thread"),
            WaitsFor::Unpark => write!(f, ", which {last} did before, for an earlier park"),
            _ => write!(f, ", last changed by {last}"),
        }
    }
}
