//! The operator against a running automation: Planner and Enactor threads on the guarded store, and the wedged zone.

// Real threads that run as they like; what the models prove step by step is sampled here at full speed.
#![cfg(not(loom))]

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use enactor::{
    enactor::{Enactor, Policy, RunReport},
    generation::Generation,
    operator::{Operator, RepairError},
    plan::{Endpoint, Plan, RecordSet, Target},
    planner::{LoadBalancer, Observation, Planner, PlannerError},
    store::{ApplyOutcome, EnactorId, Guarded, PlanStore, PublishError, Repair, Unguarded},
    sync::Arc,
};
use tracing_subscriber::{Layer, layer::SubscriberExt as _, registry::LookupSpan};

const ENDPOINTS: [&str; 3] = ["a.example", "b.example", "c.example"];

fn endpoints() -> [Endpoint; 3] {
    ENDPOINTS.map(|name| name.parse().expect("a name"))
}

fn generation(number: u64) -> Generation {
    Generation::new(number).expect("a generation")
}

/// A plan for these endpoints, whose targets tell its generation.
fn plan_for(number: u64, endpoints: &[Endpoint]) -> Arc<Plan> {
    let weight = 1.try_into().expect("1 is not 0");
    let target = Target { address: [10, 0, (number >> 8) as u8, number as u8].into(), weight };
    let records = Arc::new(RecordSet::new(vec![target]).expect("one target"));
    let records = endpoints.iter().map(|endpoint| (endpoint.clone(), Arc::clone(&records)));
    Arc::new(Plan::new(generation(number), records))
}

fn plan(number: u64) -> Arc<Plan> {
    plan_for(number, &endpoints())
}

fn enactor(id: u32) -> Enactor {
    Enactor::new(EnactorId(id), Policy::default())
}

/// Everything that can be observed of a store, except how much memory it takes.
#[derive(Debug, PartialEq)]
struct Sight {
    latest: Option<Generation>,
    stored: Vec<Generation>,
    zone: Vec<(Option<Generation>, Vec<Target>)>,
}

fn look<S: PlanStore>(store: &S) -> Sight {
    let zone = store.endpoints().map(|endpoint| {
        let answer = store.resolve(endpoint).expect("a known endpoint");
        assert_eq!(answer.is_empty(), answer.generation().is_none(), "once there was an answer it is never empty");
        (store.applied(endpoint), answer.targets().collect())
    });
    Sight { latest: store.latest(), stored: store.stored(), zone: zone.collect() }
}

/// A Planner and three Enactors, at full speed on `store` while `operate` works.
fn while_automation_runs(store: &Guarded, operate: impl FnOnce()) {
    /// Lets the threads end also when the operator's assertions fail.
    struct Stop<'a>(&'a AtomicBool);
    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Relaxed);
        }
    }

    let stopped = AtomicBool::new(false);
    thread::scope(|scope| {
        let stop = Stop(&stopped);
        scope.spawn(|| {
            let mut planner = Planner::default();
            let mut capacity = 0;
            while !stopped.load(Relaxed) {
                capacity = capacity % 1_000 + 1;
                let balancer = LoadBalancer { address: [10, 1, 0, 1].into(), healthy: true, capacity };
                let observation: Observation = endpoints().map(|endpoint| (endpoint, vec![balancer])).into();
                match planner.publish(store, &observation) {
                    // A lost race, or a store that its Enactors have yet to clean up.
                    Ok(_) | Err(PlannerError::Publish(_)) => thread::yield_now(),
                    Err(error) => panic!("{error}"),
                }
            }
        });
        for id in 1..=3 {
            let stopped = &stopped;
            scope.spawn(move || {
                while !stopped.load(Relaxed) {
                    let report = enactor(id).run(store);
                    assert!(!matches!(report, RunReport::Wedged { .. }), "{report:?}");
                }
            });
        }
        operate();
        drop(stop);
    });
}

/// Waits until every endpoint serves something newer than `than`.
fn wait_for_newer(store: &Guarded, than: Option<Generation>) {
    let began = Instant::now();
    while endpoints().iter().any(|endpoint| store.applied(endpoint) <= than) {
        assert!(began.elapsed() < Duration::from_secs(10), "the automation does not go on: {:?}", look(store));
        thread::yield_now();
    }
}

fn guarded() -> Guarded {
    Guarded::new(endpoints()).expect("a store")
}

