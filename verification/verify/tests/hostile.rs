//! What the kit says of a store that is broken as a program: a clear word and a reason, and never a hang. The same on every
//! leg, but for what a leg can know.

#[path = "../../suite/tests/around/mod.rs"]
mod around;

#[cfg(heddle)]
use std::{collections::HashMap, time::SystemTime};
use std::{
    sync::atomic::{AtomicU64 as Unseen, Ordering::Relaxed},
    thread::sleep,
    time::{Duration, Instant},
};

use around::Around;
use enactor::{
    generation::Generation,
    plan::Endpoint,
    store::{PlanStore, Unguarded},
    sync::Mutex,
};
#[cfg(loom)]
use enactor::{
    store::Guarded,
    sync::atomic::{AtomicU64, Ordering},
};
use enactor_verification::{
    engine::Engine,
    kit::{Candidate, Conclusion, Kit, Model},
    scenario::{Need, Scenario, enactors},
};

fn scenario(name: &str) -> &'static Scenario {
    name.parse().expect("a scenario")
}

/// What the kit concludes in one scenario that has never more than seconds.
fn conclude<S: PlanStore>(
    name: &str,
    build: impl Fn(&[Endpoint]) -> S + Send + Sync + 'static,
    scenario: &'static Scenario,
) -> Vec<Conclusion> {
    let candidate = Candidate::new(name, build).only_added().scenario(scenario).seconds(2).rounds(20);
    let began = Instant::now();
    let conclusions = Kit::new().store(candidate).conclusions();
    assert!(began.elapsed() < Duration::from_secs(60), "{name} took {:?}", began.elapsed());
    assert_eq!(conclusions.len(), scenario.properties.len(), "nothing is lost");
    conclusions
}

fn unguarded(endpoints: &[Endpoint]) -> Unguarded {
    Unguarded::new(endpoints.iter().cloned())
}

/// The unguarded store, with `before` done before each apply-plan but the first, which belongs to no thread.
fn before_apply(
    before: impl Fn(Generation) + Send + Sync + 'static,
) -> impl Fn(&[Endpoint]) -> Unguarded2 + Send + Sync {
    let before: std::sync::Arc<dyn Fn(Generation) + Send + Sync> = std::sync::Arc::new(before);
    move |endpoints| {
        let before = std::sync::Arc::clone(&before);
        Around(
            unguarded(endpoints),
            Box::new(move |generation| {
                if generation > Generation::FIRST {
                    before(generation)
                }
            }),
        )
    }
}

type Unguarded2 = Around<Unguarded, Before>;
type Before = Box<dyn Fn(Generation) + Send + Sync>;

fn all(conclusions: &[Conclusion], word: &str, part: &str) {
    for conclusion in conclusions.iter().filter(|conclusion| conclusion.word != "ignored") {
        assert_eq!(conclusion.word, word, "{}", conclusion.text);
        assert!(!conclusion.passes && conclusion.text.contains(part), "{}", conclusion.text);
    }
}

#[cfg(loom)]
fn of<'a>(conclusions: &'a [Conclusion], property: &str) -> &'a Conclusion {
    conclusions.iter().find(|it| it.name.ends_with(property)).expect("the scenario has that property")
}

#[test]
fn a_constructor_that_panics_makes_every_property_vacuous() {
    let build = |_: &[Endpoint]| -> Unguarded { panic!("no disk") };
    let conclusions = conclude("panics", build, scenario("two_enactors_one_endpoint"));
    all(&conclusions, "vacuous", "the store's constructor panicked: no disk");
}

#[test]
fn a_store_with_fewer_endpoints_than_asked_for_makes_every_property_vacuous() {
    let build = |endpoints: &[Endpoint]| Unguarded::new(endpoints[..1].iter().cloned());
    let conclusions = conclude("short", build, scenario("two_enactors_two_endpoints"));
    all(&conclusions, "vacuous", "the store was built for 2 endpoints and serves 1");
}

