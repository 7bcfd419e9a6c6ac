//! `Arc`: who is last, what a last handle may do, and handles as pointers.

mod seen;

use heddle::model::Builder;
use heddle::sync::Arc;
use heddle::sync::atomic::AtomicUsize;
use heddle::sync::atomic::Ordering::Relaxed;
use heddle::thread;
use seen::{seen, seen_with};

#[test]
fn counted_arcs_show_who_is_last() {
    let mut builder = Builder::new();
    builder.arc_counts = true;
    let (results, _) = seen_with(&builder, || {
        let mine = Arc::new(7);
        let theirs = mine.clone();
        let thread = thread::spawn(move || Arc::try_unwrap(theirs).is_ok());
        let last = Arc::try_unwrap(mine).is_ok();
        (last, thread.join().unwrap())
    });
    // Both fail if each asks before the other drops what it got back.
    assert_eq!(results, [(false, false), (false, true), (true, false)].into());
}

#[test]
fn a_last_handle_drops_a_cell_without_a_race() {
    struct Slot(heddle::cell::UnsafeCell<usize>, AtomicUsize);
    impl Drop for Slot {
        fn drop(&mut self) {
            // SAFETY: `&mut self` is the only access.
            self.0.with_mut(|value| unsafe { *value = 0 });
            self.1.with_mut(|value| *value = 1);
            assert_eq!(self.1.load(Relaxed), 1);
        }
    }
    seen(|| {
        let slot = Arc::new(Slot(heddle::cell::UnsafeCell::new(1), AtomicUsize::new(0)));
        let threads = [1, 2].map(|_| {
            let slot = slot.clone();
            thread::spawn(move || {
                // SAFETY: nobody writes while it is shared.
                slot.0.with(|value| unsafe { *value });
                slot.1.fetch_add(1, Relaxed);
            })
        });
        drop(slot);
        let _ = threads.map(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_handle_survives_being_a_pointer() {
    seen(|| {
        let value = Arc::new(AtomicUsize::new(1));
        let pointer = Arc::into_raw(value.clone());
        // SAFETY: `pointer` is a handle, which each of these makes or uses up.
        unsafe {
            Arc::increment_strong_count(pointer);
            Arc::decrement_strong_count(pointer);
            assert_eq!(Arc::from_raw(pointer).load(Relaxed), 1);
        }
        assert!(Arc::try_unwrap(value).is_ok());
    });
}
