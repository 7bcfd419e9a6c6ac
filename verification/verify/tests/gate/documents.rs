//! What `docs/gate.md` promises, and the workflow beside it.

use super::verify;

const WORKFLOW: &str = include_str!("../../../../docs/gate/github-actions.yml");
const PAGE: &str = include_str!("../../../../docs/gate.md");

/// Every command line of `cargo verify` in a text, without the shell's and the workflow's part of it.
fn command_lines(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\\\n", " ").replace("${{ matrix.shard }}", "1").replace("${{ matrix.engine }}", "heddle");
    let lines = text.lines().filter_map(|line| {
        let line = line.trim_start().trim_start_matches("$ ").trim_start_matches("- run: ").trim_start_matches("run: ");
        line.strip_prefix("cargo verify ")
    });
    let words = |line: &str| line.split_whitespace().take_while(|word| *word != "#").map(str::to_owned).collect();
    lines.map(words).collect()
}

#[test]
fn the_workflow_is_yaml_with_the_jobs_that_the_page_describes() {
    let workflow: serde_norway::Value = serde_norway::from_str(WORKFLOW).expect("YAML");
    let jobs = workflow["jobs"].as_mapping().expect("jobs");
    for (name, job) in jobs {
        let name = name.as_str().expect("a name");
        assert!(PAGE.contains(&format!("`{name}`")), "docs/gate.md does not say what the job {name} is for");
        let steps = job["steps"].as_sequence().expect("steps");
        assert!(steps.iter().all(|step| step["run"].is_string() != step["uses"].is_string()), "{name}");
        let needs = job["needs"].as_str();
        assert!(needs.is_none_or(|needs| jobs.contains_key(needs)), "{name} needs what is not there");
    }
}

#[test]
fn every_command_in_the_page_and_the_workflow_is_one() {
    let (workflow, page) = (command_lines(WORKFLOW), command_lines(PAGE));
    assert!(workflow.len() >= 3 && page.len() >= 5, "{workflow:?} {page:?}");
    for line in workflow.into_iter().chain(page) {
        // With --help at the end everything before it is read, and nothing is run.
        let words: Vec<&str> = line.iter().map(String::as_str).chain(["--help"]).collect();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_verify")).args(&words).output().expect("it runs");
        assert!(
            output.status.success(),
            "cargo verify {}: {}",
            line.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn the_page_has_the_exit_codes_of_the_program_and_every_verdict() {
    // Lines end where the terminal does.
    let help = verify(&["--help"]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let codes = ["as expected", "a verdict differs", "usage", "truncated or vacuous", "internal error"];
    for (code, words) in codes.iter().enumerate() {
        assert!(help.contains(&format!("{code} all {words}")) || help.contains(&format!("{code} {words}")), "{help}");
        let row = PAGE.lines().find(|line| line.starts_with(&format!("| {code} |")));
        assert!(row.is_some_and(|row| row.contains(words)), "{words}: {row:?}");
    }
    for word in ["differs", "truncated", "vacuous", "drift"] {
        assert!(PAGE.contains(&format!("| **{word}**")), "{word} is not explained");
    }
}
