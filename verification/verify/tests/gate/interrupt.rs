//! Ctrl-C in the middle of a run, and going on later.
#![cfg(all(unix, heddle))]

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
};

use super::{Folder, command, json};

const FIRST: &str = "guarded/two_enactors_one_endpoint";

#[test]
fn an_interrupted_run_writes_what_is_known_and_can_be_resumed() {
    let folder = Folder::new();
    let paths = ["json", "junit", "out", "state"].map(|name| (format!("--{name}"), folder.path(name)));
    let mut arguments = vec!["gate", "--group", "quick", "--jobs", "1"];
    arguments.extend(paths.iter().flat_map(|(option, path)| [option.as_str(), path.as_str()]));
    let mut child =
        command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the built binary");
    // The first model has ended. The long ones have not.
    let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    let first = lines.next().expect("a line").expect("text");
    assert!(first.starts_with(&format!("{FIRST}: ")), "{first}");
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(sent.success());
    // Both at once: a pipe that nobody reads fills up, and then its writer waits for ever.
    let mut piped = child.stdout.take().expect("it is piped");
    let stdout = std::thread::spawn(move || {
        let mut stdout = String::new();
        piped.read_to_string(&mut stdout).expect("text");
        stdout
    });
    let rest: Vec<String> = lines.map(|line| line.expect("text")).collect();
    let stdout = stdout.join().expect("it does not panic");
    assert_eq!(child.wait().expect("it ends").code(), Some(3), "{stdout}{rest:?}");

    assert!(stdout.contains("is truncated (interrupted), expected"), "{stdout}");
    let last = stdout.lines().last().expect("the command that goes on");
    let go_on = "models are unfinished. To go on: cargo verify gate --group quick --jobs 1";
    assert!(last.contains(go_on) && last.ends_with(&format!("--resume {}", folder.path("state"))), "{last}");
    let document = json(&folder.path("json"));
    assert_eq!((document["conclusion"].as_str(), document["exit"].as_u64()), (Some("inconclusive"), Some(3)));
    let models = document["record"]["models"].as_array().expect("models");
    let finished = models.iter().filter(|model| model["cut"].is_null()).count();
    assert!(0 < finished && finished < models.len(), "{finished}");
    assert!(models[0]["cut"].is_null());
    assert_eq!(models[0]["verdicts"][0]["verdict"], models[0]["verdicts"][0]["expected"]);
    assert_eq!(folder.names(), ["json", "junit", "out", "state"]);
    resume(&folder, models.len() - finished);
}

fn resume(folder: &Folder, unfinished: usize) {
    let state = folder.path("state");
    let before = super::read(&state);
    for (more, what) in [
        (vec!["--group", "full"], "the selection of models differs"),
        (vec!["--shard", "1/2", "--out", "/dev/null/x"], "cannot write"),
        (
            vec!["--budget", &folder.file("budget", &super::budget_with("client_looks_twice", "rest", "\nrest"))],
            "the budget differs",
        ),
        (
            vec!["--baseline", &folder.file("baseline", &super::baseline_with("guarded/client_looks_twice", 1))],
            "the baseline differs",
        ),
        (vec!["--repository", &folder.path("")], "differs"),
    ] {
        let run = super::verify(&[&["gate", "--group", "quick", "--resume", &state][..], &more].concat());
        assert_eq!(run.code, Some(2), "{what}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(what), "{what}: {}", run.stderr);
    }
    assert_eq!(super::read(&state), before, "what was refused is still there");

    let (whole, json) = (folder.path("whole"), folder.path("json"));
    let run = super::verify(&["gate", "--group", "quick", "--resume", &state, "--json", &whole]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains(&format!("({unfinished} of {unfinished}, ")), "{}", run.stderr);
    let executions = |path: &str| super::json(path)["record"]["models"][0]["milliseconds"].clone();
    assert_eq!(executions(&whole), executions(&json), "what was finished was not run again");
}