#[test]
fn a_store_that_says_what_it_lacks_is_not_played() {
    let size = enactors(3).endpoints(2).retention(2).scenario();
    let candidate = |name| Candidate::new(name, unguarded).only_added();
    for (candidate, why) in [
        (candidate("small").scenario(size).room(3), "needs room for 4 plans, the store has 3"),
        (candidate("narrow").scenario(size).endpoints(1), "needs 2 endpoints, the store has 1"),
        (
            candidate("simple").scenario(scenario("operator_pauses")).lacks(Need::Pause, "nobody pauses here"),
            "needs pause: nobody pauses here",
        ),
    ] {
        let conclusions = Kit::new().store(candidate).conclusions();
        assert!(!conclusions.is_empty());
        for Conclusion { word, passes, text, .. } in conclusions {
            assert_eq!((word, passes, text.as_str()), ("ignored", false, why), "ignored is seen, and is not passed");
        }
    }
}

#[test]
fn a_store_that_loops_where_no_engine_sees_it_is_truncated_in_time() {
    let build = before_apply(|_| {
        loop {
            sleep(Duration::from_millis(50));
        }
    });
    let conclusions = conclude("loops", build, scenario("two_enactors_one_endpoint"));
    all(&conclusions, "truncated", "does not end");
}

/// Locks two locks in the order that `generation` says.
fn lock_both(locks: &[Mutex<()>; 2], generation: Generation) {
    let first = generation.get() as usize % 2;
    let _first = locks[first].lock();
    let _second = locks[1 - first].lock();
}

#[cfg(loom)]
#[test]
fn a_store_that_deadlocks_does_not_complete_and_the_deadlock_can_be_replayed() {
    let build = |endpoints: &[Endpoint]| {
        let locks = [Mutex::new(()), Mutex::new(())];
        Around(unguarded(endpoints), move |generation| {
            if generation > Generation::FIRST {
                lock_both(&locks, generation);
            }
        })
    };
    let conclusions = conclude("locks", build, scenario("two_enactors_one_endpoint"));
    let completes = of(&conclusions, "completes");
    assert_eq!(completes.word, "refuted", "{}", completes.text);
    assert!(
        completes.text.contains("ENACTOR_REPLAY='locks/two_enactors_one_endpoint/completes#"),
        "{}",
        completes.text
    );
    assert!(conclusions.iter().all(|conclusion| !conclusion.text.is_empty()));
}

#[cfg(not(loom))]
#[test]
fn a_store_that_deadlocks_is_truncated_in_time() {
    let build = |endpoints: &[Endpoint]| {
        let lock = Mutex::new(());
        Around(unguarded(endpoints), move |generation| {
            let _held = lock.lock();
            if generation > Generation::FIRST {
                lock_both(&[Mutex::new(()), Mutex::new(())], generation);
                let _again = lock.lock();
            }
        })
    };
    let conclusions = conclude("locks", build, scenario("two_enactors_one_endpoint"));
    all(&conclusions, "truncated", "a round does not end");
}

#[cfg(loom)]
#[test]
fn a_store_that_waits_for_what_nobody_writes_does_not_complete() {
    let build = |endpoints: &[Endpoint]| {
        let never = AtomicU64::new(0);
        Around(unguarded(endpoints), move |generation| {
            while generation > Generation::FIRST && never.load(Ordering::Acquire) == 0 {
                enactor::sync::thread::yield_now();
            }
        })
    };
    let conclusions = conclude("waits", build, scenario("two_enactors_one_endpoint"));
    let completes = of(&conclusions, "completes");
    // heddle knows that nobody writes it; loom only sees that there is no end.
    let word = if Engine::BUILT == Some(Engine::Heddle) { "refuted" } else { "truncated" };
    assert_eq!(completes.word, word, "{}", completes.text);
    assert!(conclusions.iter().all(|conclusion| !conclusion.passes), "nothing is proved of it");
}

