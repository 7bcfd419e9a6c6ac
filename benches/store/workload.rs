//! What every contender works on: endpoints with 8 IPv4 targets each, ever-newer plans, and names to look up.

use std::sync::Arc;

use enactor::{
    generation::Generation,
    plan::{Endpoint, Plan, RecordSet, Target},
};

/// How many generations behind the one just applied a plan is kept: the default of an Enactor's policy.
pub(crate) const RETENTION: u32 = 3;

/// How many endpoints' record sets differ between a plan and the one before it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    /// Every one.
    All,
    /// One in a hundred, others each time.
    OnePercent,
}

/// Makes plans, one generation after the other, without the real Planner's observations.
pub(crate) struct Plans {
    endpoints: Vec<Endpoint>,
    records: Vec<Arc<RecordSet>>,
    newest: Option<Generation>,
}

impl Plans {
    pub(crate) fn new(endpoints: usize) -> Self {
        let endpoints: Vec<Endpoint> = (0..endpoints).map(endpoint).collect();
        Self { endpoints, records: Vec::new(), newest: None }
    }

    pub(crate) fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The next plan. Record sets that do not change are shared with the plan before, as the Planner shares them.
    pub(crate) fn next(&mut self, changed: Changed) -> Arc<Plan> {
        let generation = self.newest.map_or(Generation::FIRST, |newest| newest.next().expect("far from the last"));
        let number = generation.get() as usize;
        if self.records.is_empty() {
            self.records = (0..self.endpoints.len()).map(|endpoint| records(endpoint, number)).collect();
        }
        let step = match changed {
            Changed::All => 1,
            Changed::OnePercent => 100,
        };
        for endpoint in (number % step..self.endpoints.len()).step_by(step) {
            self.records[endpoint] = records(endpoint, number);
        }
        self.newest = Some(generation);
        let records = self.endpoints.iter().cloned().zip(self.records.iter().cloned());
        Arc::new(Plan::new(generation, records))
    }
}

fn endpoint(number: usize) -> Endpoint {
    format!("service-{number:06}.region-1.example.com").parse().expect("a DNS name")
}

/// A record set that no other endpoint has, nor this one in another plan.
fn records(endpoint: usize, generation: usize) -> Arc<RecordSet> {
    let weight = u16::try_from(generation % 1000 + 1).expect("small").try_into().expect("not 0");
    let target =
        |host: u32| Target { address: (10 << 24 | (endpoint as u32) << 3 | host).to_be_bytes().into(), weight };
    let records = RecordSet::new((0..RecordSet::MAX_TARGETS as u32).map(target).collect());
    Arc::new(records.expect("distinct addresses, not too many"))
}

/// `count` endpoints, each drawn uniformly. They are parsed anew and lie in the order of their use, like names that come
/// off the wire: none of them is a clone of a store's key, whose comparison would be one of two pointers.
pub(crate) fn lookups(endpoints: usize, count: usize) -> Vec<Endpoint> {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        // Marsaglia's xorshift64: reproducible, and uniform enough for an order.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 16) as usize % endpoints
    };
    (0..count).map(|_| endpoint(next())).collect()
}
