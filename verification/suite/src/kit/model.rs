//! [`Model`]: any code, no store needed: what is shared, threads as closures, properties of what they return.

use std::{
    fmt::{self, Debug},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, OnceLock},
};

use enactor::sync::thread;
use tracing::debug;

use super::{
    Case,
    candidate::{Limits, assert_is_name, too_many_threads},
    case::Claim,
};
#[cfg(not(loom))]
use crate::engine::threads;
use crate::{
    engine::Play,
    property::Property,
    scenario::{Role, Scenario},
    search::{Collector, Shown},
    stage::{enter_thread, leave_thread, own_panic},
};
#[cfg(loom)]
use crate::{
    engine::explore::{NoSuchExecution, Part, Replay},
    search::Gather,
};

/// What the threads of one execution returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome<T> {
    /// Thread by thread, in the order in which the model names them.
    pub threads: Vec<T>,
    /// What was seen once they had ended; none when the model does not look.
    pub afterwards: Option<T>,
}

/// A property or a witness: its name, and what it asks of an outcome.
type Test<T> = (&'static str, Arc<dyn Fn(&Outcome<T>) -> bool + Send + Sync>);
type Body<S, T> = Arc<dyn Fn(&S) -> T + Send + Sync>;

/// Something shared, threads that use it, and what must hold of what they return.
///
/// Every model has the property `completes` besides its own: every thread ends, without a panic or a deadlock. An execution
/// in which a thread panics shows nothing else.
#[must_use = "a model does nothing before a kit takes it"]
pub struct Model<S, T> {
    name: String,
    story: String,
    setup: Arc<dyn Fn() -> S + Send + Sync>,
    threads: Vec<(&'static str, Body<S, T>)>,
    afterwards: Option<Body<S, T>>,
    properties: Vec<(Test<T>, String)>,
    witnesses: Vec<Test<T>>,
    limits: Limits,
}

/// The property that every model has.
const COMPLETES: &str = "completes";

impl<S, T> Model<S, T>
where
    S: Send + Sync + 'static,
    T: Debug + Send + Sync + 'static,
{
    /// A model of what `setup` makes, once for each execution.
    ///
    /// # Panics
    /// Unless the name consists of letters, digits, `_` and `-`.
    pub fn new(name: &str, setup: impl Fn() -> S + Send + Sync + 'static) -> Self {
        assert_is_name(name);
        Self {
            name: name.to_owned(),
            story: String::new(),
            setup: Arc::new(setup),
            threads: Vec::new(),
            afterwards: None,
            properties: Vec::new(),
            witnesses: Vec::new(),
            limits: Limits::default(),
        }
    }

    /// What happens, and what would make it go wrong, in a sentence.
    pub fn story(mut self, story: &str) -> Self {
        story.clone_into(&mut self.story);
        self
    }

    /// One thread more, and what it does with what is shared.
    pub fn thread(mut self, name: &str, does: impl Fn(&S) -> T + Send + Sync + 'static) -> Self {
        self.threads.push((leak(name), Arc::new(does)));
        self
    }

    /// What to look at once all threads have ended.
    pub fn afterwards(mut self, looks: impl Fn(&S) -> T + Send + Sync + 'static) -> Self {
        self.afterwards = Some(Arc::new(looks));
        self
    }

    /// What must hold of every outcome, with a name and a sentence.
    ///
    /// # Panics
    /// When there is such a property already, or the name is no name.
    pub fn property(
        mut self,
        name: &str,
        statement: &str,
        holds: impl Fn(&Outcome<T>) -> bool + Send + Sync + 'static,
    ) -> Self {
        assert_is_name(name);
        let there = name == COMPLETES || self.properties.iter().any(|((other, _), _)| *other == name);
        assert!(!there, "{} has a property {name} already: give this one another name", self.name);
        self.properties.push(((leak(name), Arc::new(holds)), statement.to_owned()));
        self
    }

    /// What at least one execution must have come to, or nothing is proved.
    ///
    /// # Panics
    /// When there is such a witness already.
    pub fn witness(mut self, name: &str, is_met: impl Fn(&Outcome<T>) -> bool + Send + Sync + 'static) -> Self {
        let there = self.witnesses.iter().any(|(other, _)| *other == name);
        assert!(!there, "{} has a witness {name} already: give this one another name", self.name);
        self.witnesses.push((leak(name), Arc::new(is_met)));
        self
    }

    /// After so many seconds the search is truncated. Default: 60.
    pub fn seconds(mut self, seconds: u64) -> Self {
        self.limits.seconds = seconds;
        self
    }

    /// After so many executions the search is truncated. Default: 5,000,000.
    pub fn executions(mut self, executions: u64) -> Self {
        self.limits.executions = executions;
        self
    }

    /// On loom: only executions with at most so many preemptions. Default: 2 for two threads, 0 for more.
    pub fn bound(mut self, preemptions: usize) -> Self {
        self.limits.bound = Some(preemptions);
        self
    }

    pub(super) fn has_threads(&self) -> bool {
        !self.threads.is_empty()
    }

    pub(super) fn case(self) -> Case<&'static str, &'static str> {
        let role = |name: &'static str| Role { name, does: &[] };
        // The timeline's columns.
        let scenario: &'static Scenario = Box::leak(Box::new(Scenario {
            name: leak(&self.name),
            story: leak(&self.story),
            endpoints: 0,
            published: 0,
            retention: 0,
            twins: &[],
            cast: Vec::leak(self.threads.iter().map(|(name, _)| role(name)).collect()),
            properties: &[],
            witnesses: &[],
        }));
        let threads = self.threads.len();
        let unchecked = too_many_threads(threads);
        let claim = |property: &'static str, statement: &str| Claim {
            property,
            known: (property == COMPLETES).then_some(Property::Completes),
            statement: statement.to_owned(),
            unchecked: unchecked.clone(),
        };
        let mut claims: Vec<_> = self.properties.iter().map(|((name, _), statement)| claim(name, statement)).collect();
        claims.push(claim(COMPLETES, Property::Completes.statement()));
        let model = Arc::new(self);
        #[cfg(loom)]
        let again = Arc::clone(&model);
        Case {
            path: model.name.clone(),
            scenario,
            needs: format!("{threads} threads"),
            claims,
            witnesses: model.witnesses.iter().map(|(name, _)| *name).collect(),
            excused: Vec::new(),
            completion: vec![COMPLETES],
            search: model.limits.search(threads),
            #[cfg(loom)]
            sites: {
                let model = Arc::clone(&model);
                Box::new(move |search| {
                    let collector = Arc::new(Collector::with_completion(vec![COMPLETES], search, Arc::default()));
                    let part = Part::new(threads, search, model.play(&collector));
                    let watched = part.watch(Arc::clone(&collector) as Arc<dyn Gather>);
                    (watched.sites(), collector.finish().executions)
                })
            },
            #[cfg(loom)]
            with_weaker: {
                let model = Arc::clone(&model);
                Box::new(move |weakened| {
                    let model = Arc::clone(&model);
                    Arc::new(move |collector| {
                        let part = Part::new(threads, collector.search(), model.play(collector));
                        part.weakened(weakened).explore(Arc::clone(collector) as Arc<dyn Gather>);
                    })
                })
            },
            run: Arc::new(move |collector| model.search(collector)),
            #[cfg(loom)]
            again: Box::new(move |search, weakened, found| {
                let collector = Arc::new(Collector::with_completion(vec![COMPLETES], search, Arc::default()));
                let part = Part::new(threads, search, again.play(&collector)).weakened(weakened);
                let played = part.replay(found, Arc::clone(&collector) as Arc<dyn Gather>);
                let (events, operations) = played.ok_or(NoSuchExecution)?;
                Ok(Replay { events, operations, findings: collector.finish() })
            }),
            findings: OnceLock::new(),
        }
    }

    #[cfg(loom)]
    fn search(self: &Arc<Self>, collector: &Arc<Collector<&'static str, &'static str>>) {
        let part = Part::new(self.threads.len(), collector.search(), self.play(collector));
        part.explore(Arc::clone(collector) as Arc<dyn Gather>);
    }

    #[cfg(not(loom))]
    fn search(self: &Arc<Self>, collector: &Arc<Collector<&'static str, &'static str>>) {
        let play = self.play(collector);
        threads::rounds(|_| &play, &**collector);
    }

    fn play(self: &Arc<Self>, collector: &Arc<Collector<&'static str, &'static str>>) -> Play {
        let (model, collector) = (Arc::clone(self), Arc::clone(collector));
        Arc::new(move |found| {
            collector.begins();
            match model.perform() {
                Err(NotSetUp(words)) => collector.add_not_set_up(words),
                Ok(outcome) => {
                    let Some(found) = found else { return };
                    if outcome.is_none() {
                        collector.add_unjudged();
                    }
                    collector.add(model.judge(outcome.as_ref()), found);
                }
            }
        })
    }

    /// What an outcome shows; none: a thread panicked.
    fn judge(&self, outcome: Option<&Outcome<T>>) -> Shown<&'static str, &'static str> {
        let Some(outcome) = outcome else {
            return Shown { violated: vec![COMPLETES], met: Vec::new(), outcome: None };
        };
        let violated = self.properties.iter().filter(|((_, holds), _)| !holds(outcome)).map(|((name, _), _)| *name);
        let met = self.witnesses.iter().filter(|(_, is_met)| is_met(outcome)).map(|(name, _)| *name);
        Shown { violated: violated.collect(), met: met.collect(), outcome: None }
    }

    /// One execution; none when a thread panicked.
    fn perform(self: &Arc<Self>) -> Result<Option<Outcome<T>>, NotSetUp> {
        let setup = catch_unwind(AssertUnwindSafe(|| (self.setup)()));
        let shared = Arc::new(setup.map_err(|panic| NotSetUp(format!("the setup panicked: {}", own_panic(panic))))?);
        debug!(moment = "start", "the threads start");
        let last = self.threads.len() - 1;
        let handles: Vec<_> = (0..last)
            .map(|number| {
                let (model, shared) = (Arc::clone(self), Arc::clone(&shared));
                thread::spawn(move || model.play_thread(number, &shared))
            })
            .collect();
        // The calling thread plays the last one: one thread less to interleave.
        let at_last = self.play_thread(last, &shared);
        let mut results: Vec<Option<T>> =
            handles.into_iter().map(|handle| handle.join().expect("a thread catches its panics")).collect();
        results.push(at_last);
        leave_thread();
        debug!(moment = "end", "the threads have ended");
        let Some(threads) = results.into_iter().collect::<Option<Vec<T>>>() else { return Ok(None) };
        let looks = self.afterwards.as_ref().map(|looks| caught(|| looks(&shared)));
        Ok(match looks {
            Some(None) => None,
            Some(Some(seen)) => Some(Outcome { threads, afterwards: Some(seen) }),
            None => Some(Outcome { threads, afterwards: None }),
        })
    }

    fn play_thread(&self, number: usize, shared: &S) -> Option<T> {
        enter_thread(number);
        debug!("begins");
        caught(|| self.threads[number].1(shared))
    }
}

/// Why no execution could begin.
struct NotSetUp(String);

/// What `does` returns, unless it panics.
fn caught<T: Debug>(does: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(does)) {
        Ok(result) => {
            debug!("returns {result:?}");
            Some(result)
        }
        Err(panic) => {
            // Not in the event: without a subscriber nobody would ask whose panic it is.
            let words = own_panic(panic);
            debug!(panic = true, "panics: {words}");
            None
        }
    }
}

fn leak(text: &str) -> &'static str {
    String::leak(text.to_owned())
}

impl<S, T> fmt::Debug for Model<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Model").field(&self.name).finish()
    }
}
