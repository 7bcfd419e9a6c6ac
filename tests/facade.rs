//! The facade is one: the same names, signatures and policies on every leg.
//!
//! This file compiles and runs on each leg as it is. On a leg with an engine each test's body is a model.

use std::{
    fmt::Debug,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    time::Duration,
};

use enactor::sync::{
    self, Arc, Mutex, MutexGuard, TryLock, TryLockGuard,
    atomic::{self, AtomicBool, AtomicU64, Ordering, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed, fence},
    channel::{self, Closed, Receiver, Sender},
    thread::{self, JoinHandle},
};

#[cfg(not(loom))]
fn on_this_leg(body: fn()) {
    body();
}

#[cfg(all(loom, not(heddle)))]
fn on_this_leg(body: fn()) {
    loom::model::Builder::new().check(body);
}

#[cfg(all(loom, heddle))]
fn on_this_leg(body: fn()) {
    heddle::model(body);
}

/// What every atomic of `$value` has, with its signature.
macro_rules! atomic_signatures {
    ($atomic:ty, $value:ty) => {{
        let _: fn($value) -> $atomic = <$atomic>::new;
        let _: fn(&$atomic, Ordering) -> $value = <$atomic>::load;
        let _: fn(&$atomic, $value, Ordering) = <$atomic>::store;
        let _: fn(&$atomic, $value, Ordering) -> $value = <$atomic>::swap;
        let _: fn(&$atomic, $value, $value, Ordering, Ordering) -> Result<$value, $value> = <$atomic>::compare_exchange;
        let _: fn(&$atomic, $value, $value, Ordering, Ordering) -> Result<$value, $value> =
            <$atomic>::compare_exchange_weak;
        shared::<$atomic>();
        made_of_nothing::<$atomic>();
    }};
}

fn shared<T: Debug + Send + Sync>() {}
fn sent<T: Debug + Send>() {}
fn made_of_nothing<T: Default>() {}

type Step = fn(&mut u64) -> bool;

#[test]
fn every_item_has_one_signature() {
    // What a type must be able to do, since the store, the service and the scenarios rely on it.
    shared::<Mutex<u64>>();
    shared::<TryLock<u64>>();
    shared::<Sender<u64>>();
    sent::<Receiver<u64>>();
    sent::<JoinHandle<u64>>();
    shared::<Closed>();
    shared::<Arc<u64>>();
    made_of_nothing::<Mutex<u64>>();
    made_of_nothing::<TryLock<u64>>();

    atomic_signatures!(AtomicU64, u64);
    atomic_signatures!(AtomicBool, bool);
    let _: [fn(&AtomicBool, bool, Ordering) -> bool; 3] =
        [AtomicBool::fetch_and, AtomicBool::fetch_or, AtomicBool::fetch_xor];
    let _: [fn(&AtomicU64, u64, Ordering) -> u64; 7] = [
        AtomicU64::fetch_add,
        AtomicU64::fetch_sub,
        AtomicU64::fetch_and,
        AtomicU64::fetch_or,
        AtomicU64::fetch_xor,
        AtomicU64::fetch_max,
        AtomicU64::fetch_min,
    ];
    let _: fn(Ordering) = fence;
    let _: fn(usize) -> atomic::Zeroed = atomic::zeroed;
    let _: std::sync::atomic::Ordering = Relaxed;

    let _: fn(u64) -> Mutex<u64> = Mutex::new;
    let _: for<'a> fn(&'a Mutex<u64>) -> MutexGuard<'a, u64> = Mutex::lock;
    let _: fn(&Mutex<u64>, Step) -> bool = Mutex::in_one_step;
    let _: fn(u64) -> TryLock<u64> = TryLock::new;
    let _: for<'a> fn(&'a TryLock<u64>) -> Option<TryLockGuard<'a, u64>> = TryLock::try_lock;

    let _: fn(fn() -> u64) -> JoinHandle<u64> = thread::spawn;
    let _: fn(JoinHandle<u64>) -> std::thread::Result<u64> = JoinHandle::join;
    let _: fn() = thread::yield_now;
    let _: fn(Duration) = thread::pause;

    let _: fn() -> (Sender<u64>, Receiver<u64>) = channel::unbounded;
    let _: fn(&Sender<u64>) -> Sender<u64> = Sender::clone;
    let _: fn(&Sender<u64>, u64) -> Result<(), Closed> = Sender::send;
    let _: fn(&Receiver<u64>) -> Result<u64, Closed> = Receiver::recv;
    let _: fn(&Receiver<u64>) -> Option<u64> = Receiver::try_recv;
    let closed = Closed;
    assert_eq!(closed, closed.clone());

    let leg: &'static str = sync::LEG;
    let expected = match (cfg!(loom), cfg!(heddle)) {
        (false, _) => "real",
        (true, false) => "loom",
        (true, true) => "heddle",
    };
    assert_eq!(leg, expected);
}

