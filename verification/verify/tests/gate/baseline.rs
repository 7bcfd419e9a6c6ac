//! The numbers of executions: recorded, compared, and the same however many cores there are.
#![cfg(heddle)]

use std::sync::Arc;

use enactor_verification::{
    engine::Engine,
    search::{Progress, Search},
};
use enactor_verify::{
    budget::{Budget, Model},
    gate::baseline::{Baseline, Counts},
};

use super::{Folder, baseline_with, budget_with, read, recorded, verify};

#[test]
fn the_numbers_are_the_recorded_ones_with_any_number_of_workers() {
    let models = Budget::read(Budget::RECORDED, Engine::Heddle).expect("the budget").models;
    let baseline = Baseline::read(Baseline::RECORDED, Engine::Heddle, &models).expect("the baseline");
    for workers in 1..=3 {
        for model in models.iter().filter(|model| model.group == "quick") {
            let model = Model { search: Search { workers, ..model.search }, ..model.clone() };
            let findings = model.explore(&Arc::<Progress>::default());
            let counts = Counts { executions: findings.executions, blocked: findings.blocked };
            let recorded = baseline.counts(Engine::Heddle, &model.name());
            assert_eq!(Some(counts), recorded, "{} with {workers} workers", model.name());
        }
    }
}

#[test]
fn an_update_writes_what_was_seen_and_nothing_else() {
    let folder = Folder::new();
    let path = folder.file("baseline", &baseline_with("guarded/client_looks_twice", 7));
    let before = read(&path);
    let run = verify(&["baseline", "--group", "quick", "--baseline", &path]);
    assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("- [heddle] \"guarded/client_looks_twice\" = { executions = 7,"), "{lines:?}");
    let executions = recorded("guarded/client_looks_twice");
    let seen = format!("+ [heddle] \"guarded/client_looks_twice\" = {{ executions = {executions},");
    assert!(lines[1].starts_with(&seen), "{lines:?}");
    assert_eq!(read(&path), before, "without --update nothing is written");

    assert_eq!(verify(&["baseline", "--group", "quick", "--baseline", &path, "--update"]).code, Some(0));
    assert_eq!(read(&path), Baseline::RECORDED, "loom's numbers are left alone");
    let run = verify(&["baseline", "--group", "quick", "--baseline", &path]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "every number is as recorded\n"));
}

#[test]
fn a_run_that_is_not_as_expected_is_not_recorded() {
    let folder = Folder::new();
    let path = folder.file("baseline", Baseline::RECORDED);
    let cut = folder.file("cut", &budget_with("client_looks_twice", "rest", "max_executions = 2\nrest"));
    let differs = folder.file("differs", &budget_with("client_looks_twice", "\"proved\"", "\"refuted\""));
    for (budget, code) in [(cut, 3), (differs, 1)] {
        let run = verify(&["baseline", "--group", "quick", "--baseline", &path, "--update", "--budget", &budget]);
        assert_eq!(run.code, Some(code), "{}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains("guarded/client_looks_twice is not as expected"), "{}", run.stderr);
    }
    assert_eq!(read(&path), Baseline::RECORDED);
}
