//! How a run fails, and which failure of a search is kept.

use std::any::Any;

use super::Engine;
use crate::failure::{Failure, FailureKind};

impl Engine {
    pub(crate) fn panicked(&mut self, payload: &(dyn Any + Send), location: Option<String>) {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".to_owned());
        let message = match location {
            Some(location) => format!("{text}, at {location}"),
            None => text,
        };
        self.fail(FailureKind::Panic, message);
    }

    /// Whether no thread may go on in this run.
    pub(super) fn is_over(&self) -> bool {
        self.run.failure.is_some() || self.run.again || !self.run.wanted.is_empty()
    }

    /// Takes the run's failure into the search's; whether there was one.
    pub(crate) fn keep_failure(&mut self) -> bool {
        let Some(failure) = self.run.failure.take() else {
            return false;
        };
        self.stats.failures += 1;
        match failure.kind {
            FailureKind::Truncated => self.stats.truncated += 1,
            FailureKind::Nondeterminism | FailureKind::Unsupported => self.stats.lost += 1,
            _ => {}
        }
        self.offer(failure);
        true
    }

    /// Keeps the failure if it is the first, or the simplest if that is asked.
    pub(crate) fn offer(&mut self, failure: Failure) {
        let simplest = self.limits.simplest_failure;
        let better = |old: &Failure| simplest && failure.cost() < old.cost();
        if self.failure.as_ref().is_none_or(better) {
            self.failure = Some(failure);
        }
    }

    /// Ends the run with a failure, unless it has one.
    pub(crate) fn fail(&mut self, kind: FailureKind, message: String) {
        if self.run.failure.is_none() {
            let thread = self.run.current;
            self.run.failure = Some(Failure {
                kind,
                message,
                thread: thread as usize,
                preemptions: 0,
                events: 0,
                token: String::new(),
            });
        }
    }
}
