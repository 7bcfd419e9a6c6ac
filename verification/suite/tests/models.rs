//! Models of code that is no store: what locks and waits come to, what a panic hides, and whose panic it is.
#![cfg(loom)]

use std::panic::panic_any;

use enactor::sync::{
    Arc, Mutex,
    atomic::{
        AtomicBool, AtomicU64,
        Ordering::{Acquire, Relaxed, Release, SeqCst},
    },
    thread,
};
use enactor_verification::{
    engine::Engine,
    kit::{Conclusion, Kit, Model},
};
use tracing::debug;

/// What holds is called so; loom's models have a bound.
const HOLDS: &str = if HEDDLE { "proved" } else { "bounded" };
const HEDDLE: bool = matches!(Engine::BUILT, Some(Engine::Heddle));

fn conclusions<S, T>(model: Model<S, T>) -> Vec<Conclusion>
where
    S: Send + Sync + 'static,
    T: std::fmt::Debug + Send + Sync + 'static,
{
    Kit::new().model(model).conclusions()
}

fn of<'a>(conclusions: &'a [Conclusion], property: &str) -> &'a Conclusion {
    let found = conclusions.iter().find(|conclusion| conclusion.name.ends_with(&format!("/{property}")));
    found.unwrap_or_else(|| panic!("no {property}: {conclusions:?}"))
}

/// What is told, without the table and where each step is.
fn words(text: &str) -> String {
    let words = text.split(['│', '\n']).flat_map(str::split_whitespace).filter(|word| !word.starts_with("models.rs:"));
    words.collect::<Vec<_>>().join(" ")
}

/// An engine gives up executions in which a thread waits on an old value, and unwinds them: no panic of the code.
#[test]
fn what_waits_completes() {
    let locked = Model::new("locked", || Mutex::new(0))
        .thread("a", |count: &Mutex<u32>| *count.lock() += 1)
        .thread("b", |count| *count.lock() += 1)
        .afterwards(|count| *count.lock() = 2)
        .property("nothing", "Nothing is asked.", |_| true);
    let told = Model::new("told", || AtomicBool::new(false))
        .thread("waits", |told: &AtomicBool| {
            while !told.load(Acquire) {
                thread::yield_now();
            }
        })
        .thread("tells", |told| told.store(true, Release))
        .property("nothing", "Nothing is asked.", |_| true);
    for found in [conclusions(locked), conclusions(told)] {
        for Conclusion { name, word, passes, text } in &found {
            assert!(*passes && *word == HOLDS, "{name}: {text}");
        }
    }
}

/// One thread waits for another one, and only for so many rounds.
fn gives_up_after(rounds: usize) -> Model<AtomicBool, bool> {
    Model::new("impatient", || AtomicBool::new(false))
        .thread("waits", move |told: &AtomicBool| {
            (0..rounds).any(|_| {
                let is_told = told.load(Acquire);
                if !is_told {
                    thread::yield_now();
                }
                is_told
            })
        })
        .thread("tells", |told| {
            told.store(true, Release);
            true
        })
        .property("never_gives_up", "Whoever waits is told.", |outcome| outcome.threads[0])
}

/// A loop with a bound can give up; the explorer finds out that it has one on the way, and runs it again.
#[test]
fn a_wait_that_gives_up_is_refuted_and_replays() {
    for rounds in [1, 2, 3, 5] {
        let found = conclusions(gives_up_after(rounds));
        let Conclusion { word, text, .. } = of(&found, "never_gives_up");
        // loom runs whoever yields last.
        assert!(*word == "refuted" || !HEDDLE, "{rounds} rounds: {text}");
        if *word == "refuted" {
            let begins = text.lines().filter(|line| line.contains("begins")).count();
            assert_eq!(begins, 2, "one run is told: {text}");
        }
        assert_eq!(of(&found, "completes").word, HOLDS);
    }
}

/// A thread that a model's thread has spawned is told in its column, whatever the set-up has spawned before; and so is what the
/// engine says of them.
#[test]
fn a_thread_of_a_thread_is_told_as_such() {
    let setup = || {
        thread::spawn(|| {}).join().expect("it does nothing");
        Arc::new(Mutex::new(0))
    };
    let boss = |shared: &Arc<Mutex<u32>>| {
        let theirs = Arc::clone(shared);
        let helper = thread::spawn(move || {
            debug!(change = "pause", "works");
            drop(theirs.lock());
        });
        // For ever, since it waits for what this thread has.
        let held = shared.lock();
        helper.join().expect("it has no panic");
        drop(held);
    };
    let waits = Model::new("waits", setup).thread("boss", boss).thread("client", |shared| *shared.lock() += 1);
    let found = conclusions(waits.property("nothing", "Nothing is asked.", |_| true));
    let Conclusion { word, text, .. } = of(&found, "completes");
    assert_eq!(*word, "refuted", "{text}");
    if HEDDLE {
        let told = text.lines().find(|line| line.contains("its thread: works"));
        let columns: Vec<&str> =
            text.lines().find(|line| line.contains("boss")).expect("a header").split("client").collect();
        let at = told.and_then(|line| line.find("its thread: works")).unwrap_or_else(|| panic!("{text}"));
        assert!(at < columns[0].len(), "in the column of who spawned it: {text}");
        assert!(text.contains("boss waits") && text.contains("for a thread of boss to end"), "{text}");
        assert!(text.contains("a thread of boss waits"), "{text}");
    }
}

