//! The seqlock: no plan store, so it has a scenario and properties of its own.

use enactor_verification::kit::{Kit, Model};
use kit_example::{Seqlock, Torn};

fn main() {
    let seqlock = Model::new("seqlock", Seqlock::new)
        .story("A writer changes both words while a reader reads them.")
        .thread("writer", |seqlock| {
            seqlock.write([1, 1]);
            Ok([1, 1])
        })
        .thread("reader", Seqlock::read)
        .afterwards(Seqlock::read)
        .property("never_torn", "A reader gets both words of one write, or is told.", |outcome| {
            outcome.threads[1].is_err() || outcome.threads[1].is_ok_and(|[one, two]| one == two)
        })
        .property("last_write_stays", "Once the writer is done its words are there.", |outcome| {
            outcome.afterwards == Some(Ok([1, 1]))
        })
        .witness("old_words_read", |outcome| outcome.threads[1] == Ok([0, 0]))
        .witness("new_words_read", |outcome| outcome.threads[1] == Ok([1, 1]))
        .witness("write_came_in_between", |outcome| outcome.threads[1] == Err(Torn));
    let features = if cfg!(feature = "broken") { " --features broken" } else { "" };
    Kit::new().command(format!("cargo test{features} --test seqlock")).model(seqlock).run();
}
