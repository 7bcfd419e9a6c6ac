//! The gate on loom. Its words, files and refusals are the same as on heddle, and tested there: loom needs minutes for a group.
#![cfg(not(heddle))]

use enactor_verify::budget::Budget;

use super::{Folder, json, verify};

#[test]
fn a_shard_of_looms_gate_is_green_and_says_whose_verdicts_they_are() {
    let folder = Folder::new();
    let (out, report) = (folder.path("out"), folder.path("json"));
    let run = verify(&["gate", "--group", "quick", "--shard", "12/12", "--out", &out, "--json", &report]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let document = json(&report);
    assert_eq!(
        (document["conclusion"].as_str(), document["record"]["identity"]["engine"].as_str()),
        (Some("green"), Some("loom"))
    );
    let models = document["record"]["models"].as_array().expect("models");
    assert!(
        !models.is_empty() && models.iter().all(|model| model["counts"]["executions"].as_u64() > Some(1)),
        "{models:?}"
    );

    // What loom cannot do is not green by being left out.
    let left_out = &document["record"]["left_out"].as_array().expect("what was left out")[1];
    assert_eq!(left_out["why"], "out of loom's reach, by the budget; heddle has their verdicts");
    assert!(left_out["models"].as_array().expect("models").contains(&"guarded/three_enactors_two_endpoints".into()));
    assert!(run.stdout.contains("4 models: out of loom's reach"), "{}", run.stdout);

    let run = verify(&["merge", &out]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("shard 1/12 is missing"), "{}", run.stderr);
}

#[test]
fn what_is_recorded_cannot_be_declared_out_of_reach_in_silence() {
    let folder = Folder::new();
    let budget = Budget::RECORDED.replacen("loom = { bound = 3,", "loom = { out_of_reach = true, bound = 3,", 1);
    let run = verify(&["gate", "--group", "quick", "--budget", &folder.file("budget", &budget)]);
    assert_eq!(run.code, Some(2), "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("is recorded for loom, and the budget says"), "{}", run.stderr);
}
