//! [`Timeline`]: what the code itself says while one execution is replayed.
//!
//! `tracing` events are the only instrument: in production they are logs, here they are the timeline. What an event is about
//! stands in its fields, as [`Matter`] names them; its message is for people and never taken apart.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use enactor::sync::model::{self, Part};
use tracing::{
    Dispatch, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
    subscriber::NoSubscriber,
};

#[cfg(heddle)]
use crate::timeline::Moment;
use crate::timeline::{Change, Event, HELPER, Matter, OTHER};

/// A `tracing` subscriber that writes down this project's events, and every event that names a `change`.
#[derive(Debug, Clone, Default)]
pub struct Timeline(Arc<Mutex<Vec<Event>>>);

/// While there is only one subscriber `tracing` asks the thread that comes to an event first whether anybody wants it, ever:
/// another thread's search would answer no for the thread that writes a timeline. With two it asks them both.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

impl Timeline {
    /// Writes down what happens during `execution`, on this OS thread.
    pub fn during<T>(&self, execution: impl FnOnce() -> T) -> T {
        LazyLock::force(&SECOND);
        tracing::subscriber::with_default(self.clone(), execution)
    }

    /// Forgets what was written down.
    pub fn begin_again(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How many operations there were at this moment, if it came.
    #[cfg(heddle)]
    pub fn operations_at(&self, moment: Moment) -> Option<usize> {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().find(|event| event.matter == Matter::Moment(moment)).map(|event| event.operations)
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

#[cfg(not(heddle))]
fn operations_so_far() -> usize {
    enactor::sync::trace::so_far()
}

/// The fields of an event, as text.
#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Fields {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn generation(&self) -> Option<u32> {
        self.text("generation")?.parse().ok()
    }

    fn endpoint(&self) -> Option<String> {
        self.text("endpoint").map(str::to_owned)
    }

    /// What they say the event is about; words alone when they do not fit together.
    fn matter(&self) -> Matter {
        let change = self.text("change").and_then(|change| self.change(change)).map(Matter::Change);
        let refusal = || self.text("refused").map(|why| Matter::Refusal(why.to_owned()));
        let panic = || self.text("panic").map(|_| Matter::Panic);
        let moment = || self.text("moment")?.parse().ok().map(Matter::Moment);
        let answer = || {
            let answer = self.text("answer")?.parse().ok()?;
            Some(Matter::Answer { endpoint: self.endpoint()?, generation: self.generation(), answer })
        };
        let found = || match self.text("found")? {
            "zone" => Some(Matter::FoundZone { endpoint: self.endpoint()?, generation: self.generation() }),
            "plans" => {
                let plans = self.text("plans")?.split_whitespace().map(str::parse).collect::<Result<_, _>>();
                plans.ok().map(Matter::FoundPlans)
            }
            _ => None,
        };
        let violates = || self.text("violates").map(|property| Matter::Violates(property.to_owned()));
        change
            .or_else(violates)
            .or_else(refusal)
            .or_else(panic)
            .or_else(moment)
            .or_else(answer)
            .or_else(found)
            .unwrap_or_default()
    }

    fn change(&self, change: &str) -> Option<Change> {
        match change {
            "publish" => self.generation().map(Change::Publish),
            "apply" => Some(Change::Apply(self.endpoint()?, self.generation()?)),
            "delete" => self.generation().map(Change::Delete),
            "pause" => Some(Change::Pause),
            "resume" => Some(Change::Resume),
            _ => None,
        }
    }
}

impl Subscriber for Timeline {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_ours = metadata.target().starts_with("enactor");
        let is_a_change = metadata.fields().field("change").is_some();
        metadata.is_event() && (is_ours || is_a_change) && *metadata.level() <= Level::DEBUG
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let part = model::part();
        let words = fields.0.remove("message").unwrap_or_default();
        let event = Event {
            thread: part.and_then(|part| part.number).map(usize::from),
            matter: fields.matter(),
            by_caller: fields.text("by_caller").is_some(),
            words: match part {
                Some(Part { number: Some(_), helper: true }) => format!("{HELPER}{words}"),
                Some(Part { number: None, .. }) => format!("{OTHER}{words}"),
                _ => words,
            },
            file: metadata.file().unwrap_or("?"),
            line: metadata.line().unwrap_or(0),
            operations: operations_so_far(),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
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
