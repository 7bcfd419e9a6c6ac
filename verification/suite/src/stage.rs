//! Where a scenario is played on a store, once. The same on every leg.

mod narrated;
mod observed;

use std::{
    any::Any,
    hash::{DefaultHasher, Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use enactor::{
    enactor::{Enactor, Policy, Retry, RunReport},
    generation::Generation,
    operator::Operator,
    plan::{Answer, Endpoint, Plan, RecordSet, Target},
    store::{ApplyOutcome, EnactorId, PlanStore, PublishError},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        thread,
    },
};
use tracing::debug;

use crate::{
    history::{Call, History, Record, Seen, Snapshot},
    scenario::{Action, Scenario},
    subject::Stores,
};
use narrated::Narrated;
use observed::Observed;

/// The endpoints and plans of a scenario, made once for all its executions.
#[derive(Debug)]
pub struct Props {
    endpoints: Vec<Endpoint>,
    plans: Vec<Arc<Plan>>,
    /// How often a thread stopped for ever, in executions that never ended, too. Nothing that an engine sees.
    stopped: AtomicU64,
}

/// One execution of a scenario, and what came after.
#[derive(Debug)]
pub struct Execution {
    /// The threads' calls.
    pub history: Vec<Record>,
    /// What a client saw at each endpoint once they had ended.
    pub at_rest: Vec<Seen>,
    /// What was there then.
    pub left: Snapshot,
    /// What came of going on from there; none when no property of the scenario asks.
    pub recovery: Option<Recovery>,
}

/// Going on after the threads have ended: an Enactor runs with the latest plan, then with a plan that is newer still, and with
/// another one where leaks are looked for.
#[derive(Debug)]
pub struct Recovery {
    /// What came of the publications.
    pub published: Vec<Result<(), PublishError>>,
    /// How the last run ended.
    pub last_run: RunReport,
    /// What was in use beyond the stored plans, after the second publication; none when there is none, or the store does not say.
    pub leaked: Option<usize>,
    /// What a client saw at each endpoint at the end.
    pub seen: Vec<Seen>,
    /// The plans that were stored at the end.
    pub stored: Vec<Generation>,
}

/// How a thread stops for ever, if one does: before the call, or the operation on a model leg, with this number.
pub type StopBefore = usize;

impl Execution {
    /// A fingerprint of the outcome: what each call of each thread gave, and what was left. Not the order in which calls of
    /// different threads came: that is a matter of the engine. The same on every engine of one version of the compiler.
    pub fn fingerprint(&self) -> u64 {
        let mut calls: Vec<_> = self.history.iter().map(|record| (record.thread, &record.call)).collect();
        calls.sort_by_key(|(thread, _)| *thread);
        let text = format!("{calls:?} {:?} {:?} {:?}", self.at_rest, self.left, self.recovery);
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        hasher.finish()
    }
}

impl Props {
    /// Where the stage's own operations are.
    #[cfg(loom)]
    pub(crate) const FILE: &str = file!();

    /// What `scenario` needs.
    pub fn new(scenario: &Scenario) -> Arc<Self> {
        let endpoints: Vec<Endpoint> = (0..scenario.endpoints)
            .map(|number| name(number).parse().expect("letters and digits are a name"))
            .collect();
        let plan = |number: u32| {
            let records = endpoints.iter().zip(1u8..).map(|(endpoint, third)| {
                // A twin has the record sets of the plan before it.
                let content = (1..=number).rev().find(|plan| !scenario.twins.contains(plan)).unwrap_or(1);
                let address = [10, 0, third, content as u8].into();
                let target = Target { address, weight: 1.try_into().expect("1 is not 0") };
                (endpoint.clone(), RecordSet::new(vec![target]).expect("one target"))
            });
            Arc::new(Plan::new(generation(number), records.collect::<Vec<_>>()))
        };
        let plans = (1..=scenario.newest() + scenario.published_afterwards()).map(plan).collect();
        Arc::new(Self { endpoints, plans, stopped: AtomicU64::new(0) })
    }

    /// How often a thread has stopped for ever so far.
    #[cfg(loom)]
    pub(crate) fn stopped(&self) -> u64 {
        self.stopped.load(Relaxed)
    }

    fn plan(&self, number: u32) -> Arc<Plan> {
        Arc::clone(&self.plans[number as usize - 1])
    }

    /// The plan without the record set of endpoint number `missing`.
    fn part(&self, number: u32, missing: usize) -> Arc<Plan> {
        let plan = self.plan(number);
        let missing = &self.endpoints[missing];
        debug!("offers plan {number} without a record set for {missing}");
        let records = plan.records().filter(|(endpoint, _)| *endpoint != missing);
        let records: Vec<_> = records.map(|(endpoint, records)| (endpoint.clone(), records.clone())).collect();
        Arc::new(Plan::new(plan.generation(), records))
    }

    fn number(&self, endpoint: &Endpoint) -> usize {
        self.endpoints.iter().position(|known| known == endpoint).expect("a store has its scenario's endpoints")
    }
}

/// a, b, c, … for as long as there are letters.
pub(crate) fn name(number: usize) -> String {
    u8::try_from(number)
        .ok()
        .filter(|number| *number < 26)
        .map_or_else(|| format!("endpoint-{number}"), |number| char::from(b'a' + number).to_string())
}

fn generation(number: u32) -> Generation {
    Generation::new(number.into()).expect("scenarios count plans from 1")
}

/// One scenario, one store, one execution.
pub(crate) struct Stage {
    scenario: &'static Scenario,
    props: Arc<Props>,
    store: Narrated,
    history: History,
    told: AtomicBool,
    stop_before: StopBefore,
}

/// Why no execution could begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotSetUp(pub String);

/// Plays `scenario` on a fresh store.
///
/// # Errors
/// [`NotSetUp`] when the store cannot be made, or is not what the scenario begins with.
pub(crate) fn perform(
    stores: &Stores,
    scenario: &'static Scenario,
    props: &Arc<Props>,
    stop_before: StopBefore,
) -> Result<Execution, NotSetUp> {
    let stage = Arc::new(Stage {
        scenario,
        props: Arc::clone(props),
        store: Narrated(guarded("the store's constructor", || stores(&props.endpoints))?),
        history: History::default(),
        told: AtomicBool::new(false),
        stop_before,
    });
    guarded("the store", || stage.set())??;
    debug!(moment = "start", "the threads start");
    let last = scenario.cast.len() - 1;
    let threads: Vec<_> = (0..last)
        .map(|number| {
            let stage = Arc::clone(&stage);
            thread::spawn(move || stage.play(number))
        })
        .collect();
    // The calling thread plays the last role: one thread less to interleave.
    stage.play(last);
    for thread in threads {
        thread.join().expect("a role catches its panics");
    }
    leave_thread();
    debug!(moment = "end", "the threads have ended");
    let (at_rest, left) = (stage.sights(), stage.snapshot());
    stage.tell_what_is_left(&left);
    let recovery =
        scenario.properties.iter().any(|property| property.needs_recovery()).then(|| stage.try_to_recover()).flatten();
    Ok(Execution { history: stage.history.take(), at_rest, left, recovery })
}

/// What `what` gives, or why it panicked.
fn guarded<T>(what: &str, does: impl FnOnce() -> T) -> Result<T, NotSetUp> {
    catch_unwind(AssertUnwindSafe(does)).map_err(|panic| NotSetUp(format!("{what} panicked: {}", own_panic(panic))))
}

impl Stage {
    /// Makes the store what the scenario begins with.
    fn set(&self) -> Result<(), NotSetUp> {
        let served: Vec<&Endpoint> = self.store.endpoints().collect();
        if let Some(missing) = self.props.endpoints.iter().find(|endpoint| !served.contains(endpoint)) {
            let (asked, has) = (self.props.endpoints.len(), served.len());
            return Err(NotSetUp(format!(
                "the store was built for {asked} endpoints and serves {has} of its own: {missing} is not among them"
            )));
        }
        for plan in 1..=self.scenario.published {
            let published = self.store.publish(self.props.plan(plan));
            published.map_err(|error| NotSetUp(format!("the fresh store refuses plan {plan}: {error}")))?;
        }
        let first = generation(1);
        let mut run = self.store.begin_run(EnactorId(0), first);
        for endpoint in &self.props.endpoints {
            let outcome = self.store.apply_plan(&mut run, endpoint, first);
            if !matches!(outcome, ApplyOutcome::Applied { .. }) {
                return Err(NotSetUp(format!("plan 1 cannot be applied to {endpoint} at the start: {outcome:?}")));
            }
        }
        Ok(())
    }

    /// The whole part of one thread. Panics end up in the history, but an explorer's own go on.
    fn play(self: &Arc<Self>, thread: usize) {
        enter_thread(thread);
        let actor = Observed::new(Arc::clone(self), thread);
        let part = || self.scenario.cast[thread].does.iter().all(|&action| self.act(&actor, thread, action));
        let Err(panic) = catch_unwind(AssertUnwindSafe(part)) else { return };
        let began = self.history.moment();
        let call = blame(panic);
        if call == Call::Stopped {
            // Relaxed: a number, looked at between searches.
            self.props.stopped.fetch_add(1, Relaxed);
        }
        tell_end(&call);
        self.history.add(thread, began, call);
    }

    /// Does `action`; false when the thread ends with it.
    fn act(&self, actor: &Observed, thread: usize, action: Action) -> bool {
        let policy = Policy { retention: self.scenario.retention, retry: Retry::NEVER };
        let enactor = Enactor::new(EnactorId(thread as u32 + 1), policy);
        let began = self.history.moment();
        match action {
            Action::Enact(plan) => actor.note(began, Call::Run(enactor.run_with(actor, generation(plan)))),
            Action::EnactLatest => actor.note(began, Call::Run(enactor.run(actor))),
            Action::Apply(endpoint, plan) => {
                let mut run = actor.begin_run(enactor.id(), generation(plan));
                let outcome = actor.apply_plan(&mut run, &self.props.endpoints[endpoint], generation(plan));
                if !matches!(outcome, ApplyOutcome::Applied { .. }) {
                    let endpoint = &self.props.endpoints[endpoint];
                    debug!(refused = "apply", %endpoint, "cannot apply plan {plan} to {endpoint}: {outcome}");
                }
            }
            Action::CleanUp(before) => {
                let mut run = actor.begin_run(enactor.id(), generation(before));
                actor.delete_stale_plans(&mut run, generation(before));
            }
            Action::Resolve(endpoint) => drop(actor.resolve(&self.props.endpoints[endpoint])),
            // A refusal is in the history.
            Action::Publish(plan) => drop(actor.publish(self.props.plan(plan))),
            Action::PublishPart(plan, missing) => {
                let part = self.props.part(plan, missing);
                let result = self.store.publish(part);
                actor.note(began, Call::PublishPart(generation(plan), result));
            }
            Action::Pause => actor.pause(),
            Action::Resume => actor.resume(),
            Action::Repair(plan) => {
                let repair = Operator::new(&self.store).repair(self.props.plan(plan));
                actor.note(began, Call::Repair(generation(plan), repair));
            }
            Action::RepairPart(plan) => {
                let part = self.props.part(plan, 0);
                let repair = Operator::new(&self.store).repair(part);
                actor.note(began, Call::RepairPart(generation(plan), repair));
            }
            Action::StopSomewhere => actor.stop_before(self.stop_before),
            Action::Tell => {
                // Release: what this thread did before happens before what the hearer does after. Pairs with Hear.
                self.told.store(true, Ordering::Release);
                debug!("tells");
                actor.note(began, Call::Tell);
            }
            Action::Hear => {
                // Acquire: pairs with Tell.
                let told = self.told.load(Ordering::Acquire);
                debug!("{}", if told { "hears" } else { "hears nothing" });
                actor.note(began, Call::Hear(told));
                return told;
            }
        }
        true
    }

    fn see(&self, endpoint: &Endpoint) -> Seen {
        let answer = self.store.resolve(endpoint).expect("a store has its scenario's endpoints");
        let seen = self.props.judge(endpoint, &answer);
        tell_answer("a client resolves", endpoint, &answer, &seen);
        seen
    }

    fn sights(&self) -> Vec<Seen> {
        self.props.endpoints.iter().map(|endpoint| self.see(endpoint)).collect()
    }

    fn snapshot(&self) -> Snapshot {
        let endpoints = || self.props.endpoints.iter();
        Snapshot {
            applied: endpoints().map(|endpoint| self.store.applied(endpoint)).collect(),
            floors: endpoints().map(|endpoint| self.store.0.floor(endpoint)).collect(),
            stored: self.store.stored(),
        }
    }

    /// For a timeline, which may not have been told of every change.
    fn tell_what_is_left(&self, left: &Snapshot) {
        for (endpoint, applied) in self.props.endpoints.iter().zip(&left.applied) {
            let generation = applied.map(Generation::get);
            debug!(found = "zone", %endpoint, generation, "serves");
        }
        debug!(found = "plans", plans = numbers(&left.stored), "stored");
    }

    /// Goes on after the threads have ended, unless that panics.
    fn try_to_recover(&self) -> Option<Recovery> {
        let began = self.history.moment();
        let recovery = catch_unwind(AssertUnwindSafe(|| self.recover()));
        recovery
            .map_err(|panic| {
                let call = blame(panic);
                tell_end(&call);
                self.history.add(self.scenario.cast.len(), began, call);
            })
            .ok()
    }

    fn recover(&self) -> Recovery {
        debug!(moment = "recovery", "goes on");
        if self.scenario.pauses() {
            self.store.resume();
        }
        let policy = Policy { retention: self.scenario.retention, retry: Retry::NEVER };
        let enactor = Enactor::new(EnactorId(self.scenario.cast.len() as u32 + 1), policy);
        let newest = self.scenario.newest();
        let mut last_run = enactor.run(&self.store);
        let (mut published, mut leaked) = (Vec::new(), None);
        for plan in newest + 1..=newest + self.scenario.published_afterwards() {
            published.push(self.store.publish(self.props.plan(plan)));
            leaked = (plan == newest + 2).then(|| self.store.0.leaked()).flatten();
            last_run = enactor.run(&self.store);
        }
        Recovery { published, last_run, leaked, seen: self.sights(), stored: self.store.stored() }
    }
}

impl Props {
    /// What a client has seen, given what it got.
    fn judge(&self, endpoint: &Endpoint, answer: &Answer) -> Seen {
        let generation = answer.generation();
        let records = generation
            .and_then(|generation| self.plans.get(generation.get() as usize - 1).and_then(|plan| plan.get(endpoint)));
        let torn = !answer.is_empty() && records.is_none_or(|records| records.words() != answer.words());
        Seen { generation, empty: answer.is_empty(), torn }
    }
}

/// Tells that a thread goes on no more.
fn tell_end(call: &Call) {
    match call {
        Call::Panicked(message) => debug!(panic = true, "panics: {message}"),
        _ => debug!("stops for ever"),
    }
}

fn numbers(generations: &[Generation]) -> String {
    generations.iter().map(|generation| format!("{generation} ")).collect()
}

/// Tells what a client got.
fn tell_answer(who_does: &str, endpoint: &Endpoint, answer: &Answer, seen: &Seen) {
    let generation = seen.generation.map(Generation::get);
    let Some(plan) = generation.filter(|_| !seen.empty) else {
        let of_plan = generation.map_or(String::new(), |plan| format!(" of plan {plan}"));
        debug!(by_caller = true, answer = "empty", %endpoint, generation, "{who_does} {endpoint}: EMPTY ANSWER{of_plan}");
        return;
    };
    let (worth, of_what) = if seen.torn { ("torn", "TORN, not") } else { ("whole", "of") };
    // Words that nobody has written yet are no target.
    let first = answer.targets().next().map_or("no target".to_owned(), |target| target.address.to_string());
    debug!(
        by_caller = true, answer = worth, %endpoint, generation,
        "{who_does} {endpoint}: {first} {of_what} plan {plan}"
    );
}

/// What a panic means for the history. An explorer's own panics go on: it cannot.
fn blame(panic: Box<dyn Any + Send>) -> Call {
    if panic.is::<Stopped>() {
        return Call::Stopped;
    }
    Call::Panicked(own_panic(panic))
}

/// The words of a panic of the code under verification. An explorer's own panics go on.
pub(crate) fn own_panic(panic: Box<dyn Any + Send>) -> String {
    if is_the_explorers(&*panic) {
        resume_unwind(panic);
    }
    message(&*panic)
}

/// loom's are no text, or a known one.
#[cfg(all(loom, not(heddle)))]
fn is_the_explorers(panic: &(dyn Any + Send)) -> bool {
    let is_text = panic.is::<&str>() || panic.is::<String>();
    let text = message(panic);
    !is_text || text.starts_with("deadlock") || text.starts_with("Model exceeded")
}

/// heddle has none.
#[cfg(any(not(loom), heddle))]
fn is_the_explorers(_panic: &(dyn Any + Send)) -> bool {
    false
}

pub(crate) fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(loom)]
pub use enactor::sync::model::Stopped;

/// The payload of the panic that takes a stopped thread off the stage.
#[cfg(not(loom))]
#[derive(Debug)]
pub struct Stopped;

#[cfg(loom)]
pub(crate) fn enter_thread(thread: usize) {
    enactor::sync::model::enter_thread(thread as u8);
}

#[cfg(not(loom))]
pub(crate) fn enter_thread(_thread: usize) {}

#[cfg(loom)]
pub(crate) use enactor::sync::model::leave_thread;

#[cfg(not(loom))]
pub(crate) fn leave_thread() {}