/// A panic that nobody needs to hear of: the hook, which would print it, is left out.
fn panic_quietly() -> ! {
    resume_unwind(Box::new("on purpose"))
}

/// Runs `body`, which must panic by itself.
fn panics(body: impl FnOnce()) {
    let panic = catch_unwind(AssertUnwindSafe(body)).expect_err("it panics");
    assert_eq!(panic.downcast_ref(), Some(&"on purpose"));
}

#[test]
fn atomics_do_what_their_names_say() {
    on_this_leg(|| {
        let number = AtomicU64::new(6);
        assert_eq!((number.fetch_add(4, Relaxed), number.fetch_sub(3, Relaxed)), (6, 10));
        assert_eq!((number.fetch_and(5, Relaxed), number.fetch_or(2, Relaxed)), (7, 5));
        assert_eq!((number.fetch_xor(3, Relaxed), number.fetch_max(9, Relaxed)), (7, 4));
        assert_eq!((number.swap(1, Relaxed), number.load(Relaxed)), (9, 1));
        assert_eq!(number.compare_exchange(2, 3, AcqRel, Acquire), Err(1));
        assert_eq!(number.compare_exchange(1, 3, AcqRel, Acquire), Ok(1));
        number.store(0, Relaxed);
        fence(AcqRel);
        assert_eq!(number.load(Acquire), AtomicU64::default().load(Relaxed));
        let switch = AtomicBool::default();
        assert_eq!((switch.swap(true, Relaxed), switch.load(Relaxed)), (false, true));
        assert_eq!(switch.compare_exchange(false, true, AcqRel, Relaxed), Err(true));
        let zeroed = atomic::zeroed(3);
        assert!(zeroed.len() == 3 && zeroed.iter().all(|word| word.load(Relaxed) == 0));
    });
}

#[test]
fn a_mutex_lets_one_thread_in_after_the_other() {
    on_this_leg(|| {
        let count = Arc::new(Mutex::new(0_u64));
        let add = |count: Arc<Mutex<u64>>| move || *count.lock() += 1;
        let other = thread::spawn(add(Arc::clone(&count)));
        add(Arc::clone(&count))();
        other.join().expect("it does not panic");
        assert_eq!(*count.lock(), 2);
    });
}

#[test]
fn a_try_lock_is_had_at_once_or_not() {
    on_this_leg(|| {
        let lock = TryLock::new(0_u64);
        let mut guard = lock.try_lock().expect("nobody holds it");
        assert!(lock.try_lock().is_none(), "held: it says so instead of waiting");
        *guard += 1;
        drop(guard);
        assert_eq!(lock.try_lock().map(|guard| *guard), Some(1));
    });
}

