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
    // Where these tests run in CI of GitHub's, the command is still not asked for annotations.
    Command::new(env!("CARGO_BIN_EXE_verify"))
        .args(arguments)
        .env_remove("GITHUB_ACTIONS")
        .output()
        .expect("the built binary")
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

    // The same execution, asked about a property that it does not violate.
    let other = token.expect("a token for the wedge").replace("never_wedges", "never_torn");
    let picture = tempfile::tempdir().expect("a temporary folder").path().join("picture.svg");
    let replay = verify(&["replay", &other, "--svg", picture.to_str().expect("text")]);
    assert_eq!(code(&replay), Some(1), "{}", stderr(&replay));
    assert!(stderr(&replay).contains("this execution does not violate never_torn"), "{}", stderr(&replay));
    assert!(!stdout(&replay).contains("does not hold") && !picture.exists(), "{}", stdout(&replay));
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
    std::fs::write(&file, change(enactor_verify::budget::Budget::RECORDED)).expect("a temporary file");
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
        let at = budget.find("scenario = \"published_plan_is_visible\"").expect("it is in the budget");
        let (before, after) = budget.split_at(at);
        format!("{before}{}", after.replacen("dependency_tokens = true", "", 1))
    };
    let output = with_budget(bare, &["--store", "guarded", "--scenario", "published_plan_is_visible"]);
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

/// A folder for one test.
/// loom would take a while.
#[cfg(heddle)]
#[test]
fn what_the_audit_prints_replays_as_it_is_printed() {
    let audit = verify(&["audit", "--engine", ENGINE.name()]);
    assert_eq!(code(&audit), Some(0), "{}", stderr(&audit));
    assert!(stderr(&audit).contains("(10 of 10)"), "progress: {}", stderr(&audit));
    let text = stdout(&audit);
    let line =
        text.lines().find(|line| line.starts_with("replay: cargo verify replay --weaken ")).expect("one is needed");
    let arguments: Vec<&str> = line.split(' ').skip(3).collect();
    let replay = verify(&arguments);
    assert_eq!(code(&replay), Some(0), "{line}: {}", stderr(&replay));
    assert!(stdout(&replay).lines().any(|printed| printed == line), "{line}: {}", stdout(&replay));
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn a_report_has_a_page_for_each_refuted_property_and_an_index() {
    let folder = folder();
    let pages = folder.path().join("a/new/folder");
    let output = models(&[&OUTAGE[..], &["--format", "json", "--report", pages.to_str().expect("text")]].concat());
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON, and nothing else");
    let rows = report["models"].as_array().expect("rows");
    let refuted = rows.iter().filter(|row| row["verdict"] == "refuted").filter_map(|row| row["property"].as_str());
    let refuted: Vec<String> =
        refuted.map(|property| format!("unguarded-two_enactors_one_endpoint-{property}.html")).collect();
    assert_eq!(refuted.len(), 7);
    let index = std::fs::read_to_string(pages.join("index.html")).expect("an index");
    for file in &refuted {
        assert!(index.contains(&format!("href=\"{file}\"")), "{file}: {index}");
        let page = std::fs::read_to_string(pages.join(file)).expect("a page");
        assert!(page.contains("deletes plan 2") && page.trim_end().ends_with("</html>"), "{file}");
    }
    assert_eq!(std::fs::read_dir(&pages).expect("a folder").count(), refuted.len() + 1, "and nothing else");
    // No search before a report that cannot be written anyway.
    let file = pages.join("index.html");
    let output = models(&[&OUTAGE[..], &["--report", file.to_str().expect("text")]].concat());
    assert_eq!((code(&output), stdout(&output).as_str()), (Some(2), ""), "{}", stderr(&output));
    assert!(stderr(&output).contains("cannot write reports into"), "{}", stderr(&output));
}

#[test]
fn only_what_nobody_expected_is_annotated_at_the_guilty_line() {
    let unexpected = |budget: &str| {
        let model = "store = \"unguarded\"\nscenario = \"two_enactors_one_endpoint\"";
        let (before, after) = budget.split_once(model).expect("it is in the budget");
        format!("{before}{model}{}", after.replacen("\"never_dangles\", ", "", 1))
    };
    for (format, annotations) in [("table", stdout as fn(&Output) -> String), ("json", stderr)] {
        let output = with_budget(unexpected, &[&OUTAGE[..], &["--annotations", "--format", format]].concat());
        assert_eq!(code(&output), Some(1), "{}", stderr(&output));
        let text = annotations(&output);
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("::")).collect();
        assert_eq!(lines.len(), 1, "{text}");
        let line = lines[0].strip_prefix("::error file=src/store/unguarded.rs,line=").expect(lines[0]);
        assert!(line.contains("never_dangles does not hold on unguarded%3A two"), "{line}");
        assert!(line.contains("deletes plan 2") && line.contains("%0Areplay: cargo verify replay"), "{line}");
        let number = line.split(',').next().and_then(|number| number.parse::<usize>().ok()).expect("a line");
        let source = include_str!("../../../src/store/unguarded.rs").lines().nth(number - 1).expect("it is there");
        assert!(source.contains("deletes plan {generation}"), "{source}");
    }
    let output = models(&[&OUTAGE[..], &["--annotations"]].concat());
    assert!(!stdout(&output).contains("::error"), "all as expected: {}", stdout(&output));
}

#[test]
fn a_replay_writes_its_files_whole_or_says_why_not() {
    let folder = folder();
    let output = models(&[&OUTAGE[..], &["--format", "json"]].concat());
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let rows = report["models"].as_array().expect("rows");
    let token = rows.iter().find_map(|row| row["counterexample"].as_str()).expect("a token");
    let path = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let [svg, html, json] = ["a.svg", "a.html", "a.json"].map(path);
    let output = verify(&["replay", token, "--svg", &svg, "--html", &html, "--json", &json, "--operations"]);
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    let read = |path: &str| std::fs::read_to_string(path).expect(path);
    assert!(read(&svg).starts_with("<svg") && read(&html).starts_with("<!DOCTYPE html>"));
    let story: enactor_verification::report::story::Story = serde_json::from_str(&read(&json)).expect("a story");
    assert_eq!(story.token, token);
    assert!(stdout(&output).contains("Acquire  from the set-up"), "{}", stdout(&output));
    for option in ["--svg", "--html", "--json"] {
        let output = verify(&["replay", token, option, &path("no/such/folder")]);
        assert_eq!(code(&output), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains("cannot write") && stderr(&output).contains("no/such/folder"));
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 3);
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

#[cfg(heddle)]
#[test]
fn the_readme_counts_what_is_there() {
    use enactor_verification::{property::Property, scenario::SCENARIOS};

    let readme = include_str!("../../../README.md").replace('\n', " ");
    let mutants = include_str!("../../mutants/src/lib.rs").matches("    Mutant {\n").count();
    assert!(readme.contains(&format!("Each of {mutants} changes to a guard")));
    let (properties, scenarios) = (Property::ALL.len(), SCENARIOS.len());
    assert!(readme.contains(&format!("all {properties} properties are **proved** in all {scenarios} scenarios")));
    let baseline = include_str!("../../baseline.toml").split_once("[heddle]").expect("heddle's numbers").1;
    let line = baseline.lines().find(|line| line.starts_with("\"guarded/three_enactors_two_endpoints\""));
    let number = line.and_then(|line| line.split_once("executions = ")?.1.split_once(','));
    let (number, _) = number.expect("a recorded number");
    let (thousands, rest) = number.split_at(number.len() - 3);
    assert!(readme.contains(&format!("({thousands},{rest} executions)")));
}
