//! loom as explorer.
//!
//! It misses interleavings of atomics that a thread loads before it stores (unless each has a dependency token), and it
//! raises some false alarms. `docs/limits.md` says which.

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe, catch_unwind, panic_any},
    sync::{
        Arc, Once,
        atomic::{AtomicU64, Ordering},
    },
};

use enactor::sync::{
    model,
    trace::{self, Deed, Traced},
};

use super::{explore::Part, timeline::Timeline};
use crate::{
    search::{Counterexample, Gather, Place},
    stage,
    timeline::{HELPER, OTHER, Operation},
};

/// The payload of the panic that ends loom's search from within.
struct Enough;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the panics that belong to a search off the terminal. Must come before the first search: loom's coroutines
/// install a hook of their own over this one.
fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
}

/// What is said of a search that may have missed something, however far it went.
const WITHOUT_TOKEN: &str = "loom may have missed executions: threads that the code spawns by itself have no dependency token, and are \
                             not counted in the bound. heddle misses none";

/// Plays `part` in every execution that its search allows.
pub(super) fn explore(part: &Part, gather: &Arc<dyn Gather>) {
    let count = Arc::new(AtomicU64::new(0));
    let (counted, limits, play, lens) =
        (Arc::clone(&count), Arc::clone(gather), Arc::clone(&part.play), part.lens.clone());
    let stop_before = part.stop_before;
    // Whatever an earlier search left.
    model::is_without_token();
    let ended = check(part, move || {
        if !limits.may_go_on() {
            panic_any(Enough);
        }
        // Relaxed: all executions of a search are on one OS thread.
        let number = counted.fetch_add(1, Ordering::Relaxed) + 1;
        model::begin_execution(&lens);
        play(Some(&|_| Some(counterexample(stop_before, number))));
    });
    if model::is_without_token() {
        gather.fail(None, WITHOUT_TOKEN.to_owned());
    }
    if let Err(words) = ended {
        let found = counterexample(part.stop_before, count.load(Ordering::Relaxed));
        gather.fail(words.starts_with("deadlock").then_some(found), words);
    }
}

/// The running execution.
fn counterexample(stop_before: usize, number: u64) -> Counterexample {
    let schedule = model::schedule();
    let place = Place::Execution(number);
    Counterexample { preemptions: preemptions(&schedule), steps: schedule.len(), stop_before, place }
}

/// Plays the execution `found` once more; none when there is no such execution. loom tells no operations: the facade does.
pub(super) fn replay(
    part: &Part,
    found: &Counterexample,
    timeline: &Timeline,
    gather: &Arc<dyn Gather>,
) -> Option<Vec<Operation>> {
    let Place::Execution(wanted) = found.place else { return None };
    let count = AtomicU64::new(0);
    let (write, play, lens) = (timeline.clone(), Arc::clone(&part.play), part.lens.clone());
    let stop_before = part.stop_before;
    let ended = check(part, move || {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        model::begin_execution(&lens);
        if number < wanted {
            play(None);
            return;
        }
        trace::begin();
        write.during(|| play(Some(&|_| Some(counterexample(stop_before, number)))));
        panic_any(Enough);
    });
    if let Err(words) = ended {
        gather.fail(words.starts_with("deadlock").then_some(found.clone()), words);
    }
    Some(operations(trace::end(), part.threads))
}

/// What was written down, a read and a write in one step as two operations, as heddle tells them.
fn operations(trace: Vec<Traced>, threads: usize) -> Vec<Operation> {
    let mut operations = Vec::new();
    // Where each of those that were written down begins.
    let mut places = Vec::new();
    for traced in trace {
        places.push(operations.len());
        // One with a write has it in its last place.
        let place =
            |source: &Option<usize>| source.map(|at| places.get(at + 1).copied().unwrap_or(operations.len()) - 1);
        let (deeds, sources): (Vec<(&str, u64)>, Vec<Option<usize>>) = match &traced.deed {
            Deed::Read(value, sources) => (vec![("Read", *value)], sources.iter().map(place).collect()),
            Deed::Write(value) => (vec![("Write", *value)], Vec::new()),
            Deed::Modify(read, sources, written) => {
                (vec![("ModifyRead", *read), ("ModifyWrite", *written)], sources.iter().map(place).collect())
            }
            Deed::Fence => (vec![("Fence", 0)], Vec::new()),
            Deed::Lock => (vec![("Lock", 0)], Vec::new()),
            Deed::Unlock => (vec![("Unlock", 0)], Vec::new()),
        };
        for (what, value) in deeds {
            operations.push(Operation {
                // What comes before the threads start and after they have ended is the last one's.
                thread: traced.part.and_then(|part| part.number).map_or(threads - 1, usize::from),
                helper: traced.part.filter(|part| part.helper).map(|part| match part.number {
                    Some(_) => HELPER,
                    None => OTHER,
                }),
                by: traced.thread,
                what: what.to_owned(),
                location: traced.location,
                ordering: traced.ordering,
                value,
                sources: sources.clone(),
                file: traced.site.file(),
                line: traced.site.line(),
            });
        }
    }
    operations
}

/// Runs loom until it is exhausted or `execution` ends it.
///
/// # Errors
/// What loom, or a broken model, panicked with.
fn check(part: &Part, execution: impl Fn() + Send + Sync + 'static) -> Result<(), String> {
    quiet_panics();
    let mut builder = loom::model::Builder::new();
    // Every setting, so that none comes from the environment; loom's own limits would end a search without a word.
    builder.max_threads = loom::MAX_THREADS;
    builder.max_branches = 20_000;
    builder.max_permutations = None;
    builder.max_duration = None;
    builder.checkpoint_file = None;
    builder.checkpoint_interval = usize::MAX;
    builder.expect_explicit_explore = false;
    builder.location = false;
    builder.log = false;
    // loom counts a switch away from a thread that could go on even when it only waits for its first turn, so it takes the
    // number of spawned threads more to cover the textbook's preemptions.
    builder.preemption_bound = part.search.bound.map(|bound| bound + part.threads - 1);
    QUIET.set(true);
    let ended = catch_unwind(AssertUnwindSafe(|| builder.check(execution)));
    QUIET.set(false);
    match ended {
        Ok(()) => Ok(()),
        Err(panic) if panic.is::<Enough>() => Ok(()),
        Err(panic) => Err(stage::message(&*panic)),
    }
}

/// How often a thread was interrupted that still had something to do.
fn preemptions(schedule: &[u8]) -> usize {
    let interrupted = |at: &usize| {
        let (before, after) = (schedule[*at], schedule[*at + 1]);
        before != after && schedule[*at + 1..].contains(&before)
    };
    (0..schedule.len().saturating_sub(1)).filter(interrupted).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_interrupted_thread_counts_as_a_preemption() {
        assert_eq!(preemptions(&[]), 0);
        assert_eq!(preemptions(&[0, 0, 1, 1]), 0, "thread 0 had ended");
        assert_eq!(preemptions(&[0, 1, 0]), 1);
        assert_eq!(preemptions(&[0, 1, 0, 1]), 2);
    }
}
