//! The record as SARIF 2.1.0, which code hosts show at the line: one result for each problem, at the step that is to blame where
//! there is a counterexample, else at the store; with the scenario beside it.

use std::{fs, path::Path};

use enactor_verification::property::Property;
use serde_json::{Value, json};

use super::record::{Problem, ProblemKind, Record};

/// The kinds of problem that are not about a property, and what each means.
const OTHER_RULES: [(&str, &str); 3] = [
    ("truncated", "A search hit a limit before it was exhausted, so it says nothing."),
    ("vacuous", "A search was exhausted, but never met what a proof must have met."),
    ("drift", "A search has another number of executions than the baseline: the model is another one."),
];

/// Finds the line that the counterexample of a token blames, if there is one.
pub type Blame<'a> = dyn FnMut(&str) -> Option<Line> + 'a;

/// The whole document. The lines are those of the checkout in `root`.
pub fn render(record: &Record, allow_drift: bool, root: &Path, blame: &mut Blame<'_>) -> String {
    let problems = record.problems(allow_drift);
    let results: Vec<Value> = problems.iter().map(|problem| result(problem, root, blame)).collect();
    let rule = |id: &str, text: &str| json!({ "id": id, "shortDescription": { "text": text } });
    let properties = Property::ALL.iter().map(|property| rule(property.name(), property.statement()));
    let rules: Vec<Value> = properties.chain(OTHER_RULES.iter().map(|(id, text)| rule(id, text))).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "cargo verify gate",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "automationDetails": { "id": format!("verify/{}/", record.identity.engine) },
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&document).expect("it is JSON")
}

fn result(problem: &Problem, root: &Path, blame: &mut Blame<'_>) -> Value {
    let (store, scenario) = problem.model.split_once('/').unwrap_or((&problem.model, ""));
    let rule = match (problem.kind, &problem.property) {
        (ProblemKind::Differs, Some(property)) => property.as_str(),
        (kind, _) => kind.word(),
    };
    let guilty = problem.counterexample.as_deref().and_then(blame);
    json!({
        "ruleId": rule,
        "level": if problem.kind == ProblemKind::AllowedDrift { "warning" } else { "error" },
        "message": { "text": super::table::problem(problem) },
        "locations": [{ "physicalLocation": guilty.unwrap_or_else(|| of_store(root, store)).physical() }],
        "relatedLocations": [{
            "id": 1,
            "message": { "text": format!("the scenario {scenario}") },
            "physicalLocation": of_scenario(root, scenario).physical(),
        }],
        // The same problem in another run is the same alert.
        "partialFingerprints": { "model": format!("{}/{rule}", problem.model) },
    })
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The file, from the root of the repository.
    pub path: String,
    /// Which line, from 1.
    pub line: usize,
}

impl Line {
    fn physical(&self) -> Value {
        json!({
            "artifactLocation": { "uri": self.path, "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": self.line },
        })
    }
}

/// Where the store implements its contract, as far as its file has its name; else where the budget first names it.
fn of_store(root: &Path, store: &str) -> Line {
    let file = format!("{}.rs", store.replace('-', "_"));
    let folders = ["src/store", "verification/zoo/src", "verification/zoo"];
    let own = folders.iter().find_map(|folder| find(root, &format!("{folder}/{file}"), " PlanStore for "));
    own.unwrap_or_else(|| in_budget(root, &format!("store = \"{store}\"")))
}

/// Where the scenario is written down; else where the budget first names it.
fn of_scenario(root: &Path, scenario: &str) -> Line {
    let folder = "verification/suite/src/scenario";
    let names = fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
    let mut paths: Vec<String> = names.map(|name| format!("{folder}/{}", name.file_name().to_string_lossy())).collect();
    paths.sort_unstable();
    let written = paths.iter().find_map(|path| find(root, path, &format!("name: \"{scenario}\"")));
    written.unwrap_or_else(|| in_budget(root, &format!("scenario = \"{scenario}\"")))
}

fn in_budget(root: &Path, text: &str) -> Line {
    let path = "verification/budget.toml";
    find(root, path, text).unwrap_or_else(|| Line { path: path.to_owned(), line: 1 })
}

fn find(root: &Path, path: &str, text: &str) -> Option<Line> {
    let at = fs::read_to_string(root.join(path)).ok()?.lines().position(|line| line.contains(text))?;
    Some(Line { path: path.to_owned(), line: at + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use enactor_verification::{scenario::SCENARIOS, stores::STORES};

    #[test]
    fn every_store_and_scenario_has_a_line_of_its_own() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        for scenario in SCENARIOS {
            let line = of_scenario(root, scenario.name);
            assert!(line.path.ends_with("scenario/all.rs") && line.line > 1, "{scenario}: {line:?}");
        }
        for store in STORES {
            let line = of_store(root, store.name);
            assert!(root.join(&line.path).is_file() && line.line > 1, "{store}: {line:?}");
        }
        assert_eq!(of_store(root, "gaurded"), Line { path: "verification/budget.toml".to_owned(), line: 1 });
    }
}
