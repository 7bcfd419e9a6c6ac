//! The plan stores against what people would use instead: resolving, resolving beside a writer, rolling out, memory.
//!
//! `cargo bench --bench store` prints Markdown, as in `docs/bench.md`. With `-- --quick`, and under `cargo test --benches`,
//! everything is done once or twice on small numbers, in a few seconds: that it works is all that this shows.
//!
//! `contenders` says who takes part, `workload` what they do, `measure` and `memory` what is measured of each, `rounds` how
//! that becomes one number, `report` in which order, and what is printed.

// Loom's atomics exist only inside a model, and cost what a model costs.
#[cfg(not(loom))]
mod contenders;
#[cfg(not(loom))]
mod measure;
#[cfg(not(loom))]
mod memory;
#[cfg(not(loom))]
mod report;
#[cfg(not(loom))]
mod rounds;
#[cfg(not(loom))]
mod workload;

#[cfg(not(loom))]
fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if memory::was_measured(&arguments)? {
        return Ok(());
    }
    // `cargo bench` passes `--bench`, `cargo test` does not. Whatever else a test harness would know is nothing to us.
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let scale = if has("--bench") && !has("--quick") { report::Scale::FULL } else { report::Scale::QUICK };
    report::run(&scale, &mut std::io::stdout().lock())
}

#[cfg(loom)]
fn main() -> std::io::Result<()> {
    std::io::Write::write_all(&mut std::io::stdout(), b"benches run on the real leg: leave out `--cfg loom`\n")
}
