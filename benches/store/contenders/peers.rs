//! What people would use instead of a plan store, each as a careful user would write it.
//!
//! All use the same hash function. All keep a [`RecordSet`] beside the generation it is from, since that is what an answer
//! says; [`Limit`] alone keeps one generation for everything. None of them orders plans, refuses stale ones or cleans up.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use dashmap::DashMap;
use enactor::{
    generation::Generation,
    plan::{Answer, Endpoint, Plan, RecordSet},
};
use foldhash::fast::FixedState;
use left_right::{Absorb, ReadHandle, WriteHandle};
use parking_lot::{Mutex, RwLock};

use super::{Contender, Phases, fold};

type Map<V> = HashMap<Endpoint, V, FixedState>;

const KNOWN: &str = "every look-up is of a known endpoint";

/// One endpoint's record set, and the plan it is from.
#[derive(Clone)]
struct Served {
    generation: Generation,
    records: RecordSet,
}

impl Served {
    #[inline]
    fn answer(&self, answer: &mut Answer) -> u64 {
        copy(self.generation, &self.records, answer)
    }
}

#[inline]
fn copy(generation: Generation, records: &RecordSet, answer: &mut Answer) -> u64 {
    let words = records.words();
    answer.fill(generation, words.len()).copy_from_slice(words);
    fold(answer.words())
}

fn served(plan: &Plan) -> impl Iterator<Item = (&Endpoint, Served)> {
    let generation = plan.generation();
    plan.records().map(move |(endpoint, records)| (endpoint, Served { generation, records: (**records).clone() }))
}

fn map_of<V>(plan: &Plan, value: impl Fn(Served) -> V) -> Map<V> {
    served(plan).map(|(endpoint, served)| (endpoint.clone(), value(served))).collect()
}

fn write(map: &mut Map<Served>, plan: &Plan) {
    for (endpoint, served) in served(plan) {
        *map.get_mut(endpoint).expect(KNOWN) = served;
    }
}

/// A map that nobody can change while it is read: what a resolve costs at least.
///
/// While there is a writer it is the control: the writer has a map of its own, so whatever this reader is slowed down by is
/// the machine, not a store.
pub(crate) struct Limit {
    generation: Generation,
    map: Map<RecordSet>,
    writers: Mutex<Map<Served>>,
}

impl Contender for Limit {
    const NAME: &str = "`HashMap`, nothing shared";

    fn build(_endpoints: &[Endpoint], plan: Arc<Plan>) -> Self {
        let map = plan.records().map(|(endpoint, records)| (endpoint.clone(), (**records).clone())).collect();
        Self { generation: plan.generation(), map, writers: Mutex::new(map_of(&plan, |served| served)) }
    }

    fn reader(&self) -> impl Fn(&Endpoint, &mut Answer) -> u64 {
        |endpoint, answer| copy(self.generation, self.map.get(endpoint).expect(KNOWN), answer)
    }

    fn roll_out(&self, plan: Arc<Plan>) -> Phases {
        let mut map = self.writers.lock();
        let started = Instant::now();
        write(&mut map, &plan);
        Phases::apply_only(started)
    }
}

/// [`Limit`] without the copy: what a resolve would cost that need not hand out anything of its own.
pub(crate) struct Borrowed(Map<RecordSet>);

impl Contender for Borrowed {
    const NAME: &str = "`HashMap`, nothing shared, borrowed (no copy)";

    fn build(_endpoints: &[Endpoint], plan: Arc<Plan>) -> Self {
        Self(plan.records().map(|(endpoint, records)| (endpoint.clone(), (**records).clone())).collect())
    }

    fn reader(&self) -> impl Fn(&Endpoint, &mut Answer) -> u64 {
        |endpoint, _| fold(self.0.get(endpoint).expect(KNOWN).words())
    }

    fn roll_out(&self, _plan: Arc<Plan>) -> Phases {
        Phases { publish: Duration::ZERO, apply: Duration::ZERO, clean_up: Duration::ZERO }
    }
}

/// One reader-writer lock around a map. The writer takes it anew for each endpoint, for as short as can be.
pub(crate) struct ReadWriteLock(RwLock<Map<Served>>);

impl Contender for ReadWriteLock {
    const NAME: &str = "`parking_lot::RwLock<HashMap>`";

    fn build(_endpoints: &[Endpoint], plan: Arc<Plan>) -> Self {
        Self(RwLock::new(map_of(&plan, |served| served)))
    }

    fn reader(&self) -> impl Fn(&Endpoint, &mut Answer) -> u64 {
        |endpoint, answer| self.0.read().get(endpoint).expect(KNOWN).answer(answer)
    }

    fn roll_out(&self, plan: Arc<Plan>) -> Phases {
        let started = Instant::now();
        for (endpoint, served) in served(&plan) {
            // The old record set is freed behind the lock.
            let _old = std::mem::replace(self.0.write().get_mut(endpoint).expect(KNOWN), served);
        }
        Phases::apply_only(started)
    }
}

/// A snapshot of the whole map behind one pointer. A plan is a new map, so all endpoints change at once: applying endpoint by
/// endpoint would copy the map each time.
pub(crate) struct SwapWhole(ArcSwap<Map<Served>>);

impl Contender for SwapWhole {
    const NAME: &str = "`ArcSwap<HashMap>`, a new map for each plan";

    fn build(_endpoints: &[Endpoint], plan: Arc<Plan>) -> Self {
        Self(ArcSwap::from_pointee(map_of(&plan, |served| served)))
    }

    fn reader(&self) -> impl Fn(&Endpoint, &mut Answer) -> u64 {
        |endpoint, answer| self.0.load().get(endpoint).expect(KNOWN).answer(answer)
    }

