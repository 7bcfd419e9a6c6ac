//! A failure as a table of its steps.

use std::fmt;

use super::{Again, Failure, Step};

/// Of an execution with more steps, so many are shown of its beginning and end.
const SHOWN: (usize, usize) = (40, 60);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, thread, message, token, .. } = self;
        if self.steps.is_empty() {
            write!(f, "{kind} in thread {thread}: {message} (replay token {token})")?;
        } else {
            write!(f, "{kind} in thread {thread}: {message}")?;
            if let Some(weak) = &self.weak {
                write!(f, "\n{weak}")?;
            }
            self.table(f)?;
            write!(f, "\nreplay token {token}")?;
        }
        if let Again::Differs { failure } = &self.again {
            let instead = failure.as_deref().unwrap_or("no failure");
            write!(
                f,
                "\nRun again, the same execution gave {instead}: the closure depends on something that heddle does not know"
            )?;
        }
        Ok(())
    }
}

impl Failure {
    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wide = |words: fn(&Step) -> String| self.steps.iter().map(|step| words(step).chars().count()).max();
        let threads = wide(who).unwrap_or(0).max("thread".len());
        // A long line of one step does not push the sites of all others away.
        let words = wide(|step| step.words.clone()).unwrap_or(0).min(72);
        write!(f, "\n  step  {:threads$}", "thread")?;
        let (first, last) = SHOWN;
        let hidden = first..self.steps.len().saturating_sub(last).max(first);
        for (index, step) in self.steps.iter().enumerate() {
            if hidden.contains(&index) {
                if index == hidden.start {
                    write!(f, "\n        ({} more steps)", hidden.len())?;
                }
                continue;
            }
            let Step { words: what, site, .. } = step;
            let (number, who) = (index + 1, who(step));
            write!(f, "\n  {number:>4}  {who:threads$}  {what:words$}  {}:{}", site.file(), site.line())?;
        }
        Ok(())
    }
}

/// The thread as its column shows it.
fn who(step: &Step) -> String {
    match &step.thread_name {
        Some(name) => format!("{} {name}", step.thread),
        None => step.thread.to_string(),
    }
}
