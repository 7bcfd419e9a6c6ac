//! The ordering audit: every atomic operation of a store, each ordering one step weaker, and which scenario notices.
//!
//! A site is *needed* when a property that holds as the code is fails with the weaker ordering. When no scenario tells the
//! difference it *could be weaker*: the ordering is too strong, or the scenarios are too weak. A site that stands in the
//! source and that no scenario reaches is an error, since nothing is known about it.

pub mod source;

use std::{num::NonZeroUsize, sync::Arc};

use enactor::sync::model::Site;
use enactor_verification::{
    property::Property,
    search::{Progress, Search, Until},
    stores::Store,
    verdict::Expectation,
    weakening::{self, Event, MAX_EXECUTIONS, MAX_TO_REACH, Noticed, Weakening},
};
use serde::Serialize;

use crate::{budget::Model, report::token::Token};
use source::SourceError;

/// What is known about the orderings of one store.
#[derive(Debug, Serialize)]
pub struct Audit {
    /// The store's name.
    pub store: &'static str,
    /// Each operation that a scenario reaches, in the order of the source.
    pub sites: Vec<Audited>,
    /// Operations in the source that no scenario reaches, as `file:line operation`.
    pub never_reached: Vec<String>,
}

/// What is known about one operation.
#[derive(Debug, Serialize)]
pub struct Audited {
    /// The file, as the compiler names it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// What kind of operation it is.
    pub access: String,
    /// The ordering that the source gives.
    pub ordering: String,
    /// How many scenarios reach it.
    pub scenarios: usize,
    /// Each weaker ordering; none for an operation that is relaxed already.
    pub weaker: Vec<Weaker>,
}

/// What came of one weaker ordering.
#[derive(Debug, Serialize)]
pub struct Weaker {
    /// The ordering; none for a fence that is left out.
    pub ordering: Option<String>,
    /// What came of it.
    #[serde(flatten)]
    pub finding: Finding,
}

/// What came of one weaker ordering.
#[derive(Debug, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// A property that holds otherwise fails.
    Needed {
        /// The scenario.
        scenario: &'static str,
        /// The property.
        property: Property,
        /// The execution that fails.
        token: String,
        /// What to tell `cargo verify replay` beside the token.
        weaken: String,
    },
    /// Nothing tells the difference.
    CouldBeWeaker {
        /// In so many executions.
        executions: u64,
        /// Scenarios whose search was cut short, so that they may not have come to it.
        truncated: Vec<&'static str>,
    },
}

impl Audit {
    /// Whether every ordering is needed, and every operation is reached.
    pub fn is_clean(&self) -> bool {
        let needed = |weaker: &Weaker| matches!(weaker.finding, Finding::Needed { .. });
        self.never_reached.is_empty() && self.sites.iter().all(|site| site.weaker.iter().all(needed))
    }
}

/// Audits `store` with these models of it, with so many `workers`.
///
/// # Errors
/// [`SourceError`] when the store's source cannot be read.
pub fn audit(
    store: &'static Store,
    models: &[Model],
    workers: NonZeroUsize,
    progress: &Arc<Progress>,
    watch: impl Fn(Event<'_>) + Sync,
) -> Result<Audit, SourceError> {
    let places = source::operations(store.source)?;
    let models: Vec<&Model> = models.iter().filter(|model| model.store == store).collect();
    let audit = weakening::Audit {
        sites: |model: &&Model| store.sites(model.scenario, limited(model, MAX_TO_REACH)),
        is_theirs: |site: &Site| places.iter().any(|place| place.is_in(site.file)),
        weaken: |model: &&Model, weakening: &Weakening| weaken(store, weakening, model, progress),
    };
    let audited = audit.run(&models, workers, watch);
    let reached = |place: &source::Place| {
        audited.iter().any(|operation| place.stands_at(operation.site.file, operation.site.line))
    };
    let never_reached = places.iter().filter(|place| !reached(place)).map(ToString::to_string).collect();
    let sites = audited.into_iter().map(Audited::new).collect();
    Ok(Audit { store: store.name, sites, never_reached })
}

fn limited(model: &Model, executions: u64) -> Search {
    Search { max_executions: model.search.max_executions.min(executions), ..model.search }
}

impl Audited {
    fn new(operation: weakening::Audited<'_, &Model, Failing>) -> Self {
        let weakening::Audited { site, reached_by, weaker } = operation;
        let weaker = weaker.into_iter().map(|(weakening, finding)| Weaker {
            ordering: weakening.order.map(|order| format!("{order:?}")),
            finding: Finding::new(weakening, finding),
        });
        Self {
            file: site.file.to_owned(),
            line: site.line,
            access: format!("{:?}", site.access),
            ordering: format!("{:?}", site.ordering()),
            scenarios: reached_by,
            weaker: weaker.collect(),
        }
    }
}

impl Finding {
    fn new(weakening: Weakening, finding: weakening::Finding<'_, &Model, Failing>) -> Self {
        match finding {
            weakening::Finding::Needed { search, by: (property, token) } => {
                let scenario = search.scenario.name;
                Self::Needed { scenario, property, token: token.to_string(), weaken: weakening.to_string() }
            }
            weakening::Finding::CouldBeWeaker { executions, truncated } => {
                let truncated = truncated.into_iter().map(|model| model.scenario.name).collect();
                Self::CouldBeWeaker { executions, truncated }
            }
        }
    }
}

/// The property that notices a weaker ordering, and the execution that fails.
type Failing = (Property, Token);

fn weaken(store: &'static Store, weakening: &Weakening, model: &Model, progress: &Arc<Progress>) -> Noticed<Failing> {
    // A refutation that is there anyway says nothing about this ordering.
    let holds: Vec<Property> =
        model.expected.iter().filter(|(_, expected)| **expected != Expectation::Refuted).map(|(p, _)| *p).collect();
    let until = if holds.len() == model.expected.len() { Until::AnyRefuted } else { Until::Exhausted };
    let search = Search { until, ..limited(model, MAX_EXECUTIONS) };
    let mut findings = store.explore(model.scenario, search, Some((weakening.site, weakening.order)), progress);
    let found = holds.iter().find_map(|property| findings.counterexamples.remove_entry(property));
    match found {
        Some((property, found)) => {
            Noticed::By((property, Token { store, scenario: model.scenario, property, search, found }))
        }
        None => Noticed::Not { executions: findings.executions, truncated: findings.limit.is_some() },
    }
}
