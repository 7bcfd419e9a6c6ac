//! The sequential specification of a [`PlanStore`](enactor::store::PlanStore), and the search for an order of an
//! execution's calls that it allows.
//!
//! **What is checked.** For each endpoint, the calls that concern it, and those on the plans, fit one total order in which
//! each gives what it gave, and which keeps *happens-before*: a thread's own order, the start before all, the end after
//! all, and what one thread told another. Happens-before takes the place of real time: under a weak memory model, a call
//! that ended earlier on somebody's clock need not be visible to a thread that has not heard of it.
//!
//! **What is not.** Two endpoints at once: clients that see two endpoints change in different orders (IRIW) are allowed. A
//! clean-up is one withdrawal and one deletion for each plan, in any order that the specification allows, not one step.

use std::{collections::HashSet, fmt};

use enactor::{
    generation::Generation,
    store::{ApplyOutcome, PublishError},
};
use foldhash::fast::FixedState;

use crate::{
    history::{Call, Record, messages},
    scenario::Scenario,
    stage::{self, Execution},
};

/// What a call means for one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    Latest(Option<Generation>),
    Publish(Generation),
    /// A plan that is refused, since one with this generation is the newest.
    NotNewer(Generation, Generation),
    /// A plan without a record set for some endpoint.
    PublishPart(Generation),
    /// A clean-up of what is older than the second keeps the first.
    Keep(Generation, Generation),
    Apply(Generation, ApplyOutcome),
    Read {
        generation: Option<Generation>,
        empty: bool,
    },
    Withdraw(Generation),
    Delete(Generation),
}

/// The sequential store, as far as one endpoint is concerned.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Specification {
    newest: u32,
    /// Bit *g* for plan *g*.
    stored: u64,
    applied: u32,
    floor: u32,
}

fn bit(generation: Generation) -> u64 {
    // A store may say any number.
    1_u64.checked_shl(generation.get()).unwrap_or(0)
}

fn number(generation: Option<Generation>) -> u32 {
    generation.map_or(0, Generation::get)
}

impl Specification {
    /// The store after `operation`, if it may give what it gave.
    fn after(&self, operation: Operation) -> Option<Self> {
        let mut next = self.clone();
        let allowed = match operation {
            Operation::Latest(generation) => number(generation) == self.newest,
            Operation::Publish(generation) => {
                next.newest = generation.get();
                next.stored |= bit(generation);
                generation.get() > self.newest
            }
            Operation::NotNewer(offered, newest) => newest.get() == self.newest && offered <= newest,
            Operation::PublishPart(_) => false,
            Operation::Keep(plan, before) => plan < before && self.stored & bit(plan) != 0,
            Operation::Apply(generation, outcome) => {
                // Whoever is told that another one is at it has changed nothing.
                if let ApplyOutcome::Applied { .. } = outcome {
                    next.applied = generation.get();
                }
                outcome == self.apply(generation) || outcome == ApplyOutcome::Busy
            }
            Operation::Read { generation, empty } => number(generation) == self.applied && empty == (self.applied == 0),
            Operation::Withdraw(before) => {
                next.floor = self.floor.max(before.get().min(self.newest));
                true
            }
            Operation::Delete(generation) => {
                next.stored &= !bit(generation);
                let reachable = self.applied == generation.get();
                let applicable = self.applied < generation.get() && self.floor <= generation.get();
                self.stored & bit(generation) != 0 && !reachable && !applicable
            }
        };
        allowed.then_some(next)
    }

    fn apply(&self, generation: Generation) -> ApplyOutcome {
        let applied = Generation::new(self.applied.into()).ok();
        match applied {
            _ if generation.get() > self.newest => ApplyOutcome::Unpublished,
            Some(applied) if applied >= generation => ApplyOutcome::Stale { applied },
            _ if self.floor > generation.get() || self.stored & bit(generation) == 0 => ApplyOutcome::Deleted,
            replaced => ApplyOutcome::Applied { replaced },
        }
    }
}

