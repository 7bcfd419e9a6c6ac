//! The Service: three Enactors as real threads, woken, reporting, contained when a store panics under them.

// Real threads, channels and waits: a model has none of them, and the models have scenarios of their own.
#![cfg(not(loom))]

use std::{
    panic,
    sync::{
        Once, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use enactor::{
    enactor::{Policy, RunReport},
    generation::Generation,
    plan::{Answer, Endpoint, Plan, RecordSet, Target},
    service::{Report, Service},
    store::{ApplyOutcome, CleanUp, EnactorId, Guarded, PlanStore, PublishError, Repair, Unguarded, UnknownEndpoint},
    sync::Arc,
};

const ENDPOINTS: [&str; 3] = ["a.example", "b.example", "c.example"];
/// How the messages of the panics begin that a test wants.
const WANTED: &str = "wanted by a test:";

fn endpoints() -> [Endpoint; 3] {
    ENDPOINTS.map(|name| name.parse().expect("a name"))
}

fn generation(number: u64) -> Generation {
    Generation::new(number).expect("a generation")
}

fn plan(number: u64) -> Arc<Plan> {
    let weight = 1.try_into().expect("1 is not 0");
    let records = RecordSet::new(vec![Target { address: [10, 0, 0, number as u8].into(), weight }]);
    let records = Arc::new(records.expect("one target"));
    Arc::new(Plan::new(generation(number), endpoints().map(|endpoint| (endpoint, Arc::clone(&records)))))
}

/// Every endpoint serves plan `number`, as a client sees it.
fn assert_serves<S: PlanStore>(store: &S, number: u64) {
    for endpoint in store.endpoints() {
        let answer = store.resolve(endpoint).expect("a known endpoint");
        assert_eq!(answer.generation(), Some(generation(number)), "{endpoint}");
        assert_eq!(answer.words().len(), 1, "{endpoint} gives its one target");
    }
}

/// A store under which the Enactors' `apply_plan` panics, as the rule for each call from 1 says.
struct Panicking<S> {
    store: S,
    calls: AtomicU64,
    panics: fn(u64) -> bool,
}

impl<S: PlanStore> Panicking<S> {
    fn new(store: S, panics: fn(u64) -> bool) -> Arc<Self> {
        // Once for all tests, since a hook is the whole process's. What no test wants is still shown.
        static FILTER: Once = Once::new();
        FILTER.call_once(|| {
            let show = panic::take_hook();
            panic::set_hook(Box::new(move |panic| {
                let message = panic.payload().downcast_ref::<String>();
                if !message.is_some_and(|message| message.starts_with(WANTED)) {
                    show(panic);
                }
            }));
        });
        Arc::new(Self { store, calls: AtomicU64::new(0), panics })
    }
}

impl<S: PlanStore> PlanStore for Panicking<S> {
    type Run<'store> = S::Run<'store>;

    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.store.endpoints()
    }

    fn publish(&self, plan: Arc<Plan>) -> Result<(), PublishError> {
        self.store.publish(plan)
    }

    fn latest(&self) -> Option<Generation> {
        self.store.latest()
    }

    fn applied(&self, endpoint: &Endpoint) -> Option<Generation> {
        self.store.applied(endpoint)
    }

    fn begin_run(&self, enactor: EnactorId, generation: Generation) -> Self::Run<'_> {
        self.store.begin_run(enactor, generation)
    }

    fn apply_plan(&self, run: &mut Self::Run<'_>, endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        let call = self.calls.fetch_add(1, Relaxed) + 1;
        assert!(!(self.panics)(call), "{WANTED} call {call}");
        self.store.apply_plan(run, endpoint, generation)
    }

    fn delete_stale_plans(&self, run: &mut Self::Run<'_>, before: Generation) -> CleanUp {
        self.store.delete_stale_plans(run, before)
    }

    fn resolve_into(&self, endpoint: &Endpoint, answer: &mut Answer) -> Result<(), UnknownEndpoint> {
        self.store.resolve_into(endpoint, answer)
    }

    fn stored(&self) -> Vec<Generation> {
        self.store.stored()
    }

    fn pause(&self) {
        self.store.pause();
    }

    fn resume(&self) {
        self.store.resume();
    }

    fn repair(&self, plan: Arc<Plan>) -> Result<Repair, PublishError> {
        self.store.repair(plan)
    }
}

fn guarded() -> Guarded {
    Guarded::new(endpoints()).expect("a store")
}

fn unguarded() -> Unguarded {
    Unguarded::new(endpoints())
}

/// Wakes every Enactor and waits until each has run.
fn round(service: &Service) -> Vec<RunReport> {
    service.wake();
    (0..Service::ENACTORS)
        .map(|_| match service.report() {
            Some(Report::Ran(_, report)) => report,
            other => panic!("a run ends with its report: {other:?}"),
        })
        .collect()
}

#[test]
fn three_enactors_bring_every_plan_everywhere() {
    fn check<S: PlanStore>(store: S) {
        let store = Arc::new(store);
        let service = Service::start(&store, Service::ENACTORS, Policy::default());
        assert_eq!(round(&service), vec![RunReport::NothingPublished; 3]);
        for number in 1..=20 {
            store.publish(plan(number)).expect("room, since every round cleans up");
            let reports = round(&service);
            assert!(reports.iter().any(|report| matches!(report, RunReport::Finished(_))), "{reports:?}");
            assert_serves(&*store, number);
        }
        assert_eq!(round(&service), vec![RunReport::NotFresh(generation(20)); 3]);
        let kept: Vec<Generation> = (17..=20).map(generation).collect();
        assert_eq!(store.stored(), kept, "the retention is 3 generations behind the newest");
        assert_eq!(service.stop(), [], "every report was taken");
    }
    check(guarded());
    check(unguarded());
}

