//! Real threads: a scenario as a stress test. It can refute; it can prove nothing.

use std::sync::Arc;

use super::Play;
use crate::{
    scenario::Scenario,
    search::{Collector, Counterexample, Gather, Place},
    stage::Props,
    subject::Stores,
};

/// Plays `scenario` on fresh stores with real threads until a limit of its search ends it; what is found goes to `collector`.
pub(crate) fn stress(stores: &Stores, scenario: &'static Scenario, collector: &Arc<Collector>) {
    let props = Props::new(scenario);
    // A thread that stops does so before each of its calls in turn.
    let plays: Vec<Play> = (0..8).map(|stop| super::play(stores, scenario, stop, &props, collector)).collect();
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
