//! [`Needs`]: what a scenario asks of a store, read off the scenario itself.

use std::fmt;

use super::{Action, Scenario};

/// Something that not every store can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Need {
    /// `pause` and `resume` do something.
    Pause,
    /// `repair` does something.
    Repair,
    /// The store goes on when a thread stops for ever in the middle of an operation, locks and all.
    Stop,
}

/// What a scenario asks of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// How many endpoints the store serves.
    pub endpoints: usize,
    /// How many plans it has room for at once. A store with no more room than that makes some by itself, when a plan is
    /// published into it: it deletes what is not the newest and can never be reached again.
    pub room: usize,
    /// How many threads use it at once.
    pub threads: usize,
    /// What else it must be able to do.
    pub abilities: Vec<Need>,
}

impl Need {
    /// Every one.
    pub const ALL: &[Need] = &[Need::Pause, Need::Repair, Need::Stop];

    /// The name in lists.
    pub fn name(self) -> &'static str {
        match self {
            Need::Pause => "pause",
            Need::Repair => "repair",
            Need::Stop => "a thread that stops for ever",
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Scenario {
    /// What it asks of a store.
    pub fn needs(&self) -> Needs {
        let asks = |need: &Need| {
            self.actions().any(|action| match need {
                Need::Pause => matches!(action, Action::Pause | Action::Resume),
                Need::Repair => matches!(action, Action::Repair(_) | Action::RepairPart(_)),
                Need::Stop => action == Action::StopSomewhere,
            })
        };
        // At the end two more plans are published, each after a clean-up that leaves the retention and the newest. In between
        // the served one, the newest and the one that is published may all be different.
        let publishes = |action| matches!(action, Action::Publish(_) | Action::Repair(_));
        let between = if self.actions().any(publishes) { 3 } else { 2 };
        let room = self.published.max(self.retention + 2).max(between) as usize;
        let abilities = Need::ALL.iter().copied().filter(asks).collect();
        Needs { endpoints: self.endpoints, room, threads: self.cast.len(), abilities }
    }
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Needs { endpoints, room, threads, .. } = self;
        let plural = if *endpoints == 1 { "" } else { "s" };
        write!(f, "{endpoints} endpoint{plural}, room for {room} plans, {threads} threads")?;
        self.abilities.iter().try_for_each(|ability| write!(f, ", {ability}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::SCENARIOS;

    #[test]
    fn a_scenario_says_what_it_asks_of_a_store() {
        let needs = |name: &str| name.parse::<&'static Scenario>().expect("a scenario").needs().to_string();
        assert_eq!(needs("two_enactors_two_endpoints"), "2 endpoints, room for 3 plans, 2 threads");
        assert_eq!(needs("operator_pauses"), "1 endpoint, room for 3 plans, 2 threads, pause");
        assert_eq!(needs("operator_repairs"), "1 endpoint, room for 3 plans, 2 threads, repair");
        let stop = "1 endpoint, room for 3 plans, 2 threads, a thread that stops for ever";
        assert_eq!(needs("enactor_stops_for_ever"), stop);
        assert!(
            SCENARIOS.iter().all(|scenario| scenario.needs().room <= 3),
            "the smallest guarded store has room for 3"
        );
    }
}
