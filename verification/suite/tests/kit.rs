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
    assert!(Engine::BUILT.is_none() || text.contains("applies plan 2 to a"), "{text}");
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
