//! The ordering audit: every atomic operation of a store, each ordering one step weaker, and which scenario notices.
//!
//! A site is *needed* when a property that holds as the code is fails with the weaker ordering. When no scenario tells the
//! difference it *could be weaker*: the ordering is too strong, or the scenarios are too weak. A site that stands in the
//! source and that no scenario reaches is an error, since nothing is known about it.

pub mod source;

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    sync::Arc,
};

use enactor::sync::model::Site;
use enactor_verification::{
    property::Property,
    search::{Progress, Search, Until},
    stores::Store,
    verdict::Expectation,
    weakening::{MAX_EXECUTIONS, MAX_TO_REACH, Weakening},
};
use serde::Serialize;

use crate::{budget::Model, report::token::Token, runner};
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

/// What an audit comes to, for whoever watches.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// So many weaker orderings are to be looked at.
    Begins(usize),
    /// One has been.
    Ended(&'a Weakening, &'a Finding),
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
    let sites = |model: &&Model| store.sites(model.scenario, limited(model, MAX_TO_REACH));
    let mut reached_by: Vec<_> = models.iter().copied().zip(runner::each(&models, workers, sites)).collect();
    // Where there is less to go through the answer comes sooner, and is shorter.
    reached_by.sort_by_key(|(_, (_, executions))| *executions);
    let mut reached: BTreeMap<Site, Vec<&Model>> = BTreeMap::new();
    for (model, (sites, _)) in reached_by {
        sites.into_iter().for_each(|site| reached.entry(site).or_default().push(model));
    }
    reached.retain(|site, _| places.iter().any(|place| place.is_in(site.file)));
    let lines: BTreeSet<(&str, u32)> = reached.keys().map(|site| (site.file, site.line)).collect();
    let never_reached = places.iter().filter(|place| !lines.iter().any(|&(file, line)| place.stands_at(file, line)));
    let never_reached = never_reached.map(ToString::to_string).collect();
    let weaker = |&site| Site::weaker(&site).into_iter().map(move |order| Weakening { site, order });
    let weakenings: Vec<Weakening> = reached.keys().flat_map(weaker).collect();
    watch(Event::Begins(weakenings.len()));
    let findings = runner::each(&weakenings, workers, |weakening| {
        let finding = weaken(store, weakening, &reached[&weakening.site], progress);
        watch(Event::Ended(weakening, &finding));
        finding
    });
    let mut sites: Vec<Audited> = reached.iter().map(|(site, models)| Audited::new(site, models.len())).collect();
    for (Weakening { site, order }, finding) in weakenings.iter().zip(findings) {
        let at = reached.keys().position(|other| other == site).expect("it is one of them");
        sites[at].weaker.push(Weaker { ordering: order.map(|order| format!("{order:?}")), finding });
    }
    Ok(Audit { store: store.name, sites, never_reached })
}

fn limited(model: &Model, executions: u64) -> Search {
    Search { max_executions: model.search.max_executions.min(executions), ..model.search }
}

impl Audited {
    fn new(site: &Site, scenarios: usize) -> Self {
        Self {
            file: site.file.to_owned(),
            line: site.line,
            access: format!("{:?}", site.access),
            ordering: format!("{:?}", site.ordering()),
            scenarios,
            weaker: Vec::new(),
        }
    }
}

fn weaken(store: &'static Store, weakening: &Weakening, models: &[&Model], progress: &Arc<Progress>) -> Finding {
    let (mut executions, mut truncated) = (0, Vec::new());
    for model in models {
        // A refutation that is there anyway says nothing about this ordering.
        let holds: Vec<Property> =
            model.expected.iter().filter(|(_, expected)| **expected != Expectation::Refuted).map(|(p, _)| *p).collect();
        let until = if holds.len() == model.expected.len() { Until::AnyRefuted } else { Until::Exhausted };
        let search = Search { until, ..limited(model, MAX_EXECUTIONS) };
        let mut findings = store.explore(model.scenario, search, Some((weakening.site, weakening.order)), progress);
        executions += findings.executions;
        let found = holds.iter().find_map(|property| findings.counterexamples.remove_entry(property));
        if let Some((property, found)) = found {
            let scenario = model.scenario;
            let token = Token { store, scenario, property, search, found }.to_string();
            return Finding::Needed { scenario: scenario.name, property, token, weaken: weakening.to_string() };
        }
        if findings.limit.is_some() {
            truncated.push(model.scenario.name);
        }
    }
    Finding::CouldBeWeaker { executions, truncated }
}
