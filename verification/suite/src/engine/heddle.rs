//! heddle as explorer: every consistent RC11 execution graph, each once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use enactor::sync::model;
use heddle::model::{Builder, Completion, Failure, FailureKind, Operation, Report, TraceEvent};

use super::{explore::Part, timeline::Timeline};
use crate::{
    search::{Counterexample, Gather, Place, Simplicity},
    stage::StopBefore,
    timeline::{self, HELPER, Moment, OTHER},
};

/// The most events an execution may have. The longest of ours have a few hundred; one that never ends gets here in a second.
const MAX_EVENTS: usize = 4_000;

fn builder(part: &Part) -> Builder {
    let mut builder = Builder::new();
    builder.max_branches = MAX_EVENTS;
    builder.workers = part.search.workers;
    builder.preemption_bound = part.search.bound;
    // Goes on after a deadlock: the other properties still get their verdicts.
    builder.simplest_failure = true;
    // Its own replay tells the steps; a run more would be counted.
    builder.explain = false;
    builder
}

/// Plays `part` in every execution.
pub(super) fn explore(part: &Part, gather: &Arc<dyn Gather>) {
    let enough = Arc::new(AtomicBool::new(false));
    let mut builder = builder(part);
    builder.interrupt = Some(Arc::clone(&enough));
    let (limits, play, lens) = (Arc::clone(gather), Arc::clone(&part.play), part.lens.clone());
    let stop_before = part.stop_before;
    let report = builder.explore(move || {
        if !limits.may_go_on() {
            // Relaxed: seen at one of the next runs; nothing else depends on it.
            enough.store(true, Ordering::Relaxed);
        }
        model::begin_execution(&lens);
        play(Some(&|known| running(stop_before, known)));
    });
    gather.add_blocked(report.blocked);
    conclude(&report, part.stop_before, &**gather);
}

/// Tells `gather` how the search ended, if not by itself.
fn conclude(report: &Report, stop_before: StopBefore, gather: &dyn Gather) {
    if let Some(failure) = &report.failure {
        let found = violates(failure.kind).then(|| counterexample(failure, stop_before));
        if found.is_some() && matches!(report.completion, Completion::Exhausted | Completion::Bounded) {
            gather.refute_completion(found);
        } else {
            gather.fail(found, format!("{}: {}", failure.kind, failure.message));
        }
    }
    match report.completion {
        Completion::Exhausted | Completion::Bounded | Completion::Interrupted => {}
        completion => gather.fail(None, format!("the search is not complete: {completion:?}")),
    }
}

/// Whether a failure says something about the code, and not about the search.
fn violates(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::Deadlock | FailureKind::DataRace | FailureKind::Leak)
}

fn counterexample(failure: &Failure, stop_before: StopBefore) -> Counterexample {
    let place = Place::Graph(failure.token.clone());
    Counterexample { preemptions: failure.preemptions as usize, steps: failure.events, stop_before, place }
}

/// The running execution, unless it is less simple than what is `known`: to find out how few preemptions it needs takes time.
fn running(stop_before: StopBefore, known: Option<Simplicity>) -> Option<Counterexample> {
    let steps = heddle::model::events_so_far();
    let at_most = match known {
        None => u32::MAX,
        Some((preemptions, known_steps)) if steps <= known_steps => preemptions as u32,
        // With more steps it must have fewer preemptions.
        Some((preemptions, _)) => (preemptions as u32).checked_sub(1)?,
    };
    let running = heddle::model::running_within(at_most)?;
    let place = Place::Graph(running.token);
    Some(Counterexample { preemptions: running.preemptions as usize, steps, stop_before, place })
}

/// Plays the execution `found` once more; none when there is no such execution.
pub(super) fn replay(
    part: &Part,
    found: &Counterexample,
    timeline: &Timeline,
    gather: &Arc<dyn Gather>,
) -> Option<Vec<timeline::Operation>> {
    let Place::Graph(token) = &found.place else { return None };
    let (write, play, lens) = (timeline.clone(), Arc::clone(&part.play), part.lens.clone());
    let again = found.clone();
    // It is more than one run where a loop that waits turns out to have a bound: the last one is the execution.
    let report = builder(part).replay(token, move || {
        write.begin_again();
        model::begin_execution(&lens);
        write.during(|| play(Some(&|_| Some(again.clone()))));
    })?;
    conclude(&report, part.stop_before, &**gather);
    let moments = (timeline.operations_at(Moment::Start), timeline.operations_at(Moment::End));
    let parts = parts(&report.trace, moments, part.threads);
    Some(report.trace.iter().map(|event| operation(event, parts[event.thread])).collect())
}

/// Whose part a thread plays: the number in the scenario, and what stands before its words if it was only spawned.
type Plays = (usize, Option<&'static str>);

/// Whose part each of the engine's threads plays, given how many operations there were when the scenario's `threads` started and
/// when they had ended.
fn parts(trace: &[TraceEvent], (start, end): (Option<usize>, Option<usize>), threads: usize) -> Vec<Plays> {
    // The calling thread plays the last part. It starts the others first, in their order.
    let mut parts = vec![(threads - 1, None)];
    let mut next = 0;
    for (at, event) in trace.iter().enumerate().filter(|(_, event)| event.operation == Operation::Spawn) {
        let child = event.value as usize;
        if parts.len() <= child {
            parts.resize(child + 1, parts[0]);
        }
        let plays = start.is_none_or(|start| at >= start) && end.is_none_or(|end| at < end);
        let (parent, words) = parts[event.thread];
        parts[child] = if event.thread == 0 && plays && next < threads - 1 {
            next += 1;
            (next - 1, None)
        } else if event.thread == 0 && !plays {
            (parent, Some(OTHER))
        } else {
            (parent, words.or(Some(HELPER)))
        };
    }
    parts
}

/// What an event of the trace was, by a thread that plays this part.
fn operation(event: &TraceEvent, (thread, helper): Plays) -> timeline::Operation {
    timeline::Operation {
        thread,
        helper,
        by: event.thread,
        what: format!("{:?}", event.operation),
        location: event.location,
        ordering: event.ordering,
        value: event.value,
        sources: vec![event.source],
        file: event.site.file(),
        line: event.site.line(),
    }
}
