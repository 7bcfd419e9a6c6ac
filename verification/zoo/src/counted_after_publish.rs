//! [`CountedAfterPublish`]: each plan has a count of the endpoints that serve it; clean-up deletes what nobody counts. The
//! count goes up after the zone has changed. **Wrong.**
//!
//! **Why it tempts.** Reference counts need no look at the endpoints, however many there are. And one counts what has happened:
//! counting first would leave a count behind when the write is refused.
//!
//! **What kills it.** Between the write and the count the plan is served and its count is 0.
//!
//! `never_dangles` in `clean_up_against_apply`:
//!
//! ```text
//! Enactor 1  applies plan 2 to a
//! Enactor 2  deletes plan 2
//! Enactor 1  counts a reference to plan 2
//! ```
//!
//! **What answers it.** Count first, and take it back when the write is refused; or no count: `served` in one step with the
//! deletion, as in [`Transaction`](crate::transaction::Transaction).

use std::collections::BTreeMap;

use enactor::{
    generation::Generation,
    plan::Endpoint,
    store::{ApplyOutcome, CleanUp},
};
use tracing::debug;

use crate::{fix::Fix, shelf::Shelf};

/// How many endpoints serve each plan, when everybody has counted.
type Counts = BTreeMap<Generation, i64>;

/// Writes, then counts: two steps.
#[derive(Debug, Default)]
pub struct CountedAfterPublish;

impl Fix for CountedAfterPublish {
    const NAME: &'static str = "counted_after_publish";
    type Rows = Counts;
    type Run<'store> = ();

    fn begin_run(&self, _shelf: &Shelf<Counts>) {}

    fn apply(&self, shelf: &Shelf<Counts>, _run: &mut (), endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        let outcome = shelf.transaction(|table| {
            table.refuses(endpoint, generation).unwrap_or_else(|| table.write(endpoint, generation))
        });
        if let ApplyOutcome::Applied { replaced } = outcome {
            shelf.transaction(|table| {
                *table.rows.entry(generation).or_default() += 1;
                if let Some(replaced) = replaced {
                    *table.rows.entry(replaced).or_default() -= 1;
                }
            });
            debug!(%generation, "counts a reference to plan {generation}");
        }
        outcome
    }

    fn clean_up(&self, shelf: &Shelf<Counts>, _run: &mut (), before: Generation) -> CleanUp {
        shelf.transaction(|table| {
            let counts = table.rows.clone();
            table.delete(before, |generation| counts.get(&generation).is_some_and(|&count| count > 0))
        })
    }
}
