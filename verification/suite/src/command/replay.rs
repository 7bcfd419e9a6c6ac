//! Showing counterexamples.

use anstream::println;
use anstyle::{AnsiColor, Style};
use enactor::store::{Guarded, Unguarded};
use enactor_verification::{
    budget::Store,
    engine::explore::{self, NoSuchExecution},
    property::Property,
    report::{
        timeline::{self, Event},
        token::Token,
    },
    runner::Outcome,
    search::Findings,
};

use super::{Exit, complain};

/// The properties that the outage violates, in the order in which they did.
const OUTAGE: [Property; 4] =
    [Property::NeverRegresses, Property::NeverDangles, Property::NeverEmpty, Property::NeverWedges];

/// `cargo verify replay TOKEN`.
pub(super) fn replay(token: &Token) -> Exit {
    match play(token) {
        Ok((events, findings)) => {
            print_timeline(token, &events);
            if findings.counterexamples.contains_key(&token.property) {
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

fn play(token: &Token) -> Result<(Vec<Event>, Findings), NoSuchExecution> {
    match token.store {
        Store::Unguarded => explore::replay::<Unguarded>(token.scenario, token.search, None, token.found),
        Store::Guarded => explore::replay::<Guarded<3>>(token.scenario, token.search, None, token.found),
    }
}

/// For each property of the outage that was refuted: the simplest counterexample in the smallest scenario, step by step.
pub(super) fn print_outage(outcomes: &[Outcome]) {
    for property in OUTAGE {
        // Scenarios are in the order of their size, the incident first.
        let found = outcomes.iter().find_map(|outcome| {
            let found = *outcome.findings.counterexamples.get(&property)?;
            outcome.model.expected.contains_key(&property).then_some((found, outcome))
        });
        let Some((found, outcome)) = found else { continue };
        let (store, scenario, search) = (outcome.model.store, outcome.model.scenario, outcome.model.search);
        let token = Token { store, scenario, property, search, found };
        match play(&token) {
            Ok((events, _)) => print_timeline(&token, &events),
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
