//! A receiver learns from the sender of its message and of nothing else, and what
//! a receiver leaves behind goes with it.

mod seen;

use std::sync::Arc;

use heddle::cell::UnsafeCell;
use heddle::model::{Builder, FailureKind};
use heddle::sync::atomic::AtomicUsize;
use heddle::sync::atomic::Ordering::Relaxed;
use heddle::sync::mpsc::{SendError, channel};
use heddle::thread;
use seen::seen;

struct Plain(UnsafeCell<u64>);

// SAFETY: all threads of a model run on one OS thread, and the engine reports a
// race before a pointer is used.
unsafe impl Sync for Plain {}
// SAFETY: as above.
unsafe impl Send for Plain {}

/// The message after which the receiver reads what the second sender wrote.
fn reads_after(message: u64) -> impl Fn() + Send + Sync + 'static {
    move || {
        let data = Arc::new(Plain(UnsafeCell::new(0)));
        let (one, receiver) = channel();
        let two = one.clone();
        let theirs = data.clone();
        one.send(1).unwrap();
        let thread = thread::spawn(move || {
            // SAFETY: see `Plain`.
            theirs.0.with_mut(|at| unsafe { *at = 1 });
            two.send(2).unwrap();
        });
        for expected in 1..=message {
            assert_eq!(receiver.recv(), Ok(expected));
        }
        // SAFETY: see `Plain`.
        data.0.with(|at| unsafe { *at });
        thread.join().unwrap();
    }
}

#[test]
fn a_receive_knows_nothing_of_later_messages() {
    let failure = Builder::new().explore(reads_after(1)).failure;
    assert_eq!(failure.map(|failure| failure.kind), Some(FailureKind::DataRace));
    heddle::model(reads_after(2));
}

#[test]
fn a_message_says_nothing_of_the_next_one() {
    // The second message is in the channel when the first is received, since the
    // third is behind it; what its sender did before may still be unknown.
    let (results, _) = seen(|| {
        let count = Arc::new(AtomicUsize::new(0));
        let (one, receiver) = channel();
        let two = one.clone();
        let theirs = count.clone();
        let thread = thread::spawn(move || {
            theirs.store(1, Relaxed);
            two.send(2).unwrap();
        });
        one.send(1).unwrap();
        one.send(3).unwrap();
        let mut all = vec![receiver.recv().unwrap()];
        let counted = count.load(Relaxed);
        all.extend([receiver.recv().unwrap(), receiver.recv().unwrap()]);
        thread.join().unwrap();
        (all, counted)
    });
    assert!(results.contains(&(vec![1, 2, 3], 0)) && results.contains(&(vec![1, 2, 3], 1)));
    assert!(results.contains(&(vec![2, 1, 3], 1)) && !results.contains(&(vec![2, 1, 3], 0)));
}

#[test]
fn the_end_of_a_channel_is_ordered_after_its_senders() {
    heddle::model(|| {
        let data = Arc::new(Plain(UnsafeCell::new(0)));
        let (sender, receiver) = channel::<()>();
        let theirs = data.clone();
        let thread = thread::spawn(move || {
            // SAFETY: see `Plain`.
            theirs.0.with_mut(|at| unsafe { *at = 1 });
            drop(sender);
        });
        assert!(receiver.recv().is_err());
        // SAFETY: see `Plain`.
        assert_eq!(data.0.with(|at| unsafe { *at }), 1);
        thread.join().unwrap();
    });
}

#[test]
fn messages_go_with_their_receiver() {
    let (results, _) = seen(|| {
        let (sender, receiver) = channel();
        let (reply, answer) = channel::<u32>();
        sender.send(reply).unwrap();
        let thread = thread::spawn(move || drop(receiver));
        // Nobody can answer any more.
        let closed = answer.recv().is_err();
        thread.join().unwrap();
        let (late, _answer) = channel();
        closed && sender.send(late).is_err()
    });
    assert_eq!(results, [true].into());
}

#[test]
fn a_message_is_received_or_dropped_or_given_back() {
    struct Counts(Arc<AtomicUsize>, usize);
    impl Drop for Counts {
        fn drop(&mut self) {
            self.0.fetch_add(self.1, Relaxed);
        }
    }
    let (results, _) = seen(|| {
        let count = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = channel();
        let mine = count.clone();
        let thread = thread::spawn(move || {
            let back = sender.send(Counts(mine, 1)).map_err(|SendError(message)| std::mem::forget(message));
            back.is_ok()
        });
        let received = receiver.try_recv().map(std::mem::forget).is_ok();
        drop(receiver);
        let sent = thread.join().unwrap();
        (sent, received, count.load(Relaxed))
    });
    assert_eq!(results, [(true, true, 0), (true, false, 1), (false, false, 0)].into());
}

#[test]
fn a_destructor_may_send_to_the_channel_that_goes() {
    struct Answers(heddle::sync::mpsc::Sender<Option<Answers>>);
    impl Drop for Answers {
        fn drop(&mut self) {
            assert!(self.0.send(None).is_err());
        }
    }
    heddle::model(|| {
        let (sender, receiver) = channel();
        let own = sender.clone();
        sender.send(Some(Answers(own))).unwrap();
        drop(receiver);
    });
}

#[test]
fn three_senders_have_as_many_orders_as_their_messages() {
    let (_, report) = seen(|| {
        let (sender, receiver) = channel();
        let threads = [1, 2, 3].map(|name| {
            let sender = sender.clone();
            thread::spawn(move || sender.send(name).unwrap())
        });
        drop(sender);
        let all: Vec<u32> = std::iter::from_fn(|| receiver.recv().ok()).collect();
        let _ = threads.map(|thread| thread.join().unwrap());
        all
    });
    assert_eq!(report.executions, 27_796);
}
