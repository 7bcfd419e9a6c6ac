//! What the kit says of stores that are sound as programs: every promise, excuse and limit shows.

#[cfg(loom)]
mod around;

#[cfg(loom)]
use around::Around;
#[cfg(loom)]
use enactor::sync::Mutex;
use enactor::{
    plan::Endpoint,
    store::{Guarded, PlanStore, Unguarded},
};
use enactor_verification::{
    engine::Engine,
    kit::{Candidate, Conclusion, Kit},
    property::Property,
    scenario::{SCENARIOS, Scenario, enactors},
    witness::Witness,
};

fn guarded(endpoints: &[Endpoint]) -> Guarded<3> {
    Guarded::new(endpoints.iter().cloned()).expect("a model has a few endpoints")
}

fn incident() -> &'static Scenario {
    "two_enactors_one_endpoint".parse().expect("a scenario")
}

/// The guarded store in the incident's scenario.
fn candidate() -> Candidate<Guarded<3>> {
    Candidate::new("mine", guarded).only_added().scenario(incident()).rounds(20).bound(1)
}

fn conclusions<S: PlanStore>(candidate: Candidate<S>) -> Vec<Conclusion> {
    Kit::new().store(candidate).conclusions()
}

fn of(conclusions: &[Conclusion], property: Property) -> &Conclusion {
    let name = format!("/{property}");
    conclusions.iter().find(|it| it.name.ends_with(&name)).expect("the scenario has that property")
}

/// What a property that holds is called on this leg.
const HOLDS: &str = match Engine::BUILT {
    None => "unrefuted",
    Some(Engine::Loom) => "bounded",
    Some(Engine::Heddle) => "proved",
};

#[test]
fn a_store_that_keeps_its_promises_holds() {
    let mine = Candidate::new("mine", guarded).room(3).rounds(20).leaked(|store| {
        let stored = enactor::store::PlanStore::stored(store).len();
        store.usage().map_or(0, |usage| usage.plans.saturating_sub(stored))
    });
    // loom needs minutes for all of them, and heddle one for the largest.
    let mine = match Engine::BUILT {
        Some(Engine::Loom) => mine.only_added().scenario(incident()).bound(1),
        _ => SCENARIOS
            .iter()
            .filter(|scenario| scenario.name != "three_enactors_two_endpoints")
            .fold(mine.only_added(), |mine, scenario| mine.scenario(scenario)),
    };
    for Conclusion { name, word, passes, text } in conclusions(mine) {
        assert!(passes && word == HOLDS, "{name}: {text}");
    }
}

#[test]
fn a_larger_scenario_holds_as_well() {
    // Three threads on two endpoints are too many for loom.
    let endpoints = if Engine::BUILT == Some(Engine::Loom) { 1 } else { 2 };
    let size = enactors(2).endpoints(endpoints).retention(1).clients(1).scenario();
    let larger = Candidate::new("mine", guarded).only_added().scenario(size).rounds(20).bound(0).room(3);
    for Conclusion { name, word, passes, text } in conclusions(larger) {
        assert!(word == "ignored" || (passes && word == HOLDS), "{name}: {text}");
    }
}

#[test]
fn a_property_that_is_not_promised_is_ignored_with_its_reason_and_never_passes() {
    let found = conclusions(candidate().not_promised(Property::Converges, "it catches up later"));
    let Conclusion { word, passes, text, .. } = of(&found, Property::Converges);
    assert_eq!((*word, *passes, text.as_str()), ("ignored", false, "not promised: it catches up later"));
    assert_eq!(of(&found, Property::NeverEmpty).word, HOLDS, "the others are checked");
}

#[test]
fn leaks_are_checked_once_the_store_says_what_is_in_use() {
    assert_eq!(of(&conclusions(candidate()), Property::NoLeak).word, "ignored");
    let leaks = of(&conclusions(candidate().leaked(|_| 1)), Property::NoLeak).clone();
    assert_eq!((leaks.word, leaks.passes), ("refuted", false), "{}", leaks.text);
}

#[test]
fn a_store_that_is_wrong_is_refuted_with_the_steps_and_what_replays_them() {
    let build = |endpoints: &[Endpoint]| Unguarded::new(endpoints.iter().cloned());
    // On real threads the incident takes its time to come up, so there the store is wrong in every round.
    let property = if Engine::BUILT.is_some() { Property::NeverRegresses } else { Property::NoLeak };
    let wrong = Candidate::new("wrong", build).only_added().scenario(incident()).rounds(20).leaked(|_| 1);
    let found = Kit::new().command("cargo test --test wrong").store(wrong).conclusions();
    let Conclusion { word, passes, text, .. } = of(&found, property);
    assert_eq!((*word, *passes), ("refuted", false), "{text}");
    assert!(text.contains(property.statement()), "{text}");
    let replay = match Engine::BUILT {
        None => "RUSTFLAGS=\"--cfg loom --cfg heddle\" cargo test --test wrong",
        Some(_) => "ENACTOR_REPLAY='wrong/two_enactors_one_endpoint/never_regresses#",
    };
    assert!(text.contains(replay), "{text}");
    if Engine::BUILT.is_some() {
        let leak = &of(&found, Property::NoLeak).text;
        assert!(leak.contains("1 more in use than the stored plans need"), "{leak}");
        let harm = text.lines().find(|line| line.contains("the harm is at step")).expect("a moment of harm");
        assert!(harm.contains("applies plan 2 to a"), "{harm}");
        let step = text.lines().find(|line| line.contains("applies plan 2 to a")).expect("a step");
        assert!(step.contains("a → 2") && step.contains("unguarded.rs:"), "the zone and the place: {step}");
        assert!(!text.contains("narrated.rs") && !text.contains("stage.rs"), "the kit's own files: {text}");
    }
}

