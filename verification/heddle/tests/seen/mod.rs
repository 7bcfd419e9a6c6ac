//! Collects what the executions of a model show.

#![allow(dead_code, reason = "not every test file needs both")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use heddle::model::{Builder, Completion, Report};

/// The distinct results of a model that must not fail, and the report.
pub(crate) fn seen<T, F>(f: F) -> (BTreeSet<T>, Report)
where
    T: Ord + Clone + Send + 'static,
    F: Fn() -> T + Send + Sync + 'static,
{
    seen_with(&Builder::new(), f)
}

/// As [`seen`], with a builder.
pub(crate) fn seen_with<T, F>(builder: &Builder, f: F) -> (BTreeSet<T>, Report)
where
    T: Ord + Clone + Send + 'static,
    F: Fn() -> T + Send + Sync + 'static,
{
    let results: Arc<Mutex<BTreeSet<T>>> = Arc::default();
    let recorder = Arc::clone(&results);
    let report = builder.explore(move || {
        let result = f();
        recorder.lock().unwrap().insert(result);
    });
    assert_eq!(report.failure, None);
    assert_eq!(report.completion, Completion::Exhausted);
    let results = results.lock().unwrap().clone();
    (results, report)
}
