//! Running models before somebody's eyes: progress, the time left, and Ctrl-C.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, Write as _},
    num::NonZeroUsize,
    process,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use enactor_verification::{
    engine::Engine,
    search::{Findings, Progress, Search},
};
use enactor_verify::{
    budget::Model,
    gate::{baseline::Baseline, estimate},
    runner::{self, Event, Outcome},
};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Exit, complain, models::ENGINE, rebuild};

/// Ctrl-C, and what else asks a program to end, ends the searches, loom's in another process too; a second one ends the program.
pub(super) fn listen(progress: &Arc<Progress>) -> Result<(), Exit> {
    let interrupt = Arc::clone(progress);
    let handler = move || {
        if interrupt.is_interrupted() {
            process::exit(Exit::Inconclusive as i32);
        }
        interrupt.interrupt();
        rebuild::end();
    };
    ctrlc::set_handler(handler).map_err(|error| {
        complain(format!("cannot listen to Ctrl-C: {error}"));
        Exit::Internal
    })
}

/// Who looks on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// People: a bar on a terminal, elsewhere a line for each model.
    People,
    /// A program that reads standard output.
    Program,
}

/// So many as were asked for, by default all.
pub(super) fn cores(jobs: Option<NonZeroUsize>) -> NonZeroUsize {
    jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN).min(MOST_CORES)
}

/// More threads than any machine of today has cores gain nothing, and may be more than the system gives.
const MOST_CORES: NonZeroUsize = NonZeroUsize::new(1024).expect("it is not 0");

/// A line of progress. Where nobody can read it, the work goes on all the same.
fn tell(line: std::fmt::Arguments<'_>) {
    drop(writeln!(anstream::stderr(), "{line}"));
}

/// Ends a bar whatever happens: who waits for that must not wait for ever.
struct Ends<'a>(&'a ProgressBar);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A bar on a terminal, elsewhere a line for each tenth, over steps of which nobody knows how long they take.
pub(super) struct Steps {
    bar: ProgressBar,
    lines: bool,
    done: AtomicU64,
}

impl Steps {
    /// So many steps of `what`.
    pub(super) fn new(count: usize, what: &str, audience: Audience) -> Self {
        let bar = bar(count, what, audience);
        bar.enable_steady_tick(Duration::from_millis(100));
        let lines = audience == Audience::People && !std::io::stderr().is_terminal();
        Self { bar, lines, done: AtomicU64::new(0) }
    }

    /// One more is done.
    pub(super) fn step(&self, words: &str) {
        self.bar.inc(1);
        self.bar.set_prefix(words.to_owned());
        // Relaxed: each number comes up once, whatever the order.
        let (done, of) = (self.done.fetch_add(1, Ordering::Relaxed) + 1, self.bar.length().unwrap_or(1).max(1));
        if self.lines && done * 10 / of > (done - 1) * 10 / of {
            tell(format_args!("{words} ({done} of {of})"));
        }
    }

    /// All are done, or nobody waits for them any more.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// Runs `models` on `jobs` cores, by default all. What `baseline` knows says how long it takes.
pub(super) fn play(
    models: &[Model],
    jobs: Option<NonZeroUsize>,
    audience: Audience,
    baseline: &Baseline,
    progress: &Arc<Progress>,
) -> Vec<Outcome> {
    let cores = cores(jobs);
    // heddle divides one search among all cores; loom cannot, so there it is one search for each core.
    let (at_a_time, workers) = match ENGINE {
        Engine::Heddle => (NonZeroUsize::MIN, cores.get()),
        Engine::Loom => (cores, 1),
    };
    let with_workers = |model: &Model| Model { search: Search { workers, ..model.search }, ..model.clone() };
    let models: Vec<Model> = models.iter().map(with_workers).collect();
    let bar = bar(models.len(), "models", audience);
    let left = Left::new(&models, baseline, Arc::clone(progress));
    let lines = audience == Audience::People && !std::io::stderr().is_terminal();
    let watch = |event: Event<'_>| match event {
        Event::Began(model) => bar.set_prefix(model.name()),
        Event::Ended(outcome) => {
            bar.inc(1);
            let done = left.ended(outcome);
            if lines {
                let (name, findings) = (outcome.model.name(), &outcome.findings);
                let (executions, seconds, left) = (findings.executions, findings.seconds, left.words());
                let of = models.len();
                tell(format_args!("{name}: {executions} executions, {seconds:.1} s ({done} of {of}, {left})"));
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            while !bar.is_finished() {
                bar.set_message(format!(", {}", left.rate()));
                thread::sleep(Duration::from_millis(100));
            }
        });
        let _ends = Ends(&bar);
        runner::run(&models, at_a_time, explore, progress, watch)
    })
}

/// What ended all searches ends those that have not begun, too.
fn explore(model: &Model, progress: &Arc<Progress>) -> Findings {
    match progress.limit() {
        Some(limit) => Findings { limit: Some(limit), ..Findings::default() },
        None => model.explore(progress),
    }
}

fn bar(count: usize, what: &str, audience: Audience) -> ProgressBar {
    if audience == Audience::Program {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(&format!(
        "{{elapsed_precise}} [{{bar:30}}] {{pos}}/{{len}} {what}{{msg}}\n{{prefix:.dim}}"
    ))
    .expect("a fixed template")
    .progress_chars("=> ");
    ProgressBar::new(count as u64).with_style(style)
}

/// How much is left to do.
struct Left {
    began: Instant,
    progress: Arc<Progress>,
    models: Mutex<LeftModels>,
}

struct LeftModels {
    /// The models that have not ended, and their recorded executions.
    recorded: BTreeMap<String, Option<u64>>,
    ended: usize,
    /// The executions of those that have ended.
    executions: u64,
}

impl Left {
    fn new(models: &[Model], baseline: &Baseline, progress: Arc<Progress>) -> Self {
        let recorded = |model: &Model| baseline.counts(ENGINE, &model.name()).map(|counts| counts.executions);
        let recorded = models.iter().map(|model| (model.name(), recorded(model))).collect();
        let models = Mutex::new(LeftModels { recorded, ended: 0, executions: 0 });
        Self { began: Instant::now(), progress, models }
    }

    fn models(&self) -> MutexGuard<'_, LeftModels> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more model has ended; says how many have.
    fn ended(&self, outcome: &Outcome) -> usize {
        let mut models = self.models();
        models.recorded.remove(&outcome.model.name());
        models.executions += outcome.findings.executions;
        models.ended += 1;
        models.ended
    }

    fn words(&self) -> String {
        let done = self.progress.executions();
        let models = self.models();
        let left = estimate::left(models.recorded.values().copied(), done.saturating_sub(models.executions));
        estimate::words(estimate::remaining(done, left, self.began.elapsed()))
    }

    fn rate(&self) -> String {
        let executions = self.progress.executions();
        let rate = executions as f64 / self.began.elapsed().as_secs_f64().max(0.1);
        format!("{executions} executions, {rate:.0}/s, {}", self.words())
    }
}