/// heddle says which write was read; on loom the value says it, where it can.
#[test]
fn a_read_of_what_was_written_twice_names_both_on_loom_and_one_on_heddle() {
    let model = Model::new("twice", || [AtomicU64::new(0), AtomicU64::new(0)])
        .thread("writer", |[word, flag]: &[AtomicU64; 2]| {
            word.store(7, Relaxed);
            word.store(7, Relaxed);
            flag.swap(1, Release)
        })
        .thread("reader", |[word, flag]| if flag.fetch_add(1, Acquire) == 1 { word.load(Relaxed) } else { 0 })
        .property("unread", "Nobody reads a 7.", |outcome| outcome.threads[1] != 7);
    let found = conclusions(model);
    let Conclusion { word, text, .. } = of(&found, "unread");
    assert_eq!(*word, "refuted", "{text}");
    let told = words(text);
    let read = if HEDDLE { "(Relaxed), from step 4" } else { "(Relaxed), from step 3 or from step 4" };
    assert!(told.contains("reads atomic 0: 7") && told.contains(read), "{told}");
    assert!(told.contains("modifies atomic 1: 1 → 2 (Acquire), from step 5"), "{told}");
}

/// loom's own dependencies hide this one's outcome, and a thread that is spawned has no token that would restore it.
#[test]
fn what_loom_may_miss_in_a_spawned_thread_is_not_called_bounded() {
    let hidden = Model::new("hidden", || Arc::new([AtomicU64::new(0), AtomicU64::new(0)]))
        .thread("a", |words: &Arc<[AtomicU64; 2]>| {
            let theirs = Arc::clone(words);
            let helper = thread::spawn(move || {
                theirs[0].load(Acquire);
                theirs[0].store(21, Release);
            });
            words[1].swap(1, Relaxed);
            helper.join().expect("it has no panic");
            0
        })
        .thread("b", |words| {
            let seen = words[0].load(Acquire);
            words[1].swap(1, Relaxed);
            seen
        })
        .property("unseen", "Nobody sees it.", |outcome| outcome.threads[1] != 21);
    let found = conclusions(hidden.bound(9));
    let Conclusion { word, passes, text, .. } = of(&found, "unseen");
    assert!(!passes && *word == if HEDDLE { "refuted" } else { "truncated" }, "{text}");
    assert!(HEDDLE || text.contains("heddle misses none"), "{text}");
}

/// A thread that the set-up has spawned goes on while the model's own do, and is no part of theirs.
#[test]
fn a_thread_of_the_set_up_is_told_as_another() {
    let setup = || {
        let word = Arc::new(AtomicU64::new(0));
        let theirs = Arc::clone(&word);
        drop(thread::spawn(move || {
            theirs.fetch_add(10, Relaxed);
            debug!(target: "enactor::behind", "has added");
        }));
        word
    };
    let model = Model::new("behind", setup)
        .thread("a", |word: &Arc<AtomicU64>| word.fetch_add(1, Relaxed))
        .thread("b", |word| word.fetch_add(2, Relaxed))
        .property("in_between", "It does not come between the two.", |outcome| outcome.threads != [0, 11]);
    let found = conclusions(model);
    let Conclusion { word, text, .. } = of(&found, "in_between");
    assert_eq!(*word, "refuted", "{text}");
    let told = words(text.split("once the threads have ended").next().expect("it begins"));
    assert!(told.contains("another thread: has added"), "{text}");
    assert!(told.contains("another thread: modifies atomic 0: 1 → 11"), "{text}");
}

