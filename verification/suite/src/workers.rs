//! Work on several cores.

use std::{
    num::NonZeroUsize,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// What `does` gives for each of `items`, in their order; `workers` threads take one after the other.
pub fn each<T: Sync, R: Send>(items: &[T], workers: NonZeroUsize, does: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<R>>> = Mutex::new(items.iter().map(|_| None).collect());
    thread::scope(|scope| {
        for _ in 0..workers.get().min(items.len()) {
            scope.spawn(|| {
                loop {
                    // Relaxed: each number comes up once, whatever the order.
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { return };
                    let result = does(item);
                    results.lock().expect("nobody panics with it")[at] = Some(result);
                }
            });
        }
    });
    results.into_inner().expect("nobody panics with it").into_iter().flatten().collect()
}
