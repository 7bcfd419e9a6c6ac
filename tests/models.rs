//! On a leg with an engine, every model of the budget is a test, and passes when its verdicts are what the budget expects of
//! that engine: `RUSTFLAGS="--cfg loom" cargo test` for loom, `RUSTFLAGS="--cfg loom --cfg heddle" cargo test` for heddle.
//!
//! On the real leg there is nothing to explore, and this target says so instead of passing.

use libtest_mimic::{Arguments, Trial};

#[cfg(not(loom))]
fn main() {
    let name = "models are not part of this run: RUSTFLAGS=\"--cfg loom\" cargo test for loom, cargo verify for heddle";
    let trial = Trial::test(name, || Ok(())).with_ignored_flag(true);
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit();
}

#[cfg(loom)]
fn main() {
    use enactor_verification::engine::Engine;
    use enactor_verify::{
        budget::{Budget, Model},
        runner::Outcome,
    };

    let engine = Engine::BUILT.expect("a leg with an engine");
    let trial = |model: Model| {
        Trial::test(format!("{engine}::{}", model.name()), move || {
            let findings = model.explore(&Default::default());
            let outcome = Outcome::new(model, findings);
            let differs = outcome.verdicts.iter().filter(|(_, verdict, expectation)| !verdict.is(*expectation));
            let differs: Vec<String> = differs
                .map(|(property, verdict, expected)| format!("{property} is {verdict}, expected {expected}"))
                .collect();
            if differs.is_empty() { Ok(()) } else { Err(differs.join("\n").into()) }
        })
    };
    let budget = Budget::read(Budget::RECORDED, engine).expect("verification/budget.toml");
    let trials = budget.models.into_iter().map(trial).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
