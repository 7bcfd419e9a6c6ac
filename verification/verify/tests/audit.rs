//! The ordering audit: every ordering of the guarded store is needed, and the audit notices one that is not.
#![cfg(all(loom, heddle))]

use enactor_verification::engine::Engine;
use enactor_verify::{
    audit::{self, Audit, Finding},
    budget::Budget,
    stores,
};

fn audit_of(store: &str) -> Audit {
    let budget = Budget::read(Budget::RECORDED, Engine::Heddle).expect("verification/budget.toml");
    let store = stores::named(store).expect("a store");
    audit::audit(store, &budget.models, &Default::default()).expect("its source is there")
}

#[test]
fn every_ordering_of_the_guarded_store_is_needed() {
    let audit = audit_of("guarded");
    assert!(audit.is_clean(), "{audit:#?}");
    let weaker: usize = audit.sites.iter().map(|site| site.weaker.len()).sum();
    assert!(weaker >= 8, "the store has at least 8 orderings to weaken, found {weaker}");
}

#[test]
fn a_counterexample_of_the_audit_replays_with_the_weaker_ordering_and_only_then() {
    let audit = audit_of("guarded");
    let needed = audit.sites.iter().flat_map(|site| &site.weaker).map(|weaker| &weaker.finding);
    let mut replayed = 0;
    for finding in needed {
        let Finding::Needed { property, token, weaken, .. } = finding else { panic!("{finding:?}") };
        let token: enactor_verify::report::token::Token = token.parse().expect("a token");
        let audit::Weakening { site, order } = weaken.parse().expect("a weakening");
        let violates = |weakened| {
            let replay = token.store.replay(token.scenario, token.search, weakened, &token.found);
            replay.is_ok_and(|replay| replay.findings.counterexamples.contains_key(property))
        };
        assert!(violates(Some((site, order))), "{weaken} {token}");
        assert!(!violates(None), "{token} needs no weaker ordering");
        replayed += 1;
    }
    assert!(replayed >= 8);
}

#[test]
fn an_ordering_that_nothing_needs_is_found() {
    // The store of the outage has a lock around its plans, so its other orderings tell nobody anything.
    let audit = audit_of("unguarded");
    let could_be =
        |finding: &Finding| matches!(finding, Finding::CouldBeWeaker { truncated, .. } if truncated.is_empty());
    assert!(audit.sites.iter().flat_map(|site| &site.weaker).any(|weaker| could_be(&weaker.finding)), "{audit:#?}");
    assert!(!audit.is_clean());
}
