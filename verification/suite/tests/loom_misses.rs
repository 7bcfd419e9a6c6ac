//! What loom 0.7.2 misses, and that the facade's dependency tokens restore it. `docs/limits.md` relies on each line.
#![cfg(all(loom, not(heddle)))]

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use enactor::sync::{
    atomic::{
        AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
    model::{self, Lens},
};

/// One thread of a litmus test: reads and writes locations, returns what it read.
type Thread = fn(&[AtomicU64]) -> Vec<u64>;

/// Every outcome that loom shows: for each thread, what it read.
fn outcomes(locations: usize, threads: &'static [Thread], tokens: bool) -> (BTreeSet<Vec<Vec<u64>>>, usize) {
    let dependency_tokens = if tokens { threads.len() } else { 0 };
    let lens = Lens { dependency_tokens, ..Lens::default() };
    let seen = Arc::new(Mutex::new((BTreeSet::new(), 0)));
    let gather = Arc::clone(&seen);
    loom::model(move || {
        model::begin_execution(&lens);
        let memory: Arc<Vec<AtomicU64>> = Arc::new((0..locations).map(|_| AtomicU64::new(0)).collect());
        let run = |(number, thread): (usize, &Thread)| {
            let (memory, thread) = (Arc::clone(&memory), *thread);
            loom::thread::spawn(move || {
                model::enter_thread(number as u8);
                thread(&memory)
            })
        };
        let handles: Vec<_> = threads.iter().enumerate().map(run).collect();
        let read = handles.into_iter().map(|handle| handle.join().expect("no panic")).collect();
        let mut seen = gather.lock().expect("nobody panics with it");
        seen.0.insert(read);
        seen.1 += 1;
    });
    let mut seen = seen.lock().expect("the model has ended");
    std::mem::take(&mut *seen)
}

/// `T1: r = x ‖ T2: x; x = 21`: T2's own load hides the race of its store with T1's load.
const LOAD_BEFORE_STORE: &[Thread] = &[
    |memory| vec![memory[0].load(Acquire)],
    |memory| {
        let read = memory[0].load(Acquire);
        memory[0].store(21, Release);
        vec![read]
    },
];

#[test]
fn a_load_before_a_store_hides_a_race_from_loom_and_a_token_shows_it() {
    let late = vec![vec![21], vec![0]];
    let (without, iterations) = outcomes(1, LOAD_BEFORE_STORE, false);
    assert!(!without.contains(&late), "loom has learnt to see it in {iterations} iterations: tokens can go");
    let (with, _) = outcomes(1, LOAD_BEFORE_STORE, true);
    assert!(with.contains(&late), "{with:?}");
}

#[test]
fn tokens_lose_nothing_and_order_nothing() {
    // Message passing with relaxed accesses: a token that synchronised would hide the stale read.
    const RELAXED: &[Thread] = &[
        |memory| {
            memory[0].store(1, Relaxed);
            memory[1].store(1, Relaxed);
            vec![]
        },
        |memory| vec![memory[1].load(Relaxed), memory[0].load(Relaxed)],
    ];
    let stale = vec![vec![], vec![1, 0]];
    let (without, _) = outcomes(2, RELAXED, false);
    let (with, _) = outcomes(2, RELAXED, true);
    assert!(with.contains(&stale), "a relaxed message may be stale: {with:?}");
    assert!(with.is_superset(&without), "{with:?} lost some of {without:?}");
}

#[test]
fn tokens_do_not_invent_a_stale_message() {
    const RELEASED: &[Thread] = &[
        |memory| {
            memory[0].store(1, Relaxed);
            memory[1].store(1, Release);
            vec![]
        },
        |memory| vec![memory[1].load(Acquire), memory[0].load(Relaxed)],
    ];
    let (with, _) = outcomes(2, RELEASED, true);
    assert!(!with.contains(&vec![vec![], vec![1, 0]]), "{with:?}");
    assert_eq!(with.len(), 3, "{with:?}");
}

/// Two threads that each load and then store, and one that only loads.
const THREE_WRITERS: &[Thread] = &[
    |memory| {
        let read = memory[0].load(Acquire);
        memory[0].store(1, Release);
        vec![read]
    },
    |memory| {
        let read = memory[0].load(Acquire);
        memory[0].store(2, Release);
        vec![read]
    },
    |memory| vec![memory[0].load(Acquire)],
];

#[test]
fn tokens_show_every_sequentially_consistent_outcome_of_three_threads() {
    let expected = interleavings();
    let (without, _) = outcomes(1, THREE_WRITERS, false);
    let (with, _) = outcomes(1, THREE_WRITERS, true);
    let lost = expected.difference(&without).count();
    assert!(lost > 0, "loom alone shows all {} outcomes now: tokens can go", expected.len());
    assert!(with.is_superset(&expected), "still lost: {:?}", expected.difference(&with).collect::<Vec<_>>());
}

/// The outcomes of [`THREE_WRITERS`] when the threads take turns, by brute force.
fn interleavings() -> BTreeSet<Vec<Vec<u64>>> {
    const LOAD: u64 = 0;
    const STEPS: [&[u64]; 3] = [&[LOAD, 1], &[LOAD, 2], &[LOAD]];
    fn go(at: [usize; 3], value: u64, read: &mut Vec<Vec<u64>>, all: &mut BTreeSet<Vec<Vec<u64>>>) {
        if at == STEPS.map(<[u64]>::len) {
            all.insert(read.clone());
        }
        for thread in 0..3 {
            let Some(&step) = STEPS[thread].get(at[thread]) else { continue };
            let mut next = at;
            next[thread] += 1;
            if step == LOAD {
                read[thread].push(value);
                go(next, value, read, all);
                read[thread].pop();
            } else {
                go(next, step, read, all);
            }
        }
    }
    let mut all = BTreeSet::new();
    go([0; 3], 0, &mut vec![vec![]; 3], &mut all);
    all
}
