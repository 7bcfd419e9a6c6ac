//! Every execution of a scenario that the engine of this build knows of.
//!
//! What is the same for both engines is here; how each one searches is in `engine/loom.rs` and `engine/heddle.rs`. A verdict
//! is the engine's: `docs/limits.md` says what that means.

use std::sync::Arc;

use enactor::sync::model::{self, Lens, Watched};

use super::{Play, explorer, timeline::Timeline};
use crate::{
    property::Property,
    scenario::Scenario,
    search::{Collector, Counterexample, Findings, Gather, Search},
    stage::{Props, StopBefore},
    subject::Stores,
    timeline::{Event, Operation},
    witness::Witness,
};

/// What the operations look like to the explorer, apart from the search itself.
pub type Weakened = Option<(model::Site, Option<std::sync::atomic::Ordering>)>;

/// One search of an engine. A scenario with a thread that stops has a part for each place to stop.
pub(crate) struct Part {
    /// How many threads there are, the calling one included: it is the last.
    pub(crate) threads: usize,
    pub(crate) search: Search,
    pub(crate) stop_before: StopBefore,
    pub(crate) lens: Lens,
    pub(crate) play: Play,
}

impl Part {
    fn of_scenario(
        stores: &Stores,
        scenario: &'static Scenario,
        weakened: Weakened,
        stop_before: StopBefore,
        props: &Arc<Props>,
        collector: &Arc<Collector>,
    ) -> Self {
        let play = super::play(stores, scenario, stop_before, props, collector);
        Self { stop_before, ..Self::new(scenario.cast.len(), collector.search(), play).weakened(weakened) }
    }

    /// The same, with an ordering weakened if there is one.
    pub(crate) fn weakened(mut self, weakened: Weakened) -> Self {
        self.lens.weakened = weakened;
        self
    }

    /// Plays it, and says what it reaches.
    pub(crate) fn watch(mut self, gather: Arc<dyn Gather>) -> Arc<Watched> {
        let watched = Arc::new(Watched::default());
        self.lens.watch = Some(Arc::clone(&watched));
        self.explore(gather);
        watched
    }

    /// The whole search of `play`, which has so many threads.
    pub(crate) fn new(threads: usize, search: Search, play: Play) -> Self {
        let dependency_tokens = if search.dependency_tokens { threads } else { 0 };
        let lens = Lens { dependency_tokens, weakened: None, watch: None };
        Self { threads, search, stop_before: 0, lens, play }
    }

    /// Plays in every execution that the search allows.
    pub(crate) fn explore(&self, gather: Arc<dyn Gather>) {
        explorer::explore(self, &gather);
    }

    /// Plays the execution `found` once more.
    pub(crate) fn replay(
        &self,
        found: &Counterexample,
        gather: Arc<dyn Gather>,
    ) -> Option<(Vec<Event>, Vec<Operation>)> {
        let timeline = Timeline::default();
        let operations = explorer::replay(self, found, &timeline, &gather)?;
        let events = timeline.events();
        (!events.is_empty()).then_some((events, operations))
    }
}

/// Plays `scenario` on fresh stores in every execution that the search of `collector` allows; what is found goes there.
pub(crate) fn explore(stores: &Stores, scenario: &'static Scenario, weakened: Weakened, collector: &Arc<Collector>) {
    let props = Props::new(scenario);
    for stop_before in 0.. {
        let stopped = props.stopped();
        let part = Part::of_scenario(stores, scenario, weakened, stop_before, &props, collector);
        part.explore(Arc::clone(collector) as Arc<dyn Gather>);
        // Every place to stop is a part of its own; past the last one the thread runs through.
        if collector.is_over() || !scenario.has_a_stop() || props.stopped() == stopped {
            break;
        }
    }
}

/// The sites that `scenario` on `stores` reaches, and in how many executions.
pub(crate) fn sites(stores: &Stores, scenario: &'static Scenario, search: Search) -> (Vec<model::Site>, u64) {
    let (watched, executions) = watch(stores, scenario, search);
    (watched.sites(), executions)
}

/// Whether an engine sees anything of what the scenario's threads do with the store: the stage has operations of its own where
/// one thread tells another.
pub(crate) fn is_seen(stores: &Stores, scenario: &'static Scenario) -> bool {
    let (watched, _) = watch(stores, scenario, Search { max_executions: 1, ..Search::default() });
    watched.locked() || watched.sites().iter().any(|site| !site.file.ends_with(Props::FILE))
}

fn watch(stores: &Stores, scenario: &'static Scenario, search: Search) -> (Arc<Watched>, u64) {
    let collector = Arc::new(Collector::new(scenario, search, Arc::default()));
    // Nobody gets so far: the thread that would stop runs through.
    let runs_through = usize::MAX - 1;
    let props = Props::new(scenario);
    let part = Part::of_scenario(stores, scenario, None, runs_through, &props, &collector);
    let watched = part.watch(Arc::clone(&collector) as Arc<dyn Gather>);
    (watched, collector.finish().executions)
}

/// What one execution was, played once more.
#[derive(Debug)]
pub struct Replay<P = Property, W = Witness> {
    /// What the code said.
    pub events: Vec<Event>,
    /// What it did, operation by operation, if the engine says so.
    pub operations: Vec<Operation>,
    /// What that execution violates.
    pub findings: Findings<P, W>,
}

/// Plays the execution `found` of a search once more and writes down what happens.
///
/// # Errors
/// When that execution does not come up: the store is not deterministic, or it is not the same store.
pub(crate) fn replay(
    stores: &Stores,
    scenario: &'static Scenario,
    search: Search,
    weakened: Weakened,
    found: &Counterexample,
) -> Result<Replay, NoSuchExecution> {
    let collector = Arc::new(Collector::new(scenario, search, Arc::default()));
    let props = Props::new(scenario);
    let part = Part::of_scenario(stores, scenario, weakened, found.stop_before, &props, &collector);
    let (events, operations) = part.replay(found, Arc::clone(&collector) as Arc<dyn Gather>).ok_or(NoSuchExecution)?;
    Ok(Replay { events, operations, findings: collector.finish() })
}

/// The execution to replay does not come up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this execution does not come up: the token is of another engine or version of the code, verify again")]
pub struct NoSuchExecution;
