//! `--since`: what a change can affect, in a repository of the test's own.
#![cfg(heddle)]

use std::process::Command;

use super::{Folder, counts, json, verify};

/// A repository with a commit, and nothing that differs from it.
fn repository() -> Folder {
    let folder = Folder::new();
    for name in ["README.md", "docs/gate.md", "src/enactor.rs", "src/store/guarded.rs", "src/store/unguarded.rs"] {
        folder.file(name, "// one");
    }
    git(&folder, &["init", "--quiet"]);
    git(&folder, &["add", "--all"]);
    commit(&folder);
    folder
}

fn commit(folder: &Folder) {
    git(
        folder,
        &["-c", "user.name=Nobody", "-c", "user.email=nobody@example.org", "commit", "--quiet", "--all", "-m", "x"],
    );
}

fn git(folder: &Folder, arguments: &[&str]) {
    let status = Command::new("git").args(["-C", &folder.path("")]).args(arguments).status().expect("git");
    assert!(status.success(), "{arguments:?}");
}

fn since(folder: &Folder, revision: &str, more: &[&str]) -> super::Ended {
    let root = folder.path("");
    verify(&[&["gate", "--group", "quick", "--repository", &root, "--since", revision][..], more].concat())
}

#[test]
fn documentation_affects_nothing_and_that_is_said() {
    let folder = repository();
    let reports = Folder::new();
    let run = since(&folder, "HEAD", &[]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("models: nothing changed since HEAD"), "{}", run.stdout);

    folder.file("docs/gate.md", "two");
    folder.file("docs/ünknown \"file\".txt", "new");
    commit(&folder);
    let (junit, json_path) = (reports.path("junit"), reports.path("json"));
    let run = since(&folder, "HEAD~1", &["--junit", &junit, "--json", &json_path]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    for words in [
        "changed docs/gate.md: affects nothing (documentation)",
        "changed docs/ünknown \"file\".txt: affects nothing (documentation)",
        "models: nothing that they are made of changed since HEAD~1",
        "green: nothing to check",
    ] {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
    assert_eq!(json(&json_path)["conclusion"], "nothing_to_check");
    let text = super::read(&junit);
    let junit = roxmltree::Document::parse(&text).expect("XML");
    let count = |name: &str| junit.descendants().filter(|node| node.has_tag_name(name)).count();
    let (all, _) = counts();
    assert_eq!((count("testcase"), count("skipped")), (all, all));
}

#[test]
fn a_change_runs_what_it_can_affect_and_says_what_was_left_out() {
    let folder = repository();
    let reports = Folder::new();
    let path = reports.path("json");
    let run_with = |change: &str| {
        folder.file(change, "// two");
        let run = since(&folder, "HEAD", &["--json", &path]);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        let models = json(&path)["record"]["models"].as_array().expect("models").clone();
        let names: Vec<String> =
            models.iter().map(|model| model["model"].as_str().expect("a name").to_owned()).collect();
        (names, run.stdout)
    };
    let (names, stdout) = run_with("src/store/guarded.rs");
    let (_, quick) = counts();
    let half = quick / 2;
    assert!(names.len() == half && names.iter().all(|name| name.starts_with("guarded/")), "{names:?}");
    assert!(stdout.contains("changed src/store/guarded.rs: affects the models of guarded"), "{stdout}");
    let left_out = format!("left out {half} models: nothing that they are made of changed since HEAD");
    assert!(stdout.contains(&left_out), "{stdout}");
    // A new file that git does not know yet counts, and nobody knows what this one is.
    let (names, stdout) = run_with("surprise");
    assert_eq!(names.len(), quick);
    assert!(stdout.contains("changed surprise: affects everything (an unknown kind of file)"), "{stdout}");
}

#[test]
fn what_git_cannot_answer_is_a_usage_error() {
    let folder = repository();
    for revision in ["no-such-branch", "HEAD~7", "--output=x", "", "HEAD:README.md"] {
        let run = since(&folder, revision, &[]);
        assert_eq!(run.code, Some(2), "{revision}: {}{}", run.stdout, run.stderr);
    }
    let run = since(&folder, "no-such-branch", &[]);
    assert!(run.stderr.contains("there is no revision \"no-such-branch\" here"), "{}", run.stderr);
    let run = since(&Folder::new(), "HEAD", &[]);
    assert_eq!(run.code, Some(2), "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("is not in a git repository"), "{}", run.stderr);
}
