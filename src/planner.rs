//! [`Planner`]: turns what it observes of the load balancers into ever-newer plans, and refuses to plan an outage.

use std::{cmp::Reverse, collections::BTreeMap, net::IpAddr, num::NonZeroU16};

use tracing::warn;

use crate::{
    generation::{Generation, GenerationError},
    plan::{Endpoint, Plan, RecordSet, RecordSetError, Target},
    store::{PlanStore, PublishError},
    sync::Arc,
};

/// One load balancer, as its health checks see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadBalancer {
    /// Where it is.
    pub address: IpAddr,
    /// Whether its health checks pass.
    pub healthy: bool,
    /// How much it can take, in any unit that all load balancers of the endpoint share. 0: nothing at the moment.
    pub capacity: u32,
}

/// What the Planner knows at one moment: the load balancers of each endpoint.
pub type Observation = BTreeMap<Endpoint, Vec<LoadBalancer>>;

/// The Planner's own guards (INCIDENT 18, 19).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest share of an endpoint's targets, in per cent, that one plan may drop.
    pub largest_drop_percent: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self { largest_drop_percent: 50 }
    }
}

/// Plans, one generation after the other. Remembers the last plan that was published.
#[derive(Debug, Default)]
pub struct Planner {
    limits: Limits,
    last: Option<Arc<Plan>>,
}

/// Why no plan was made, or a plan was not published. What is published stays.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlannerError {
    /// No load balancer of the endpoint can take traffic.
    #[error("no healthy load balancer with capacity for {endpoint}: the plan would empty it, the last plan stays")]
    WouldEmpty {
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// Too many targets would go at once.
    #[error(
        "{endpoint} would lose {dropped} of {before} targets at once, over {limit} per cent: \
         check the health checks, or raise the limit"
    )]
    WouldDropTooMuch {
        /// The endpoint.
        endpoint: Endpoint,
        /// How many of its targets would go.
        dropped: usize,
        /// How many it has.
        before: usize,
        /// The limit, in per cent.
        limit: u8,
    },
    /// An endpoint's load balancers make no record set.
    #[error("{endpoint}: {reason}")]
    Records {
        /// The endpoint.
        endpoint: Endpoint,
        /// What is wrong with them.
        reason: RecordSetError,
    },
    /// There is no generation after the last one.
    #[error(transparent)]
    Generation(#[from] GenerationError),
    /// The store refused the plan.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl Planner {
    /// A Planner that has not planned yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, last: None }
    }

    /// A Planner that goes on after `plan`, as one that was restarted.
    pub fn resuming(limits: Limits, plan: Arc<Plan>) -> Self {
        Self { limits, last: Some(plan) }
    }

    /// The plan that follows `newest` for what is observed. Record sets that did not change are those of the last plan.
    ///
    /// # Errors
    /// [`PlannerError`] when the plan would empty an endpoint, drop too large a share of its targets, or cannot be made.
    pub fn plan(&self, observation: &Observation, newest: Option<Generation>) -> Result<Plan, PlannerError> {
        let generation = newest.map_or(Ok(Generation::FIRST), Generation::next)?;
        let records = observation
            .iter()
            .map(|(endpoint, load_balancers)| {
                let records = self.records(endpoint, load_balancers)?;
                Ok((endpoint.clone(), records))
            })
            .collect::<Result<Vec<_>, PlannerError>>()?;
        Ok(Plan::new(generation, records))
    }

    /// Plans for what is observed and publishes the plan.
    ///
    /// # Errors
    /// [`PlannerError`] as [`Planner::plan`], and when the store refuses the plan.
    pub fn publish<S: PlanStore>(&mut self, store: &S, observation: &Observation) -> Result<Arc<Plan>, PlannerError> {
        let plan = Arc::new(self.plan(observation, store.latest()).inspect_err(|error| warn!("{error}"))?);
        store.publish(Arc::clone(&plan))?;
        self.last = Some(Arc::clone(&plan));
        Ok(plan)
    }

    fn records(&self, endpoint: &Endpoint, load_balancers: &[LoadBalancer]) -> Result<Arc<RecordSet>, PlannerError> {
        let targets = targets(load_balancers);
        if targets.is_empty() {
            return Err(PlannerError::WouldEmpty { endpoint: endpoint.clone() });
        }
        let records =
            RecordSet::new(targets).map_err(|reason| PlannerError::Records { endpoint: endpoint.clone(), reason })?;
        let Some(last) = self.last.as_ref().and_then(|plan| plan.get(endpoint)) else {
            return Ok(Arc::new(records));
        };
        if **last == records {
            return Ok(Arc::clone(last));
        }
        let stays = |old: &Target| records.targets().any(|new| new.address == old.address);
        let before = last.targets().count();
        let dropped = before - last.targets().filter(stays).count();
        let limit = self.limits.largest_drop_percent;
        if dropped * 100 > before * usize::from(limit) {
            let endpoint = endpoint.clone();
            return Err(PlannerError::WouldDropTooMuch { endpoint, dropped, before, limit });
        }
        Ok(Arc::new(records))
    }
}

