//! [`Places`]: record sets in memory that is used again, and clients that copy them without a lock.
//!
//! The automation is right here: its guards are those of [`Transaction`](crate::transaction::Transaction). What a
//! [`Reading`] differs in is how clients come by their copy, and when a place may be used again.

use enactor::{
    generation::Generation,
    plan::{Answer, Endpoint, Plan, RecordSet},
    store::{ApplyOutcome, CleanUp, PublishError, Repair},
    sync::{
        Arc,
        atomic::{
            self, AtomicU64,
            Ordering::{self, Acquire, Relaxed, Release},
            Zeroed, fence,
        },
    },
};

use crate::{
    fix::Fix,
    shelf::{Shelf, Table},
};

/// How many plans there is room for.
const ROOM: usize = 3;

/// The record sets' memory, and what each endpoint serves.
#[derive(Debug)]
pub struct Places {
    served: Zeroed,
    words: Zeroed,
    endpoints: usize,
}

/// Where to find the record set that an endpoint serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pointer {
    /// The plan's generation.
    pub generation: Generation,
    place: usize,
    words: usize,
}

impl Pointer {
    fn pack(self) -> u64 {
        u64::from(self.generation.get()) << 32 | (self.place as u64) << 8 | self.words as u64
    }

    fn unpack(bits: u64) -> Option<Self> {
        let generation = Generation::new(bits >> 32).ok()?;
        Some(Self { generation, place: (bits >> 8 & 0xff_ffff) as usize, words: (bits & 0xff) as usize })
    }
}

impl Places {
    fn new(endpoints: usize) -> Self {
        let words = atomic::zeroed(endpoints * ROOM * RecordSet::MAX_WORDS);
        Self { served: atomic::zeroed(endpoints), words, endpoints }
    }

    /// What the endpoint serves.
    pub fn look(&self, endpoint: usize) -> Option<Pointer> {
        // Acquire: the record set happens before a client's copy of it. Pairs with the store in `serve`, if that releases.
        Pointer::unpack(self.served[endpoint].load(Acquire))
    }

    /// What the endpoint serves, after a copy: nothing of a later plan has been copied if it is still the same.
    pub fn look_again(&self, endpoint: usize) -> Option<Pointer> {
        // Acquire: pairs with the fence in `put`.
        fence(Acquire);
        // Relaxed: the fence orders it behind the copy.
        Pointer::unpack(self.served[endpoint].load(Relaxed))
    }

    /// Copies a record set that may be overwritten meanwhile.
    pub fn copy(&self, endpoint: usize, pointer: Pointer, answer: &mut Answer) {
        let to = answer.fill(pointer.generation, pointer.words);
        for (to, word) in to.iter_mut().zip(self.block(endpoint, pointer.place)) {
            // Relaxed: what may go wrong here is the reading's affair.
            *to = word.load(Relaxed);
        }
    }

    fn block(&self, endpoint: usize, place: usize) -> &[AtomicU64] {
        let start = (place * self.endpoints + endpoint) * RecordSet::MAX_WORDS;
        &self.words[start..start + RecordSet::MAX_WORDS]
    }

    fn put(&self, place: usize, shelf_endpoints: &[Endpoint], plan: &Plan) {
        // Release: that nobody serves what was here happens before it is overwritten. Pairs with `look_again`.
        fence(Release);
        for (number, endpoint) in shelf_endpoints.iter().enumerate() {
            let records = plan.get(endpoint).expect("only whole plans are published");
            for (word, &records) in self.block(number, place).iter().zip(records.words()) {
                // Relaxed: handed on by `serve`.
                word.store(records, Relaxed);
            }
        }
    }
}

/// How clients read, and when a place is free.
pub trait Reading: Default + Send + Sync + 'static {
    /// The name of the fix.
    const NAME: &'static str;

    /// How a plan is handed to the clients.
    const SERVE: Ordering;

    /// What a client sees.
    fn resolve(&self, places: &Places, endpoint: usize, answer: &mut Answer);

    /// The plan in this place was deleted.
    fn retire(&self, _place: usize) {}

    /// Whether a place that no stored plan uses may be used again.
    fn is_free(&self, _place: usize) -> bool {
        true
    }
}

/// Which plan is in which place.
pub type Tenants = [Option<Arc<Plan>>; ROOM];

/// A store whose clients do as `R` says.
#[derive(Debug)]
pub struct Lockless<R> {
    places: Places,
    reading: R,
}

