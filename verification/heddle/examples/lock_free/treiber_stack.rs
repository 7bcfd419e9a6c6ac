//! R. K. Treiber, "Systems programming: coping with parallelism", IBM RJ 5118,
//! 1986. Nodes are places in an arena and never used again, so there is no ABA
//! and nothing to reclaim.

use super::engine;

use engine::sync::Arc;
use engine::sync::atomic::{
    AtomicUsize,
    Ordering::{self, Acquire, Relaxed},
};
use engine::thread;

/// No node.
const NULL: usize = 0;

#[derive(Default)]
struct Node {
    /// Never 0 once the node is pushed.
    value: AtomicUsize,
    next: AtomicUsize,
}

/// A stack of at most as many pushes as its arena has nodes.
pub(crate) struct Stack {
    head: AtomicUsize,
    used: AtomicUsize,
    nodes: Vec<Node>,
    /// Release is right: pairs with the Acquire in `pop`.
    publication: Ordering,
}

impl Stack {
    pub(crate) fn new(nodes: usize, publication: Ordering) -> Self {
        Self {
            head: AtomicUsize::new(NULL),
            used: AtomicUsize::new(NULL),
            nodes: (0..nodes).map(|_| Node::default()).collect(),
            publication,
        }
    }

    fn node(&self, name: usize) -> &Node {
        &self.nodes[name - 1]
    }

    pub(crate) fn push(&self, value: usize) {
        // Relaxed: only that no two threads get the same node.
        let name = self.used.fetch_add(1, Relaxed) + 1;
        let node = self.node(name);
        // Relaxed: the exchange publishes both fields.
        node.value.store(value, Relaxed);
        let mut head = self.head.load(Relaxed);
        loop {
            node.next.store(head, Relaxed);
            // A failure only learns what to try next.
            match self.head.compare_exchange(head, name, self.publication, Relaxed) {
                Ok(_) => return,
                Err(newer) => head = newer,
            }
        }
    }

    pub(crate) fn pop(&self) -> Option<usize> {
        // Acquire: pairs with the publication in `push`, whose fields are read;
        // the read-modify-writes between keep the release sequence going.
        let mut head = self.head.load(Acquire);
        while head != NULL {
            let next = self.node(head).next.load(Relaxed);
            // Relaxed: taking a node publishes nothing.
            match self.head.compare_exchange(head, next, Relaxed, Acquire) {
                Ok(_) => return Some(self.node(head).value.load(Relaxed)),
                Err(newer) => head = newer,
            }
        }
        None
    }
}

/// Nothing is lost, nothing comes twice, and nothing is seen before it is whole.
/// The publication breaks it.
pub(crate) fn push_beside_pop(publication: Ordering) {
    let stack = Arc::new(Stack::new(3, publication));
    stack.push(1);
    let (one, two) = (stack.clone(), stack.clone());
    let pusher = thread::spawn(move || one.push(2));
    let popper = thread::spawn(move || [two.pop(), two.pop()]);
    stack.push(3);
    pusher.join().unwrap();
    let popped = popper.join().unwrap();
    let rest = std::iter::from_fn(|| stack.pop());
    let mut values: Vec<_> = popped.into_iter().flatten().chain(rest).collect();
    values.sort_unstable();
    assert_eq!(values, [1, 2, 3], "the stack keeps what it is given");
}
