//! The gate on loom. Its words, files and refusals are the same as on heddle, and tested there: loom needs minutes for a group.
#![cfg(not(heddle))]

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

    let run = verify(&["merge", &out]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("shard 1/12 is missing"), "{}", run.stderr);
}