#[cfg(loom)]
#[test]
fn a_store_that_works_for_ever_is_truncated() {
    let build = |endpoints: &[Endpoint]| {
        let work = AtomicU64::new(0);
        Around(unguarded(endpoints), move |generation| {
            if generation > Generation::FIRST {
                loop {
                    work.fetch_add(1, Ordering::Relaxed);
                }
            }
        })
    };
    let conclusions = conclude("works", build, scenario("two_enactors_one_endpoint"));
    all(&conclusions, "truncated", "goes on and on");
}

/// The store that nothing refutes, which does as many operations more as `which` says.
#[cfg(loom)]
fn reads_as(
    which: impl Fn() -> usize + Send + Sync + Clone + 'static,
) -> impl Fn(&[Endpoint]) -> Around<Guarded<3>, Before> + Send + Sync {
    move |endpoints| {
        let (which, cells) = (which.clone(), [AtomicU64::new(0), AtomicU64::new(0)]);
        let reads = move |generation: Generation| {
            if generation > Generation::FIRST {
                for _ in 0..which() {
                    cells[0].fetch_add(1, Ordering::Relaxed);
                }
                cells[1].fetch_add(1, Ordering::Relaxed);
            }
        };
        Around(Guarded::new(endpoints.iter().cloned()).expect("a scenario has endpoints"), Box::new(reads))
    }
}

#[cfg(heddle)]
#[test]
fn a_store_that_is_not_deterministic_is_truncated_and_told_why() {
    // What a clock, and a HashMap's random state, come down to: something else in every execution.
    static TICKS: Unseen = Unseen::new(0);
    let conclusions =
        conclude("ticks", reads_as(|| TICKS.fetch_add(1, Relaxed) as usize % 3), scenario("two_enactors_one_endpoint"));
    all(&conclusions, "truncated", "deterministic");
    let hashes = || *HashMap::from([(0, ()), (1, ()), (2, ())]).keys().next().expect("three keys");
    all(&conclude("hashes", reads_as(hashes), scenario("two_enactors_one_endpoint")), "truncated", "deterministic");
    let clock = || SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").subsec_nanos() as usize % 3;
    all(&conclude("clock", reads_as(clock), scenario("two_enactors_one_endpoint")), "truncated", "deterministic");
}

#[cfg(all(loom, not(heddle)))]
#[test]
fn a_store_that_is_not_deterministic_does_not_pass_on_loom() {
    static TICKS: Unseen = Unseen::new(0);
    let conclusions =
        conclude("ticks", reads_as(|| TICKS.fetch_add(1, Relaxed) as usize % 3), scenario("two_enactors_one_endpoint"));
    assert!(conclusions.iter().all(|it| !it.passes), "{conclusions:?}");
}

#[test]
fn code_on_the_atomics_of_std_is_vacuous_on_an_engine() {
    let model = Model::new("plain", || Unseen::new(0))
        .thread("one", |count| count.fetch_add(1, Relaxed))
        .thread("other", |count| count.fetch_add(1, Relaxed))
        .property("differ", "Both get different numbers.", |outcome| outcome.threads[0] != outcome.threads[1]);
    let conclusions = Kit::new().model(model).conclusions();
    assert_eq!(conclusions.len(), 2);
    match Engine::BUILT {
        None => assert!(conclusions.iter().all(|it| it.passes && it.word == "unrefuted"), "{conclusions:?}"),
        Some(_) => all(&conclusions, "vacuous", "nothing that the threads share goes through enactor::sync"),
    }
}

#[test]
#[should_panic(expected = "Model(\"idle\") has no thread: there is nothing to verify")]
fn a_model_without_threads_is_refused() {
    let _ = Kit::new().model(Model::<(), ()>::new("idle", || ())).conclusions();
}

#[test]
#[should_panic(expected = "the store none has no scenario: there is nothing to verify")]
fn a_store_without_scenarios_is_refused() {
    let _ = Kit::new().store(Candidate::new("none", unguarded).only_added()).conclusions();
}

#[test]
#[should_panic(expected = "is there twice: give one of them another name")]
fn a_name_that_is_there_twice_is_refused() {
    let twice = || Candidate::new("twice", unguarded).only_added().scenario(scenario("operator_pauses"));
    let _ = Kit::new().store(twice()).store(twice()).conclusions();
}
