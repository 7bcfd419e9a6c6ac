//! Programs over handles, and how they run over a family of them.

use std::sync::{Arc, Mutex};

use heddle::cell::UnsafeCell;
use heddle::sync::atomic::AtomicUsize;
use heddle::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use heddle::thread;

/// Counted handles: `Arc`, or something like it.
pub(crate) trait Family: Sized + 'static {
    type Strong: Clone + 'static;
    type Weak: Clone + 'static;
    fn new(value: Value<Self>) -> Self::Strong;
    fn downgrade(strong: &Self::Strong) -> Self::Weak;
    fn upgrade(weak: &Self::Weak) -> Option<Self::Strong>;
    fn get_mut(strong: &mut Self::Strong) -> bool;
    fn try_unwrap(strong: Self::Strong) -> Result<Value<Self>, Self::Strong>;
    fn into_inner(strong: Self::Strong) -> Option<Value<Self>>;
    fn strong_count(strong: &Self::Strong) -> usize;
    fn weak_count(strong: &Self::Strong) -> usize;
}

/// heddle's own.
pub(crate) struct Real;

impl Family for Real {
    type Strong = heddle::sync::Arc<Value<Self>>;
    type Weak = heddle::sync::Weak<Value<Self>>;

    fn new(value: Value<Self>) -> Self::Strong {
        heddle::sync::Arc::new(value)
    }

    fn downgrade(strong: &Self::Strong) -> Self::Weak {
        heddle::sync::Arc::downgrade(strong)
    }

    fn upgrade(weak: &Self::Weak) -> Option<Self::Strong> {
        weak.upgrade()
    }

    fn get_mut(strong: &mut Self::Strong) -> bool {
        heddle::sync::Arc::get_mut(strong).is_some()
    }

    fn try_unwrap(strong: Self::Strong) -> Result<Value<Self>, Self::Strong> {
        heddle::sync::Arc::try_unwrap(strong)
    }

    fn into_inner(strong: Self::Strong) -> Option<Value<Self>> {
        heddle::sync::Arc::into_inner(strong)
    }

    fn strong_count(strong: &Self::Strong) -> usize {
        heddle::sync::Arc::strong_count(strong)
    }

    fn weak_count(strong: &Self::Strong) -> usize {
        heddle::sync::Arc::weak_count(strong)
    }
}

/// What a destructor does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Nothing,
    Add,
    Load,
    Store,
    Lock,
    /// Writes a cell that only the value uses.
    Cell,
    /// Asks which thread it is in.
    Who,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Clone,
    Drop,
    Downgrade,
    CloneWeak,
    DropWeak,
    Upgrade,
    GetMut,
    TryUnwrap,
    IntoInner,
    StrongCount,
    WeakCount,
    Load(usize),
    Store(usize),
    Fence,
}

#[derive(Clone, Debug)]
pub(crate) struct Program {
    acts: [Act; 2],
    /// Whether the first value holds a handle of the second.
    nested: bool,
    /// Whether each thread begins with a weak handle, of each value.
    weak: bool,
    /// The first thread is the closure itself. Each step is about one value.
    threads: Vec<Vec<(Step, usize)>>,
    /// Whether the closure joins the others before its last steps.
    joins_first: bool,
}

/// What an execution shows: what each thread was told, what destructors were told,
/// and what is left.
pub(crate) type Outcome = Vec<Vec<u64>>;

heddle::thread_local! {
    static ME: std::cell::Cell<u64> = std::cell::Cell::new(0);
}

struct World {
    atomics: [AtomicUsize; 2],
    lock: heddle::sync::Mutex<u64>,
    told: Mutex<[u64; 2]>,
}

pub(crate) struct Value<F: Family> {
    act: Act,
    number: usize,
    world: Arc<World>,
    cell: UnsafeCell<u64>,
    /// Dropped after the destructor has acted.
    _nested: Option<F::Strong>,
}

impl<F: Family> Drop for Value<F> {
    fn drop(&mut self) {
        let world = &self.world;
        let told = match self.act {
            Act::Nothing => 1,
            Act::Add => world.atomics[0].fetch_add(10, Relaxed) as u64,
            Act::Load => world.atomics[1].load(Relaxed) as u64,
            Act::Store => {
                world.atomics[0].store(20, Release);
                1
            }
            Act::Lock => {
                let mut count = world.lock.lock().unwrap();
                *count += 1;
                *count
            }
            Act::Cell => {
                // SAFETY: `&mut self` is the only access.
                self.cell.with_mut(|value| unsafe { *value += 1 });
                1
            }
            Act::Who => ME.with(std::cell::Cell::get),
        };
        world.told.lock().unwrap()[self.number] = told + 1;
    }
}

/// What one thread holds of one value.
type Held<F> = (Vec<<F as Family>::Strong>, Vec<<F as Family>::Weak>);

