//! Every execution of a scenario that the engine of this build knows of.
//!
//! What is the same for both engines is here; how each one searches is in `engine/loom.rs` and `engine/heddle.rs`. A verdict
//! is the engine's: `docs/limits.md` says what that means.

use std::sync::Arc;

use enactor::sync::model::{self, Lens, Watched};

use super::{explorer, timeline::Timeline};
use crate::{
    budget::Model,
    report::timeline::{Event, Operation},
    scenario::Scenario,
    search::{Collector, Counterexample, Findings, Progress, Search},
    stage::{self, Execution, Props, StopBefore},
    subject::Subject,
};

/// What the operations look like to the explorer, apart from the search itself.
pub type Weakened = Option<(model::Site, Option<std::sync::atomic::Ordering>)>;

/// One play of a scenario.
pub(super) type Play = Arc<dyn Fn() -> Execution + Send + Sync>;

/// One search of an engine. A scenario with a thread that stops has a part for each place to stop.
pub(super) struct Part {
    pub(super) scenario: &'static Scenario,
    pub(super) search: Search,
    pub(super) stop_before: StopBefore,
    pub(super) lens: Lens,
    pub(super) play: Play,
}

impl Part {
    fn new<S: Subject>(
        scenario: &'static Scenario,
        search: Search,
        weakened: Weakened,
        stop_before: StopBefore,
        props: &Arc<Props>,
    ) -> Self {
        let dependency_tokens = if search.dependency_tokens { scenario.cast.len() } else { 0 };
        let props = Arc::clone(props);
        let play: Play = Arc::new(move || stage::perform::<S>(scenario, &props, stop_before));
        Self { scenario, search, stop_before, lens: Lens { dependency_tokens, weakened, watch: None }, play }
    }
}

/// Plays `model` on its own store.
pub fn model(model: &Model, progress: &Arc<Progress>) -> Findings {
    model.store.explore(model.scenario, model.search, None, progress)
}

/// Plays `scenario` on fresh stores `S` in every execution that `search` allows.
pub fn explore<S: Subject>(
    scenario: &'static Scenario,
    search: Search,
    weakened: Weakened,
    progress: &Arc<Progress>,
) -> Findings {
    let collector = Arc::new(Collector::new(scenario, search, Arc::clone(progress)));
    let props = Props::new(scenario);
    for stop_before in 0.. {
        let stopped = collector.stopped();
        explorer::explore(&Part::new::<S>(scenario, search, weakened, stop_before, &props), &collector);
        // Every place to stop is a part of its own; past the last one the thread runs through.
        if collector.is_over() || !scenario.has_a_stop() || collector.stopped() == stopped {
            break;
        }
    }
    collector.finish()
}

/// The sites that `scenario` on stores `S` reaches.
pub fn sites<S: Subject>(scenario: &'static Scenario, search: Search) -> Vec<model::Site> {
    let collector = Arc::new(Collector::new(scenario, search, Arc::default()));
    let watched = Arc::new(Watched::default());
    // Nobody gets so far: the thread that would stop runs through.
    let runs_through = usize::MAX - 1;
    let mut part = Part::new::<S>(scenario, search, None, runs_through, &Props::new(scenario));
    part.lens.watch = Some(Arc::clone(&watched));
    explorer::explore(&part, &collector);
    watched.sites()
}

/// What one execution was, played once more.
#[derive(Debug)]
pub struct Replay {
    /// What the code said.
    pub events: Vec<Event>,
    /// What it did, operation by operation, if the engine says so.
    pub operations: Vec<Operation>,
    /// What that execution violates.
    pub findings: Findings,
}

/// Plays the execution `found` of a search once more and writes down what happens.
///
/// # Errors
/// When that execution does not come up: the store is not deterministic, or it is not the same store.
pub fn replay<S: Subject>(
    scenario: &'static Scenario,
    search: Search,
    weakened: Weakened,
    found: &Counterexample,
) -> Result<Replay, NoSuchExecution> {
    let collector = Arc::new(Collector::new(scenario, search, Arc::default()));
    let timeline = Timeline::default();
    let part = Part::new::<S>(scenario, search, weakened, found.stop_before, &Props::new(scenario));
    let operations = explorer::replay(&part, found, &timeline, &collector);
    match (operations, timeline.events()) {
        (Some(operations), events) if !events.is_empty() => {
            Ok(Replay { events, operations, findings: collector.finish() })
        }
        _ => Err(NoSuchExecution),
    }
}

/// The execution to replay does not come up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this execution does not come up: the token is of another engine or version of the code, verify again")]
pub struct NoSuchExecution;
