//! The events of what the closure does when it has joined all threads are left
//! out of the graph. That makes no difference: with a thread that it did not join,
//! and then they are in the graph, the same program has the same executions.

mod interpreter;

use std::cell::RefCell;
use std::sync::{Arc as StdArc, Mutex as StdMutex};

use heddle::cell::UnsafeCell;
use heddle::model::{Builder, FailureKind, Report, Running, choose, events_so_far, running};
use heddle::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use heddle::sync::{Arc, Condvar, Mutex};
use heddle::thread;
use heddle_judge::random::Sample;
use interpreter::observe_last_alone;

/// Lets the graph have the events of what follows: the closure is not alone.
fn with_events() {
    drop(thread::spawn(|| ()));
}

/// What must be the same with events and without.
fn same(without: &Report, with: &Report) -> Result<(), String> {
    let told = |report: &Report| {
        let failure =
            report.failure.as_ref().map(|failure| (failure.kind, failure.message.clone(), failure.preemptions));
        (report.executions, report.blocked, report.failures, report.completion, failure)
    };
    if told(without) == told(with) { Ok(()) } else { Err(format!("without: {without:?}\nwith: {with:?}")) }
}

#[test]
fn random_programs_are_the_same_with_events_and_without() {
    let (mut executions, mut failed) = (0, 0);
    for (index, program) in Sample::new(6).take(3_000).enumerate() {
        let without = observe_last_alone(&program, || ());
        let with = observe_last_alone(&program, with_events);
        if let Err(difference) = same(&without.report, &with.report) {
            panic!("program {index}: {difference}\n{program}");
        }
        assert_eq!(without.outcomes, with.outcomes, "program {index}\n{program}");
        // What is left out is counted all the same. Not each failure comes after the spawn.
        let spawns = with.report.events - without.report.events;
        let ended = with.report.executions + with.report.blocked;
        assert!(spawns <= ended + with.report.failures, "program {index}: {spawns} spawns\n{program}");
        assert!(with.report.failures > 0 || spawns >= with.report.executions, "program {index}\n{program}");
        executions += with.report.executions;
        failed += u32::from(with.report.failures > 0);
    }
    assert!(executions > 5_000 && failed > 20, "{executions}, {failed}");
}

