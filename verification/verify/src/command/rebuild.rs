//! What `verify` does when it was built for another leg than it needs: builds itself for that one and runs it.
//!
//! `cargo verify` sets heddle's flags through cargo's configuration, which gives way to a `RUSTFLAGS` of the environment. CI
//! systems like to set that, so the engine's flags are added to it here. loom's verdicts need another build anyway.

use std::{
    env,
    ffi::OsString,
    io,
    process::{Child, Command, ExitStatus},
    sync::OnceLock,
};

use enactor_verification::engine::Engine;

use super::{Exit, complain};

/// Set for the build that this one makes, so that a build that does not help is not made again.
const REBUILT: &str = "ENACTOR_VERIFY_REBUILT";

/// This command line again, on `leg`.
pub(super) fn rebuild(leg: Engine) -> Exit {
    if env::var_os(REBUILT).is_some_and(|engine| engine == leg.name()) {
        complain(format!("the build for {leg} has not become one; RUSTFLAGS must let `{}` through", flags(leg)));
        return Exit::Internal;
    }
    // Ctrl-C, and what else asks a program to end, is for the build's program, which says what is known by then; this one waits.
    if let Err(error) = ctrlc::set_handler(end) {
        complain(format!("cannot listen to Ctrl-C: {error}"));
        return Exit::Internal;
    }
    let mut command = command(leg);
    let status = start(command.args(env::args_os().skip(1))).and_then(|mut running| running.wait());
    match status.as_ref().map(ExitStatus::code) {
        Ok(Some(0)) => Exit::AsExpected,
        Ok(Some(1)) => Exit::Differs,
        Ok(Some(2)) => Exit::Usage,
        Ok(Some(3)) => Exit::Inconclusive,
        Ok(Some(_)) => Exit::Internal,
        Ok(None) => {
            complain(format!("the {leg} leg was ended from outside, before it had anything to say"));
            Exit::Inconclusive
        }
        Err(error) => {
            complain(format!("cannot run cargo to build the {leg} leg: {error}"));
            Exit::Internal
        }
    }
}

/// The build's program, while it runs.
static RUNNING: OnceLock<u32> = OnceLock::new();

/// Starts the build's program, apart from this one. There is one in the life of this program.
pub(super) fn start(command: &mut Command) -> io::Result<Child> {
    apart(command);
    let child = command.spawn()?;
    RUNNING.get_or_init(|| child.id());
    Ok(child)
}

/// Asks the build's program to end, if it runs.
pub(super) fn end() {
    RUNNING.get().copied().into_iter().for_each(pass_on);
}

/// A terminal's Ctrl-C goes to a whole group of processes, and a second one ends the build's program without a word: so that
/// each comes to it once, it has a group of its own.
#[cfg(unix)]
fn apart(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(unix)]
fn pass_on(child: u32) {
    use nix::{sys::signal, unistd::Pid};
    // If it has ended by now there is nobody to tell.
    let _ = signal::killpg(Pid::from_raw(child.cast_signed()), signal::Signal::SIGTERM);
}

/// Elsewhere Ctrl-C comes to both by itself.
#[cfg(not(unix))]
fn apart(_command: &mut Command) {}

#[cfg(not(unix))]
fn pass_on(_child: u32) {}

/// `verify` on `leg`, to be given its arguments.
pub(super) fn command(leg: Engine) -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command
        .args(["run", "--release", "--quiet", "--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .args(["--bin", "verify", "--"])
        .env("RUSTFLAGS", flags(leg))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env(REBUILT, leg.name());
    command
}

/// The compiler's flags of the environment, with the leg's instead of another's.
fn flags(leg: Engine) -> String {
    let given = env::var("RUSTFLAGS").unwrap_or_default();
    let others = Engine::Heddle.flags().chunks(2).fold(given, |flags, flag| flags.replace(&flag.join(" "), ""));
    let flags: Vec<&str> = others.split_whitespace().chain(leg.flags().iter().copied()).collect();
    flags.join(" ")
}
