//! [`Scenario`]: threads and what each does, as data. The same scenario is a model under an explorer and a stress test on
//! real threads.

mod all;
mod needs;
mod size;

use std::{fmt, str::FromStr};

pub use all::SCENARIOS;
pub use needs::{Need, Needs};
pub use size::{Size, enactors};

use crate::{property::Property, witness::Witness};

/// Threads, what each does, what must hold, and what a proof must have met.
///
/// Before the threads start, plans 1 to `published` are published and plan 1 is applied to every endpoint. After they have
/// ended an Enactor runs with the latest plan, and twice more with a newer one.
#[derive(Debug)]
pub struct Scenario {
    /// The name in reports, budgets and filters.
    pub name: &'static str,
    /// What happens, and what would make it go wrong.
    pub story: &'static str,
    /// How many endpoints there are.
    pub endpoints: usize,
    /// How many plans are published at the start.
    pub published: u32,
    /// The Enactors' retention.
    pub retention: u32,
    /// Plans whose record sets are those of the plan before them, for stores that share.
    pub twins: &'static [u32],
    /// The threads.
    pub cast: &'static [Role],
    /// What must hold.
    pub properties: &'static [Property],
    /// What must have happened in at least one execution, or nothing is proved.
    pub witnesses: &'static [Witness],
}

/// One thread of a scenario.
#[derive(Debug)]
pub struct Role {
    /// Who it is.
    pub name: &'static str,
    /// What it does, in this order.
    pub does: &'static [Action],
}

/// One step of a role. Plans are named by generation, endpoints by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// An Enactor's run with a plan that it picked up before: check, apply endpoint by endpoint, clean up.
    Enact(u32),
    /// An Enactor's run with whatever is the latest plan.
    EnactLatest,
    /// One apply-plan: endpoint, plan.
    Apply(usize, u32),
    /// A clean-up of everything older than this plan.
    CleanUp(u32),
    /// A client resolves this endpoint.
    Resolve(usize),
    /// The Planner publishes this plan.
    Publish(u32),
    /// The Planner tries to publish this plan without this endpoint's record set.
    PublishPart(u32, usize),
    /// The operator pauses all automation.
    Pause,
    /// The operator lets it go on.
    Resume,
    /// The operator repairs the zone with this plan.
    Repair(u32),
    /// The operator tries to repair the zone with this plan, without the first endpoint's record set.
    RepairPart(u32),
    /// What follows stops for ever at one of its steps, each step in turn.
    StopSomewhere,
    /// Tells whoever [hears](Action::Hear).
    Tell,
    /// Goes on only if told, and only then with what follows.
    Hear,
}

impl Scenario {
    /// Whether a thread of this scenario stops for ever.
    pub fn has_a_stop(&self) -> bool {
        self.actions().any(|action| action == Action::StopSomewhere)
    }

    /// Whether one thread tells another something, past the store.
    #[cfg(loom)]
    pub(crate) fn tells(&self) -> bool {
        self.actions().any(|action| action == Action::Tell)
    }

    /// Whether somebody pauses the automation.
    pub fn pauses(&self) -> bool {
        self.actions().any(|action| action == Action::Pause)
    }

    /// How many plans newer still are published when it goes on after the threads have ended. A leak shows when the second
    /// publication has taken back what could be.
    pub(crate) fn published_afterwards(&self) -> u32 {
        if self.properties.contains(&Property::NoLeak) { 2 } else { 1 }
    }

    /// The newest plan that anybody publishes.
    pub fn newest(&self) -> u32 {
        let published = self.actions().filter_map(|action| match action {
            Action::Publish(plan) | Action::PublishPart(plan, _) | Action::Repair(plan) | Action::RepairPart(plan) => {
                Some(plan)
            }
            _ => None,
        });
        published.max().unwrap_or(0).max(self.published)
    }

    fn actions(&self) -> impl Iterator<Item = Action> {
        self.cast.iter().flat_map(|role| role.does.iter().copied())
    }
}

/// A name that is no scenario.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no scenario is called {0:?}; there are {names}", names = SCENARIOS.iter().map(|s| s.name).collect::<Vec<_>>().join(", "))]
pub struct UnknownScenario(pub String);

impl FromStr for &'static Scenario {
    type Err = UnknownScenario;
    fn from_str(name: &str) -> Result<Self, UnknownScenario> {
        SCENARIOS.iter().find(|scenario| scenario.name == name).ok_or_else(|| UnknownScenario(name.to_owned()))
    }
}

impl PartialEq for Scenario {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}
