//! The ordering audit of a kit: each ordering of the code one step weaker, and which property notices.
//!
//! A weaker ordering shows that the one in the source is *needed* when a property that holds as the code is fails with it. Where
//! nothing tells the difference it *could be weaker*: the ordering is too strong, or what is asked is too weak. Operations that
//! nothing reaches are not listed: which there are stands in sources that this program has not.

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use anstream::eprintln;
use comfy_table::{Table, presets};
use enactor::sync::model::Site;

use super::{case::Check, tell::Telling};
use crate::{
    stage::Props,
    weakening::{Audit, Audited, Event, Finding},
};

/// The property that notices a weaker ordering, and the command that shows it.
pub(super) struct Failing {
    pub(super) property: String,
    pub(super) replay: String,
}

/// Whether each ordering of what `cases` run is needed, and what to print.
pub(super) fn audit(cases: &[Arc<dyn Check>], telling: &Telling) -> (bool, String) {
    let (count, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    // Relaxed: numbers to show.
    let watch = |event: Event<'_>| match event {
        Event::Begins(weakenings) => count.store(weakenings, Relaxed),
        Event::Ended(weakening, needed) => {
            let number = done.fetch_add(1, Relaxed) + 1;
            let word = if needed { "needed" } else { "could be weaker" };
            eprintln!("{weakening}: {word} ({number} of {})", count.load(Relaxed));
        }
    };
    let audit = Audit {
        sites: |case: &Arc<dyn Check>| case.sites(),
        is_theirs,
        weaken: |case: &Arc<dyn Check>, weakening: &_| case.weaken(weakening, telling),
    };
    let cores = thread::available_parallelism().unwrap_or(std::num::NonZeroUsize::MIN);
    report(&audit.run(cases, cores, watch))
}

/// Whether an operation is of the code under verification: neither the stage's own nor a lock's of the facade.
fn is_theirs(site: &Site) -> bool {
    !site.file.ends_with(Props::FILE) && !site.file.ends_with("src/sync/modelled.rs")
}

fn report(sites: &[Audited<'_, Arc<dyn Check>, Failing>]) -> (bool, String) {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY);
    table.set_header(["operation", "ordering", "as", "finding", "noticed by"]);
    let mut replays = String::new();
    let (mut count, mut needed) = (0, 0);
    for Audited { site, reached_by, weaker } in sites {
        let place = format!("{}:{} {:?}", site.file, site.line, site.access);
        let ordering = format!("{:?}", site.ordering());
        if weaker.is_empty() {
            let by = format!("{reached_by} of these reach it");
            table.add_row([&place, &ordering, "", "is relaxed", &by]);
        }
        for (weakening, finding) in weaker {
            count += 1;
            let (word, by) = match finding {
                Finding::Needed { search, by: Failing { property, replay } } => {
                    needed += 1;
                    writeln!(replays, "replay: {replay}").expect("a String takes everything");
                    ("needed", format!("{}/{property}", search.path()))
                }
                Finding::CouldBeWeaker { executions, truncated } => {
                    let cut: Vec<&str> = truncated.iter().map(|case| case.path()).collect();
                    let cut = if cut.is_empty() { String::new() } else { format!("; cut short: {}", cut.join(", ")) };
                    ("could be weaker", format!("nobody, in {executions} executions{cut}"))
                }
            };
            let order = weakening.order.map_or("left out".to_owned(), |order| format!("{order:?}"));
            table.add_row([&place, &ordering, &order, word, &by]);
        }
    }
    let sum = format!(
        "{} operations are reached, {count} weaker orderings: {needed} needed, {} could be weaker",
        sites.len(),
        count - needed
    );
    (needed == count && !sites.is_empty(), format!("{table}\n{replays}{sum}"))
}
