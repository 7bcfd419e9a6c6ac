//! The DNS automation that took down us-east-1 on 20 October 2025, as real threaded Rust: with the store that failed, and
//! with one that cannot fail that way.
//!
//! # The tour
//!
//! A [`Planner`](planner::Planner) watches load balancers and publishes ever-newer [`Plan`](plan::Plan)s, each with one
//! [`RecordSet`](plan::RecordSet) for every [`Endpoint`](plan::Endpoint). Redundant [`Enactor`](enactor::Enactor)s pick up
//! the latest plan, check *once* that it is newer than what is applied, apply it endpoint by endpoint, and delete old plans.
//! An [`Operator`](operator::Operator) can pause everything and repair. [`service`] runs them all as threads.
//!
//! Everything they share is a [`PlanStore`](store::PlanStore):
//! - [`Unguarded`](store::Unguarded) is the store of the outage. A slow Enactor overwrites a new plan with an old one, a fast
//!   one's clean-up deletes that old plan, and the endpoint's addresses are gone.
//! - [`Guarded`](store::Guarded) refuses, in the same atomic step as the write, a write that is not newer, and deletes only
//!   what can never be reached again.
//!
//! Plans are ordered by their [`Generation`](generation::Generation).
//!
//! ```
//! use enactor::{enactor::{Enactor, Policy}, plan::json, store::{EnactorId, Guarded, PlanStore}};
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let plan = json::from_str(
//!     r#"{"generation": 1, "endpoints": {"db.example": [{"address": "10.0.0.1", "weight": 1}]}}"#,
//! )?;
//! let endpoint = "db.example".parse()?;
//! let store: Guarded = Guarded::new([endpoint])?;
//! store.publish(plan.into())?;
//! Enactor::new(EnactorId(1), Policy::default()).run(&store);
//!
//! let answer = store.resolve(&"db.example".parse()?)?;
//! assert_eq!(answer.targets().next().map(|target| target.address), Some("10.0.0.1".parse()?));
//! # Ok(())
//! # }
//! # #[cfg(not(loom))]
//! # example()?;
//! # // An engine's stores live in models only.
//! # #[cfg(all(loom, not(heddle)))]
//! # loom::model(|| example().expect("as on the real leg"));
//! # #[cfg(heddle)]
//! # heddle::model(|| example().expect("as on the real leg"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is proved, and how
//!
//! The same source compiles against a model checker's atomics; see [`sync`]. The scenarios, properties and verdicts are in
//! the package `enactor-verification`; `cargo verify` runs them.

pub mod enactor;
pub mod generation;
pub mod operator;
pub mod plan;
pub mod planner;
pub mod service;
pub mod store;
pub mod sync;