impl<R: Reading> Default for Lockless<R> {
    fn default() -> Self {
        Self::build(0)
    }
}

impl<R: Reading> Lockless<R> {
    /// Puts the plan into a free place, if there is one. Part of the transaction that publishes it: without a free place that
    /// deletes what is neither the newest plan nor served.
    fn settle(&self, endpoints: &[Endpoint], table: &mut Table<Tenants>, plan: &Arc<Plan>) -> Result<(), PublishError> {
        table.can_publish(plan)?;
        let free = |tenants: &Tenants| (0..ROOM).find(|&at| tenants[at].is_none() && self.reading.is_free(at));
        let place = free(&table.rows).or_else(|| {
            self.make_room(table, plan.generation());
            free(&table.rows)
        });
        let Some(place) = place else { return Err(PublishError::NoRoom { stored: table.stored().collect() }) };
        self.places.put(place, endpoints, plan);
        table.rows[place] = Some(Arc::clone(plan));
        Ok(())
    }

    /// Deletes what is older than `before` and not served. Whose right it is, the caller has asked.
    fn make_room(&self, table: &mut Table<Tenants>, before: Generation) -> CleanUp {
        let in_use = table.served();
        let done = table.delete_as_operator(before, |generation| in_use.contains(&generation));
        for (place, tenant) in table.rows.iter_mut().enumerate() {
            if tenant.take_if(|plan| done.deleted.contains(&plan.generation())).is_some() {
                self.reading.retire(place);
            }
        }
        done
    }

    /// Hands the plan to the endpoint's clients. Part of the transaction that applies it.
    fn serve(&self, endpoint: usize, name: &Endpoint, tenants: &Tenants, generation: Generation) {
        let tenant = |place: &usize| tenants[*place].as_ref().is_some_and(|plan| plan.generation() == generation);
        let Some(place) = (0..ROOM).find(tenant) else { return };
        let records = tenants[place].as_ref().and_then(|plan| plan.get(name));
        let words = records.map_or(0, |records| records.words().len());
        self.places.served[endpoint].store(Pointer { generation, place, words }.pack(), R::SERVE);
    }
}

impl<R: Reading> Fix for Lockless<R> {
    const NAME: &'static str = R::NAME;
    type Rows = Tenants;
    type Run<'store> = ();

    fn build(endpoints: usize) -> Self {
        Self { places: Places::new(endpoints), reading: R::default() }
    }

    fn begin_run(&self, _shelf: &Shelf<Tenants>) {}

    fn apply(
        &self,
        shelf: &Shelf<Tenants>,
        _run: &mut (),
        endpoint: &Endpoint,
        generation: Generation,
    ) -> ApplyOutcome {
        let Some(number) = shelf.number(endpoint) else { return ApplyOutcome::UnknownEndpoint };
        shelf.transaction(|table| {
            if let Some(refused) = table.refuses(endpoint, generation) {
                return refused;
            }
            self.serve(number, endpoint, &table.rows, generation);
            table.write(endpoint, generation)
        })
    }

    fn clean_up(&self, shelf: &Shelf<Tenants>, _run: &mut (), before: Generation) -> CleanUp {
        shelf.transaction(|table| match table.is_paused() {
            true => CleanUp { paused: true, ..CleanUp::default() },
            false => self.make_room(table, before),
        })
    }

    fn publish(&self, shelf: &Shelf<Tenants>, plan: Arc<Plan>) -> Result<(), PublishError> {
        shelf.transaction(|table| {
            if table.is_paused() {
                return Err(PublishError::Paused);
            }
            self.settle(shelf.endpoints(), table, &plan)?;
            table.publish(plan)
        })
    }

    fn resolve(&self, shelf: &Shelf<Tenants>, endpoint: &Endpoint, answer: &mut Answer) {
        let number = shelf.number(endpoint).expect("the store has looked");
        self.reading.resolve(&self.places, number, answer);
    }

    fn repair(&self, shelf: &Shelf<Tenants>, plan: Arc<Plan>) -> Result<Repair, PublishError> {
        let generation = plan.generation();
        shelf.transaction(|table| {
            self.settle(shelf.endpoints(), table, &plan)?;
            for (number, endpoint) in shelf.endpoints().iter().enumerate() {
                self.serve(number, endpoint, &table.rows, generation);
            }
            table.repair(plan)
        })
    }
}
