//! What a test that fails tells people.

use std::fmt::Display;

#[cfg(loom)]
use crate::engine::Engine;
use crate::verdict::{Emptiness, Limit, Verdict};

/// What to think of loom's refutations.
#[cfg(loom)]
pub(super) const DOUBT: &str =
    "\nloom has false alarms, where an access is SeqCst most of all: it takes that for AcqRel. Ask heddle, too.";

/// What to do about a search that a limit ended.
pub(super) fn truncated(name: &str, limit: &Limit, executions: u64) -> String {
    let advice = match limit {
        Limit::Engine(words) if words.contains("not deterministic") => {
            "Given the same values read, the code did not do the same again. Take out of it, or fix for the test, what differs \
             from run to run: a HashMap's random state, clocks, random numbers, addresses, statics that keep a value."
        }
        Limit::Engine(words) if words.contains(super::watch::HANGS) => {
            "Use the locks and atomics of enactor::sync, and let a loop that waits read one of them. If the code does end, give it \
             more `seconds`."
        }
        Limit::Engine(words)
            if words.contains("truncated") || words.contains("exceeded") || words.contains("Truncated") =>
        {
            "One execution goes on and on: a loop that retries must end, or wait for something that another thread writes."
        }
        Limit::Engine(_) => "The engine cannot go on with this code: mend what it says.",
        Limit::Seconds(_) | Limit::Executions(_) => {
            "Give it more (`seconds`, `executions` of the candidate), make the scenario smaller, or on loom set a `bound`."
        }
        Limit::Refuted | Limit::Together(_) | Limit::Interrupted => "Run it again.",
    };
    let words = match limit {
        Limit::Engine(words) => words.clone(),
        limit => limit.to_string(),
    };
    format!("{name} is truncated after {executions} executions: nothing is proved.\nWhy: {words}\n{advice}")
}

/// What to do about a search that proves nothing, though it has `refuted` these properties.
pub(super) fn vacuous<W: Display>(name: &str, verdict: &Verdict<W>, refuted: &[String], is_a_model: bool) -> String {
    let advice = match verdict {
        Verdict::Vacuous(Emptiness::NotSetUp(_)) if is_a_model => "No execution could begin. Mend the setup.",
        Verdict::Vacuous(Emptiness::NotSetUp(_)) => {
            "No execution could begin. Mend the constructor, or say in the kit what the store cannot give (`room`, `endpoints`)."
        }
        Verdict::Vacuous(Emptiness::OneExecution) if refuted.is_empty() => {
            "The engine saw one execution: nothing that the threads share goes through enactor::sync. Use its atomics, locks and \
             threads in place of std's; without a cfg they are std's."
        }
        Verdict::Vacuous(_) if !refuted.is_empty() => {
            let refuted = refuted.join(", ");
            return format!(
                "{name} is {verdict}: it proves nothing.\nIn the same scenario the code violates {refuted}: mend that first, then see \
                 whether it comes up."
            );
        }
        _ => {
            "What a proof must have met never came up. Either the code cannot get there (say so with `cannot_meet`), or \
             something is missing that lets threads meet."
        }
    };
    format!("{name} is {verdict}: it proves nothing.\n{advice}")
}

/// What to do where threads panicked, so that nobody could ask.
pub(super) fn unjudged(name: &str, unjudged: u64, executions: u64) -> String {
    format!(
        "{name} is vacuous: it proves nothing.\nIn {unjudged} of {executions} executions a thread panicked, and there was no outcome \
         to ask of. `completes` shows one: mend that first."
    )
}

/// What to say of a counterexample that does not come up again.
#[cfg(loom)]
pub(super) fn unsteady(name: &str) -> String {
    let limit =
        Limit::Engine("the code is not deterministic: a counterexample was found that does not come up again".into());
    truncated(name, &limit, 1)
}

/// The command that replays `token`, for somebody who has nothing but this line.
#[cfg(loom)]
pub(super) fn command(token: &str, command: &str) -> String {
    let flags = Engine::BUILT.expect("a leg with an engine").flags().join(" ");
    format!("RUSTFLAGS=\"{flags}\" ENACTOR_REPLAY='{token}' {command}")
}
