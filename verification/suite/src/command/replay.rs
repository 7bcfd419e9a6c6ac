//! Showing counterexamples.

use anstream::println;
use anstyle::{AnsiColor, Style};
use enactor_verification::{
    audit::Weakening,
    engine::explore::{NoSuchExecution, Replay},
    property::Property,
    report::{
        timeline::{self, Event},
        token::Token,
    },
    runner::Outcome,
};

use super::{Exit, complain};

/// The properties that the outage violates, in the order in which they did.
const OUTAGE: [Property; 4] =
    [Property::NeverRegresses, Property::NeverDangles, Property::NeverEmpty, Property::NeverWedges];

/// `cargo verify replay TOKEN`, with an operation weakened if the token is of such a search.
pub(super) fn replay(token: &Token, weaken: Option<&str>) -> Exit {
    let weakening = match weaken.map(str::parse::<Weakening>).transpose() {
        Ok(weakening) => weakening,
        Err(error) => {
            complain(error);
            return Exit::Usage;
        }
    };
    match play(token, weakening) {
        Ok(replay) => {
            print_timeline(token, &replay.events);
            if replay.findings.counterexamples.contains_key(&token.property) {
                println!("This execution violates {}: {}", token.property, token.property.statement());
                Exit::AsExpected
            } else {
                complain(format!(
                    "this execution does not violate {}: the code has changed, verify again",
                    token.property
                ));
                Exit::Differs
            }
        }
        Err(error) => {
            complain(error);
            Exit::Usage
        }
    }
}

fn play(token: &Token, weakening: Option<Weakening>) -> Result<Replay, NoSuchExecution> {
    let weakened = weakening.map(|Weakening { site, order }| (site, order));
    token.store.replay(token.scenario, token.search, weakened, &token.found)
}

/// For each property of the outage that was refuted: the simplest counterexample in the smallest scenario, step by step.
pub(super) fn print_outage(outcomes: &[Outcome]) {
    for property in OUTAGE {
        // Scenarios are in the order of their size, the incident first.
        let asked_for = |outcome: &&Outcome| outcome.model.expected.contains_key(&property);
        let Some(token) = outcomes.iter().filter(asked_for).find_map(|outcome| outcome.token(property)) else {
            continue;
        };
        match play(&token, None) {
            Ok(replay) => print_timeline(&token, &replay.events),
            Err(error) => complain(format!("{token}: {error}")),
        }
    }
}

fn print_timeline(token: &Token, events: &[Event]) {
    let (bold, red) = (Style::new().bold(), Style::new().fg_color(Some(AnsiColor::Red.into())).bold());
    println!();
    println!("{red}{}{red:#} does not hold on {bold}{}{bold:#}: {}", token.property, token.store, token.scenario);
    println!("{}", token.property.statement());
    println!("{}", timeline::render(token.scenario, events));
    println!("replay: cargo verify replay {token}");
    println!();
}
