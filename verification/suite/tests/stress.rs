//! The scenarios on real threads. What a model refutes shows up here within a bounded number of tries, and what it proves
//! does not; a stress test proves nothing.
#![cfg(not(loom))]

mod around;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use enactor::{
    enactor::{Enactor, Policy, Retry},
    generation::Generation,
    plan::{Endpoint, Plan, RecordSet, Target},
    store::{EnactorId, Guarded, PlanStore, PublishError, Unguarded},
};
use enactor_verification::{
    property::Property,
    scenario::{SCENARIOS, Scenario},
    search::{Search, Until},
    stores::Store,
    subject::Subject,
};

use around::Around;

const GUARDED: Store = Store::of::<Guarded<3>>();

/// 10⁴ in the normal run; `ENACTOR_STRESS_ROUNDS=1000000` for the long one.
fn rounds() -> u64 {
    std::env::var("ENACTOR_STRESS_ROUNDS")
        .map_or(10_000, |text| text.parse().expect("ENACTOR_STRESS_ROUNDS is a number"))
}

#[test]
fn guarded_holds_in_every_scenario_on_real_threads() {
    for scenario in SCENARIOS {
        let search = Search { max_executions: 300, ..Search::default() };
        let findings = GUARDED.stress(scenario, search, &Arc::default());
        assert_eq!(findings.executions, 300, "{scenario}: a stress test is never empty");
        let refuted: Vec<&Property> = findings.counterexamples.keys().collect();
        assert!(refuted.is_empty(), "{scenario}: {refuted:?}");
    }
}

fn endpoints() -> Vec<Endpoint> {
    ["a.example", "b.example"].map(|name| name.parse().expect("a name")).to_vec()
}

fn generation(number: u64) -> Generation {
    Generation::new(number).expect("a generation")
}

/// Plan `number`: its generation is in every address, so a torn answer shows.
fn plan(number: u64) -> Arc<Plan> {
    let records = endpoints().into_iter().map(|endpoint| {
        let target = |host| {
            let address = std::net::Ipv4Addr::from_bits((number as u32) << 3 | host);
            Target { address: address.into(), weight: 1.try_into().expect("1 is not 0") }
        };
        (endpoint, RecordSet::new((0..8).map(target).collect()).expect("eight targets"))
    });
    Arc::new(Plan::new(generation(number), records))
}

/// A store on whose apply-plan an Enactor now and then takes a nap: the delay of the incident.
fn delayed<S: PlanStore>(store: S) -> impl PlanStore {
    let applies = AtomicU64::new(0);
    Around(store, move |_| {
        if applies.fetch_add(1, Ordering::Relaxed) % 64 == 63 {
            thread::sleep(Duration::from_micros(200));
        }
    })
}

/// What clients met while a Planner published and three Enactors worked for up to `rounds` plans.
#[derive(Debug, Default)]
struct Met {
    empty: AtomicBool,
    torn: AtomicBool,
    regress: AtomicBool,
    resolved: AtomicU64,
    published: AtomicU64,
}

/// A Planner, three Enactors and two clients on `store`, until `rounds` plans are published or a client met an empty answer.
fn live<S: PlanStore>(store: &S, rounds: u64) -> Met {
    let met = Met::default();
    let over = AtomicBool::new(false);
    store.publish(plan(1)).expect("the first plan");
    let policy = Policy { retention: 1, retry: Retry::default() };
    Enactor::new(EnactorId(0), policy).run(store);
    thread::scope(|scope| {
        for number in 1..=3 {
            let over = &over;
            scope.spawn(move || {
                let enactor = Enactor::new(EnactorId(number), policy);
                while !over.load(Ordering::Relaxed) {
                    enactor.run(store);
                    thread::yield_now();
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| resolve_all_the_time(store, &met, &over));
        }
        let mut next = 2;
        while next <= rounds && !met.empty.load(Ordering::Relaxed) {
            match store.publish(plan(next)) {
                Ok(()) => next += 1,
                Err(PublishError::NoRoom { .. }) => thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
            if next % 16 == 0 {
                thread::yield_now();
            }
        }
        met.published.store(next - 1, Ordering::Relaxed);
        over.store(true, Ordering::Relaxed);
    });
    met
}

fn resolve_all_the_time<S: PlanStore>(store: &S, met: &Met, over: &AtomicBool) {
    let endpoints = endpoints();
    let mut last = [generation(1); 2];
    while !over.load(Ordering::Relaxed) {
        for (endpoint, last) in endpoints.iter().zip(&mut last) {
            let answer = store.resolve(endpoint).expect("a known endpoint");
            met.resolved.fetch_add(1, Ordering::Relaxed);
            let Some(generation) = answer.generation().filter(|_| !answer.is_empty()) else {
                met.empty.store(true, Ordering::Relaxed);
                return;
            };
            let first = u64::from(generation.get()) << 3;
            let whole = answer.words().iter().zip(first..).all(|(word, address)| word & 0xffff_ffff == address);
            if !whole || answer.words().len() != 8 {
                met.torn.store(true, Ordering::Relaxed);
            }
            if generation < *last {
                met.regress.store(true, Ordering::Relaxed);
            }
            *last = generation;
        }
    }
}

#[test]
fn guarded_survives_three_enactors_a_planner_and_clients() {
    let store: Guarded = Guarded::new(endpoints()).expect("a store");
    let met = live(&store, rounds());
    assert_eq!(met.published.into_inner(), rounds());
    assert!(met.resolved.into_inner() > 1_000, "clients were there all the time");
    let (empty, torn, regress) = (met.empty.into_inner(), met.torn.into_inner(), met.regress.into_inner());
    assert!(!empty && !torn && !regress, "empty {empty}, torn {torn}, regress {regress}");
    let last = rounds();
    let newest = Enactor::new(EnactorId(9), Policy::default()).run(&store);
    for endpoint in endpoints() {
        assert_eq!(store.applied(&endpoint), Some(generation(last)), "{newest:?}");
    }
}

#[test]
fn unguarded_serves_an_empty_answer_within_a_bounded_number_of_tries() {
    let tries = 50_000;
    let store = delayed(Unguarded::new(endpoints()));
    let met = live(&store, tries);
    assert!(met.empty.into_inner(), "no outage in {tries} plans");
}

/// The store of the outage under late Enactors: each waits between its freshness check and its write, the one with the old plan
/// for longer. Without that a race of two threads comes up when the machine likes.
type Late = Around<Unguarded, fn(Generation)>;

impl Subject for Late {
    const NAME: &'static str = "late";

    fn build(endpoints: &[Endpoint]) -> Self {
        let wait = |plan: Generation| match plan.get() {
            2 => thread::sleep(Duration::from_millis(6)),
            3 => thread::sleep(Duration::from_millis(2)),
            _ => {}
        };
        Around(Unguarded::new(endpoints.iter().cloned()), wait)
    }

    fn floor(&self, _endpoint: &Endpoint) -> Option<Generation> {
        None
    }

    fn leaked(&self) -> Option<usize> {
        None
    }
}

#[test]
fn a_stress_test_refutes_what_a_model_refutes() {
    let scenario: &'static Scenario = "late_enactor_within_retention".parse().expect("a scenario");
    let search = Search { max_executions: 1_000, until: Until::Refuted(Property::NeverRegresses), ..Search::default() };
    let findings = Store::of::<Late>().stress(scenario, search, &Arc::default());
    assert!(findings.counterexamples.contains_key(&Property::NeverRegresses), "in {} rounds", findings.executions);
}
