//! The search for an order, put beside stateright's: equal verdicts on random small histories, by program order and by real
//! time.

use fastrand::Rng;
use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialConsistencyTester, SequentialSpec};

use super::*;

/// The same specification as stateright wants it: every answer is checked, none is predicted.
impl SequentialSpec for Specification {
    type Op = ();
    type Ret = Operation;

    fn invoke(&mut self, (): &()) -> Operation {
        // Only asked for what is still under way at the end of a history, and nothing is.
        Operation::Latest(Generation::new(self.newest.into()).ok())
    }

    fn is_valid_step(&mut self, (): &(), operation: &Operation) -> bool {
        self.after(*operation).map(|next| *self = next).is_some()
    }
}

const START: Specification = Specification { newest: 2, stored: 0b110, applied: 1, floor: 0 };

/// One call: who, when it began and ended, and what it was.
#[derive(Debug, Clone, Copy)]
struct Timed {
    thread: usize,
    began: usize,
    ended: usize,
    operation: Operation,
}

fn generation(number: u64) -> Generation {
    Generation::new(number).expect("a generation")
}

/// A call that the store in `state` could have answered so, or, now and then, one that it hardly could have.
fn call(rng: &mut Rng, state: &mut Specification) -> Operation {
    let generation = generation(rng.u64(1..=4));
    let shown = Generation::new(state.applied.into()).ok();
    let operation = match rng.u8(0..6) {
        0 => Operation::Latest(Generation::new(state.newest.into()).ok()),
        1 => Operation::Publish(generation),
        2 => Operation::Apply(generation, state.apply(generation)),
        3 => Operation::Read { generation: shown, empty: shown.is_none() },
        4 => Operation::Withdraw(generation),
        _ => Operation::Delete(generation),
    };
    match state.after(operation) {
        Some(next) => *state = next,
        // What cannot be is left in every tenth history or so.
        None if rng.u8(0..8) > 0 => return call(rng, state),
        None => {}
    }
    operation
}

/// Up to three threads with up to seven calls, whose answers come from some order that need not be the one of their times.
fn history(rng: &mut Rng) -> Vec<Timed> {
    let mut state = START;
    let mut free = [0; 3];
    let mut history: Vec<Timed> = Vec::new();
    for number in 0..rng.usize(2..=7) {
        let thread = rng.usize(0..free.len());
        let began = free[thread].max((number * 4).saturating_sub(rng.usize(0..10)));
        let ended = began + rng.usize(1..10);
        free[thread] = ended + 1;
        history.push(Timed { thread, began, ended, operation: call(rng, &mut state) });
    }
    history
}

/// Whether `steps` fit one order that keeps `before`.
fn fits_by(history: &[Timed], before: impl Fn(&Timed, &Timed) -> bool) -> bool {
    let step = |(place, call): (usize, &Timed)| Step { thread: call.thread, place, operation: call.operation };
    let steps: Vec<Step> = history.iter().enumerate().map(step).collect();
    let earlier = |call: &Timed| (0..history.len()).filter(|&i| before(&history[i], call)).map(|i| 1 << i).sum();
    let before: Vec<u64> = history.iter().map(earlier).collect();
    Search { start: START, steps, before, dead_ends: DeadEnds::default() }.fits()
}

/// The same by one of stateright's testers, told about beginnings and ends in the order of their times.
fn is_consistent(mut tester: impl ConsistencyTester<usize, Specification>, history: &[Timed]) -> bool {
    let begin = |call: &Timed| (call.began, call.thread, None);
    let end = |call: &Timed| (call.ended, call.thread, Some(call.operation));
    let mut moments: Vec<_> = history.iter().flat_map(|call| [begin(call), end(call)]).collect();
    // A call that begins when another one ends does not come after it: the other threads' beginnings are first.
    moments.sort_by_key(|(time, _, end)| (*time, end.is_some()));
    for (_, thread, end) in moments {
        match end {
            None => tester.on_invoke(thread, ()).map(drop),
            Some(operation) => tester.on_return(thread, operation).map(drop),
        }
        .expect("each thread makes one call after the other");
    }
    tester.is_consistent()
}

#[test]
fn verdicts_are_those_of_staterights_testers_on_random_histories() {
    let mut rng = Rng::with_seed(4);
    let (mut linearizable, mut sequential_only, mut neither) = (0, 0, 0);
    for number in 0..20_000 {
        let history = history(&mut rng);
        let in_thread = |a: &Timed, b: &Timed| a.thread == b.thread && a.ended < b.began;
        let by_time = fits_by(&history, |a, b| a.ended < b.began);
        let by_thread = fits_by(&history, in_thread);
        assert_eq!(by_time, is_consistent(LinearizabilityTester::new(START), &history), "{number}: {history:?}");
        assert_eq!(
            by_thread,
            is_consistent(SequentialConsistencyTester::new(START), &history),
            "{number}: {history:?}"
        );
        match (by_time, by_thread) {
            (true, true) => linearizable += 1,
            (false, true) => sequential_only += 1,
            (false, false) => neither += 1,
            (true, false) => panic!("{number}: what keeps time keeps each thread's order: {history:?}"),
        }
    }
    // The seed is fixed, and so is what it gives: a comparison that only met one kind would compare nothing.
    let counted = (linearizable, sequential_only, neither);
    assert!(linearizable > 2_000 && sequential_only > 200 && neither > 2_000, "{counted:?}");
}

#[test]
fn a_misfit_is_told_by_how_far_an_order_gets_and_what_cannot_be_next() {
    let steps = [
        Operation::Apply(generation(2), ApplyOutcome::Applied { replaced: Some(generation(1)) }),
        Operation::Apply(generation(1), ApplyOutcome::Applied { replaced: Some(generation(2)) }),
        Operation::Read { generation: Some(generation(1)), empty: false },
    ];
    let steps = steps.into_iter().enumerate().map(|(place, operation)| Step { thread: 0, place, operation }).collect();
    let mut search = Search { start: START, steps, before: vec![0, 0b1, 0b11], dead_ends: DeadEnds::default() };
    assert!(!search.fits());
    let told = "after 1 of its 3 plan 2 is applied, stored 1 2; it cannot be next that plan 1 is applied over plan 2, but that \
                plan 1 is stale: plan 2 is applied";
    assert_eq!(search.misfit(), told);
}

#[test]
fn a_generation_is_published_once_and_a_plan_that_lacks_an_endpoint_never() {
    let start = START.after(Operation::Publish(generation(3))).expect("newer than everything");
    assert_eq!(start.after(Operation::Publish(generation(3))), None);
    assert_eq!(start.after(Operation::PublishPart(generation(4))), None);
}
