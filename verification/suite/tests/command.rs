//! `verify` as a user meets it: what it prints, and its exit codes. On the loom leg it is asked for loom's word.
#![cfg(loom)]

use std::process::{Command, Output};

use enactor_verification::engine::Engine;

const ENGINE: Engine = Engine::BUILT.expect("a leg with an engine");

/// The models, by the engine of this build.
fn models(arguments: &[&str]) -> Output {
    verify(&[arguments, &["--engine", ENGINE.name()]].concat())
}

fn verify(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_verify")).args(arguments).output().expect("the built binary")
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

const OUTAGE: [&str; 4] = ["--store", "unguarded", "--scenario", "two_enactors_one_endpoint"];

#[test]
fn the_outage_is_shown_step_by_step_and_its_token_replays_it() {
    let output = models(&OUTAGE);
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    for property in ["never_regresses", "never_dangles", "never_empty", "never_wedges"] {
        assert!(text.contains(&format!("{property} does not hold on unguarded")), "{text}");
    }
    let token = text
        .lines()
        .filter_map(|line| line.strip_prefix("replay: cargo verify replay "))
        .find(|token| token.contains("never_wedges"));
    let replay = verify(&["replay", token.expect("a token for the wedge")]);
    assert_eq!(code(&replay), Some(0), "{}", stderr(&replay));
    let timeline = stdout(&replay);
    // The incident's order: the new plan, the old one over it, the clean-up that deletes it, and no way on.
    let words = ["applies plan 3 to a", "applies plan 2 to a", "deletes plan 2", "cannot apply plan"];
    let places: Vec<Option<usize>> = words.iter().map(|words| timeline.find(words)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{timeline}");
}

#[test]
fn json_has_one_row_for_each_verdict() {
    let output = models(&[&OUTAGE[..], &["--format", "json"]].concat());
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!((report["engine"].as_str(), report["ok"].as_bool()), (Some(ENGINE.name()), Some(true)));
    let rows = report["models"].as_array().expect("rows");
    assert_eq!(rows.len(), 10, "one for each property of the scenario");
    for row in rows {
        assert_eq!(row["verdict"], row["expected"]);
        assert!(row["executions"].as_u64() > Some(1) && row["seconds"].is_number(), "{row}");
        assert!(row["witnesses"]["plan_deleted"].as_u64() > Some(0), "{row}");
        assert_eq!(row["counterexample"].is_string(), row["verdict"] == "refuted", "{row}");
    }
}

#[test]
fn what_matches_nothing_is_a_usage_error() {
    for arguments in [
        &["--store", "unguarded", "--scenario", "told_client_sees_the_new_plan", "--property", "pause_is_final"][..],
        &["--store", "gaurded"],
        &["--scenario", "nothing"],
        &["--property", "never_emty"],
        &["--budget", "no/such/file"],
    ] {
        let output = models(arguments);
        assert_eq!(code(&output), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("error:"), "{arguments:?}: {}", stderr(&output));
    }
    let made_up = if ENGINE == Engine::Loom { "b3.t.e999999999" } else { "h2-AAAA" };
    for token in ["never_empty", &format!("never_empty#{made_up}")] {
        let arguments = ["replay", &format!("guarded/two_enactors_one_endpoint/{token}")];
        let output = verify(&arguments);
        assert_eq!(code(&output), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("error:"), "{arguments:?}: {}", stderr(&output));
    }
}

fn with_budget(change: impl Fn(&str) -> String, arguments: &[&str]) -> Output {
    let file =
        std::env::temp_dir().join(format!("budget-{}-{:?}.toml", std::process::id(), std::thread::current().id()));
    std::fs::write(&file, change(enactor_verification::budget::Budget::RECORDED)).expect("a temporary file");
    let output = models(&[&["--budget", file.to_str().expect("text")], arguments].concat());
    std::fs::remove_file(&file).expect("it was there");
    output
}

const TOLD: [&str; 4] = ["--store", "guarded", "--scenario", "told_client_sees_the_new_plan"];

/// The recorded budget with `to` for `from` in the guarded model of [`TOLD`].
fn changed(budget: &str, from: &str, to: &str) -> String {
    let model = budget.find("scenario = \"told_client_sees_the_new_plan\"").expect("it is in the budget");
    let (before, after) = budget.split_at(model);
    assert!(after.contains(from));
    format!("{before}{}", after.replacen(from, to, 1))
}

#[test]
fn a_verdict_that_differs_exits_with_1() {
    let refuted = |budget: &str| changed(budget, "rest = \"proved\"", "rest = \"refuted\"");
    let output = with_budget(refuted, &TOLD);
    assert_eq!(code(&output), Some(1), "{}", stderr(&output));
    assert!(stdout(&output).contains("never_empty is proved, expected refuted"), "{}", stdout(&output));
}

#[test]
fn a_search_that_was_cut_short_exits_with_3() {
    let cut = |budget: &str| changed(budget, "rest = \"proved\"", "max_executions = 1\nrest = \"proved\"");
    let output = with_budget(cut, &TOLD);
    assert_eq!(code(&output), Some(3), "{}", stderr(&output));
    assert!(stdout(&output).contains("truncated (1 executions)"), "{}", stdout(&output));
}

#[test]
fn a_search_that_met_no_witness_exits_with_3() {
    // The store of the outage refuses no stale write, and is not excused any more.
    let not_excused = |budget: &str| budget.replace("unwitnessed = [\"stale_write_refused\"]\n", "");
    let output = with_budget(not_excused, &[&OUTAGE[..], &["--property", "never_torn"]].concat());
    assert_eq!(code(&output), Some(3), "{}", stderr(&output));
    assert!(stdout(&output).contains("vacuous (never met: stale_write_refused)"), "{}", stdout(&output));
}

#[cfg(not(heddle))]
#[test]
fn without_tokens_loom_meets_no_witness_and_exits_with_3() {
    let bare = |budget: &str| {
        let at = budget.find("scenario = \"client_looks_twice\"").expect("it is in the budget");
        let (before, after) = budget.split_at(at);
        format!("{before}{}", after.replacen("dependency_tokens = true", "", 1))
    };
    let output = with_budget(bare, &["--store", "guarded", "--scenario", "client_looks_twice"]);
    assert_eq!(code(&output), Some(3), "{}", stderr(&output));
    assert!(stdout(&output).contains("vacuous (never met: new_answer_seen)"), "{}", stdout(&output));
}

#[test]
fn a_garbled_budget_is_a_usage_error() {
    let output = with_budget(|budget| budget.replace("refuted = [", "refuted = [["), &TOLD);
    assert_eq!(code(&output), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("TOML parse error at line"), "{}", stderr(&output));
}

#[test]
fn help_names_the_exit_codes_and_completions_are_printed() {
    let help = verify(&["--help"]);
    assert_eq!(code(&help), Some(0));
    assert!(stdout(&help).contains("3 truncated or vacuous"), "{}", stdout(&help));
    let bash = verify(&["completions", "bash"]);
    assert!(stdout(&bash).contains("--scenario"), "{}", stdout(&bash));
}

#[cfg(heddle)]
#[test]
fn the_readme_shows_what_the_tool_says() {
    let readme = include_str!("../../../README.md");
    let token = readme.lines().find_map(|line| line.strip_prefix("replay: cargo verify replay "));
    let output = verify(&["replay", token.expect("a token in the README")]);
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    assert!(readme.contains(stdout(&output).trim()), "README.md shows something else than:\n{}", stdout(&output));
}