/// The closure and one thread add to a counter; then `end` goes on alone.
fn two_additions(end: impl Fn(Arc<AtomicU64>) + Send + Sync + 'static) -> impl Fn() + Send + Sync + 'static {
    move || {
        let counter = Arc::new(AtomicU64::new(0));
        let theirs = counter.clone();
        let adds = thread::spawn(move || theirs.fetch_add(1, Relaxed));
        counter.fetch_add(2, Relaxed);
        adds.join().unwrap();
        end(counter);
    }
}

fn explore(at_most: usize, end: impl Fn(Arc<AtomicU64>) + Send + Sync + 'static) -> Report {
    let mut builder = Builder::new();
    builder.keep_going = true;
    builder.max_branches = at_most;
    builder.explore(two_additions(end))
}

/// The same with events and without; the report without them.
fn both(end: fn(Arc<AtomicU64>)) -> Report {
    both_within(500, end)
}

/// The same with executions of so many events.
fn both_within(at_most: usize, end: fn(Arc<AtomicU64>)) -> Report {
    let began: [StdArc<StdMutex<u32>>; 2] = Default::default();
    let [count_without, count_with] = began.clone();
    let without = explore(at_most, move |counter| {
        *count_without.lock().unwrap() += 1;
        end(counter);
    });
    let with = explore(at_most, move |counter| {
        *count_with.lock().unwrap() += 1;
        with_events();
        end(counter);
    });
    if let Err(difference) = same(&without, &with) {
        panic!("{difference}");
    }
    let [began_without, began_with] = began.map(|count| *count.lock().unwrap());
    assert_eq!(began_without, began_with, "nothing is run once more");
    without
}

fn failure(report: &Report) -> (FailureKind, &str) {
    let failure = report.failure.as_ref().expect("a failure");
    (failure.kind, &failure.message)
}

#[test]
fn what_can_be_answered_in_more_than_one_way_is() {
    // Two orders of the two additions, and each of these ends in two ways.
    assert_eq!(both(|_| ()).executions, 2);
    assert_eq!(both(|_| assert!(choose(2) < 2)).executions, 4);
    let weak = |counter: Arc<AtomicU64>| _ = counter.compare_exchange_weak(3, 4, SeqCst, Relaxed);
    assert_eq!(both(weak).executions, 4);
    let again = |counter: Arc<AtomicU64>| {
        counter.store(7, Relaxed);
        let theirs = counter.clone();
        let other = thread::spawn(move || assert!([7, 8].contains(&theirs.load(Relaxed))));
        counter.store(8, Relaxed);
        other.join().unwrap();
        assert_eq!(counter.load(Relaxed), 8);
    };
    let report = both(again);
    assert_eq!((report.executions, report.failure), (4, None));
}

#[test]
fn what_never_ends_is_told_as_with_events() {
    let held = both(|_| {
        let lock = Mutex::new(());
        std::mem::forget(lock.lock());
        drop(lock.lock());
    });
    assert_eq!(failure(&held).0, FailureKind::Deadlock);
    let waits = both(|_| drop(Condvar::new().wait(Mutex::new(()).lock().unwrap())));
    assert_eq!(failure(&waits).0, FailureKind::Deadlock);
    let spins = both_within(10_000_000, |counter| {
        while counter.load(Relaxed) != 9 {
            heddle::hint::spin_loop();
        }
    });
    assert_eq!(failure(&spins).0, FailureKind::Deadlock);
    let endless = both(|counter| while counter.fetch_add(1, Relaxed) > 0 {});
    assert_eq!(failure(&endless).0, FailureKind::Truncated);
    assert!(failure(&endless).1.contains("tests/alone.rs"), "{endless:?}");
    let gives_up = both(|counter| {
        for _ in 0..40 {
            if counter.load(Relaxed) == 9 {
                return;
            }
            heddle::hint::spin_loop();
        }
    });
    assert_eq!((gives_up.executions, &gives_up.failure), (2, &None));
    assert_eq!(failure(&both(std::mem::forget)).0, FailureKind::Leak);
}

/// Does something when it is dropped.
struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn no_run_is_given_up_for_its_events() {
    // A run that is given up is unwound, and what unwinds it sees what no execution has.
    let panics = both(|counter| {
        let theirs = counter.clone();
        let _retries = OnDrop(move || _ = theirs.compare_exchange_weak(3, 4, SeqCst, SeqCst));
        assert_eq!(counter.load(Relaxed), 7, "it is three");
    });
    assert_eq!(failure(&panics).0, FailureKind::Panic);
    let settles = both(|counter| {
        let theirs = counter.clone();
        let _asks = OnDrop(move || assert_eq!(theirs.load(Relaxed), 9));
        while counter.compare_exchange_weak(3, 9, SeqCst, SeqCst).is_err() {}
    });
    assert_eq!((settles.executions, settles.failure), (4, None));
    let chooses = both(|counter| {
        let theirs = counter.clone();
        let _waits = OnDrop(move || {
            while theirs.load(Relaxed) != 9 {
                heddle::hint::spin_loop();
            }
        });
        choose(2);
        counter.store(9, Relaxed);
    });
    assert_eq!((chooses.executions, chooses.failure), (4, None));
    static HELD: StdMutex<()> = StdMutex::new(());
    let holds = both(|counter| {
        let _held = HELD.lock().unwrap();
        _ = counter.compare_exchange_weak(3, 4, SeqCst, SeqCst);
    });
    assert_eq!((holds.executions, holds.failure), (4, None));
}

#[test]
fn a_failure_replays_with_the_events_that_the_search_left_out() {
    let end = |counter: Arc<AtomicU64>| {
        counter.store(counter.load(SeqCst) * 2, SeqCst);
        assert_ne!(counter.swap(1, SeqCst), 6, "both came");
    };
    let report = both(end);
    let found = report.failure.expect("three is what they always add up to");
    let replayed = Builder::new().replay(&found.token, two_additions(end));
    let replayed = replayed.expect("a token");
    assert_eq!(replayed.trace.len(), found.events);
    let failed = replayed.failure.expect("it fails again");
    assert_eq!((failed.message, failed.token), (found.message, found.token));
}

#[test]
fn the_running_execution_is_told_whole() {
    let body = |look: &dyn Fn()| {
        let value = Arc::new(AtomicU64::new(0));
        let theirs = value.clone();
        thread::spawn(move || theirs.store(1, Relaxed)).join().unwrap();
        value.store(2, Relaxed);
        value.fetch_add(1, Relaxed);
        look();
        assert_eq!(value.load(Relaxed), 3);
    };
    let told: StdArc<StdMutex<Vec<Running>>> = StdArc::default();
    let tell = told.clone();
    let report = Builder::new().explore(move || body(&|| tell.lock().unwrap().push(running())));
    assert_eq!((report.executions, report.failure), (1, None));
    let told = told.lock().unwrap().remove(0);
    // Spawn, store, join, store, and two of the addition.
    assert_eq!((told.events, told.preemptions), (6, 0));
    let replayed = Builder::new().replay(&told.token, move || body(&|| assert_eq!(events_so_far(), 6)));
    let replayed = replayed.expect("a token");
    assert_eq!((replayed.failure, replayed.trace.len()), (None, 6));
}

/// Tells what a counter is when this is dropped.
struct Last(Arc<AtomicU64>);

static LAST: StdMutex<Vec<u64>> = StdMutex::new(Vec::new());

impl Drop for Last {
    fn drop(&mut self) {
        LAST.lock().unwrap().push(self.0.load(Relaxed));
    }
}

heddle::thread_local! {
    static LOCAL: RefCell<Option<Last>> = RefCell::new(None);
}

heddle::lazy_static! {
    static ref STATIC: StdMutex<Option<Last>> = StdMutex::new(None);
}

#[test]
fn destructors_at_the_end_see_what_was_written_alone() {
    let report = both(|counter| {
        LOCAL.with(|last| *last.borrow_mut() = Some(Last(counter.clone())));
        // Dropped when all threads have ended, and nothing is explored any more.
        *STATIC.lock().unwrap() = Some(Last(counter.clone()));
        counter.store(5, Relaxed);
        let _last = Last(counter.clone());
        counter.store(6, Relaxed);
    });
    assert_eq!((report.executions, report.failure), (2, None));
    // Three destructors, two executions, each time with events and without.
    assert_eq!(*LAST.lock().unwrap(), [6; 12]);
}

#[test]
fn a_cell_that_nothing_orders_still_races() {
    // The thread is detached, so the closure is never alone.
    let report = Builder::new().explore(|| {
        let cell = Arc::new(Cell(UnsafeCell::new(0)));
        let (theirs, done) = (cell.clone(), Arc::new(AtomicU64::new(0)));
        let sets = done.clone();
        drop(thread::spawn(move || {
            sets.store(1, SeqCst);
            theirs.set(1);
        }));
        if done.load(SeqCst) == 1 {
            cell.set(2);
        }
    });
    assert_eq!(failure(&report).0, FailureKind::DataRace);
}

struct Cell(UnsafeCell<u64>);

// SAFETY: all threads of a model run on one OS thread, and the engine checks
// the accesses.
unsafe impl Sync for Cell {}
// SAFETY: as above.
unsafe impl Send for Cell {}

impl Cell {
    fn set(&self, new: u64) {
        // SAFETY: the engine reports a race before the pointer is used.
        self.0.with_mut(|value| unsafe { *value = new });
    }
}
