//! The search over all workers: each has an engine of its own; one that runs
//! out of choices takes the oldest of another.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::engine::{Driver, Engine, Entry, Stats, Task, exchange, with};
use crate::failure::Failure;
use crate::model::{Builder, Completion, LoadBuffering, Progress};

pub(crate) type Body = Arc<dyn Fn() + Sync + Send>;

/// What a search came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) stats: Stats,
    pub(crate) failure: Option<Failure>,
    pub(crate) load_buffering: Option<LoadBuffering>,
    pub(crate) completion: Completion,
    /// The share of the search that is behind.
    pub(crate) explored: f64,
}

/// What the workers share.
struct Shared<'a> {
    builder: &'a Builder,
    started: Instant,
    /// Choices that no worker has.
    tasks: Mutex<Tasks>,
    changed: Condvar,
    flags: Flags,
    counts: Counts,
    outcome: Mutex<Outcome>,
}

/// What every worker looks at in each run and hardly ever changes, on a cache
/// line of its own.
#[repr(align(128))]
struct Flags {
    /// Workers without a task: the others give some away.
    hungry: AtomicUsize,
    /// Giving away choices before they are dealt would make the shards differ.
    dealt: AtomicBool,
    stopped: AtomicBool,
}

/// What workers add to. Each run does only if something depends on it.
#[repr(align(128))]
struct Counts {
    runs: AtomicU64,
    /// The share of the search that is behind, if somebody wants to be told; and
    /// the share that is to be explored here.
    explored: Mutex<f64>,
    total: Mutex<f64>,
}

struct Tasks {
    queue: VecDeque<Task>,
    /// Workers that have a task, and so may give some away.
    busy: usize,
}

/// A worker's own handle of the closure: the count of the shared one would be
/// written by every worker in every run.
#[derive(Clone)]
pub(crate) struct OwnBody(Arc<Body>);

impl OwnBody {
    pub(crate) fn new(body: &Body) -> Self {
        Self(Arc::new(Arc::clone(body)))
    }

