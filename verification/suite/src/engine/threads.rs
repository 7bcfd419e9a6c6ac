//! Real threads: a scenario as a stress test. It can refute; it can prove nothing.

use std::sync::Arc;

use enactor::store::PlanStore;

use super::Play;
use crate::{
    scenario::Scenario,
    search::{Collector, Counterexample, Findings, Gather, Place, Progress, Search},
    stage::Props,
    subject::{Maker, Subject},
};

/// Plays `scenario` on fresh stores `S` with real threads until a limit of `search` ends it.
pub fn stress<S: Subject>(scenario: &'static Scenario, search: Search, progress: &Arc<Progress>) -> Findings {
    let collector = Arc::new(Collector::new(scenario, search, Arc::clone(progress)));
    stress_into(&Maker::<S>::of_subject(), scenario, &collector);
    collector.finish()
}

/// As [`stress`], with stores that `maker` makes; what is found goes to `collector`.
pub(crate) fn stress_into<S: PlanStore>(maker: &Maker<S>, scenario: &'static Scenario, collector: &Arc<Collector>) {
    let props = Props::new(scenario);
    // A thread that stops does so before each of its calls in turn.
    let plays: Vec<Play> = (0..8).map(|stop| super::play(maker, scenario, stop, &props, collector)).collect();
    rounds(|number| &plays[number as usize % plays.len()], &**collector);
}

/// Plays round after round with real threads until `gather` says no.
pub(crate) fn rounds<'a>(play: impl Fn(u64) -> &'a Play, gather: &dyn Gather) {
    for number in 1.. {
        if !gather.may_go_on() {
            break;
        }
        let stop_before = number as usize % 8;
        let found =
            move |_| Some(Counterexample { preemptions: 0, steps: 0, stop_before, place: Place::Execution(number) });
        play(number)(Some(&found));
    }
}
