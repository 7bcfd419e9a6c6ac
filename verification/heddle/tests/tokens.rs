//! A token that somebody made up, cut off or mistyped does no harm: it is
//! refused, or leads to some execution, or to one that is given up.
//!
//! The tests write tokens themselves, so that the checksum refuses none.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use heddle::model::{Builder, Report, choose};
use heddle::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use heddle::sync::atomic::{AtomicUsize, fence};
use heddle::sync::{Condvar, Mutex, mpsc};
use heddle::thread;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A token of these numbers: threads, choices and how many more in turn, low
/// five bits first.
fn token(numbers: &[u64]) -> String {
    let mut digits = Vec::new();
    for mut number in numbers.iter().copied() {
        while number > 31 {
            digits.push(number & 31 | 32);
            number >>= 5;
        }
        digits.push(number);
    }
    digits.push(digits.iter().fold(7, |sum, digit| (sum * 13 + digit) % 61));
    let digits = digits.iter().map(|digit| char::from(DIGITS[*digit as usize]));
    "h2-".chars().chain(digits).collect()
}

fn numbers(token: &str) -> Vec<u64> {
    let digit = |byte| DIGITS.iter().position(|digit| *digit == byte).expect("a digit") as u64;
    let digits: Vec<u64> = token["h2-".len()..].bytes().map(digit).collect();
    let (mut numbers, mut number, mut shift) = (Vec::new(), 0, 0);
    for digit in &digits[..digits.len() - 1] {
        number |= (digit & 31) << shift;
        shift += 5;
        if digit & 32 == 0 {
            numbers.push(number);
            (number, shift) = (0, 0);
        }
    }
    numbers
}

/// Changes some numbers, or how many there are.
fn mutate(rng: &mut fastrand::Rng, numbers: &mut Vec<u64>) {
    for _ in 0..rng.usize(1..5) {
        let at = rng.usize(..numbers.len());
        match rng.u8(..8) {
            0..3 => numbers[at] = rng.u64(..6),
            3 => numbers[at] = numbers[at].wrapping_add(rng.u64(..300)),
            4 => numbers[at] = rng.u64(..) >> rng.u32(4..64),
            5 => numbers.swap(at, 0),
            6 => numbers.truncate(at / 3 * 3 + 3),
            _ => {
                let tail: Vec<u64> = numbers[at / 3 * 3..].to_vec();
                numbers.extend(tail);
            }
        }
    }
    numbers.truncate(399);
}

/// Locks, waits, weak exchanges, choices, and a thread that spawns.
fn waiting() {
    let shared = Arc::new((Mutex::new(0), AtomicUsize::new(0), Condvar::new()));
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let shared = shared.clone();
            thread::spawn(move || {
                *shared.0.lock().unwrap() += 1;
                shared.2.notify_one();
                let _ = shared.1.compare_exchange_weak(0, 1, SeqCst, Relaxed);
                shared.1.fetch_add(choose(3) as usize, SeqCst);
                fence(SeqCst);
                drop(thread::spawn(|| {}).join());
            })
        })
        .collect();
    let mut count = shared.0.lock().unwrap();
    while *count < 2 {
        count = shared.2.wait(count).unwrap();
    }
    drop(count);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// A loop that only waits, one that retries, and a channel.
fn spinning() {
    let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let other = shared.clone();
    let (sender, receiver) = mpsc::channel();
    let thread = thread::spawn(move || {
        other.0.store(1, Release);
        sender.send(other.1.swap(2, SeqCst)).unwrap();
        other.0.store(2, Release);
    });
    while shared.0.load(Acquire) == 0 {
        heddle::hint::spin_loop();
    }
    shared.1.update(Relaxed, Relaxed, |value| value + 1);
    receiver.recv().unwrap();
    let other = shared.clone();
    drop(thread::spawn(move || other.0.load(Relaxed)).join());
    thread.join().unwrap();
}

/// How many made-up tokens of a model were followed, not refused.
fn follow(seed: u64, tokens: usize, model: fn()) -> usize {
    let kept: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let keep = kept.clone();
    let mut builder = Builder::new();
    builder.max_branches = 200;
    builder.max_permutations = Some(50);
    builder.explore(move || {
        model();
        keep.lock().unwrap().push(heddle::model::running().token);
    });
    let kept = kept.lock().unwrap();
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut followed = 0;
    for _ in 0..tokens {
        let mut numbers = numbers(&kept[rng.usize(..kept.len())]);
        mutate(&mut rng, &mut numbers);
        if let Some(report) = builder.replay(&token(&numbers), model) {
            followed += 1;
            assert!(report.executions + report.blocked <= 1, "{report:?}");
        }
    }
    followed
}

/// Fails instead of hanging.
fn within(limit: Duration, work: impl FnOnce() -> usize + Send + 'static) -> usize {
    let (sender, receiver) = channel();
    std::thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(limit).expect("a token made the replay panic or hang")
}

#[test]
fn the_tests_write_tokens_as_heddle_does() {
    let report = Builder::new().explore(|| panic!("{}", heddle::model::running().token));
    let own = report.failure.expect("it panics").token;
    assert_eq!(token(&numbers(&own)), own);
    let replayed = |text: &str| -> Option<Report> { Builder::new().replay(text, || {}) };
    assert!(replayed(&token(&[0, 5, 0, 1, 0, 300])).is_some());
    assert!(replayed(&token(&[0, 5, 0, 1])).is_none(), "a thread without a choice");
    assert!(replayed(&token(&[1 << 40, 0, 0])).is_none(), "no such thread");
    assert!(replayed(&token(&[0, 0, 1 << 40])).is_none(), "more steps than memory");
    assert!(replayed(&token(&[0, 0, (1 << 20) - 1].repeat(40))).is_none(), "more steps than memory");
}

#[test]
fn what_is_no_token_is_refused_or_does_no_harm() {
    let mut rng = fastrand::Rng::with_seed(3);
    for length in 0..2_000 {
        let text: String = (0..length % 40).map(|_| rng.char('-'..'z')).collect();
        let report = Builder::new().replay(&format!("h2-{text}"), spinning);
        assert!(report.is_none_or(|report| report.executions <= 1));
    }
    assert!(Builder::new().replay("", spinning).is_none());
}

#[test]
fn made_up_tokens_of_a_model_that_waits_do_no_harm() {
    let followed = within(Duration::from_secs(300), || follow(1, 40_000, waiting));
    assert!(followed > 30_000, "{followed}");
}

#[test]
fn made_up_tokens_of_a_model_that_spins_do_no_harm() {
    let followed = within(Duration::from_secs(300), || follow(2, 40_000, spinning));
    assert!(followed > 30_000, "{followed}");
}
