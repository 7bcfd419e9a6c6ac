//! The store, in every scenario of the suite and one that is larger.

use enactor_verification::{
    kit::{Candidate, Kit},
    scenario::{Need, enactors},
};
use kit_example::Shelf;

fn main() {
    let shelf = Candidate::new("shelf", Shelf::new)
        .floor(|shelf, _endpoint| shelf.floor())
        .lacks(Need::Stop, "one lock for all writers: whoever stops with it stops everybody")
        .scenario(enactors(2).endpoints(2).retention(1).clients(1).scenario());
    let features = if cfg!(feature = "broken") { " --features broken" } else { "" };
    Kit::new().command(format!("cargo test{features} --test shelf")).store(shelf).run();
}