/// loom lets a read-modify-write read another write than the last one; and while one thread's panic unwinds, the others go on.
#[test]
fn what_is_told_of_a_read_agrees_with_what_is_told_of_the_write() {
    let swapped = Model::new("swapped", || [AtomicU64::new(0), AtomicU64::new(0)])
        .thread("a", |[word, flag]: &[AtomicU64; 2]| {
            word.store(1, Relaxed);
            flag.store(1, Relaxed);
            0
        })
        .thread("b", |[word, flag]| {
            let flag = flag.load(Relaxed);
            word.store(2, Relaxed);
            10 * flag + word.fetch_add(10, Relaxed)
        })
        .property("not_this", "The other's value is not added to.", |outcome| outcome.threads[1] != 11);
    struct Stores<'a>(&'a AtomicU64);
    impl Drop for Stores<'_> {
        fn drop(&mut self) {
            self.0.store(9, Relaxed);
        }
    }
    let unwound = Model::new("unwound", || [AtomicU64::new(0), AtomicU64::new(0)])
        .thread("a", |[word, _]: &[AtomicU64; 2]| {
            let panics = || {
                let _stores = Stores(word);
                panic!("caught");
            };
            u64::from(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_ok())
        })
        .thread("b", |[word, _]| word.load(Relaxed))
        .property("not_this", "Nobody sees what was written on the way.", |outcome| outcome.threads[1] != 9);
    for (found, written, read) in [
        (conclusions(swapped), "writes atomic 0: 1 (Relaxed)", "modifies atomic 0: 1 → 11"),
        (conclusions(unwound), "writes atomic 0: 9 (Relaxed)", "reads atomic 0: 9"),
    ] {
        let Conclusion { word, text, .. } = of(&found, "not_this");
        assert_eq!(*word, "refuted", "{text}");
        let number = |words: &str| {
            let line = text.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{words}: {text}"));
            line.split_whitespace().nth(1).expect("a number").to_owned()
        };
        let from = format!("{read} (Relaxed), from step {}", number(written));
        assert!(words(text).contains(&from), "{from}: {text}");
    }
}

/// A limit that docs/kit.md tells: past 1,000 rounds in which nothing changes a wait counts as one without end.
#[cfg(heddle)]
#[test]
fn a_wait_that_gives_up_late_is_taken_for_one_that_never_does() {
    assert_eq!(of(&conclusions(gives_up_after(1_500)), "never_gives_up").word, "proved");
}

/// What Dekker's algorithm rests on, and a false alarm of loom's.
#[test]
fn one_of_two_flags_is_seen_but_not_by_loom() {
    let model = Model::new("flags", || [AtomicBool::new(false), AtomicBool::new(false)])
        .thread("a", |[one, two]: &[AtomicBool; 2]| {
            one.store(true, SeqCst);
            two.load(SeqCst)
        })
        .thread("b", |[one, two]| {
            two.store(true, SeqCst);
            one.load(SeqCst)
        })
        .property("exclusion", "One of them sees the other.", |outcome| outcome.threads.contains(&true));
    let found = conclusions(model);
    let Conclusion { word, text, .. } = of(&found, "exclusion");
    assert_eq!(*word, if HEDDLE { "proved" } else { "refuted" }, "{text}");
    assert_eq!(text.contains("loom has false alarms"), !HEDDLE, "{text}");
}

/// What nobody could ask of is not shown to hold, whichever payload the panic has.
#[test]
fn a_panic_is_told_where_it_is_and_what_it_hides_is_vacuous() {
    let text = |payload: u32| match payload {
        0 => panic!("first"),
        1 => panic_any("deadlock of my own"),
        _ => panic_any(7_u8),
    };
    // To loom's ears the others could be its own.
    let payloads = if HEDDLE { 0..3 } else { 0..1 };
    for payload in payloads {
        let model = Model::new("panics", || AtomicBool::new(false))
            .thread("a", move |told: &AtomicBool| {
                told.store(true, Relaxed);
                text(payload)
            })
            .thread("b", |told| told.load(Relaxed))
            .property("impossible", "Never true.", |_| false);
        let found = conclusions(model);
        let Conclusion { word, passes, text, .. } = of(&found, "impossible");
        assert_eq!((*word, *passes), ("vacuous", false), "{text}");
        assert!(text.contains("a thread panicked") && text.contains("`completes` shows one"), "{text}");
        let Conclusion { word, text, .. } = of(&found, "completes");
        assert_eq!(*word, "refuted", "{text}");
        let harm = text.lines().find(|line| line.contains("the harm is at step")).expect("a moment of harm");
        assert!(harm.contains("by a: panics"), "{harm}");
    }
}

#[test]
fn who_waits_for_each_other_is_refuted() {
    let model = Model::new("crossed", || [Mutex::new(0), Mutex::new(0)])
        .thread("a", |[one, two]: &[Mutex<u32>; 2]| *one.lock() + *two.lock())
        .thread("b", |[one, two]| *two.lock() + *one.lock())
        .property("nothing", "Nothing is asked.", |_| true);
    let found = conclusions(model);
    let Conclusion { word, text, .. } = of(&found, "completes");
    assert_eq!(*word, "refuted", "{text}");
    assert!(text.contains("deadlock"), "{text}");
    if HEDDLE {
        let harm = text.lines().find(|line| line.starts_with("! the harm")).expect("a moment of harm");
        assert!(harm.contains("a waits at ") && harm.contains("b waits at "), "by name: {harm}");
        assert!(text.contains("how it ended") && !text.contains("once the threads have ended"), "{text}");
    } else {
        assert!(text.contains("loom has false alarms"), "{text}");
    }
}

#[test]
#[should_panic(expected = "twice has a witness met already")]
fn a_witness_has_a_name_of_its_own() {
    let model = Model::new("twice", || ()).thread("a", |()| ()).thread("b", |()| ());
    drop(model.witness("met", |_| true).witness("met", |_| true));
}
