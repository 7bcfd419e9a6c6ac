//! Real threads: a scenario as a stress test. It can refute; it can prove nothing.

use std::{sync::Arc, time::Instant};

use crate::{
    scenario::Scenario,
    search::{Collector, Counterexample, Findings, Place, Progress, Search},
    stage::{self, Props},
    subject::Subject,
};

/// Plays `scenario` on fresh stores `S` with real threads until a limit of `search` ends it.
pub fn stress<S: Subject>(scenario: &'static Scenario, search: Search, progress: &Arc<Progress>) -> Findings {
    let began = Instant::now();
    let collector = Collector::new(scenario, search, Arc::clone(progress));
    let props = Props::new(scenario);
    let mut number = 0;
    while collector.may_go_on() {
        number += 1;
        // A thread that stops does so before each of its calls in turn.
        let stop_before = number as usize % 8;
        let execution = stage::perform::<S>(scenario, &props, stop_before);
        let place = Place::Execution(number);
        collector.judge(&execution, || Counterexample { preemptions: 0, steps: 0, stop_before, place: place.clone() });
    }
    Findings { seconds: began.elapsed().as_secs_f64(), ..collector.finish() }
}
