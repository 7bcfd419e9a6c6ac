//! [`Token`]: a short text that names one execution of one model, to replay it.

use std::{fmt, str::FromStr};

use enactor_verification::{
    engine::Engine,
    property::{Property, UnknownProperty},
    report::story::{Title, Violated},
    scenario::{Scenario, UnknownScenario},
    search::{Counterexample, Place, Search},
    stores::Store,
    trail::{NoTrail, Trail},
};

use crate::stores::{self, UnknownStore};

/// One execution of one model: `store/scenario/property#…`, where the rest says which search and which execution.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// The store.
    pub store: &'static Store,
    /// The scenario.
    pub scenario: &'static Scenario,
    /// The property that is violated.
    pub property: Property,
    /// The search, as far as it matters for which execution comes when.
    pub search: Search,
    /// The execution. Preemptions and steps are not part of the token.
    pub found: Counterexample,
}

/// A text that is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Not of the form.
    #[error("{0:?} is no token: a token is store/scenario/property#h2-Ab3 or #e17, as `cargo verify` prints it")]
    Form(String),
    /// No such store.
    #[error(transparent)]
    Store(#[from] UnknownStore),
    /// No such scenario.
    #[error(transparent)]
    Scenario(#[from] UnknownScenario),
    /// No such property.
    #[error(transparent)]
    Property(#[from] UnknownProperty),
}

impl Token {
    /// The engine that can replay it.
    pub fn engine(&self) -> Engine {
        match self.found.place {
            Place::Execution(_) => Engine::Loom,
            Place::Graph(_) => Engine::Heddle,
        }
    }
}

impl Token {
    /// What a story of its replay is called.
    pub fn title(&self) -> Title<'static> {
        Title {
            token: self.to_string(),
            replay: format!("cargo verify replay {self}"),
            store: self.store.name,
            scenario: self.scenario,
            violated: Violated::Suite(self.property),
            by_operation: false,
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, scenario, property, search, found } = self;
        let trail = Trail { search: *search, stops: scenario.has_a_stop(), found: found.clone() };
        write!(f, "{store}/{scenario}/{property}#{trail}")
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let form = || TokenError::Form(text.to_owned());
        let (model, execution) = text.split_once('#').ok_or_else(form)?;
        let &[store, scenario, property] = model.split('/').collect::<Vec<_>>().as_slice() else { return Err(form()) };
        let Trail { search, found, .. } = execution.parse().map_err(|NoTrail| form())?;
        Ok(Self {
            store: stores::named(store)?,
            scenario: scenario.parse()?,
            property: property.parse()?,
            search,
            found,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_what_it_was_made_from() {
        for text in [
            "unguarded/two_enactors_one_endpoint/never_empty#e17",
            "guarded/three_enactors_two_endpoints/converges#b2.t.e9",
            "unguarded/enactor_stops_for_ever/survives_a_crash#s3.e1",
            "unguarded/enactor_stops_for_ever/survives_a_crash#s3.h2-AbC_-9",
        ] {
            assert_eq!(text.parse::<Token>().expect("a token").to_string(), text);
        }
    }

    #[test]
    fn a_garbled_token_is_refused_with_the_form_it_should_have() {
        let good = "unguarded/two_enactors_one_endpoint/never_empty#e17";
        for (from, to) in
            [("#", ""), ("/never", "never"), ("e17", ""), ("e17", "e0"), ("e17", "e-1"), ("e17", "ü"), ("e17", "e1..")]
        {
            let error = good.replace(from, to).parse::<Token>().expect_err(to);
            assert!(matches!(error, TokenError::Form(_)), "{from} -> {to}: {error}");
        }
        assert!(matches!(good.replace("unguarded", "un").parse::<Token>(), Err(TokenError::Store(_))));
        assert!(matches!(good.replace("two", "2").parse::<Token>(), Err(TokenError::Scenario(_))));
        assert!(matches!(good.replace("never", "ever").parse::<Token>(), Err(TokenError::Property(_))));
    }
}
