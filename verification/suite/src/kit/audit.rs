//! The ordering audit of a kit: each ordering of the code one step weaker, and which property notices.
//!
//! A weaker ordering is *needed* not to be used when a property that holds as the code is fails with it. Where nothing tells
//! the difference it *could be weaker*: the ordering is too strong, or what is asked is too weak. Operations that nothing
//! reaches are not listed: which there are stands in sources that this program has not.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use anstream::eprintln;
use comfy_table::{Table, presets};
use enactor::sync::model::Site;

use super::{case::Check, tell::Telling};
use crate::{stage::Props, weakening::Weakening};

/// What a case says of one weaker ordering.
pub(super) enum Noticed {
    /// A property that holds otherwise fails; the command that shows it.
    By { property: String, replay: String },
    /// None does, in so many executions.
    Not { executions: u64, truncated: bool },
}

/// What came of one weaker ordering.
enum Finding {
    Needed { case: String, property: String, replay: String },
    CouldBeWeaker { executions: u64, truncated: Vec<String> },
}

/// Whether each ordering of what `cases` run is needed, and what to print.
pub(super) fn audit(cases: &[Arc<dyn Check>], telling: &Telling) -> (bool, String) {
    let mut by_size: Vec<_> = cases.iter().zip(each(cases, |case| case.sites())).collect();
    // Where there is less to go through the answer comes sooner, and is shorter.
    by_size.sort_by_key(|(_, (_, executions))| *executions);
    let mut reached: BTreeMap<Site, Vec<&Arc<dyn Check>>> = BTreeMap::new();
    for (case, (sites, _)) in by_size {
        sites.into_iter().filter(is_theirs).for_each(|site| reached.entry(site).or_default().push(case));
    }
    let weaker =
        |site: &Site| site.weaker().into_iter().map(|order| Weakening { site: *site, order }).collect::<Vec<_>>();
    let weakenings: Vec<Weakening> = reached.keys().flat_map(weaker).collect();
    let done = AtomicUsize::new(0);
    let findings = each(&weakenings, |weakening| {
        let finding = weaken(weakening, &reached[&weakening.site], telling);
        // Relaxed: a number to show.
        let number = done.fetch_add(1, Relaxed) + 1;
        let word = if matches!(finding, Finding::Needed { .. }) { "needed" } else { "could be weaker" };
        eprintln!("{weakening}: {word} ({number} of {})", weakenings.len());
        finding
    });
    report(&reached, &weakenings, &findings)
}

/// Whether an operation is of the code under verification: neither the stage's own nor a lock's of the facade.
fn is_theirs(site: &Site) -> bool {
    !site.file.ends_with(Props::FILE) && !site.file.ends_with("src/sync/modelled.rs")
}

fn weaken(weakening: &Weakening, cases: &[&Arc<dyn Check>], telling: &Telling) -> Finding {
    let (mut executions, mut truncated) = (0, Vec::new());
    for case in cases {
        match case.weaken(weakening, telling) {
            Noticed::By { property, replay } => {
                return Finding::Needed { case: case.path().to_owned(), property, replay };
            }
            Noticed::Not { executions: played, truncated: cut } => {
                executions += played;
                truncated.extend(cut.then(|| case.path().to_owned()));
            }
        }
    }
    Finding::CouldBeWeaker { executions, truncated }
}

fn report(
    reached: &BTreeMap<Site, Vec<&Arc<dyn Check>>>,
    weakenings: &[Weakening],
    findings: &[Finding],
) -> (bool, String) {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY);
    table.set_header(["operation", "ordering", "as", "finding", "noticed by"]);
    let place = |site: &Site| format!("{}:{} {:?}", site.file, site.line, site.access);
    for (site, cases) in reached.iter().filter(|(site, _)| site.weaker().is_empty()) {
        let by = format!("{} of these reach it", cases.len());
        table.add_row([place(site), format!("{:?}", site.ordering()), String::new(), "is relaxed".to_owned(), by]);
    }
    let mut replays = String::new();
    let mut needed = 0;
    for (weakening, finding) in weakenings.iter().zip(findings) {
        let (word, by) = match finding {
            Finding::Needed { case, property, replay } => {
                needed += 1;
                writeln!(replays, "replay: {replay}").expect("a String takes everything");
                ("needed", format!("{case}/{property}"))
            }
            Finding::CouldBeWeaker { executions, truncated } if truncated.is_empty() => {
                ("could be weaker", format!("nobody, in {executions} executions"))
            }
            Finding::CouldBeWeaker { executions, truncated } => {
                ("could be weaker", format!("nobody, in {executions} executions; cut short: {}", truncated.join(", ")))
            }
        };
        let order = weakening.order.map_or("left out".to_owned(), |order| format!("{order:?}"));
        let site = &weakening.site;
        table.add_row([place(site), format!("{:?}", site.ordering()), order, word.to_owned(), by]);
    }
    let count = weakenings.len();
    let sum = format!(
        "{} operations are reached, {count} weaker orderings: {needed} needed, {} could be weaker",
        reached.len(),
        count - needed
    );
    (needed == count && !reached.is_empty(), format!("{table}\n{replays}{sum}"))
}

/// What `what` gives for each of `items`, on all cores, in their order.
fn each<T: Sync, R: Send>(items: &[T], what: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::default();
    let work = || {
        loop {
            // Relaxed: each number is given once, and nothing else depends on it.
            let at = next.fetch_add(1, Relaxed);
            let Some(item) = items.get(at) else { return };
            let result = what(item);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
        }
    };
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(items.len());
        (0..cores).for_each(|_| drop(scope.spawn(work)));
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