/// What a refutation leaves out of a scenario's other executions is no reason to excuse it.
#[cfg(heddle)]
#[test]
fn what_was_never_met_comes_after_what_is_refuted() {
    let build = |endpoints: &[Endpoint]| Unguarded::new(endpoints.iter().cloned());
    let found = conclusions(Candidate::new("wrong", build).only_added().scenario(incident()));
    let Conclusion { word, text, .. } = of(&found, Property::NeverTorn);
    assert_eq!(*word, "vacuous", "{text}");
    assert!(text.contains("never_regresses") && text.contains("mend that first"), "{text}");
    assert!(!text.contains("cannot_meet"), "{text}");
}

/// A lock that no engine sees, held across an operation that one does, stops the search for good.
#[cfg(loom)]
#[test]
fn a_search_that_hangs_is_given_up_and_nothing_is_searched_after_it() {
    let build = |endpoints: &[Endpoint]| {
        let (lock, seen) = (std::sync::Mutex::new(()), enactor::sync::atomic::AtomicU64::new(0));
        Around(guarded(endpoints), move |_| {
            let _held = lock.lock();
            seen.fetch_add(1, enactor::sync::atomic::Ordering::Relaxed);
        })
    };
    let other = "client_at_every_instant".parse().expect("a scenario");
    let hangs = Candidate::new("hangs", build).only_added().scenario(incident()).scenario(other).bound(1).seconds(1);
    let found = conclusions(hangs);
    let Conclusion { word, text, .. } = of(&found, Property::NeverEmpty);
    assert_eq!(*word, "truncated", "{text}");
    assert!(text.contains("waits outside of enactor::sync"), "{text}");
    let Conclusion { word, text, .. } = found.last().expect("there are some");
    assert_eq!(*word, "truncated", "{text}");
    assert!(text.contains("an execution of hangs/two_enactors_one_endpoint did not end"), "{text}");
}

/// Code that tells nothing has a story all the same: each operation is a step of it.
#[cfg(loom)]
#[test]
fn a_model_that_is_wrong_is_told_operation_by_operation() {
    use enactor::sync::atomic::{AtomicU64, Ordering::Relaxed};
    use enactor_verification::kit::Model;
    let message = Model::new("message", || [AtomicU64::new(0), AtomicU64::new(0)])
        .thread("writer", |[data, flag]| {
            data.store(1, Relaxed);
            flag.store(1, Relaxed);
            1
        })
        .thread("reader", |[data, flag]| if flag.load(Relaxed) == 1 { data.load(Relaxed) } else { 1 })
        .property("is_passed_on", "Who sees the flag sees the data.", |outcome| outcome.threads[1] == 1);
    let found = Kit::new().model(message).conclusions();
    let Conclusion { word, text, .. } = &found[0];
    assert_eq!(*word, "refuted", "{text}");
    let line =
        |words: &str| text.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{words}: {text}"));
    let flag: u32 =
        line("writes atomic 1: 1 (Relaxed)").split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number");
    let reads = line("reads atomic 1: 1 (Relaxed)");
    assert!(reads.contains(&format!("from step {flag}")) && reads.contains("kit.rs:"), "{reads}");
    line("reads atomic 0: 0 (Relaxed)");
    assert!(!text.contains("zone") && !text.contains("plans"), "a model has no zone: {text}");
}

/// Whoever stops with a lock stops everybody, also where nothing that an engine sees happens while it is held. What comes of
/// stopping later is looked at all the same.
#[cfg(loom)]
#[test]
fn a_lock_that_is_never_let_go_of_is_noticed() {
    let build = |endpoints: &[Endpoint]| {
        let lock = Mutex::new(());
        Around(guarded(endpoints), move |_| drop(lock.lock()))
    };
    let scenario = "enactor_stops_for_ever".parse().expect("a scenario");
    let found = conclusions(Candidate::new("locked", build).only_added().scenario(scenario).bound(1));
    let Conclusion { word, text, .. } = of(&found, Property::SurvivesACrash);
    assert_eq!(*word, "refuted", "{text}");
    let Conclusion { word, text, .. } = of(&found, Property::NeverDangles);
    // loom ends at the first deadlock.
    assert_eq!(*word, if Engine::BUILT == Some(Engine::Loom) { "truncated" } else { "proved" }, "{text}");
}

#[cfg(loom)]
#[test]
fn an_excuse_for_what_does_come_up_fails_every_property() {
    let excused = candidate().cannot_meet(incident().name, Witness::PlanDeleted, "it keeps everything");
    for Conclusion { name, word, passes, text } in conclusions(excused) {
        assert!(word == "ignored" || (!passes && text.contains("take the excuse out")), "{name}: {text}");
    }
}

#[cfg(loom)]
#[test]
fn a_limit_makes_truncated_and_says_what_to_do() {
    let found = conclusions(candidate().executions(3));
    let Conclusion { word, passes, text, .. } = of(&found, Property::NeverEmpty);
    assert_eq!((*word, *passes), ("truncated", false));
    assert!(text.contains("3 executions") && text.contains("Give it more"), "{text}");
}

#[test]
#[should_panic(expected = "is no scenario here, or does not ask for heard: take the excuse out")]
fn an_excuse_for_what_nobody_asks_is_refused() {
    let _ = candidate().cannot_meet(incident().name, Witness::Heard, "nobody tells");
}
