//! One step of a failing execution.

use std::panic::Location;

/// One operation of a thread; a read-modify-write is one step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The thread, 0 for the closure itself.
    pub thread: usize,
    /// The name that the program gave the thread.
    pub thread_name: Option<String>,
    /// What it did, as "stores 1 to tail (Release)". Variables are called by the
    /// names that [`crate::name`] gave them; other steps by their place in
    /// [`super::Failure::steps`], from 1.
    pub words: String,
    /// The call in the closure.
    pub site: &'static Location<'static>,
}