impl Specification {
    /// In words, what cannot be in this state, and for a call that gives something what it would give.
    fn refuse(&self, operation: Operation) -> String {
        match operation {
            Operation::Apply(plan, _) => format!("{operation}, but that {}", Operation::Apply(plan, self.apply(plan))),
            operation => operation.to_string(),
        }
    }
}

/// A call in the order that is looked for: what it was, and where it stands in its thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Step {
    thread: usize,
    place: usize,
    operation: Operation,
}

/// Whether every endpoint's calls fit one order.
pub(crate) fn linearizable(scenario: &Scenario, execution: &Execution) -> bool {
    (0..scenario.endpoints).all(|endpoint| Search::new(scenario, execution, endpoint).fits())
}

/// Why some endpoint's calls fit no order, if so: how far an order gets, and what cannot be next.
pub(crate) fn misfit(scenario: &Scenario, execution: &Execution) -> Option<String> {
    (0..scenario.endpoints).find_map(|endpoint| {
        let mut search = Search::new(scenario, execution, endpoint);
        (!search.fits())
            .then(|| format!("no order of the calls on {} fits: {}", stage::name(endpoint), search.misfit()))
    })
}

/// The search for an order of the calls on one endpoint.
struct Search {
    start: Specification,
    steps: Vec<Step>,
    /// For each step, those that come before it.
    before: Vec<u64>,
    dead_ends: DeadEnds,
}

impl Search {
    fn new(scenario: &Scenario, execution: &Execution, endpoint: usize) -> Self {
        let mut steps = steps(&execution.history, endpoint);
        let seen = execution.at_rest[endpoint];
        let end = Operation::Read { generation: seen.generation, empty: seen.empty };
        // A thread of its own, at a place that everything else comes before.
        steps.push(Step { thread: usize::MAX, place: 0, operation: end });
        let start = Specification {
            newest: scenario.published,
            stored: (1 << (scenario.published + 1)) - 2,
            applied: 1,
            floor: 0,
        };
        let before = predecessors(&steps, &messages(&execution.history));
        Self { start, steps, before, dead_ends: DeadEnds::default() }
    }

    fn fits(&mut self) -> bool {
        let start = self.start.clone();
        self.goes_on(&start, 0)
    }

    /// Whether an order goes on from where so many steps are `done`, which has led to `state`.
    fn goes_on(&mut self, state: &Specification, done: u64) -> bool {
        if done.count_ones() as usize == self.steps.len() {
            return true;
        }
        if self.dead_ends.contains(&(done, state.clone())) {
            return false;
        }
        for at in 0..self.steps.len() {
            if self.is_possible(at, done)
                && let Some(next) = state.after(self.steps[at].operation)
                && self.goes_on(&next, done | 1 << at)
            {
                return true;
            }
        }
        self.dead_ends.insert((done, state.clone()));
        false
    }

    /// Whether nothing keeps the step `at` from being the next.
    fn is_possible(&self, at: usize, done: u64) -> bool {
        done & (1 << at) == 0 && self.before[at] & !done == 0
    }

    /// The dead end that is furthest on, in words.
    fn misfit(&self) -> String {
        let furthest = self.dead_ends.iter().max_by_key(|(done, _)| (done.count_ones(), u64::MAX - done));
        let (done, state) = furthest.expect("there is a dead end, or they fit");
        let next = (0..self.steps.len()).filter(|&at| self.is_possible(at, *done));
        let words: Vec<String> = next.map(|at| state.refuse(self.steps[at].operation)).collect();
        let (count, of) = (done.count_ones(), self.steps.len());
        format!("after {count} of its {of} {state}; it cannot be next that {}", words.join(", nor that "))
    }
}

