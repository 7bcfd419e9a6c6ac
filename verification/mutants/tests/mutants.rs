//! The guarded store with one guard removed, or one ordering weakened, makes a model fail: mutant by mutant.
//!
//! Guards: `src/lib.rs`, made from the store's own source by `build.rs`. Orderings: every operation of the store that the
//! scenarios reach and that is stronger than relaxed, one step weaker, without another build. A mutant that no scenario
//! refutes means that the guard or the ordering is not needed, or that the scenarios are too weak: both are failures.

// Mutants are the store's own source, included many times: what is not used in one is used in another.
#![allow(missing_docs, unused_mut, dead_code, unreachable_pub, unused_imports, unused_variables, clippy::all)]

use libtest_mimic::{Arguments, Failed, Trial};

#[cfg(not(loom))]
fn main() {
    let why = "mutants are models: run them with RUSTFLAGS=\"--cfg loom\" cargo test on loom, with \"--cfg loom --cfg heddle\" on heddle";
    let trial = Trial::test(why, || Ok(())).with_ignored_flag(true);
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit();
}

#[cfg(loom)]
fn main() {
    let mut trials = on_an_engine::guard_trials();
    trials.extend(on_an_engine::ordering_trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

#[cfg(loom)]
mod on_an_engine {
    use std::collections::BTreeSet;

    use enactor::{
        generation::Generation,
        plan::Endpoint,
        store::{Guarded, PlanStore},
        sync::model::Site,
    };
    use enactor_mutants::{MUTANTS, Mutant};
    use enactor_verification::{
        engine::Engine,
        property::Property,
        scenario::Scenario,
        search::{Findings, Search, Until},
        stores::Store,
        subject::Subject,
    };
    use enactor_verify::budget::{Budget, Model};
    use libtest_mimic::{Failed, Trial};

    const GUARDED: Store = Store::of::<Guarded<3>>();

    macro_rules! subject {
        ($name:ident) => {
            impl Subject for $name::Guarded<3> {
                const NAME: &'static str = stringify!($name);

                fn build(endpoints: &[Endpoint]) -> Self {
                    Self::new(endpoints.iter().cloned()).expect("a model has a few endpoints")
                }

                fn floor(&self, endpoint: &Endpoint) -> Option<Generation> {
                    $name::Guarded::floor(self, endpoint)
                }

                fn leaked(&self) -> Option<usize> {
                    let stored = self.stored().len();
                    let usage = self.usage()?;
                    let endpoints = self.endpoints().count();
                    Some(usage.plans.saturating_sub(stored) + usage.blocks.saturating_sub(stored * endpoints))
                }
            }
        };
    }

    macro_rules! stores {
        ($($name:ident),*) => { [$(Store::of::<$name::Guarded<3>>()),*] };
    }

    include!(concat!(env!("OUT_DIR"), "/mutants.rs"));

    /// How far the repository's budget searches the guarded store in this scenario.
    fn recorded(scenario: &Scenario) -> Search {
        let engine = Engine::BUILT.expect("a leg with an engine");
        let budget = Budget::read(Budget::RECORDED, engine).expect("verification/budget.toml");
        let mut of_scenario = budget.models.iter().filter(|m| m.store.name == "guarded" && m.scenario == scenario);
        of_scenario.next().expect("every scenario is in the budget").search
    }

    pub fn guard_trials() -> Vec<Trial> {
        MUTANTS.iter().zip(STORES).map(|(mutant, store)| guard_trial(mutant, *store)).collect()
    }

    fn guard_trial(mutant: &Mutant, store: Store) -> Trial {
        let (scenario, property) = mutant.refutes;
        Trial::test(format!("without_its_guard::{}", mutant.name), move || {
            let scenario: &'static Scenario = scenario.parse()?;
            let property: Property = property.parse()?;
            let search = Search { until: Until::Refuted(property), ..recorded(scenario) };
            let findings = store.explore(scenario, search, None, &Default::default());
            match findings.counterexamples.contains_key(&property) {
                true => Ok(()),
                false => Err(not_refuted(&findings, &format!("{scenario}: {property}"))),
            }
        })
    }

    fn not_refuted(findings: &Findings, what: &str) -> Failed {
        let others: Vec<&str> = findings.counterexamples.keys().map(|property| property.name()).collect();
        let (executions, limit) = (findings.executions, &findings.limit);
        format!("{what} holds in {executions} executions (ended by {limit:?}); refuted: {others:?}").into()
    }

    /// The scenarios that tell orderings apart, the quickest first, and the property that says so.
    const ORDERING_SCENARIOS: [(&str, Property); 6] = [
        ("published_plan_is_visible", Property::NeverTorn),
        ("published_plan_is_visible", Property::NeverEmpty),
        ("two_planners_publish", Property::Linearizable),
        ("slot_is_used_again_under_a_slow_enactor", Property::Linearizable),
        ("slot_is_used_again", Property::NeverTorn),
        ("slot_is_used_again_under_a_client", Property::NeverTorn),
    ];

    pub fn ordering_trials() -> Vec<Trial> {
        let mut sites = BTreeSet::new();
        for (scenario, _) in ORDERING_SCENARIOS {
            let scenario: &'static Scenario = scenario.parse().expect("a scenario");
            let search = Search { max_executions: 500, ..recorded(scenario) };
            sites.extend(GUARDED.sites(scenario, search).0);
        }
        let of_the_store = sites.into_iter().filter(|site| site.file.contains("store/guarded"));
        let weaker = of_the_store.flat_map(|site| site.weaker().into_iter().map(move |order| (site, order)));
        let trials: Vec<Trial> = weaker.map(|(site, order)| ordering_trial(site, order)).collect();
        assert!(trials.len() >= 8, "the store has at least 8 orderings to weaken, found {}", trials.len());
        trials
    }

    fn ordering_trial(site: Site, order: Option<std::sync::atomic::Ordering>) -> Trial {
        let weaker = order.map_or("nothing".to_owned(), |order| format!("{order:?}"));
        let trial = Trial::test(format!("weakened::{site}_to_{weaker}"), move || {
            let mut executions = 0;
            for (scenario, property) in ORDERING_SCENARIOS {
                let scenario: &'static Scenario = scenario.parse()?;
                let search = Search { until: Until::Refuted(property), ..recorded(scenario) };
                let findings = GUARDED.explore(scenario, search, Some((site, order)), &Default::default());
                executions += findings.executions;
                if findings.counterexamples.contains_key(&property) {
                    return Ok(());
                }
            }
            Err(format!("nothing tells the difference in {executions} executions").into())
        });
        // loom has them all in a minute and a half, too: `-- --ignored` asks it.
        trial.with_ignored_flag(Engine::BUILT == Some(Engine::Loom))
    }
}