/// The healthy load balancers with the most capacity, as many as an answer takes, weighted by capacity.
fn targets(load_balancers: &[LoadBalancer]) -> Vec<Target> {
    let mut usable: Vec<&LoadBalancer> =
        load_balancers.iter().filter(|balancer| balancer.healthy && balancer.capacity > 0).collect();
    usable.sort_by_key(|balancer| (Reverse(balancer.capacity), balancer.address));
    usable.truncate(RecordSet::MAX_TARGETS);
    let largest = usable.first().map_or(1, |balancer| u64::from(balancer.capacity));
    let scale = largest.max(u64::from(u16::MAX));
    usable
        .into_iter()
        .map(|balancer| {
            let weight = (u64::from(balancer.capacity) * u64::from(u16::MAX)).div_ceil(scale);
            let weight = NonZeroU16::new(weight as u16).unwrap_or(NonZeroU16::MIN);
            Target { address: balancer.address, weight }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn balancers(states: &[(u8, bool, u32)]) -> Vec<LoadBalancer> {
        states
            .iter()
            .map(|&(host, healthy, capacity)| LoadBalancer { address: [10, 0, 0, host].into(), healthy, capacity })
            .collect()
    }

    fn observation(states: &[(u8, bool, u32)]) -> Observation {
        [("db.example".parse().expect("a name"), balancers(states))].into()
    }

    #[test]
    fn weights_follow_capacity() {
        let weights =
            |states: &[_]| -> Vec<u16> { targets(&balancers(states)).iter().map(|t| t.weight.get()).collect() };
        assert_eq!(weights(&[(1, true, 10), (2, true, 30)]), [30, 10], "small capacities are the weights themselves");
        assert_eq!(weights(&[(1, true, u32::MAX), (2, true, 1)]), [65535, 1], "large ones are scaled, never to 0");
        assert_eq!(weights(&[(1, false, 10), (2, true, 0)]), [] as [u16; 0]);
    }

    #[test]
    fn the_largest_load_balancers_are_taken_when_there_are_too_many() {
        let many: Vec<_> = (1..=20).map(|host| (host, true, u32::from(host))).collect();
        let weights: Vec<u16> = targets(&balancers(&many)).iter().map(|target| target.weight.get()).collect();
        assert_eq!(weights, [20, 19, 18, 17, 16, 15, 14, 13]);
    }

    #[test]
    fn a_plan_that_would_empty_an_endpoint_is_refused() {
        let planner = Planner::default();
        let error = planner.plan(&observation(&[(1, false, 9)]), None).expect_err("nothing healthy");
        assert_eq!(error, PlannerError::WouldEmpty { endpoint: "db.example".parse().expect("a name") });
    }

    #[test]
    fn a_plan_that_would_drop_too_large_a_share_is_refused() {
        let before = observation(&[(1, true, 1), (2, true, 1), (3, true, 1), (4, true, 1)]);
        let plan = Planner::default().plan(&before, None).expect("a plan");
        let planner = Planner::resuming(Limits { largest_drop_percent: 50 }, Arc::new(plan));
        let half = observation(&[(1, true, 1), (2, true, 1), (5, true, 1)]);
        assert!(planner.plan(&half, Some(Generation::FIRST)).is_ok(), "2 of 4 is within 50 per cent");
        let most = observation(&[(1, true, 1), (5, true, 1), (6, true, 1), (7, true, 1)]);
        let error = planner.plan(&most, Some(Generation::FIRST)).expect_err("3 of 4 go");
        assert!(matches!(error, PlannerError::WouldDropTooMuch { dropped: 3, before: 4, limit: 50, .. }), "{error}");
    }

    #[test]
    fn record_sets_that_do_not_change_are_shared() {
        let observed = observation(&[(1, true, 1)]);
        let first = Arc::new(Planner::default().plan(&observed, None).expect("a plan"));
        let planner = Planner::resuming(Limits::default(), Arc::clone(&first));
        let second = planner.plan(&observed, Some(first.generation())).expect("a plan");
        let endpoint = "db.example".parse().expect("a name");
        let (before, after) = (first.get(&endpoint).expect("planned"), second.get(&endpoint).expect("planned"));
        assert!(Arc::ptr_eq(before, after));
        assert_eq!(second.generation().get(), 2);
    }
}