#[test]
fn threads_that_try_a_lock_never_block_and_never_share_it() {
    on_this_leg(|| {
        let lock = Arc::new(TryLock::new(0_u64));
        let add = |lock: Arc<TryLock<u64>>| move || lock.try_lock().map(|mut count| *count += 1).is_some();
        let other = thread::spawn(add(Arc::clone(&lock)));
        let mine = add(Arc::clone(&lock))();
        let theirs = other.join().expect("it does not panic");
        assert!(mine || theirs, "the first one has it");
        assert_eq!(lock.try_lock().map(|count| *count), Some(u64::from(mine) + u64::from(theirs)));
    });
}

#[test]
fn a_try_lock_is_not_poisoned() {
    on_this_leg(|| {
        let lock = TryLock::new(0_u64);
        panics(|| {
            let mut guard = lock.try_lock().expect("nobody holds it");
            *guard = 7;
            panic_quietly();
        });
        assert_eq!(lock.try_lock().map(|value| *value), Some(7), "the panic has given it back");
    });
}

/// loom 0.7.2 poisons its own mutex, out of our reach. Its next `lock` panics, so a model that gets there fails.
#[test]
fn a_mutex_is_not_poisoned_or_the_model_fails() {
    on_this_leg(|| {
        let lock = Mutex::new(0_u64);
        panics(|| {
            let mut guard = lock.lock();
            *guard = 7;
            panic_quietly();
        });
        #[cfg(any(heddle, not(loom)))]
        assert_eq!(*lock.lock(), 7, "the panic has given it back");
        #[cfg(all(loom, not(heddle)))]
        catch_unwind(AssertUnwindSafe(|| drop(lock.lock()))).expect_err("never a model that goes on regardless");
    });
}

/// Plays a thread that stops for ever after so many operations of its own around a lock; then somebody else may want it.
#[cfg(loom)]
fn stops_around_a_lock(operations: usize, then: fn(&Mutex<u64>)) {
    sync::model::begin_execution(&sync::model::Lens::default());
    let lock = Arc::new(Mutex::new(0_u64));
    let theirs = Arc::clone(&lock);
    let stops = move || {
        sync::model::stop_after(operations);
        catch_unwind(AssertUnwindSafe(|| *theirs.lock() += 1)).is_err_and(|panic| panic.is::<sync::model::Stopped>())
    };
    let stopped = thread::spawn(stops).join().expect("it catches its panic");
    assert_eq!(stopped, operations < 2, "taking the lock and letting go of it are two operations");
    then(&lock);
}

#[cfg(loom)]
#[test]
fn a_thread_can_stop_before_it_lets_go_of_a_lock_and_keeps_it() {
    on_this_leg(|| stops_around_a_lock(0, |lock| assert_eq!(*lock.lock(), 0)));
    on_this_leg(|| stops_around_a_lock(1, |_| ()));
    on_this_leg(|| stops_around_a_lock(2, |lock| assert_eq!(*lock.lock(), 1)));
    catch_unwind(|| on_this_leg(|| stops_around_a_lock(1, |lock| drop(lock.lock())))).expect_err("nobody gets it");
}

#[test]
fn a_channel_gives_back_what_was_sent_in_order() {
    on_this_leg(|| {
        let (sender, receiver) = channel::unbounded();
        assert_eq!(receiver.try_recv(), None, "it does not wait");
        let another = sender.clone();
        assert_eq!((sender.send(1), another.send(2)), (Ok(()), Ok(())));
        assert_eq!((receiver.recv(), receiver.try_recv(), receiver.try_recv()), (Ok(1), Some(2), None));
    });
}

/// loom 0.7.2 knows of no closed channel: it waits on one for ever and calls that a deadlock.
#[cfg(any(heddle, not(loom)))]
#[test]
fn a_channel_without_its_other_end_is_closed() {
    on_this_leg(|| {
        let (sender, receiver) = channel::unbounded();
        assert_eq!(sender.send(1), Ok(()));
        drop(sender);
        assert_eq!((receiver.recv(), receiver.recv()), (Ok(1), Err(Closed)), "first what was sent");
        let (sender, receiver) = channel::unbounded();
        drop(receiver);
        assert_eq!(sender.send(1), Err(Closed));
    });
}
