//! How long the contenders take: [`Measured`], what is done to each in one round.

use std::{
    hint::{self, black_box},
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use enactor::plan::{Answer, Endpoint, Plan};
use hdrhistogram::Histogram;

use crate::contenders::{Contender, Phases};

/// A [`Contender`], to be measured without knowing which.
pub(crate) trait Measured {
    fn name(&self) -> &'static str;
    fn keeps_plans(&self) -> bool;
    fn claimed_bytes(&self) -> Option<usize>;
    fn roll_out(&self, plan: Arc<Plan>) -> Phases;

    /// Resolves `lookups` on each of `threads` threads at the same time.
    fn resolve(&self, lookups: &[Endpoint], threads: usize) -> Resolved;

    /// Resolves `lookups` over and over on one thread, while another one rolls out `plans`, one after the other, at `pace`.
    fn resolve_while_written(&self, lookups: &[Endpoint], plans: &[Arc<Plan>], pace: Pace) -> WhileWritten;
}

/// How soon a writer begins the next plan.
#[derive(Clone, Copy)]
pub(crate) enum Pace {
    /// When it is done with the one before. Who writes faster then disturbs its reader more often.
    WithoutPause,
    /// So long after it began the one before, for each endpoint, but not before it is done with that: as often for every
    /// contender that keeps up.
    Every(Duration),
}

/// What resolving alone showed.
pub(crate) struct Resolved {
    /// Nanoseconds for each resolve, as a thread sees it: the median over batches, so that a batch in which the machine did
    /// something else does not count.
    pub(crate) nanoseconds: f64,
    /// What the answers came to: the same for every contender that serves the same plan.
    pub(crate) fold: u64,
}

/// What resolving beside a writer showed, in nanoseconds.
pub(crate) struct WhileWritten {
    /// For each resolve, as the median over short batches.
    pub(crate) median: f64,
    /// The 99th percentile of resolves that were timed one by one: with one reading of the clock and one count each.
    pub(crate) percentile_99: f64,
    /// The 99.9th percentile of the same.
    pub(crate) percentile_99_9: f64,
    /// The longest of the same.
    pub(crate) longest: f64,
    /// How long it was from plan to plan, for each endpoint.
    pub(crate) write: f64,
}

/// A round's writer stops after the plan in which this is over, if plans are left then.
const LONGEST_ROUND: Duration = Duration::from_millis(500);
/// Resolves in a row that are timed together, when nothing else is.
const LONG_BATCH: usize = 256;
/// Resolves in a row that are timed together, and then as many one by one.
const BATCH: usize = 32;

impl<C: Contender> Measured for C {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn keeps_plans(&self) -> bool {
        C::KEEPS_PLANS
    }

    fn claimed_bytes(&self) -> Option<usize> {
        Contender::claimed_bytes(self)
    }

    fn roll_out(&self, plan: Arc<Plan>) -> Phases {
        Contender::roll_out(self, plan)
    }

    fn resolve(&self, lookups: &[Endpoint], threads: usize) -> Resolved {
        let barrier = &Barrier::new(threads);
        let work = |thread: usize| {
            let resolve = self.reader();
            let (mut batches, mut folds) = (histogram(), 0);
            let (behind, ahead) = lookups.split_at(lookups.len() * thread / threads);
            barrier.wait();
            for batch in [ahead, behind].into_iter().flat_map(|part| part.chunks_exact(LONG_BATCH)) {
                let mut answer = Answer::EMPTY;
                let started = Instant::now();
                for endpoint in batch {
                    folds ^= resolve(endpoint, &mut answer);
                    // The answer is for a client, so it has to be written.
                    black_box(&answer);
                }
                record(&mut batches, started.elapsed());
            }
            (median(&batches) / LONG_BATCH as f64, folds)
        };
        let resolved: Vec<(f64, u64)> = thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
            threads.into_iter().map(|thread| thread.join().expect("a reader does not panic")).collect()
        });
        let nanoseconds = resolved.iter().map(|(nanoseconds, _)| nanoseconds).sum::<f64>() / threads as f64;
        Resolved { nanoseconds, fold: resolved[0].1 }
    }

    fn resolve_while_written(&self, lookups: &[Endpoint], plans: &[Arc<Plan>], pace: Pace) -> WhileWritten {
        let (barrier, written) = (Barrier::new(2), AtomicBool::new(false));
        thread::scope(|scope| {
            let writer = scope.spawn(|| {
                barrier.wait();
                let started = Instant::now();
                let mut endpoints = 0;
                for plan in plans.iter().take_while(|_| started.elapsed() < LONGEST_ROUND) {
                    let began = Instant::now();
                    Contender::roll_out(self, Arc::clone(plan));
                    endpoints += plan.len();
                    if let Pace::Every(time) = pace {
                        while began.elapsed() < time * plan.len() as u32 {
                            hint::spin_loop();
                        }
                    }
                }
                // Relaxed: only tells the reader to stop.
                written.store(true, Relaxed);
                started.elapsed().as_nanos() as f64 / endpoints as f64
            });
            let resolve = self.reader();
            barrier.wait();
            let (batches, singles) = read_until(&written, lookups, resolve);
            WhileWritten {
                median: median(&batches) / BATCH as f64,
                percentile_99: singles.value_at_quantile(0.99) as f64,
                percentile_99_9: singles.value_at_quantile(0.999) as f64,
                longest: singles.max() as f64,
                write: writer.join().expect("a writer does not panic"),
            }
        })
    }
}

/// Resolves until `stop`, half in batches that are timed as a whole, half one by one.
fn read_until(
    stop: &AtomicBool,
    lookups: &[Endpoint],
    resolve: impl Fn(&Endpoint, &mut Answer) -> u64,
) -> (Histogram<u64>, Histogram<u64>) {
    let (mut batches, mut singles) = (histogram(), histogram());
    let mut answer = Answer::EMPTY;
    let mut one = |endpoint: &Endpoint| {
        black_box(resolve(endpoint, &mut answer));
        black_box(&answer);
    };
    for chunk in lookups.chunks_exact(2 * BATCH).cycle() {
        let (together, one_by_one) = chunk.split_at(BATCH);
        let started = Instant::now();
        together.iter().for_each(&mut one);
        let mut before = Instant::now();
        record(&mut batches, before - started);
        for endpoint in one_by_one {
            one(endpoint);
            let now = Instant::now();
            record(&mut singles, now - before);
            before = now;
        }
        if stop.load(Relaxed) {
            return (batches, singles);
        }
    }
    unreachable!("there is at least one chunk of look-ups, so they cycle for ever")
}

/// Of nanoseconds. Two digits: small enough to stay in the cache beside what is measured.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 2).expect("valid bounds")
}

fn record(histogram: &mut Histogram<u64>, time: Duration) {
    histogram.saturating_record(time.as_nanos() as u64);
}

fn median(histogram: &Histogram<u64>) -> f64 {
    histogram.value_at_quantile(0.5) as f64
}
