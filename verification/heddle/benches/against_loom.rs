//! heddle and loom side by side on a guarded store, in the same process.
//!
//! Prints executions (loom: iterations) and how many a second.

use std::time::Instant;

/// The same model for either crate: Enactors apply their generation to every
/// endpoint by compare-and-swap, and then read what the endpoint serves.
macro_rules! store_model {
    ($engine:ident, $enactors:expr, $endpoints:expr) => {
        || {
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

fn loom(model: impl Fn() + Send + Sync + 'static, iterations: usize) -> f64 {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let mut builder = loom::model::Builder::new();
    builder.max_permutations = Some(iterations);
    builder.checkpoint_interval = 100;
    let started = Instant::now();
    builder.check(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        model();
    });
    count.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64()
}

/// Executions, and executions a second.
fn heddle(model: impl Fn() + Send + Sync + 'static, workers: usize) -> (u64, f64) {
    let mut builder = heddle::model::Builder::new();
    builder.workers = workers;
    let report = builder.explore(model);
    assert_eq!(report.failure, None);
    let rate = report.executions as f64 / report.elapsed.as_secs_f64();
    (report.executions, rate)
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn main() {
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    let mut executions = 0;
    // Turn by turn, so that what else the machine does slows both.
    for _ in 0..15 {
        theirs.push(loom(store_model!(loom, 3, 2), 4_000));
        for _ in 0..20 {
            let (count, rate) = heddle(store_model!(heddle, 3, 2), 1);
            executions = count;
            ours.push(rate);
        }
    }
    let (theirs, ours) = (median(theirs), median(ours));
    println!("3 Enactors, 2 endpoints, 29 events: loom {theirs:.0} iterations/s");
    println!("3 Enactors, 2 endpoints, 29 events: heddle {executions} executions, {ours:.0}/s");
    println!("ratio of the medians: {:.1}", ours / theirs);
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        one.push(heddle(store_model!(heddle, 4, 2), 1).1);
        two.push(heddle(store_model!(heddle, 4, 2), 2).1);
    }
    let (one, two) = (median(one), median(two));
    println!("4 Enactors, 2 endpoints: 1 worker {one:.0}/s, 2 workers {two:.0}/s");
}
