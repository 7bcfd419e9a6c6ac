//! What `verify` does when it was built for the real leg: builds itself for the loom leg and runs that.
//!
//! `cargo verify` sets the flag through cargo's configuration, which gives way to a `RUSTFLAGS` of the environment. CI
//! systems like to set that, so here it is, with the flag added.

use std::{
    env,
    process::{Command, ExitStatus},
};

use super::{Exit, complain};

pub(super) fn rebuild() -> Exit {
    let flags = env::var("RUSTFLAGS").unwrap_or_default();
    if flags.contains("--cfg loom") {
        complain("built without `--cfg loom` although RUSTFLAGS has it; this build has no engine");
        return Exit::Internal;
    }
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let status = Command::new(cargo)
        .args(["run", "--release", "--quiet", "--manifest-path", manifest, "--bin", "verify", "--"])
        .args(env::args_os().skip(1))
        .env("RUSTFLAGS", format!("{flags} --cfg loom").trim_start())
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status();
    match status.as_ref().map(ExitStatus::code) {
        Ok(Some(0)) => Exit::AsExpected,
        Ok(Some(1)) => Exit::Differs,
        Ok(Some(2)) => Exit::Usage,
        Ok(Some(3)) => Exit::Inconclusive,
        Ok(_) => Exit::Internal,
        Err(error) => {
            complain(format!("cannot run cargo to build the loom leg: {error}"));
            Exit::Internal
        }
    }
}
