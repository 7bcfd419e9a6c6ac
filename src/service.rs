//! [`Service`]: Enactors as real threads, woken through channels; one that panics is contained, reported and restarted.

use std::{
    any::Any,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use tracing::error;

use crate::{
    enactor::{Enactor, Policy, RunReport},
    store::{EnactorId, PlanStore},
    sync::{
        Arc,
        channel::{self, Receiver, Sender},
        thread::{self, JoinHandle},
    },
};

/// Enactor threads that serve one store. Dropping it ends them after the run they are in.
pub struct Service {
    enactors: Vec<Worker>,
    reports: Receiver<Report>,
}

struct Worker {
    wake: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What one Enactor reports.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Report {
    /// A run ended.
    Ran(EnactorId, RunReport),
    /// A run panicked. The Enactor was restarted and tries the run again, after a pause, up to [`Service::RESTARTS`] times.
    Panicked {
        /// Whose run.
        enactor: EnactorId,
        /// The panic's message.
        message: String,
    },
}

impl Service {
    /// How many Enactors the incident had, one for each availability zone.
    pub const ENACTORS: u32 = 3;
    /// How often a run that panics is tried again before the Enactor waits for the next wake-up.
    pub const RESTARTS: u32 = 5;

    const FIRST_RESTART: Duration = Duration::from_millis(1);

    /// Starts `enactors` Enactors on `store`.
    pub fn start<S: PlanStore>(store: &Arc<S>, enactors: u32, policy: Policy) -> Self {
        let (report, reports) = channel::unbounded();
        let start = |number| {
            let (wake, woken) = channel::unbounded();
            let (store, report) = (Arc::clone(store), report.clone());
            let thread = thread::spawn(move || work(&*store, EnactorId(number), policy, &woken, &report));
            Worker { wake: Some(wake), thread: Some(thread) }
        };
        Self { enactors: (1..=enactors).map(start).collect(), reports }
    }

    /// Tells every Enactor that there may be something to do. What it is told during a run adds up to one more run.
    pub fn wake(&self) {
        for wake in self.enactors.iter().filter_map(|worker| worker.wake.as_ref()) {
            // An Enactor thread ends only after its channel does, so there is somebody to hear it.
            let _ = wake.send(());
        }
    }

    /// Waits for the next report. None when every Enactor has ended.
    pub fn report(&self) -> Option<Report> {
        self.reports.recv().ok()
    }

    /// Ends every Enactor after what it was woken for, and returns what they reported since the last look.
    pub fn stop(mut self) -> Vec<Report> {
        self.join();
        std::iter::from_fn(|| self.reports.try_recv()).collect()
    }

    fn join(&mut self) {
        for worker in &mut self.enactors {
            worker.wake = None;
        }
        for thread in self.enactors.iter_mut().filter_map(|worker| worker.thread.take()) {
            // `work` contains every panic of a run.
            thread.join().expect("an Enactor thread does not panic outside its runs");
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.join();
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("enactors", &self.enactors.len()).finish()
    }
}

fn work<S: PlanStore>(store: &S, id: EnactorId, policy: Policy, woken: &Receiver<()>, report: &Sender<Report>) {
    while woken.recv().is_ok() {
        // One run does for every wake-up before it, else a slow Enactor would work off a backlog of runs without a purpose.
        while woken.try_recv().is_some() {}
        let mut wait = Service::FIRST_RESTART;
        for _ in 0..=Service::RESTARTS {
            // Unwind safety: a store promises to be whole at every step (its contract), and the Enactor is made anew.
            let run = catch_unwind(AssertUnwindSafe(|| Enactor::new(id, policy).run(store)));
            // Nobody listening is no reason to stop enacting.
            match run {
                Ok(run) => {
                    let _ = report.send(Report::Ran(id, run));
                    break;
                }
                Err(panic) => {
                    let message = message(&*panic);
                    error!(enactor = %id, "panics: {message}");
                    let _ = report.send(Report::Panicked { enactor: id, message });
                    thread::pause(wait);
                    wait *= 2;
                }
            }
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a message".to_owned())
}
