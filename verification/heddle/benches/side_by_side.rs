//! heddle, loom and shuttle on the same guarded store in one process, and how
//! heddle's cost grows.
//!
//! Prints the tables of `bench.md`. Engines and worker counts take turns, and what
//! one thread does is measured in its CPU time, so that what else the machine does
//! hardly counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use heddle::model::{Builder, Completion, Report};

/// The same model for each engine: Enactors apply their generation to every
/// endpoint by compare-and-swap, and then the closure reads what is served.
macro_rules! store_model {
    ($engine:ident, $enactors:expr, $endpoints:expr) => {
        move || {
            use $engine::sync::Arc;
            use $engine::sync::atomic::{AtomicUsize, Ordering::SeqCst};
            let zone: Vec<_> = (0..$endpoints).map(|_| AtomicUsize::new(0)).collect();
            let zone = Arc::new(zone);
            let enactors: Vec<_> = (1..=$enactors)
                .map(|generation| {
                    let zone = zone.clone();
                    $engine::thread::spawn(move || {
                        for endpoint in zone.iter() {
                            let mut served = endpoint.load(SeqCst);
                            while served < generation {
                                match endpoint.compare_exchange(served, generation, SeqCst, SeqCst) {
                                    Ok(_) => break,
                                    Err(newer) => served = newer,
                                }
                            }
                        }
                    })
                })
                .collect();
            for enactor in enactors {
                enactor.join().unwrap();
            }
            for endpoint in zone.iter() {
                assert_eq!(endpoint.load(SeqCst), $enactors);
            }
        }
    };
}

/// Iterations that loom and shuttle are given; neither comes to its end in them.
const ITERATIONS: usize = 4_000;

/// The CPU time of this thread in seconds; `None` where the kernel does not say.
fn thread_cpu() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = stat.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

/// What this thread's work took: CPU time, or the time on the wall.
fn spent<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let (started, before) = (Instant::now(), thread_cpu());
    let result = work();
    let used = thread_cpu().zip(before).map(|(after, before)| after - before);
    (result, used.unwrap_or_else(|| started.elapsed().as_secs_f64()))
}

fn counted(model: impl Fn() + Send + Sync + 'static, run: impl FnOnce(Box<dyn Fn() + Send + Sync>)) -> f64 {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let model = Box::new(move || {
        counter.fetch_add(1, Relaxed);
        model();
    });
    let ((), seconds) = spent(|| run(model));
    count.load(Relaxed) as f64 / seconds
}

fn loom(model: impl Fn() + Send + Sync + 'static) -> f64 {
    // loom unwinds its threads with panics, which shuttle's hook would print.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let rate = counted(model, |model| {
        let mut builder = loom::model::Builder::new();
        builder.max_permutations = Some(ITERATIONS);
        builder.checkpoint_interval = 100;
        builder.check(model);
    });
    std::panic::set_hook(hook);
    rate
}

fn shuttle(model: impl Fn() + Send + Sync + 'static) -> f64 {
    counted(model, |model| shuttle::check_dfs(model, Some(ITERATIONS)))
}

fn heddle(model: impl Fn() + Send + Sync + 'static, change: impl FnOnce(&mut Builder)) -> Report {
    let mut builder = Builder::new();
    change(&mut builder);
    let report = builder.explore(model);
    assert_eq!(report.failure, None);
    report
}

/// A search that is made again until it has had enough runs for the kernel's
/// clock: one report, how often, and what all took.
fn repeated(search: impl Fn() -> Report) -> (Report, f64, f64) {
    let ((report, repeats), seconds) = spent(|| {
        let report = search();
        let repeats = (20_000.0 / runs(&report)).ceil();
        (1..repeats as usize).for_each(|_| drop(search()));
        (report, repeats)
    });
    (report, repeats, seconds)
}

fn runs(report: &Report) -> f64 {
    (report.executions + report.blocked) as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Resident memory in KiB; 0 where the kernel does not say.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = status.lines().find_map(|text| text.strip_prefix("VmRSS"));
    let words = found.and_then(|text| text.split_whitespace().nth(1)).map(str::parse);
    words.and_then(Result::ok).unwrap_or(0)
}

/// The CPU time of the process in seconds, by the kernel's clock ticks; `None`
/// where the kernel does not say.
fn cpu() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
    let ticks = |field: Option<&str>| field?.parse::<f64>().ok();
    Some((ticks(fields.next())? + ticks(fields.next())?) / 100.0)
}

