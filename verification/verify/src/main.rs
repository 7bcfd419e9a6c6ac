//! `verify`: runs every model and says what came of it. `cargo verify` builds it for an engine's leg.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main()
}
