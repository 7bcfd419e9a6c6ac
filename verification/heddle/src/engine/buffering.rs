//! Signs of load buffering, which RC11 forbids and this engine cannot run.
//!
//! Each operation that may write is looked at once, when it is added: what led to
//! it does not change any more. Operations that [`super::alone`] leaves out need
//! no look, since every read of another thread happens before them. The state of
//! a lock or a queue is no location of the program: what synchronises there is in
//! happens-before, and what is relaxed there `std` keeps to itself.

use super::Engine;
use super::linear::any_order;
use crate::graph::EventId;
use crate::model::LoadBuffering;

impl Engine {
    /// Keeps the first sign: `id` is a new write, or the read of an operation that
    /// may write.
    pub(super) fn look_for_load_buffering(&mut self, id: EventId) {
        if self.load_buffering.is_some() {
            return;
        }
        let write = self.graph.event(id);
        if self.graph.location(write.location).internal {
            return;
        }
        let Some(read) = self.graph.buffered_read(id) else {
            return;
        };
        let read = self.graph.event(read);
        self.load_buffering = Some(LoadBuffering {
            read: read.site,
            reader: read.thread as usize,
            write: write.site,
            writer: write.thread as usize,
            token: String::new(),
        });
    }

    /// Gives the sign that was found in this run the token of the run.
    pub(super) fn name_load_buffering(&mut self) {
        if self.load_buffering.as_ref().is_some_and(|found| found.token.is_empty()) {
            self.add_left_out();
            let token = self.token_of(&any_order(&self.graph));
            if let Some(found) = &mut self.load_buffering {
                found.token = token;
            }
        }
    }
}