impl fmt::Display for Specification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { applied, stored, floor, .. } = self;
        write!(f, "plan {applied} is applied, stored")?;
        for plan in (0..u64::BITS).filter(|plan| stored & (1 << plan) != 0) {
            write!(f, " {plan}")?;
        }
        match floor {
            0 => Ok(()),
            floor => write!(f, ", withdrawn what is older than {floor}"),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest(latest) => write!(f, "the newest plan is found to be {}", number(*latest)),
            Self::Publish(plan) => write!(f, "plan {plan} is published"),
            Self::NotNewer(plan, newest) => write!(f, "plan {plan} is refused, since plan {newest} is the newest"),
            Self::Keep(plan, before) => write!(f, "plan {plan} is kept as one that is stored and older than {before}"),
            Self::PublishPart(plan) => write!(f, "plan {plan}, which lacks an endpoint, is published"),
            Self::Apply(plan, ApplyOutcome::Applied { replaced }) => {
                write!(f, "plan {plan} is applied over plan {}", number(*replaced))
            }
            Self::Apply(plan, ApplyOutcome::Stale { applied }) => {
                write!(f, "plan {plan} is stale: plan {applied} is applied")
            }
            Self::Apply(plan, outcome) => write!(f, "plan {plan} cannot be applied: {outcome}"),
            Self::Read { empty: true, .. } => write!(f, "the answer is empty"),
            Self::Read { generation, .. } => write!(f, "plan {} is seen", number(*generation)),
            Self::Withdraw(before) => write!(f, "what is older than {before} is withdrawn"),
            Self::Delete(plan) => write!(f, "plan {plan} is deleted"),
        }
    }
}

fn steps(history: &[Record], endpoint: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    for (place, record) in history.iter().enumerate() {
        let mut add = |operation| steps.push(Step { thread: record.thread, place, operation });
        match &record.call {
            Call::Latest(generation) => add(Operation::Latest(*generation)),
            Call::Publish(generation, Ok(())) => add(Operation::Publish(*generation)),
            Call::Publish(generation, Err(PublishError::NotNewer { newest, .. })) => {
                add(Operation::NotNewer(*generation, *newest));
            }
            Call::PublishPart(generation, Ok(())) => add(Operation::PublishPart(*generation)),
            Call::Apply(at, generation, outcome) if *at == endpoint => add(Operation::Apply(*generation, *outcome)),
            Call::Applied(at, generation) if *at == endpoint => {
                add(Operation::Read { generation: *generation, empty: generation.is_none() });
            }
            Call::Resolve(at, seen) if *at == endpoint => {
                add(Operation::Read { generation: seen.generation, empty: seen.empty });
            }
            Call::CleanUp(before, clean_up) => {
                add(Operation::Withdraw(*before));
                clean_up.deleted.iter().for_each(|&generation| add(Operation::Delete(generation)));
                clean_up.kept.iter().for_each(|&generation| add(Operation::Keep(generation, *before)));
            }
            _ => {}
        }
    }
    steps
}

/// For each step, the set of steps that happen before it.
fn predecessors(steps: &[Step], messages: &[[(usize, usize); 2]]) -> Vec<u64> {
    let happens_before = |a: &Step, b: &Step| {
        let told = messages
            .iter()
            .any(|[tell, hear]| a.thread == tell.0 && a.place < tell.1 && b.thread == hear.0 && b.place > hear.1);
        (a.thread == b.thread && a.place < b.place) || (b.thread == usize::MAX && a.thread != usize::MAX) || told
    };
    let before =
        |step: &Step| steps.iter().enumerate().filter(|(_, a)| happens_before(a, step)).map(|(i, _)| 1 << i).sum();
    steps.iter().map(before).collect()
}

/// What has been done, and to what that has led, where nothing goes on. A fixed hash: the keys are nobody's choice.
type DeadEnds = HashSet<(u64, Specification), FixedState>;

#[cfg(all(test, not(loom)))]
mod tests;