fn step<F: Family>(step: Step, held: &mut Held<F>, world: &World) -> u64 {
    let (strong, weak) = held;
    let last = strong.last_mut();
    match step {
        Step::Clone => strong.extend(strong.last().cloned()),
        Step::Drop => drop(strong.pop()),
        Step::Downgrade => weak.extend(strong.last().map(F::downgrade)),
        Step::CloneWeak => weak.extend(weak.last().cloned()),
        Step::DropWeak => drop(weak.pop()),
        Step::Upgrade => {
            let upgraded = weak.last().map(F::upgrade);
            let told = upgraded.as_ref().map_or(0, |upgraded| 1 + u64::from(upgraded.is_some()));
            strong.extend(upgraded.flatten());
            return told;
        }
        Step::GetMut => return last.map_or(0, |last| 1 + u64::from(F::get_mut(last))),
        Step::TryUnwrap => match strong.pop().map(F::try_unwrap) {
            None => {}
            Some(Ok(_)) => return 1,
            Some(Err(handle)) => {
                strong.push(handle);
                return 2;
            }
        },
        Step::IntoInner => return strong.pop().map_or(0, |handle| 1 + u64::from(F::into_inner(handle).is_some())),
        Step::StrongCount => return last.map_or(0, |last| F::strong_count(last) as u64),
        Step::WeakCount => return last.map_or(0, |last| 1 + F::weak_count(last) as u64),
        Step::Load(at) => return world.atomics[at].load(if at == 0 { Acquire } else { Relaxed }) as u64,
        Step::Store(at) => world.atomics[at].store(1, Relaxed),
        Step::Fence => heddle::sync::atomic::fence(SeqCst),
    }
    0
}

fn body<F: Family>(steps: &[(Step, usize)], held: &mut [Held<F>; 2], world: &World) -> Vec<u64> {
    steps.iter().map(|(one, value)| step::<F>(*one, &mut held[*value], world)).collect()
}

/// One execution.
pub(crate) fn run<F: Family>(program: &Program) -> Outcome {
    let world = Arc::new(World {
        atomics: [AtomicUsize::new(0), AtomicUsize::new(0)],
        lock: heddle::sync::Mutex::new(0),
        told: Mutex::default(),
    });
    let value = |number: usize, nested| Value::<F> {
        act: program.acts[number],
        number,
        world: world.clone(),
        cell: UnsafeCell::new(0),
        _nested: nested,
    };
    let inner = F::new(value(1, None));
    let outer = F::new(value(0, program.nested.then(|| inner.clone())));
    let first = [outer, inner];
    let hold = || {
        first.each_ref().map(|strong| {
            let weak = program.weak.then(|| F::downgrade(strong));
            (vec![strong.clone()], Vec::from_iter(weak))
        })
    };
    let mut held: [Held<F>; 2] = hold();
    let threads: Vec<_> = (1..program.threads.len())
        .map(|index| {
            let (mut held, world, steps) = (hold(), world.clone(), program.threads[index].clone());
            thread::spawn(move || {
                ME.with(|me| me.set(index as u64));
                let told = body::<F>(&steps, &mut held, &world);
                drop(held);
                told
            })
        })
        .collect();
    drop(first);
    let join = |threads: Vec<thread::JoinHandle<Vec<u64>>>| -> Vec<Vec<u64>> {
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    };
    let (told, mut outcome) = if program.joins_first {
        let outcome = join(threads);
        (body::<F>(&program.threads[0], &mut held, &world), outcome)
    } else {
        let told = body::<F>(&program.threads[0], &mut held, &world);
        drop(std::mem::take(&mut held[1]));
        (told, join(threads))
    };
    drop(held);
    outcome.push(told);
    outcome.push(world.told.lock().unwrap().to_vec());
    outcome.push(world.atomics.iter().map(|atomic| atomic.load(Relaxed) as u64).collect());
    outcome
}

fn random_step(rng: &mut fastrand::Rng, asks: bool) -> Step {
    match rng.u8(..if asks { 22 } else { 11 }) {
        0..2 => Step::Clone,
        2..6 => Step::Drop,
        6 => Step::Load(0),
        7 => Step::Load(1),
        8 => Step::Store(0),
        9 => Step::Store(1),
        10 => Step::Fence,
        11 => Step::Downgrade,
        12 => Step::CloneWeak,
        13 => Step::DropWeak,
        14..17 => Step::Upgrade,
        17 => Step::GetMut,
        18 => Step::TryUnwrap,
        19 => Step::IntoInner,
        20 => Step::StrongCount,
        _ => Step::WeakCount,
    }
}

pub(crate) fn random(rng: &mut fastrand::Rng) -> Program {
    let acts = [Act::Nothing, Act::Add, Act::Load, Act::Store, Act::Lock, Act::Cell, Act::Who];
    let mut act = || acts[rng.usize(..acts.len())];
    let acts = [act(), act()];
    let asks = rng.bool();
    let lengths: [&[usize]; 5] = [&[1, 1, 1], &[2, 3], &[2, 2], &[1, 2], &[3, 1]];
    let lengths = lengths[rng.usize(..5)];
    let both = rng.u8(..4) == 0;
    let message = rng.u8(..20) == 0;
    let mut body = |length: &usize| -> Vec<(Step, usize)> {
        if message && *length > 1 {
            // Each tells the other something before its drop, and looks after it.
            let own = length % 2;
            return vec![(Step::Store(own), 0), (Step::Drop, 0), (Step::Load(1 - own), 0)];
        }
        (0..*length).map(|_| (random_step(rng, asks), usize::from(both && rng.bool()))).collect()
    };
    let threads = lengths.iter().map(&mut body).collect();
    Program { acts, nested: rng.bool(), weak: asks && rng.bool(), threads, joins_first: rng.u8(..6) == 0 }
}
