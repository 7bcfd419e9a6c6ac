//! Flags that select half a leg give one sentence that says so, instead of a page of import errors.

// A build inside a build: once is enough.
#![cfg(not(loom))]

use std::{path::Path, process::Command};

/// The errors of a build of the library with these flags.
fn errors_with(flags: &str) -> Vec<String> {
    // Its own target directory: the outer build holds the lock of the usual one, and its flags differ.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("flags");
    let output = Command::new(env!("CARGO"))
        .args(["check", "--lib", "--offline", "--quiet", "--message-format=short"])
        // The dev profile would optimise the macros that this build runs once.
        .args(["--release", "--package", env!("CARGO_PKG_NAME")])
        .arg("--target-dir")
        .arg(&target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("RUSTFLAGS", flags)
        // These would win over RUSTFLAGS, or colour what is compared.
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_TERM_COLOR")
        .env_remove("CARGO_BUILD_TARGET")
        .output()
        .expect("the cargo that built this test");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "the build with {flags} went through: {said}");
    // What is left after the compiler's errors is cargo's own, which counts them.
    let errors: Vec<String> =
        said.lines().filter(|line| line.contains("error: ") || line.contains("error[")).map(str::to_owned).collect();
    let Some((count, errors)) = errors.split_last() else { panic!("no error: {said}") };
    assert!(count.starts_with("error: could not compile `enactor`"), "another failure: {said}");
    errors.to_vec()
}

#[test]
fn heddle_without_loom_is_refused_in_one_sentence() {
    let errors = errors_with("--cfg heddle");
    let [error] = &errors[..] else { panic!("{} errors instead of one: {errors:#?}", errors.len()) };
    let sentence = "`--cfg heddle` alone selects half a leg: set RUSTFLAGS=\"--cfg loom --cfg heddle\"";
    assert!(error.starts_with("src/sync.rs:") && error.ends_with(sentence), "{error}");
}