    /// One run's thread 0.
    pub(crate) fn entry(&self) -> Entry {
        let own = self.clone();
        Box::new(move || (own.0)())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many choices, for each shard, a sharded search makes before it deals
/// them out.
const DEALT: usize = 16;

/// Explores every execution that is this search's to explore.
pub(crate) fn search(builder: &Builder, body: &Body) -> Outcome {
    let shared = Shared {
        builder,
        started: Instant::now(),
        tasks: Mutex::new(Tasks { queue: VecDeque::new(), busy: 1 }),
        changed: Condvar::new(),
        flags: Flags {
            hungry: AtomicUsize::new(0),
            dealt: AtomicBool::new(builder.shard.is_none()),
            stopped: AtomicBool::new(false),
        },
        counts: Counts { runs: AtomicU64::new(0), explored: Mutex::new(0.0), total: Mutex::new(1.0) },
        outcome: Mutex::new(Outcome {
            stats: Stats::default(),
            failure: None,
            load_buffering: None,
            completion: Completion::Exhausted,
            explored: 0.0,
        }),
    };
    std::thread::scope(|scope| {
        for _ in 1..builder.workers.max(1) {
            scope.spawn(|| shared.help(body));
        }
        shared.begin(body);
    });
    let explored = *lock(&shared.counts.explored) / *lock(&shared.counts.total);
    let outcome = shared.outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    Outcome { explored: explored.min(1.0), ..outcome }
}

impl Shared<'_> {
    /// The worker that starts: it has the empty graph.
    fn begin(&self, body: &Body) {
        let mut driver = self.enter();
        let body = &OwnBody::new(body);
        let mut more = self.run(&mut driver, body);
        if let Some((shard, shards)) = self.builder.shard {
            if more {
                self.deal(&mut driver, body, shard, shards);
            }
            more = false;
        }
        while more && with(Engine::advance) {
            more = self.run(&mut driver, body);
        }
        self.work(&mut driver, body);
    }

    fn help(&self, body: &Body) {
        let mut driver = self.enter();
        lock(&self.tasks).busy += 1;
        self.work(&mut driver, &OwnBody::new(body));
    }

    fn enter(&self) -> Driver {
        exchange(Some(self.builder.engine()));
        Driver::new(self.builder.stack_size)
    }

    /// Takes up tasks until no worker has any.
    fn work(&self, driver: &mut Driver, body: &OwnBody) {
        while let Some(task) = self.next_task() {
            with(|engine| engine.adopt(task));
            while with(Engine::advance) && self.run(driver, body) {}
        }
        let engine = exchange(None);
        if let Some(mut engine) = engine {
            self.absorb(&mut engine);
        }
    }

    fn next_task(&self) -> Option<Task> {
        let mut tasks = lock(&self.tasks);
        tasks.busy -= 1;
        self.flags.hungry.fetch_add(1, Ordering::Relaxed);
        loop {
            let stopped = self.flags.stopped.load(Ordering::Relaxed);
            let task = if stopped { None } else { tasks.queue.pop_front() };
            if task.is_some() {
                tasks.busy += 1;
                self.flags.hungry.fetch_sub(1, Ordering::Relaxed);
                return task;
            }
            if stopped || tasks.busy == 0 {
                self.changed.notify_all();
                return None;
            }
            tasks = self.changed.wait(tasks).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// One run; whether the search goes on.
    fn run(&self, driver: &mut Driver, body: &OwnBody) -> bool {
        driver.run(&|| body.entry());
        let failed = with(Engine::keep_failure);
        if failed && !self.builder.keep_going && !self.builder.simplest_failure {
            self.stop(Completion::Failed);
        }
        self.limit();
        if self.flags.hungry.load(Ordering::Relaxed) > 0 && self.flags.dealt.load(Ordering::Relaxed) {
            self.feed();
        }
        !self.flags.stopped.load(Ordering::Relaxed)
    }

    /// Tells how far the search is and stops it at a limit, if the builder says
    /// so.
    fn limit(&self) {
        let builder = self.builder;
        let counted = builder.max_permutations.is_some() || builder.progress.is_some();
        if !counted && builder.max_duration.is_none() && builder.interrupt.is_none() {
            return;
        }
        let runs = self.counts.runs.fetch_add(1, Ordering::Relaxed) + 1;
        let more = with(|engine| engine.backlog() > 0);
        // The queue counts too, but what a limit cuts short is never little.
        let left = more || !lock(&self.tasks).queue.is_empty();
        if left && builder.max_permutations.is_some_and(|max| runs >= max as u64) {
            self.stop(Completion::MaxPermutations);
        }
        let elapsed = builder.max_duration.map(|max| self.started.elapsed() >= max);
        if left && elapsed == Some(true) {
            self.stop(Completion::MaxDuration);
        }
        if left && self.builder.interrupt.as_ref().is_some_and(|interrupt| interrupt.load(Ordering::Relaxed)) {
            self.stop(Completion::Interrupted);
        }
        self.tell(runs);
    }

    fn tell(&self, runs: u64) {
        let Some(progress) = &self.builder.progress else {
            return;
        };
        let mut explored = lock(&self.counts.explored);
        *explored += with(|engine| std::mem::take(&mut engine.explored));
        let share = *explored / *lock(&self.counts.total);
        drop(explored);
        if runs.is_multiple_of(self.builder.progress_interval.max(1)) {
            let backlog = with(|engine| engine.backlog()) as u64;
            progress(&Progress { runs, backlog, explored: share.min(1.0), elapsed: self.started.elapsed() });
        }
    }

    fn feed(&self) {
        if with(|engine| engine.backlog()) < 2 {
            return;
        }
        if let Some(task) = with(Engine::donate) {
            lock(&self.tasks).queue.push_back(task);
            self.changed.notify_one();
        }
    }

    fn stop(&self, completion: Completion) {
        let mut outcome = lock(&self.outcome);
        if !self.flags.stopped.swap(true, Ordering::Relaxed) {
            outcome.completion = completion;
        }
        drop(outcome);
        let _tasks = lock(&self.tasks);
        self.changed.notify_all();
    }

    /// Goes the same way in every shard, oldest choice first, until there is
    /// enough to deal out, then keeps one choice in `shards`. What ran before
    /// counts in shard 0 alone.
    fn deal(&self, driver: &mut Driver, body: &OwnBody, shard: usize, shards: usize) {
        let mut choices = VecDeque::new();
        loop {
            while let Some(task) = with(Engine::donate) {
                choices.push_back(task);
            }
            if choices.len() >= DEALT * shards {
                break;
            }
            let Some(task) = choices.pop_front() else {
                break;
            };
            with(|engine| engine.adopt(task));
            if with(Engine::advance) && !self.run(driver, body) {
                break;
            }
        }
        if shard != 0 {
            with(|engine| {
                engine.stats = Stats::default();
                engine.explored = 0.0;
            });
            *lock(&self.counts.explored) = 0.0;
        }
        let kept: Vec<Task> = choices.into_iter().skip(shard).step_by(shards).collect();
        let before = *lock(&self.counts.explored) + with(|engine| engine.explored);
        *lock(&self.counts.total) = before + kept.iter().map(Task::share).sum::<f64>();
        lock(&self.tasks).queue.extend(kept);
        self.flags.dealt.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }

    fn absorb(&self, engine: &mut Engine) {
        engine.keep_failure();
        *lock(&self.counts.explored) += engine.explored;
        let mut outcome = lock(&self.outcome);
        outcome.stats.add(&engine.stats);
        if let Some(failure) = outcome.failure.take() {
            engine.offer(failure);
        }
        outcome.failure = engine.failure.take();
        outcome.load_buffering = outcome.load_buffering.take().or(engine.load_buffering.take());
    }
}
