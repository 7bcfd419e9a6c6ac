//! Runs a search, and does not wait for ever.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, OnceLock,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use super::case::Run;
use crate::{
    search::{Collector, Findings, Gather},
    stage,
};

/// How long the last execution may take once the time is up.
const GRACE: Duration = Duration::from_secs(3);
/// How long any execution may take. They take milliseconds.
const LONGEST: Duration = Duration::from_secs(20);
/// How often to look.
const PACE: Duration = Duration::from_millis(500);

/// What is said of an execution that does not end.
pub(super) const HANGS: &str = if cfg!(loom) {
    "an execution does not end in time: a thread loops or waits outside of enactor::sync, where no engine sees it"
} else {
    "a round does not end: a thread loops, or threads wait for each other; heddle shows where"
};

/// Runs the search of `name` into `collector`. If an execution does not end in time, its thread is left behind, with all that it
/// holds on to; the search is truncated, and so are those that come after it: `hung` has the name of the first.
pub(super) fn run<P, W>(
    name: &str,
    collector: &Arc<Collector<P, W>>,
    run: &Run<P, W>,
    hung: &OnceLock<String>,
) -> Findings<P, W>
where
    P: Ord + Clone + Send + Sync + 'static,
    W: Ord + Copy + Send + Sync + 'static,
{
    if let Some(first) = hung.get() {
        collector.fail(None, format!("not searched, since an execution of {first} did not end: mend that first"));
        return collector.finish();
    }
    let (done, wait) = mpsc::channel();
    let (searched, search) = (Arc::clone(collector), Arc::clone(run));
    let spawned = thread::Builder::new().name("search".to_owned()).spawn(move || {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| search(&searched))) {
            searched.fail(None, format!("the search itself panicked: {}", stage::message(&*panic)));
        }
        // Nobody waits any more once the time is up.
        let _ = done.send(());
    });
    match spawned {
        Err(error) => collector.fail(None, format!("no thread for the search: {error}")),
        Ok(_) if !ends(collector, &wait) => {
            hung.get_or_init(|| name.to_owned());
            collector.fail(None, HANGS.to_owned());
        }
        Ok(_) => {}
    }
    collector.finish()
}

/// Waits for a search; false when it does not end.
fn ends<P: Ord + Clone, W: Ord + Copy>(collector: &Collector<P, W>, wait: &mpsc::Receiver<()>) -> bool {
    let end = Instant::now() + Duration::from_secs(collector.search().max_seconds) + GRACE;
    let (mut begun, mut since) = (collector.begun(), Instant::now());
    while wait.recv_timeout(PACE) == Err(RecvTimeoutError::Timeout) {
        let (now, begun_now) = (Instant::now(), collector.begun());
        if begun_now != begun {
            (begun, since) = (begun_now, now);
        }
        if now > end || now > since + LONGEST {
            return false;
        }
    }
    true
}
