//! M. M. Michael and M. L. Scott, "Simple, fast, and practical non-blocking and
//! blocking concurrent queue algorithms", PODC 1996. Nodes are places in an
//! arena and never used again, so the paper's counted pointers are not needed.

use super::engine;

use engine::sync::Arc;
use engine::sync::atomic::{
    AtomicUsize,
    Ordering::{self, Acquire, Relaxed, Release},
};
use engine::thread;

/// No node.
const NULL: usize = 0;

/// The first node: it holds no value.
const DUMMY: usize = 1;

#[derive(Default)]
struct Node {
    /// Never 0 once the node is linked.
    value: AtomicUsize,
    next: AtomicUsize,
}

/// A queue of one enqueue fewer than its arena has nodes.
pub(crate) struct Queue {
    head: AtomicUsize,
    tail: AtomicUsize,
    used: AtomicUsize,
    nodes: Vec<Node>,
    /// Release is right: pairs with the Acquire loads of `next`.
    link: Ordering,
}

impl Queue {
    pub(crate) fn new(nodes: usize, link: Ordering) -> Self {
        Self {
            head: AtomicUsize::new(DUMMY),
            tail: AtomicUsize::new(DUMMY),
            used: AtomicUsize::new(DUMMY),
            nodes: (0..nodes).map(|_| Node::default()).collect(),
            link,
        }
    }

    fn node(&self, name: usize) -> &Node {
        &self.nodes[name - 1]
    }

    /// Swings the tail forward; whoever finds it behind does.
    fn help(&self, tail: usize, next: usize) {
        // Release: pairs with the loads of the tail, which look into the node.
        // A failure means that somebody else did it.
        let _ = self.tail.compare_exchange(tail, next, Release, Relaxed);
    }

    pub(crate) fn enqueue(&self, value: usize) {
        // Relaxed: only that no two threads get the same node.
        let name = self.used.fetch_add(1, Relaxed) + 1;
        // Relaxed: the link publishes it.
        self.node(name).value.store(value, Relaxed);
        loop {
            // Acquire: pairs with `help`.
            let tail = self.tail.load(Acquire);
            let next = &self.node(tail).next;
            // A failure only helps, and `help` needs what it names to be whole.
            match next.compare_exchange(NULL, name, self.link, Acquire) {
                Ok(_) => return self.help(tail, name),
                Err(next) => self.help(tail, next),
            }
        }
    }

    pub(crate) fn dequeue(&self) -> Option<usize> {
        loop {
            // Acquire: pairs with the exchange below, so that the tail is seen
            // at least as far as whoever moved the head saw it.
            let head = self.head.load(Acquire);
            let tail = self.tail.load(Acquire);
            // Acquire: pairs with the link, whose value is read.
            let next = self.node(head).next.load(Acquire);
            if next == NULL {
                return None;
            }
            if head == tail {
                self.help(tail, next);
            } else if self.head.compare_exchange(head, next, Release, Relaxed).is_ok() {
                return Some(self.node(next).value.load(Relaxed));
            }
        }
    }
}

/// Each value comes out once and whole, and one thread's in its order. The link
/// breaks it.
pub(crate) fn two_enqueue_beside_dequeue(link: Ordering) {
    let queue = Arc::new(Queue::new(4, link));
    let (one, two) = (queue.clone(), queue.clone());
    let producer = thread::spawn(move || {
        one.enqueue(1);
        one.enqueue(2);
    });
    let consumer = thread::spawn(move || two.dequeue());
    queue.enqueue(3);
    producer.join().unwrap();
    let first = consumer.join().unwrap();
    let rest = std::iter::from_fn(|| queue.dequeue());
    let values: Vec<_> = first.into_iter().chain(rest).collect();
    let place = |value| values.iter().position(|other| *other == value);
    assert!(values.len() == 3 && place(3).is_some(), "the queue keeps what it is given: {values:?}");
    assert!(place(1) < place(2), "one thread's values keep their order: {values:?}");
}