fn engines() {
    let (mut theirs, mut sequential, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    let mut whole = None;
    for _ in 0..15 {
        theirs.push(loom(store_model!(loom, 3, 2)));
        sequential.push(shuttle(store_model!(shuttle, 3, 2)));
        let (report, repeats, seconds) = repeated(|| heddle(store_model!(heddle, 3, 2), |_| {}));
        ours.push(runs(&report) * repeats / seconds);
        whole = Some(report);
    }
    let report = whole.expect("it ran");
    assert_eq!(report.completion, Completion::Exhausted);
    let (theirs, sequential, ours) = (median(theirs), median(sequential), median(ours));
    println!("3 Enactors, 2 endpoints, {} events, one worker, medians by CPU time:", report.events / report.executions);
    println!("| engine | executions/s | heddle is faster by | to the end |");
    println!("|---|---:|---:|---|");
    println!("| loom | {theirs:.0} | {:.1}x | not after {ITERATIONS} |", ours / theirs);
    println!("| shuttle, exhaustive | {sequential:.0} | {:.1}x | not after {ITERATIONS} |", ours / sequential);
    println!(
        "| heddle | {ours:.0} | | {} executions in {:.1} ms |",
        report.executions,
        report.executions as f64 / ours * 1e3
    );
}

/// Cores that two workers must have had for a round to count.
const CORES: f64 = 1.9;

/// Two workers against one, in turns. What else runs here takes cores away, so
/// only the rounds count in which the two workers had two.
fn workers() {
    const ROUNDS: usize = 30;
    let timed = |workers| {
        let before = cpu();
        let reports = (0..2).map(|_| heddle(store_model!(heddle, 3, 3), |builder| builder.workers = workers));
        let elapsed: f64 = reports.map(|report| report.elapsed.as_secs_f64()).sum();
        (elapsed, cpu().zip(before).map_or(f64::NAN, |(after, before)| after - before))
    };
    let rounds = (0..ROUNDS).map(|_| (timed(1), timed(2)));
    let rounds: Vec<_> = rounds.map(|(one, two)| (two.1 / two.0, one.0 / two.0, two.1 / one.1)).collect();
    println!("\n3 Enactors, 3 endpoints, two workers against one, {ROUNDS} rounds:");
    let work = median(rounds.iter().map(|round| round.2).collect());
    println!("CPU time, two workers to one, median of all rounds: {work:.2}");
    let quiet: Vec<_> = rounds.iter().filter(|round| round.0 >= CORES).map(|round| round.1).collect();
    if quiet.is_empty() {
        let most = rounds.iter().map(|round| round.0).fold(0.0, f64::max);
        println!("no round had {CORES} cores, the most was {most:.2}: the speed-up was not measured");
    } else {
        println!("speed-up, median of the {} rounds that had {CORES} cores: {:.2}", quiet.len(), median(quiet));
    }
}

fn length() {
    println!("\nCost by length, 2 Enactors, at most 20,000 executions, by CPU time:");
    println!("| endpoints | events | µs an execution | events/s |");
    println!("|---:|---:|---:|---:|");
    for endpoints in [4, 7, 14, 28] {
        let measured = (0..5).map(|_| {
            let bound = |builder: &mut Builder| builder.max_permutations = Some(20_000);
            let (report, repeats, seconds) = repeated(|| heddle(store_model!(heddle, 2, endpoints), bound));
            (report.events as f64 / runs(&report), runs(&report) * repeats / seconds)
        });
        let (events, rates): (Vec<_>, Vec<_>) = measured.unzip();
        let (events, rate) = (median(events), median(rates));
        println!("| {endpoints} | {events:.0} | {:.1} | {:.0} |", 1e6 / rate, rate * events);
    }
}

/// How far off the guess of the search's size is, and the memory, on the way.
fn progress() {
    println!("\n4 Enactors, 2 endpoints, on the way:");
    println!("| runs | guessed share | guess of all runs | resident KiB |");
    println!("|---:|---:|---:|---:|");
    let report = heddle(store_model!(heddle, 4, 2), |builder| {
        builder.progress_interval = 20_000;
        builder.progress = Some(Arc::new(|progress| {
            let (runs, share, all) = (progress.runs, progress.explored, progress.estimated_runs());
            println!("| {runs} | {share:.3} | {all:.0} | {} |", resident());
        }));
    });
    println!("It had {} runs.", runs(&report));
}

/// Everything, or the sections that are named.
fn main() {
    let sections: [(&str, fn()); 4] =
        [("engines", engines), ("workers", workers), ("length", length), ("progress", progress)];
    let named: Vec<String> = std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|other| other == name);
    sections.iter().filter(|(name, _)| wanted(name)).for_each(|(_, section)| section());
}
