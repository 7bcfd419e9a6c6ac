//! Who takes part: the two stores of this library here, what people would use instead in [`peers`].

mod peers;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use enactor::{
    plan::{Answer, Endpoint, Plan},
    store::{ApplyOutcome, EnactorId, Guarded, PlanStore, Unguarded},
};

use crate::{measure::Measured, workload::RETENTION};
use peers::{Borrowed, Dash, LeftRight, Limit, Papaya, ReadWriteLock, SwapEach, SwapWhole};

/// One way to serve plans to clients while they are replaced.
pub(crate) trait Contender: Send + Sync + Sized + 'static {
    /// As it stands in the tables.
    const NAME: &str;
    /// Whether it keeps whole plans as the Planner made them, so that their memory is its own.
    const KEEPS_PLANS: bool = false;

    /// Serves `endpoints` by `plan`, the first one.
    fn build(endpoints: &[Endpoint], plan: Arc<Plan>) -> Self;

    /// How one thread resolves: fills the answer with a copy of the record set and folds it, so that every contender does
    /// the same and none of it can be left out.
    fn reader(&self) -> impl Fn(&Endpoint, &mut Answer) -> u64;

    /// Serves every endpoint by `plan`, one endpoint after the other.
    fn roll_out(&self, plan: Arc<Plan>) -> Phases;

    /// How many bytes it says it uses.
    fn claimed_bytes(&self) -> Option<usize> {
        None
    }
}

/// Makes a contender that serves `endpoints` by the first plan.
pub(crate) type Build = fn(&[Endpoint], Arc<Plan>) -> Box<dyn Measured>;

/// Everybody. Where a table names one of them as the measure, it is by these numbers.
pub(crate) const CONTENDERS: [Build; 10] = [
    build::<Limit>,
    build::<Borrowed>,
    build::<Guarded>,
    build::<Unguarded>,
    build::<ReadWriteLock>,
    build::<SwapWhole>,
    build::<SwapEach>,
    build::<Dash>,
    build::<Papaya>,
    build::<LeftRight>,
];
/// [`Limit`].
pub(crate) const LIMIT: usize = 0;
/// [`Borrowed`]: only ever resolves alone.
pub(crate) const BORROWED: usize = 1;
/// [`Unguarded`].
pub(crate) const UNGUARDED: usize = 3;

fn build<C: Contender>(endpoints: &[Endpoint], plan: Arc<Plan>) -> Box<dyn Measured> {
    Box::new(C::build(endpoints, plan))
}

/// How long each part of a roll-out took.
#[derive(Clone, Copy)]
pub(crate) struct Phases {
    /// Nothing for a contender that has no plans.
    pub(crate) publish: Duration,
    pub(crate) apply: Duration,
    /// Nothing for a contender that has no plans.
    pub(crate) clean_up: Duration,
}

impl Phases {
    /// Of a contender that writes each endpoint at once.
    fn apply_only(started: Instant) -> Self {
        Self { publish: Duration::ZERO, apply: started.elapsed(), clean_up: Duration::ZERO }
    }

    pub(crate) fn total(self) -> Duration {
        self.publish + self.apply + self.clean_up
    }
}

/// What a reader makes of a record set's words: one by one, each after the one before, as targets are unpacked. A sum that
/// the compiler may reorder would be read in wider pieces than a copy is written in, which measures the processor's store
/// buffer.
#[inline]
fn fold(words: &[u64]) -> u64 {
    words.iter().fold(0, |sum: u64, &word| sum.rotate_left(5) ^ word)
}

impl Contender for Guarded {
    const NAME: &str = "**`Guarded`**";

    fn build(endpoints: &[Endpoint], plan: Arc<Plan>) -> Self {
        let store = Guarded::new(endpoints.iter().cloned()).expect("a store");
        enact(&store, plan);
        store
    }

    fn reader(&self) -> impl Fn(&Endpoint, &mut Answer) -> u64 {
        resolver(self)
    }

    fn roll_out(&self, plan: Arc<Plan>) -> Phases {
        enact(self, plan)
    }

    fn claimed_bytes(&self) -> Option<usize> {
        self.usage().map(|usage| usage.bytes)
    }
}

impl Contender for Unguarded {
    const NAME: &str = "`Unguarded`";
    const KEEPS_PLANS: bool = true;

    fn build(endpoints: &[Endpoint], plan: Arc<Plan>) -> Self {
        let store = Unguarded::new(endpoints.iter().cloned());
        enact(&store, plan);
        store
    }

    fn reader(&self) -> impl Fn(&Endpoint, &mut Answer) -> u64 {
        resolver(self)
    }

    fn roll_out(&self, plan: Arc<Plan>) -> Phases {
        enact(self, plan)
    }
}

fn resolver<S: PlanStore>(store: &S) -> impl Fn(&Endpoint, &mut Answer) -> u64 {
    |endpoint, answer| {
        store.resolve_into(endpoint, answer).expect("the store serves it");
        fold(answer.words())
    }
}

/// What a Planner and an Enactor do with one plan, each step timed.
fn enact<S: PlanStore>(store: &S, plan: Arc<Plan>) -> Phases {
    let generation = plan.generation();
    let started = Instant::now();
    store.publish(plan).expect("newer, whole, and there is room");
    let publish = started.elapsed();

    let started = Instant::now();
    let mut run = store.begin_run(EnactorId(1), generation);
    for endpoint in store.endpoints() {
        let outcome = store.apply_plan(&mut run, endpoint, generation);
        assert!(matches!(outcome, ApplyOutcome::Applied { .. }), "{endpoint}: {outcome:?}");
    }
    let apply = started.elapsed();

    let started = Instant::now();
    store.delete_stale_plans(&mut run, generation.back(RETENTION));
    Phases { publish, apply, clean_up: started.elapsed() }
}
