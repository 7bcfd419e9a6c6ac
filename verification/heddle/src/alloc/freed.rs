//! Memory that the program has freed and that stays as it is until its execution
//! has ended: a use of it finds what was there, nobody is given it again, and
//! freeing it once more is noticed.
//!
//! The table is that of the worker's OS thread. While it is looked at, this thread
//! has none: what the table itself allocates and frees passes by.

use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::ptr;
use std::rc::Rc;

use crate::engine::{after, try_with};
use crate::graph::{Site, ThreadId};

thread_local! {
    /// The table of the execution that runs on this OS thread. It has no
    /// destructor: an allocator may look at it whenever it is called.
    static HELD: Cell<*const RefCell<Table>> = const { Cell::new(ptr::null()) };
}

/// Gives a block back for good.
pub(super) type Free = unsafe fn(by: *const (), pointer: *mut u8, layout: Layout);

/// A freed block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub(super) pointer: *mut u8,
    pub(super) layout: Layout,
    pub(super) free: Free,
    /// The allocator that `free` is of.
    pub(super) by: *const (),
    /// The line that freed it, if that is known.
    pub(super) site: Option<Site>,
    thread: ThreadId,
    after: Option<Site>,
}

impl Block {
    pub(super) fn new(pointer: *mut u8, layout: Layout, free: Free, by: *const ()) -> Self {
        Self { pointer, layout, free, by, site: None, thread: 0, after: None }
    }

    fn contains(&self, address: usize) -> bool {
        (self.pointer.addr()..self.pointer.addr() + self.layout.size()).contains(&address)
    }

    fn place(&self) -> String {
        match self.site {
            Some(site) => format!("at {site}"),
            None => after(self.after),
        }
    }
}

/// The freed blocks of an execution.
#[derive(Debug, Default)]
struct Table {
    blocks: Vec<Block>,
    /// One more than the block's index, by a hash of its address; 0 where there is
    /// none. The length is a power of two, at least twice the number of blocks.
    index: Vec<u32>,
}

impl Table {
    /// Where the address is in `index`, or the place for it.
    fn slot(&self, address: usize) -> usize {
        let mask = self.index.len() - 1;
        // Fibonacci hashing: the high bits depend on all bits of the address.
        let hash = (address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let mut slot = hash as usize & mask;
        while self.index[slot] != 0 && self.blocks[self.index[slot] as usize - 1].pointer.addr() != address {
            slot = (slot + 1) & mask;
        }
        slot
    }

    /// The block at an address, if it was freed before.
    fn find(&self, address: usize) -> Option<&Block> {
        if self.index.is_empty() {
            return None;
        }
        let index = self.index[self.slot(address)];
        (index != 0).then(|| &self.blocks[index as usize - 1])
    }

    fn insert(&mut self, block: Block) {
        self.blocks.push(block);
        if self.index.len() < self.blocks.len() * 2 {
            self.index.clear();
            self.index.resize((self.blocks.len() * 4).next_power_of_two().max(64), 0);
            for number in 0..self.blocks.len() {
                self.enter(number);
            }
        } else {
            self.enter(self.blocks.len() - 1);
        }
    }

    fn enter(&mut self, number: usize) {
        let slot = self.slot(self.blocks[number].pointer.addr());
        self.index[slot] = number as u32 + 1;
    }

    fn clear(&mut self) {
        self.blocks.clear();
        self.index.fill(0);
    }
}

/// A worker's table, reused from one execution to the next.
#[derive(Debug, Default)]
pub(crate) struct Freed(Rc<RefCell<Table>>);

/// While this lives, what the program frees on this OS thread is kept.
#[derive(Debug)]
pub(crate) struct Keeping(Rc<RefCell<Table>>);

impl Freed {
    pub(crate) fn keep(&self) -> Keeping {
        HELD.set(Rc::as_ptr(&self.0));
        Keeping(Rc::clone(&self.0))
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        HELD.set(ptr::null());
        let mut table = self.0.borrow_mut();
        for block in &table.blocks {
            // SAFETY: the program freed it, by this allocator and with this layout,
            // and it was kept from being freed until now.
            unsafe { (block.free)(block.by, block.pointer, block.layout) };
        }
        table.clear();
    }
}

/// Runs `f` on the table, with this OS thread out of it.
fn with_table<R>(f: impl FnOnce(&mut Table) -> R) -> Option<R> {
    let held = HELD.replace(ptr::null());
    if held.is_null() {
        return None;
    }
    // SAFETY: `Keeping` owns what this points to, and sets it to null before it
    // lets go of it.
    let table = unsafe { &*held };
    let result = table.try_borrow_mut().ok().map(|mut table| f(&mut table));
    HELD.set(held);
    result
}

/// Whether the program of a model frees something now, and not heddle itself.
pub(super) fn is_program() -> bool {
    !HELD.get().is_null() && try_with(|_| ()).is_some()
}

/// What was done with a block.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// It must be freed now.
    No,
    Yes,
    /// It had been freed before: a failure. It must not be freed.
    Twice,
}

/// Keeps a block that the program of a model frees.
pub(super) fn keep(mut block: Block) -> Kept {
    if HELD.get().is_null() {
        return Kept::No;
    }
    let Some((thread, after)) = try_with(|engine| engine.whereabouts()) else {
        return Kept::No;
    };
    (block.thread, block.after) = (thread, after);
    let first = with_table(|table| {
        let first = table.find(block.pointer.addr()).copied();
        if first.is_none() {
            table.insert(block);
        }
        first
    });
    let Some(first) = first else {
        return Kept::No;
    };
    let Some(first) = first else {
        return Kept::Yes;
    };
    let message = format!(
        "thread {thread} frees {} bytes of memory {}, and thread {} freed them before, {}",
        block.layout.size(),
        block.place(),
        first.thread,
        first.place()
    );
    try_with(|engine| engine.refuse_free(message));
    Kept::Twice
}

/// Whether an address is inside of a freed block, if not where it begins.
pub(super) fn is_inside(address: usize) -> bool {
    with_table(|table| table.blocks.iter().any(|block| block.contains(address))).unwrap_or(false)
}

/// Who freed the memory of an address, if anybody did: for a message.
pub(crate) fn describe(address: usize) -> String {
    let block = with_table(|table| table.blocks.iter().find(|block| block.contains(address)).copied());
    block.flatten().map_or(String::new(), |block| {
        format!(", in memory that thread {} freed {}", block.thread, block.place())
    })
}
