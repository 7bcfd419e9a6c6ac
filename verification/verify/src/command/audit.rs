//! `cargo verify audit`: the ordering audit.

use std::{
    num::NonZeroUsize,
    sync::{Arc, OnceLock},
};

use anstream::println;
use comfy_table::{Table, presets};
use enactor_verification::{
    search::Progress,
    stores::{STORES, Store},
    weakening::Event,
};
use enactor_verify::{
    audit::{self, Audit, Audited, Finding, Weaker},
    budget::Budget,
};

use super::{
    Exit, Format, complain, models,
    play::{self, Audience},
};

/// Audits a store and prints what came of it: the one that is claimed to be right, unless another one is named. Weakening an
/// ordering of a store that fails anyway tells little.
pub(super) fn run(store: Option<&'static Store>, format: Format, jobs: Option<NonZeroUsize>) -> Exit {
    let budget = match Budget::read(Budget::RECORDED, models::ENGINE) {
        Ok(budget) => budget,
        Err(error) => {
            complain(format!("the budget: {error}"));
            return Exit::Usage;
        }
    };
    let progress = Arc::new(Progress::default());
    if let Err(exit) = play::listen(&progress) {
        return exit;
    }
    let guarded = STORES.iter().find(|store| store.name == "guarded");
    let Some(store) = store.or(guarded) else { return Exit::Internal };
    let (steps, audience) =
        (OnceLock::new(), if format == Format::Json { Audience::Program } else { Audience::People });
    let watch = |event: Event<'_>| match event {
        Event::Begins(count) => drop(steps.set(play::Steps::new(count, "weaker orderings", audience))),
        Event::Ended(weakening, needed) => {
            let needed = if needed { "needed" } else { "could be weaker" };
            steps.get().into_iter().for_each(|steps| steps.step(&format!("{weakening}: {needed}")));
        }
    };
    let audit = audit::audit(store, &budget.models, play::cores(jobs), &progress, watch);
    if let Some(steps) = steps.get() {
        steps.end();
    }
    let audit = match audit {
        Ok(audit) => audit,
        Err(error) => {
            complain(error);
            return Exit::Usage;
        }
    };
    match format {
        Format::Json => println!("{}", models::json(&audit)),
        Format::Table => print_for_people(&audit),
    }
    if progress.is_interrupted() {
        Exit::Inconclusive
    } else if audit.is_clean() {
        Exit::AsExpected
    } else {
        Exit::Differs
    }
}

fn print_for_people(audit: &Audit) {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY);
    table.set_header(["operation", "ordering", "as", "finding", "noticed by"]);
    for site in &audit.sites {
        let place = format!("{}:{} {}", file_name(&site.file), site.line, site.access);
        if site.weaker.is_empty() {
            table.add_row([&place, &site.ordering, "", "is relaxed", &reached_by(site.scenarios)]);
        }
        for weaker in &site.weaker {
            table.add_row(row(site, weaker, &place));
        }
    }
    println!("{table}");
    for site in &audit.sites {
        for weaker in &site.weaker {
            if let Finding::Needed { token, weaken, .. } = &weaker.finding {
                println!("replay: cargo verify replay --weaken {weaken} {token}");
            }
        }
    }
    for place in &audit.never_reached {
        println!("never reached: {place}: no scenario gets there, so nothing is known about it");
    }
    let weaker = || audit.sites.iter().flat_map(|site| &site.weaker);
    let needed = weaker().filter(|weaker| matches!(weaker.finding, Finding::Needed { .. })).count();
    println!(
        "{} on {}: {} operations, {} weaker orderings, {needed} needed, {} could be weaker, {} never reached",
        audit.store,
        models::ENGINE,
        audit.sites.len(),
        weaker().count(),
        weaker().count() - needed,
        audit.never_reached.len()
    );
}

fn row(site: &Audited, weaker: &Weaker, place: &str) -> [String; 5] {
    let (finding, by) = match &weaker.finding {
        Finding::Needed { scenario, property, .. } => ("needed", format!("{scenario}: {property}")),
        Finding::CouldBeWeaker { executions, truncated } if truncated.is_empty() => {
            ("could be weaker", format!("nobody, in {executions} executions"))
        }
        Finding::CouldBeWeaker { executions, truncated } => {
            ("could be weaker", format!("nobody, in {executions} executions; cut short: {}", truncated.join(", ")))
        }
    };
    let ordering = weaker.ordering.clone().unwrap_or_else(|| "left out".to_owned());
    [place.to_owned(), site.ordering.clone(), ordering, finding.to_owned(), by]
}

fn reached_by(scenarios: usize) -> String {
    match scenarios {
        1 => "1 scenario reaches it".to_owned(),
        count => format!("{count} scenarios reach it"),
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