    fn roll_out(&self, plan: Arc<Plan>) -> Phases {
        let started = Instant::now();
        self.0.store(Arc::new(map_of(&plan, |served| served)));
        Phases::apply_only(started)
    }
}

/// A fixed map with one swapped pointer for each endpoint.
pub(crate) struct SwapEach(Map<ArcSwap<Served>>);

impl Contender for SwapEach {
    const NAME: &str = "`HashMap<_, ArcSwap>`";

    fn build(_endpoints: &[Endpoint], plan: Arc<Plan>) -> Self {
        Self(map_of(&plan, ArcSwap::from_pointee))
    }

    fn reader(&self) -> impl Fn(&Endpoint, &mut Answer) -> u64 {
        |endpoint, answer| self.0.get(endpoint).expect(KNOWN).load().answer(answer)
    }

    fn roll_out(&self, plan: Arc<Plan>) -> Phases {
        let started = Instant::now();
        for (endpoint, served) in served(&plan) {
            self.0.get(endpoint).expect(KNOWN).store(Arc::new(served));
        }
        Phases::apply_only(started)
    }
}

/// A map in locked shards.
pub(crate) struct Dash(DashMap<Endpoint, Served, FixedState>);

impl Contender for Dash {
    const NAME: &str = "`dashmap`";

    fn build(_endpoints: &[Endpoint], plan: Arc<Plan>) -> Self {
        let map = DashMap::with_capacity_and_hasher(plan.len(), FixedState::default());
        for (endpoint, served) in served(&plan) {
            map.insert(endpoint.clone(), served);
        }
        Self(map)
    }

    fn reader(&self) -> impl Fn(&Endpoint, &mut Answer) -> u64 {
        |endpoint, answer| self.0.get(endpoint).expect(KNOWN).answer(answer)
    }

    fn roll_out(&self, plan: Arc<Plan>) -> Phases {
        let started = Instant::now();
        for (endpoint, served) in served(&plan) {
            let _old = std::mem::replace(&mut *self.0.get_mut(endpoint).expect(KNOWN), served);
        }
        Phases::apply_only(started)
    }
}

/// A lock-free map. It is pinned for each operation, as a request's handler would: a longer pin would keep garbage alive.
pub(crate) struct Papaya(papaya::HashMap<Endpoint, Served, FixedState>);

impl Contender for Papaya {
    const NAME: &str = "`papaya`";

    fn build(_endpoints: &[Endpoint], plan: Arc<Plan>) -> Self {
        let map = papaya::HashMap::with_capacity_and_hasher(plan.len(), FixedState::default());
        for (endpoint, served) in served(&plan) {
            map.pin().insert(endpoint.clone(), served);
        }
        Self(map)
    }

    fn reader(&self) -> impl Fn(&Endpoint, &mut Answer) -> u64 {
        |endpoint, answer| self.0.pin().get(endpoint).expect(KNOWN).answer(answer)
    }

    fn roll_out(&self, plan: Arc<Plan>) -> Phases {
        let started = Instant::now();
        for (endpoint, served) in served(&plan) {
            self.0.pin().insert(endpoint.clone(), served);
        }
        Phases::apply_only(started)
    }
}

/// Two copies of a map. Readers have one while the writer, who waits for them to leave it, changes the other.
pub(crate) struct LeftRight {
    writer: Mutex<WriteHandle<Copied, Write>>,
    /// The handle that every reader's own is cloned from.
    reader: Mutex<ReadHandle<Copied>>,
}

/// One of the two copies.
#[derive(Default)]
pub(crate) struct Copied(Map<Served>);

/// One endpoint's change, done to each copy in turn.
pub(crate) struct Write(Endpoint, Served);

impl Absorb<Write> for Copied {
    fn absorb_first(&mut self, write: &mut Write, _other: &Self) {
        self.0.insert(write.0.clone(), write.1.clone());
    }

    fn absorb_second(&mut self, write: Write, _other: &Self) {
        self.0.insert(write.0, write.1);
    }

    fn sync_with(&mut self, first: &Self) {
        self.0.clone_from(&first.0);
    }
}

impl LeftRight {
    /// How many endpoints' changes are published together. Each publish waits for the readers to leave a copy, so one for
    /// each endpoint would be slower by far, and one for the whole plan would keep both versions of all of it in the log.
    const BATCH: usize = 256;

    fn write(writer: &mut WriteHandle<Copied, Write>, plan: &Plan) {
        for (count, (endpoint, served)) in (1..).zip(served(plan)) {
            writer.append(Write(endpoint.clone(), served));
            if count % Self::BATCH == 0 {
                writer.publish();
            }
        }
        writer.publish();
    }
}

impl Contender for LeftRight {
    const NAME: &str = "`left-right`, published every 256 endpoints";

    fn build(_endpoints: &[Endpoint], plan: Arc<Plan>) -> Self {
        let (mut writer, reader) = left_right::new();
        Self::write(&mut writer, &plan);
        Self { writer: Mutex::new(writer), reader: Mutex::new(reader) }
    }

    fn reader(&self) -> impl Fn(&Endpoint, &mut Answer) -> u64 {
        let handle = self.reader.lock().clone();
        move |endpoint, answer| {
            let copy = handle.enter().expect("the writer lives as long");
            copy.0.get(endpoint).expect(KNOWN).answer(answer)
        }
    }

    fn roll_out(&self, plan: Arc<Plan>) -> Phases {
        let mut writer = self.writer.lock();
        let started = Instant::now();
        Self::write(&mut writer, &plan);
        Phases::apply_only(started)
    }
}
