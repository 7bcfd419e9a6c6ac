//! The ordering audit: every ordering of the guarded store is needed, and the audit notices one that is not.
#![cfg(loom)]

use std::{sync::LazyLock, thread};

use enactor_verification::{
    engine::{Engine, explore::Replay},
    property::Property,
    report::story::{Sources, Story},
    weakening::Weakening,
};
use enactor_verify::{
    audit::{self, Audit, Finding, Weaker},
    budget::{Budget, Model},
    stores,
};

/// The scenarios to ask, or all. On loom the others take minutes and notice nothing that these do not.
const ASKED: &[&str] = match Engine::BUILT {
    Some(Engine::Heddle) => &[],
    _ => &[
        "published_plan_is_visible",
        "two_planners_publish",
        "slot_is_used_again_under_a_slow_enactor",
        "slot_is_used_again_under_a_client",
        "slot_is_used_again",
    ],
};

fn audit_of(store: &str) -> Audit {
    let engine = Engine::BUILT.expect("a leg with an engine");
    let budget = Budget::read(Budget::RECORDED, engine).expect("verification/budget.toml");
    let store = stores::named(store).expect("a store");
    let models = budget.models.into_iter().filter(|model| ASKED.is_empty() || ASKED.contains(&model.scenario.name));
    let models: Vec<Model> = models.collect();
    let workers = thread::available_parallelism().expect("the machine tells");
    audit::audit(store, &models, workers, &Default::default(), |_| ()).expect("its source is there")
}

static GUARDED: LazyLock<Audit> = LazyLock::new(|| audit_of("guarded"));

#[test]
fn every_ordering_of_the_guarded_store_is_needed() {
    let weaker: Vec<&Weaker> = GUARDED.sites.iter().flat_map(|site| &site.weaker).collect();
    assert!(weaker.len() >= 8, "the store has at least 8 orderings to weaken, found {weaker:#?}");
    assert!(weaker.iter().all(|weaker| matches!(weaker.finding, Finding::Needed { .. })), "{weaker:#?}");
    assert_eq!(GUARDED.is_clean(), ASKED.is_empty(), "what only other scenarios reach is not reached");
}

#[test]
fn a_counterexample_of_the_audit_replays_with_the_weaker_ordering_and_only_then() {
    let needed = GUARDED.sites.iter().flat_map(|site| &site.weaker).map(|weaker| &weaker.finding);
    let (mut replayed, mut torn) = (0, 0);
    for finding in needed {
        let Finding::Needed { property, token, weaken, .. } = finding else { panic!("{finding:?}") };
        let token: enactor_verify::report::token::Token = token.parse().expect("a token");
        let Weakening { site, order } = weaken.parse().expect("a weakening");
        let violates = |replay: &Replay| replay.findings.counterexamples.contains_key(property);
        let replay = |weakened| token.store.replay(token.scenario, token.search, weakened, &token.found);
        let weakened = replay(Some((site, order))).expect("it was found so");
        assert!(violates(&weakened), "{weaken} {token}");
        assert!(!replay(None).is_ok_and(|replay| violates(&replay)), "{token} needs no weaker ordering");
        replayed += 1;
        if *property == Property::NeverTorn {
            // A torn answer may have words that nobody has written.
            let story =
                Story::new(&token.title(), &weakened.events, &weakened.operations, None, &mut Sources::default());
            let harm = &story.harm().expect("an answer").words;
            assert!(harm.contains("TORN, not plan"), "{token}: {harm}");
            torn += 1;
        }
    }
    assert!(replayed >= 8 && torn >= 3);
}

/// On loom this takes minutes: nothing is noticed until every search is over.
#[cfg(heddle)]
#[test]
fn an_ordering_that_nothing_needs_is_found() {
    // The store of the outage has a lock around its plans, so its other orderings tell nobody anything.
    let audit = audit_of("unguarded");
    let could_be =
        |finding: &Finding| matches!(finding, Finding::CouldBeWeaker { truncated, .. } if truncated.is_empty());
    assert!(audit.sites.iter().flat_map(|site| &site.weaker).any(|weaker| could_be(&weaker.finding)), "{audit:#?}");
    assert!(!audit.is_clean());
}