#[test]
fn each_enactor_reports_under_its_own_number() {
    let store = Arc::new(guarded());
    let service = Service::start(&store, Service::ENACTORS, Policy::default());
    service.wake();
    let mut numbers: Vec<u32> = (0..Service::ENACTORS)
        .map(|_| match service.report() {
            Some(Report::Ran(EnactorId(number), RunReport::NothingPublished)) => number,
            other => panic!("nothing is published: {other:?}"),
        })
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn an_enactor_that_panics_is_reported_restarted_and_gets_everywhere() {
    fn check<S: PlanStore>(store: fn() -> S) {
        for panics in [|call| call == 1, |call| call == 2, |call| call == 3, |call| call == 1 || call == 3] {
            let store = Panicking::new(store(), panics);
            store.publish(plan(1)).expect("the first");
            let service = Service::start(&store, 1, Policy::default());
            service.wake();
            let reports = service.stop();
            let (ran, panicked) = reports.split_last().expect("a report");
            assert!(matches!(ran, Report::Ran(EnactorId(1), RunReport::Finished(_))), "{ran:?}");
            assert!(!panicked.is_empty(), "the store panicked");
            for report in panicked {
                let Report::Panicked { enactor: EnactorId(1), message } = report else { panic!("{report:?}") };
                assert!(message.starts_with(WANTED), "the panic's own message: {message}");
            }
            assert_serves(&*store, 1);
        }
    }
    check(guarded);
    check(unguarded);
}

#[test]
fn one_enactor_that_panics_does_not_stop_the_others() {
    let store = Panicking::new(guarded(), |call| call % 5 == 0);
    let service = Service::start(&store, Service::ENACTORS, Policy::default());
    for number in 1..=10 {
        store.publish(plan(number)).expect("room");
        service.wake();
        let mut running = Service::ENACTORS;
        while running > 0 {
            match service.report() {
                Some(Report::Ran(..)) => running -= 1,
                Some(Report::Panicked { .. }) => {}
                other => panic!("three Enactors still run: {other:?}"),
            }
        }
        assert_serves(&*store, number);
    }
}

#[test]
fn a_store_that_always_panics_is_left_alone_until_the_next_wake_up() {
    let store = Panicking::new(guarded(), |call| call <= 6);
    store.publish(plan(1)).expect("the first");
    let service = Service::start(&store, 1, Policy::default());
    service.wake();
    for call in 1..=Service::RESTARTS + 1 {
        let message = format!("{WANTED} call {call}");
        assert_eq!(service.report(), Some(Report::Panicked { enactor: EnactorId(1), message }));
    }
    assert_eq!(store.applied(&endpoints()[0]), None);
    service.wake();
    let report = service.report();
    assert!(matches!(report, Some(Report::Ran(_, RunReport::Finished(_)))), "no seventh panic before: {report:?}");
    assert_serves(&*store, 1);
}

#[test]
fn a_service_on_a_store_that_always_panics_stops() {
    let store = Panicking::new(unguarded(), |_| true);
    store.publish(plan(1)).expect("the first");
    let service = Service::start(&store, Service::ENACTORS, Policy::default());
    service.wake();
    let began = Instant::now();
    let reports = service.stop();
    assert_eq!(reports.len() as u32, Service::ENACTORS * (Service::RESTARTS + 1));
    assert!(reports.iter().all(|report| matches!(report, Report::Panicked { .. })), "{reports:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "the pauses between restarts add up to 63 milliseconds");
}

#[test]
fn wake_ups_do_not_pile_up() {
    let store = Panicking::new(guarded(), |_| true);
    store.publish(plan(1)).expect("the first");
    let service = Service::start(&store, 1, Policy::default());
    for _ in 0..1_000 {
        service.wake();
    }
    let began = Instant::now();
    let reports = service.stop();
    assert!(!reports.is_empty());
    assert!(began.elapsed() < Duration::from_secs(5), "{} panics instead of a few", reports.len());
}

#[test]
fn dropping_the_service_ends_its_threads_after_the_run_they_are_in() {
    let store = Arc::new(guarded());
    store.publish(plan(1)).expect("the first");
    let service = Service::start(&store, Service::ENACTORS, Policy::default());
    service.wake();
    drop(service);
    assert_serves(&*store, 1);
    let threads: Weak<_> = Arc::downgrade(&store);
    drop(store);
    assert!(threads.upgrade().is_none(), "a thread still holds the store");
}

#[test]
fn stopping_returns_the_reports_of_everything_that_was_woken() {
    let store = Arc::new(guarded());
    let service = Service::start(&store, Service::ENACTORS, Policy::default());
    store.publish(plan(1)).expect("the first");
    service.wake();
    let reports = service.stop();
    assert_eq!(reports.len() as u32, Service::ENACTORS);
    assert!(reports.iter().any(|report| matches!(report, Report::Ran(_, RunReport::Finished(_)))), "{reports:?}");
    assert_serves(&*store, 1);
}

#[test]
fn a_service_without_enactors_has_nothing_to_report() {
    let service = Service::start(&Arc::new(guarded()), 0, Policy::default());
    service.wake();
    assert_eq!(service.report(), None);
}
