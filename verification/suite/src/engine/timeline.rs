//! [`Timeline`]: what the code itself says while one execution is replayed.
//!
//! `tracing` events are the only instrument: in production they are logs, here they are the timeline.

use std::{
    fmt::{self, Write as _},
    sync::{Arc, Mutex, PoisonError},
};

use enactor::sync::model;
use tracing::{
    Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};

use crate::report::timeline::Event;

/// A `tracing` subscriber that writes down this project's events.
#[derive(Debug, Clone, Default)]
pub struct Timeline(Arc<Mutex<Vec<Event>>>);

impl Timeline {
    /// Writes down what happens during `execution`, on this OS thread.
    pub fn during<T>(&self, execution: impl FnOnce() -> T) -> T {
        tracing::subscriber::with_default(self.clone(), execution)
    }

    /// What was written down.
    pub fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(heddle)]
fn operations_so_far() -> usize {
    heddle::model::events_so_far()
}

/// loom does not say.
#[cfg(not(heddle))]
fn operations_so_far() -> usize {
    0
}

struct Words {
    words: String,
    /// Whether the store's caller tells it, after the call.
    by_caller: bool,
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => write!(self.words, "{value:?}").expect("a String takes everything"),
            "by_caller" => self.by_caller = true,
            _ => {}
        }
    }
}

impl Subscriber for Timeline {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("enactor") && *metadata.level() <= Level::DEBUG
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut words = Words { words: String::new(), by_caller: false };
        event.record(&mut words);
        let metadata = event.metadata();
        let event = Event {
            thread: model::current_thread().map(usize::from),
            words: words.words,
            file: metadata.file().unwrap_or("?"),
            line: metadata.line().unwrap_or(0),
            operations: operations_so_far(),
        };
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What the store has told already is not told again.
        let told = |before: &Event| before.thread == event.thread && before.words == event.words;
        if !words.by_caller || !events.iter().any(told) {
            events.push(event);
        }
    }

    // Spans are of no use here: threads of a model change in the middle of them.
    fn new_span(&self, _span: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _span: &span::Id, _values: &span::Record<'_>) {}
    fn record_follows_from(&self, _span: &span::Id, _follows: &span::Id) {}
    fn enter(&self, _span: &span::Id) {}
    fn exit(&self, _span: &span::Id) {}
}
