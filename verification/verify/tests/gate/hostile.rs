//! Input that is garbled, missing, or something else than it should be: an error that says so, and exit code 2.
#![cfg(heddle)]

use enactor_verify::{budget::Budget, gate::baseline::Baseline};

use super::{Folder, baseline_with, verify};

#[test]
fn hostile_input_is_a_usage_error_and_nothing_is_lost() {
    let folder = Folder::new();
    let dir = folder.path("folder");
    std::fs::create_dir(&dir).expect("a folder");
    let no_group = folder.file("no_group", &Budget::RECORDED.replacen("group = \"quick\"\n", "", 1));
    let unknown = folder.file("unknown", &Budget::RECORDED.replacen("\"client_looks_twice\"", "\"clint\"", 1));
    let garbled = folder.file("garbled", "{]\u{0}");
    let binary = folder.path("binary");
    std::fs::write(&binary, [0xff, 0xfe, 0]).expect("a temporary file");
    let empty = folder.file("empty", "");
    let missing = folder.path("missing");
    let line = Baseline::RECORDED.lines().find(|line| line.contains("guarded/client_looks_twice")).expect("a line");
    let short = folder.file("short", &Baseline::RECORDED.replace(line, ""));
    let negative = folder.file("negative", &baseline_with("guarded/client_looks_twice", 1).replace("= 1,", "= -1,"));
    let stranger =
        folder.file("stranger", &format!("{}\"a/b\" = {{ executions = 1, blocked = 0 }}\n", Baseline::RECORDED));
    let (out, before) = (folder.path("out"), folder.names());
    let other_out = folder.path("./out");

    let budget = Budget::read(Budget::RECORDED, super::ENGINE).expect("the budget");
    let too_many = format!("999 shards are too many for {} models", budget.models.len());
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (vec!["--budget", &no_group], "is in no group"),
        (vec!["--budget", &unknown], "no scenario is called \"clint\""),
        (vec!["--budget", &garbled], "garbled: TOML parse error at line 1"),
        #[cfg(target_os = "linux")]
        (vec!["--budget", "/dev/zero"], "cannot read /dev/zero: it is too large"),
        (vec!["--budget", &binary], "cannot read"),
        (vec!["--budget", &empty], "missing field `model`"),
        (vec!["--budget", &dir], "cannot read"),
        (vec!["--budget", &missing], "cannot read"),
        (vec!["--baseline", &garbled], "garbled: TOML parse error at line 1"),
        (vec!["--baseline", &empty], "missing field `version`"),
        (vec!["--baseline", &short], "guarded/client_looks_twice is not recorded for"),
        (vec!["--baseline", &negative], "invalid value"),
        (vec!["--baseline", &stranger], "no model is called \"a/b\""),
        (vec!["--baseline", &dir], "cannot read"),
        (vec!["--resume", &garbled], "this is no file of `cargo verify gate`"),
        (vec!["--resume", &binary], "cannot read"),
        (vec!["--resume", &missing], "cannot read"),
        (vec!["--resume", &dir], "cannot read"),
        (vec!["--junit", &dir], "it is not a file"),
        (vec!["--sarif", "/proc/sarif"], "cannot write /proc/sarif"),
        (vec!["--json", "/no/such/folder/json"], "cannot write /no/such/folder/json"),
        (vec!["--markdown", "/dev/null"], "it is not a file"),
        (vec!["--state", &dir], "it is not a file"),
        (vec!["--json", &out, "--junit", &out], "would be written twice"),
        (vec!["--json", &out, "--junit", &other_out], "would be written twice"),
        (vec!["--shard", "1/2"], "--out"),
        (vec!["--shard", "0/2", "--out", &out], "\"0/2\" is no shard"),
        (vec!["--shard", "3/2", "--out", &out], "\"3/2\" is no shard"),
        (vec!["--shard", "1/0", "--out", &out], "\"1/0\" is no shard"),
        (vec!["--shard", "", "--out", &out], "--shard"),
        (vec!["--shard", "1/999", "--out", &out], &too_many),
        (vec!["--group", "quik"], "no group is called \"quik\"; the budget has quick, full"),
        (vec!["--minutes", "0"], "in no time nothing is checked"),
        (vec!["--minutes=-1"], "--minutes"),
        (vec!["--minutes", "NaN"], "--minutes"),
        (vec!["--minutes", "1e300"], "--minutes"),
        (vec!["--minutes", "soon"], "this is no number of minutes"),
    ];
    for (arguments, words) in cases {
        let run = verify(&[&["gate"][..], &arguments].concat());
        assert_eq!(run.code, Some(2), "{arguments:?}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains("error:") && run.stderr.contains(words), "{words}: {}", run.stderr);
        assert!(run.stdout.is_empty(), "{arguments:?} printed {}", run.stdout);
    }
    for (arguments, words) in [
        (vec!["merge"], "FILE"),
        (vec!["merge", &missing], "cannot read"),
        (vec!["merge", &dir], "cannot read"),
        (vec!["merge", &garbled], "this is no file of `cargo verify gate`"),
        (vec!["merge", &empty], "this is no file of `cargo verify gate`"),
        (vec!["baseline", "--baseline", &garbled], "TOML parse error at line 1"),
        (vec!["baseline", "--baseline", &garbled, "--update"], "TOML parse error at line 1"),
        (vec!["baseline", "--baseline", &dir, "--update"], "cannot read"),
        (vec!["baseline", "--baseline", "/proc/baseline", "--update"], "cannot write"),
        (vec!["baseline", "--budget", &no_group], "is in no group"),
        (vec!["baseline", "--baseline", &missing], "cannot read"),
    ] {
        let run = verify(&arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains("error:") && run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    assert_eq!(folder.names(), before, "no file came or went");
    assert_eq!(super::read(&garbled), "{]\u{0}", "what was refused was not written over");
}

/// A terminal that is gone costs no file, and nobody waits for it.
#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_loses_nothing_else() {
    use std::{fs::File, process::Stdio};
    let full = || Stdio::from(File::create("/dev/full").expect("Linux has it"));
    let folder = Folder::new();
    let (out, json) = (folder.path("out"), folder.path("json"));
    let arguments = ["gate", "--group", "quick", "--shard", "1/20", "--out", &out, "--json", &json];
    let run = super::ended(super::command(&arguments).stdout(full()).output().expect("the built binary"));
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    assert!(run.stderr.contains("error:") && run.stderr.contains("cannot write to standard output"), "{}", run.stderr);
    assert_eq!(folder.names(), ["json", "out"]);
    let run = super::ended(super::command(&arguments).stderr(full()).output().expect("the built binary"));
    assert_eq!(run.code, Some(0), "{}", run.stdout);
}

/// Not after minutes of work.
#[test]
fn a_step_summary_that_cannot_be_written_is_told_before_the_search() {
    let folder = Folder::new();
    let mut command = super::command(&["gate", "--group", "quick"]);
    let run = super::ended(command.env("GITHUB_STEP_SUMMARY", folder.path("")).output().expect("the built binary"));
    assert_eq!(run.code, Some(2), "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("error: GITHUB_STEP_SUMMARY: cannot write "), "{}", run.stderr);
    assert!(!run.stderr.contains("executions"), "nothing was searched: {}", run.stderr);
}

#[test]
fn more_cores_than_there_are_do_no_harm() {
    let folder = Folder::new();
    let run = verify(&["gate", "--group", "quick", "--shard", "1/20", "--out", &folder.path("out"), "-j", "1000000"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
}

/// A path need be no text.
#[cfg(target_os = "linux")]
#[test]
fn a_path_that_is_no_text_loses_nothing() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = Folder::new();
    let (state, out) = (folder.path("state"), folder.path("out"));
    let name = std::path::Path::new(&folder.path("")).join(std::ffi::OsStr::from_bytes(b"\xff.json"));
    let arguments = ["gate", "--group", "quick", "--minutes", "0.0001", "--state", &state, "--out", &out];
    let run = super::ended(super::command(&arguments).arg("--json").arg(&name).output().expect("the built binary"));
    assert_eq!(run.code, Some(3), "{}{}", run.stdout, run.stderr);
    for file in [name.as_path(), state.as_ref(), out.as_ref()] {
        assert!(file.is_file(), "{}", file.display());
    }
}