#[test]
fn nothing_changes_between_pause_and_resume() {
    let store = guarded();
    let operator = Operator::new(&store);
    while_automation_runs(&store, || {
        for _ in 0..40 {
            wait_for_newer(&store, store.latest());
            operator.pause();
            let paused = look(&store);
            let until = Instant::now() + Duration::from_millis(10);
            while Instant::now() < until {
                assert_eq!(look(&store), paused, "the pause is final");
                thread::yield_now();
            }
            operator.resume();
        }
        wait_for_newer(&store, store.latest());
    });
}

#[test]
fn a_repair_while_paused_is_everywhere_and_the_pause_stays() {
    let store = guarded();
    let operator = Operator::new(&store);
    while_automation_runs(&store, || {
        for _ in 0..20 {
            wait_for_newer(&store, store.latest());
            operator.pause();
            let newest = store.latest().expect("something is published");
            let number = u64::from(newest) + 1;
            // A publish that the pause overtakes ends by itself; so does a full store, once it is cleaned up.
            match operator.repair(plan(number)) {
                Ok(repair) => assert_eq!(repair, Repair { applied: 3, overtaken: 0 }, "nobody else may write"),
                Err(RepairError::Publish(PublishError::Busy | PublishError::NoRoom { .. })) => {
                    operator.resume();
                    continue;
                }
                Err(error) => panic!("{error}"),
            }
            let repaired = look(&store);
            assert!(repaired.zone.iter().all(|(applied, _)| *applied == Some(generation(number))), "{repaired:?}");
            thread::sleep(Duration::from_millis(3));
            assert_eq!(look(&store), repaired, "a repair is no resume");
            operator.resume();
        }
        wait_for_newer(&store, store.latest());
    });
}

