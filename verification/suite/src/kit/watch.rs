//! Runs a search, and does not wait for ever.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use super::case::Run;
use crate::{
    search::{Collector, Findings, Gather},
    stage,
};

/// How long the last execution may take once the time is up.
const GRACE: Duration = Duration::from_secs(3);

/// What is said of an execution that does not end.
pub(super) const HANGS: &str = if cfg!(loom) {
    "an execution does not end in time: a thread loops or waits outside of enactor::sync, where no engine sees it"
} else {
    "a round does not end: a thread loops, or threads wait for each other; heddle shows where"
};

/// Runs the search into `collector`. If it does not end in time, its thread is left behind and the search is truncated.
pub(super) fn run<P, W>(collector: &Arc<Collector<P, W>>, run: &Run<P, W>) -> Findings<P, W>
where
    P: Ord + Clone + Send + Sync + 'static,
    W: Ord + Copy + Send + Sync + 'static,
{
    let (done, wait) = mpsc::channel();
    let (searched, search) = (Arc::clone(collector), Arc::clone(run));
    let spawned = thread::Builder::new().name("search".to_owned()).spawn(move || {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| search(&searched))) {
            searched.fail(None, format!("the search itself panicked: {}", stage::message(&*panic)));
        }
        // Nobody waits any more once the time is up.
        let _ = done.send(());
    });
    let limit = Duration::from_secs(collector.search().max_seconds) + GRACE;
    match spawned {
        Err(error) => collector.fail(None, format!("no thread for the search: {error}")),
        Ok(_) if wait.recv_timeout(limit).is_err() => collector.fail(None, HANGS.to_owned()),
        Ok(_) => {}
    }
    collector.finish()
}
