//! Following the graph: a thread gets the answers its events hold, each only
//! after the events it depends on were replayed, and must ask what it asked
//! before.

use super::{Answer, Engine, Request, Status};
use crate::failure::FailureKind;
use crate::graph::{Event, EventId, Kind, NONE, Step, ThreadId, same_site};

impl Engine {
    pub(super) fn replay(&mut self, thread: ThreadId, request: &Request<'_>) -> Option<Answer> {
        if self.gives_way() {
            self.slot(thread).status = Status::Ready;
            return None;
        }
        let done = self.slot(thread).done as usize;
        let id = self.graph.thread(thread).events[done];
        let &Event { kind, site, location, value, exclusive, .. } = self.graph.event(id);
        // Another worker may have added it.
        self.exclusive |= exclusive;
        if kind != request.kind || !same_site(site, request.site) {
            return self.differs(id, request);
        }
        if let Some(object) = request.object {
            self.locate(object, location, request.pointer)?;
        }
        let answer = match kind {
            Kind::Read => return self.replay_read(thread, id, request),
            Kind::Write => {
                if value != request.value {
                    if !request.pointer {
                        return self.differs(id, request);
                    }
                    self.graph.event_mut(id).value = request.value;
                }
                0
            }
            Kind::Join => {
                if value != request.value {
                    return self.differs(id, request);
                }
                let child = value as ThreadId;
                if self.status(child) != Status::Done {
                    self.slot(thread).status = Status::BehindEnd(child);
                    return None;
                }
                0
            }
            Kind::Fence => 0,
            Kind::Spawn | Kind::Choose => value,
        };
        let slot = self.slot(thread);
        slot.status = Status::Ready;
        slot.done += 1;
        Some(Answer { value: answer, wrote: false })
    }

    fn replay_read(&mut self, thread: ThreadId, id: EventId, request: &Request<'_>) -> Option<Answer> {
        let &Event { source, blocked, rmw, location, ref op, .. } = self.graph.event(id);
        if !request.pointer && !op.same(request.op) {
            return self.differs(id, request);
        }
        if source != NONE && !self.is_replayed(source) {
            self.slot(thread).status = Status::Behind(source);
            return None;
        }
        if blocked {
            let slot = self.slot(thread);
            slot.status = Status::Blocked(id);
            slot.done += 1;
            return None;
        }
        let value = self.graph.written(location, source);
        if request.pointer {
            self.refresh(id, value, request)?;
        }
        let slot = self.slot(thread);
        slot.status = Status::Ready;
        slot.done += if rmw { 2 } else { 1 };
        Some(Answer { value, wrote: rmw })
    }

    /// Addresses differ from run to run; what they lead to must not.
    fn refresh(&mut self, id: EventId, value: u64, request: &Request<'_>) -> Option<()> {
        let event = self.graph.event_mut(id);
        event.op = request.op;
        event.value = value;
        let event = *event;
        let step = request.op.resolve(value, event.alternative);
        if matches!(step, Some(Step::Write(_))) != event.rmw {
            let message = format!(
                "at {} a pointer comparison came out differently in a re-run: the allocator gave \
                 another address; keep the memory alive for the whole model",
                event.site
            );
            self.fail(FailureKind::Nondeterminism, message);
            return None;
        }
        if let Some(Step::Write(written)) = step {
            let thread = &self.graph.thread(event.thread).events;
            let write = thread[event.index as usize + 1];
            self.graph.event_mut(write).value = written;
        }
        Some(())
    }

    fn differs(&mut self, id: EventId, request: &Request<'_>) -> Option<Answer> {
        let event = self.graph.event(id);
        let message = format!(
            "thread {} did a {:?} of {} at {} where it did a {:?} of {} at {} before: the closure \
             must depend on nothing but what heddle's types return",
            self.run.current, request.kind, request.value, request.site, event.kind, event.value, event.site
        );
        self.fail(FailureKind::Nondeterminism, message);
        None
    }
}