#[test]
fn a_repair_against_running_automation_is_everywhere_or_overtaken() {
    let store = guarded();
    let operator = Operator::new(&store);
    let mut repaired = 0;
    while_automation_runs(&store, || {
        wait_for_newer(&store, None);
        let began = Instant::now();
        while repaired < 20 {
            assert!(began.elapsed() < Duration::from_secs(10), "{repaired} repairs in ten seconds");
            let number = u64::from(store.latest().expect("something is published")) + 1;
            match operator.repair(plan(number)) {
                Ok(repair) => {
                    repaired += 1;
                    assert_eq!(repair.applied + repair.overtaken, 3);
                    for (applied, _) in look(&store).zone {
                        assert!(applied >= Some(generation(number)), "left behind by the repair");
                    }
                }
                // The Planner was faster, or is at it: read the newest generation and try again.
                Err(RepairError::Publish(_)) => thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        }
    });
}

#[test]
fn a_store_that_repairs_have_filled_still_takes_plans() {
    let store: Guarded<3> = Guarded::new(endpoints()).expect("a store");
    let operator = Operator::new(&store);
    for number in 1..=20 {
        if number % 2 == 0 {
            operator.pause();
        }
        assert_eq!(operator.repair(plan(number)), Ok(Repair { applied: 3, overtaken: 0 }));
        assert_eq!(enactor(1).run(&store), RunReport::NotFresh(generation(number)), "so no Enactor cleans up");
        operator.resume();
    }
    store.publish(plan(21)).expect("the Planner's turn");
}

/// The zone of the outage: `a.example` points at plan 2, which is deleted; plan 3 is the newest.
fn wedged() -> Unguarded {
    let store = Unguarded::new(endpoints());
    store.publish(plan(2)).expect("the first");
    store.publish(plan(3)).expect("newer");
    enactor(2).run_with(&store, generation(3));
    let [endpoint, ..] = endpoints();
    let outcome = store.apply_plan(&mut (), &endpoint, generation(2));
    assert!(matches!(outcome, ApplyOutcome::Applied { .. }), "the slow Enactor: {outcome:?}");
    assert_eq!(store.delete_stale_plans(&mut (), generation(3)).deleted, [generation(2)]);
    assert!(store.resolve(&endpoint).expect("a known endpoint").is_empty(), "the outage");
    store
}

#[test]
fn a_wedged_zone_is_repaired_and_the_automation_goes_on() {
    let store = wedged();
    let [endpoint, ..] = endpoints();
    store.publish(plan(4)).expect("newer");
    for id in 1..=3 {
        let wedged = RunReport::Wedged { generation: generation(4), endpoint: endpoint.clone() };
        let report = enactor(id).run(&store);
        // Whichever endpoint comes first: the run ends at the one that is wedged.
        assert_eq!(report, wedged, "no Enactor can apply any plan any more");
    }
    let operator = Operator::new(&store);
    operator.pause();
    assert_eq!(enactor(1).run(&store), RunReport::Paused(generation(4)));
    assert_eq!(operator.repair(plan(5)), Ok(Repair { applied: 3, overtaken: 0 }));
    operator.resume();
    store.publish(plan(6)).expect("newer");
    assert!(matches!(enactor(1).run(&store), RunReport::Finished(_)));
    assert!(endpoints().iter().all(|endpoint| store.applied(endpoint) == Some(generation(6))));
}

#[test]
fn a_repair_that_is_refused_changes_nothing_and_says_why() {
    fn check<S: PlanStore>(store: &S) {
        store.publish(plan(2)).expect("the first");
        enactor(1).run(store);
        let before = look(store);
        let operator = Operator::new(store);
        for offered in [1, 2] {
            let newest = generation(2);
            let refused = RepairError::from(PublishError::NotNewer { offered: generation(offered), newest });
            let mend = "publish it again with generation 2 + 1 or later";
            assert!(
                refused.to_string().starts_with("the repair changed nothing: ") && refused.to_string().ends_with(mend)
            );
            assert_eq!(operator.repair(plan(offered)), Err(refused));
        }
        let unknown: Endpoint = "d.example".parse().expect("a name");
        let wrong: Vec<Endpoint> = endpoints().into_iter().chain([unknown.clone()]).collect();
        let refused = RepairError::Publish(PublishError::UnknownEndpoint(unknown));
        assert_eq!(operator.repair(plan_for(3, &wrong)), Err(refused));
        let refused = operator.repair(plan_for(3, &endpoints()[..2]));
        let [.., missing] = endpoints();
        assert_eq!(refused, Err(RepairError::Publish(PublishError::MissingEndpoint(missing))));
        assert_eq!(look(store), before);
    }
    check(&guarded());
    check(&Unguarded::new(endpoints()));
}

#[test]
fn a_repair_of_a_store_that_serves_every_plan_says_which_it_holds() {
    let store: Guarded<3> = Guarded::new(endpoints()).expect("a store");
    for (number, endpoint) in (1..=3).zip(endpoints()) {
        store.publish(plan(number)).expect("room");
        store.apply_plan(&mut (), &endpoint, generation(number));
    }
    let stored = (1..=3).map(generation).collect();
    let refused = Operator::new(&store).repair(plan(4));
    assert_eq!(refused, Err(RepairError::Publish(PublishError::NoRoom { stored })));
}

/// Does something when the calling thread has applied a plan for the first time: one interleaving, chosen.
struct OnceApplied<F>(Mutex<Option<F>>);

impl<F: FnOnce() + Send + 'static, S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for OnceApplied<F> {
    fn on_event(&self, event: &tracing::Event<'_>, _context: tracing_subscriber::layer::Context<'_, S>) {
        if event.fields().all(|field| field.name() != "endpoint") {
            return;
        }
        let then = self.0.lock().expect("not poisoned").take();
        if let Some(then) = then {
            then();
        }
    }
}

#[test]
fn a_repair_that_leaves_an_endpoint_empty_says_so() {
    let store = Arc::new(wedged());
    let cleaning = Arc::clone(&store);
    // As the repair applies plan 5, somebody cleans up by age, ahead of it: the unguarded store lets them.
    let clean_up = move || drop(cleaning.delete_stale_plans(&mut (), generation(6)));
    let interleaved = tracing_subscriber::registry().with(OnceApplied(Mutex::new(Some(clean_up))));
    let operator = Operator::new(&*store);
    let repaired = tracing::subscriber::with_default(interleaved, || operator.repair(plan(5)));
    assert_eq!(repaired, Err(RepairError::StillEmpty { empty: 3 }));
    assert_eq!(
        RepairError::StillEmpty { empty: 3 }.to_string(),
        "3 endpoints give an empty answer after the repair: repair again with a newer plan"
    );
    assert_eq!(operator.repair(plan(6)), Ok(Repair { applied: 3, overtaken: 0 }), "the mend that the error names");
}
