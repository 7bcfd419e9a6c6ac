//! What a run prints and writes, green and red.

use std::{fs, path::Path};

use serde::Deserialize;

use super::{Ended, Folder, command, ended, json, read, verify};
#[cfg(heddle)]
use super::{baseline_with, budget_with, recorded};

/// SARIF 2.1.0 as a strict reader wants it: what the standard requires, and nothing that this tool does not write.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sarif {
    #[serde(rename = "$schema")]
    schema: String,
    version: String,
    runs: [SarifRun; 1],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SarifRun {
    tool: Tool,
    automation_details: Id,
    results: Vec<SarifResult>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tool {
    driver: Driver,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Driver {
    name: String,
    version: String,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Rule {
    id: String,
    short_description: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Id {
    id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    text: String,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Level {
    None,
    Note,
    Warning,
    Error,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SarifResult {
    rule_id: String,
    level: Level,
    message: Text,
    locations: [Location; 1],
    related_locations: [Location; 1],
    partial_fingerprints: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Location {
    #[serde(rename = "id")]
    _id: Option<u64>,
    #[serde(rename = "message")]
    _message: Option<Text>,
    physical_location: Physical,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Artifact {
    uri: String,
    uri_base_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Region {
    start_line: usize,
}

fn sarif(path: &str) -> SarifRun {
    let Sarif { schema, version, runs: [run] } = serde_json::from_str(&read(path)).expect("SARIF");
    assert_eq!((schema.contains("2.1.0"), version.as_str()), (true, "2.1.0"));
    let driver = &run.tool.driver;
    assert_eq!((driver.name.as_str(), driver.version.is_empty()), ("cargo verify gate", false));
    assert!(run.automation_details.id.starts_with("verify/"));
    assert!(driver.rules.iter().all(|rule| !rule.short_description.text.is_empty()));
    for result in &run.results {
        assert!(driver.rules.iter().any(|rule| rule.id == result.rule_id), "{} is no rule", result.rule_id);
        assert!(!result.partial_fingerprints.is_empty());
        assert!(matches!(result.level, Level::Warning | Level::Error), "{:?}", result.level);
        for location in result.locations.iter().chain(&result.related_locations) {
            assert!(!location.line().is_empty());
        }
    }
    run
}

impl Location {
    /// The line that it names.
    fn line(&self) -> String {
        let Physical { artifact_location, region } = &self.physical_location;
        assert_eq!(artifact_location.uri_base_id, "%SRCROOT%");
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let text = fs::read_to_string(root.join(&artifact_location.uri)).expect("the file is there");
        text.lines().nth(region.start_line - 1).expect("the line is there").to_owned()
    }
}

/// Runs the gate with every report; the folder has them.
fn gate(folder: &Folder, more: &[&str]) -> Ended {
    let paths = ["junit", "sarif", "markdown", "json", "state"].map(|name| (format!("--{name}"), folder.path(name)));
    let mut arguments = vec!["gate"];
    arguments.extend(paths.iter().flat_map(|(option, path)| [option.as_str(), path.as_str()]));
    arguments.extend(more);
    let summary = folder.path("summary");
    ended(command(&arguments).env("GITHUB_STEP_SUMMARY", summary).output().expect("the built binary"))
}

/// One group of it: `.ci/run` runs the whole one, whose time counts.
#[cfg(heddle)]
#[test]
fn a_green_gate_says_so_in_every_report() {
    let folder = Folder::new();
    folder.file("summary", "an earlier step\n");
    let run = gate(&folder, &["--group", "quick"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("green: every verdict is as expected"), "{}", run.stdout);

    let document = json(&folder.path("json"));
    assert_eq!((document["conclusion"].as_str(), document["exit"].as_u64()), (Some("green"), Some(0)));
    let models = document["record"]["models"].as_array().expect("models");
    let verdicts: usize = models.iter().map(|model| model["verdicts"].as_array().expect("verdicts").len()).sum();
    assert!(models.len() == super::counts().1 && verdicts > models.len());

    let text = read(&folder.path("junit"));
    let junit = roxmltree::Document::parse(&text).expect("XML");
    let cases: Vec<_> = junit.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    let is = |case: &roxmltree::Node<'_, '_>, kind: &str| case.children().any(|child| child.has_tag_name(kind));
    let (skipped, run): (Vec<_>, Vec<_>) = cases.into_iter().partition(|case| is(case, "skipped"));
    assert_eq!(run.len(), verdicts + models.len(), "one for each verdict and each number of executions");
    assert_eq!(skipped.len(), 8, "the other group is there, as left out");
    assert!(
        run.iter().all(|case: &roxmltree::Node<'_, '_>| !case.children().any(|child| child.is_element())),
        "none failed"
    );

    assert!(sarif(&folder.path("sarif")).results.is_empty());
    let markdown = read(&folder.path("markdown"));
    assert!(markdown.starts_with("## cargo verify gate: green"), "{markdown}");
    assert_eq!(read(&folder.path("summary")), format!("an earlier step\n{markdown}"));
    assert_eq!(folder.names(), ["json", "junit", "markdown", "sarif", "summary"], "nothing is left beside the reports");
}

#[cfg(heddle)]
#[test]
fn a_red_gate_says_which_verdict_where_and_how_to_see_it() {
    let folder = Folder::new();
    // One verdict that differs, one search that is cut short, one number that is another one.
    let text = budget_with("told_client_sees_the_new_plan", "rest = \"proved\"", "rest = \"refuted\"");
    let cut = "scenario = \"client_looks_twice\"";
    let text = text.replacen(cut, &format!("{cut}\nmax_executions = 2"), 1);
    let text = text.replacen(
        "\"never_empty\", \"never_regresses\", \"linearizable\"]",
        "\"never_empty\", \"linearizable\"]",
        1,
    );
    let budget = folder.file("budget", &text);
    let executions = recorded("guarded/two_planners_publish");
    let baseline = folder.file("baseline", &baseline_with("guarded/two_planners_publish", executions + 1));
    let run = gate(&folder, &["--group", "quick", "--budget", &budget, "--baseline", &baseline]);
    assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
    for words in [
        "guarded/told_client_sees_the_new_plan: never_empty is proved, expected refuted",
        "guarded/client_looks_twice: never_empty is truncated (2 executions), expected proved",
        "unguarded/client_at_every_instant: never_regresses is refuted, expected proved; replay: cargo verify replay unguarded/",
        &format!("guarded/two_planners_publish: {executions} executions, the baseline says {}", executions + 1),
        "models: of group full, which was not asked for",
        "red: something is not as expected",
    ] {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }

    let text = read(&folder.path("junit"));
    let junit = roxmltree::Document::parse(&text).expect("XML");
    let bad = |kind: &str| junit.descendants().filter(|node| node.has_tag_name(kind)).count();
    let (differing, cut) = (document_kinds(&folder, "differs"), document_kinds(&folder, "truncated"));
    assert!(differing > 1 && cut > 1);
    assert_eq!((bad("failure"), bad("error")), (differing + 1, cut), "the drift is a failure too");
    assert_eq!(bad("skipped"), 8, "what was left out is there, too");

    let results = sarif(&folder.path("sarif")).results;
    assert_eq!(results.len(), differing + cut + 1);
    for result in &results {
        assert_eq!(result.level, Level::Error);
        let scenario = result.message.text.split(['/', ':']).nth(1).expect("a model");
        assert!(result.related_locations[0].line().contains(&format!("name: \"{scenario}\"")));
        // With a counterexample it is the step to blame: there the slow Enactor's plan goes over the new one.
        let line = result.locations[0].line();
        let at_the_step = line.contains("debug!(") && line.contains("change = \"apply\"");
        let refuted = result.message.text.contains("never_regresses is refuted");
        assert!(if refuted { at_the_step } else { line.contains("PlanStore for") }, "{}: {line}", result.message.text);
    }
    let markdown = read(&folder.path("markdown"));
    assert!(markdown.contains("| drift | `guarded/two_planners_publish` |"), "{markdown}");
}

#[cfg(heddle)]
fn document_kinds(folder: &Folder, kind: &str) -> usize {
    let document = json(&folder.path("json"));
    document["problems"].as_array().expect("problems").iter().filter(|problem| problem["kind"] == kind).count()
}

#[cfg(heddle)]
#[test]
fn drift_is_red_unless_it_is_allowed_and_then_it_is_a_warning() {
    let folder = Folder::new();
    let executions = recorded("guarded/two_planners_publish");
    let baseline = folder.file("baseline", &baseline_with("guarded/two_planners_publish", executions + 1));
    let arguments = ["--group", "quick", "--baseline", &baseline];
    assert_eq!(gate(&folder, &arguments).code, Some(1));
    let run = gate(&folder, &[&arguments[..], &["--allow-drift"]].concat());
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let drift = format!("drift     guarded/two_planners_publish: {executions} executions");
    assert!(run.stdout.contains(&drift), "{}", run.stdout);
    let results = sarif(&folder.path("sarif")).results;
    assert_eq!((results.len(), &results[0].level), (1, &Level::Warning));
}

#[cfg(heddle)]
#[test]
fn a_witness_that_was_not_met_is_red_and_no_conclusion() {
    let folder = Folder::new();
    let text = enactor_verify::budget::Budget::RECORDED.replace("unwitnessed = [\"stale_write_refused\"]\n", "");
    let run = gate(&folder, &["--group", "quick", "--budget", &folder.file("budget", &text)]);
    assert_eq!(run.code, Some(3), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("vacuous (never met: stale_write_refused)"), "{}", run.stdout);
    assert!(document_kinds(&folder, "vacuous") > 0);
}

#[test]
fn models_that_do_not_fit_into_the_time_are_truncated_and_named() {
    let folder = Folder::new();
    let run = gate(&folder, &["--minutes", "0.000001"]);
    assert_eq!(run.code, Some(3), "{}{}", run.stdout, run.stderr);
    let results = sarif(&folder.path("sarif")).results;
    let (first, last) = ("guarded/two_enactors_one_endpoint", "unguarded/refused_plan_is_taken_back_under_a_client");
    for model in [first, last] {
        let named = format!("{model}: never_torn is truncated");
        let of_model = results.iter().filter(|result| result.message.text.starts_with(&format!("{model}: ")));
        assert!(of_model.count() > 0 || run.stdout.contains(&named), "{model}: {}", run.stdout);
    }
    assert!(run.stdout.contains("s for all models)"), "{}", run.stdout);
    assert!(run.stdout.contains("models are unfinished. To go on: cargo verify gate --junit"), "{}", run.stdout);
    assert_eq!(json(&folder.path("state"))["kind"], "unfinished");
}

#[test]
fn a_plain_run_warns_of_nothing_while_the_numbers_are_as_recorded() {
    let run = verify(&[
        "--store",
        "guarded",
        "--scenario",
        "told_client_sees_the_new_plan",
        "--engine",
        super::ENGINE.name(),
    ]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("(1 of 1, about 0 s left)") && !run.stderr.contains("drift"), "{}", run.stderr);
}
