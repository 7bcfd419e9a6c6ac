//! [`Property`]: what must hold, as named checks on every store.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! properties {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// What must hold in every execution of a scenario.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Property {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl Property {
            /// Every property.
            pub const ALL: &[Property] = &[$(Property::$variant,)+];

            /// The name, as in budgets, filters and reports.
            pub fn name(self) -> &'static str {
                match self { $(Property::$variant => $name,)+ }
            }

            /// What it says, in a sentence.
            pub fn statement(self) -> &'static str {
                match self { $(Property::$variant => concat!($($doc,)+).trim_ascii(),)+ }
            }
        }
    };
}

properties! {
    /// An endpoint that has had an answer never gives an empty one.
    NeverEmpty = "never_empty",
    /// No reader sees an endpoint go back to an older plan.
    NeverRegresses = "never_regresses",
    /// Once the threads have ended, no endpoint points at a deleted plan.
    NeverDangles = "never_dangles",
    /// Every answer is the record set of the one plan whose generation it carries.
    NeverTorn = "never_torn",
    /// Once the threads have ended, the newest applied plan is everywhere.
    Converges = "converges",
    /// Afterwards an Enactor can still apply: the latest plan, and the one after it.
    NeverWedges = "never_wedges",
    /// Afterwards a clean-up deletes every stale plan, so a store that deletes nothing fails.
    Reclaims = "reclaims",
    /// Each endpoint's calls fit one order that keeps happens-before and the sequential specification.
    Linearizable = "linearizable",
    /// After the operator's pause has returned nothing changes until resume, but by the operator's own repair.
    PauseIsFinal = "pause_is_final",
    /// A repair with a newer, whole plan is made, also while paused, and leaves no endpoint on an older plan; another is refused.
    RepairIsObeyed = "repair_is_obeyed",
    /// An Enactor that stops for ever at any step blocks nobody and leaves no plan that another clean-up could not take.
    SurvivesACrash = "survives_a_crash",
    /// Once a later publish has taken back what was deleted, no memory is held for plans that are not stored.
    NoLeak = "no_leak",
    /// Every thread ends, without a panic or a deadlock.
    Completes = "completes",
}

impl Property {
    /// Whether it says something about going on after the threads have ended.
    pub fn needs_recovery(self) -> bool {
        matches!(self, Property::NeverWedges | Property::Reclaims | Property::SurvivesACrash | Property::NoLeak)
    }
}

/// A name that is no property.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no property is called {0:?}; there are {names}", names = Property::ALL.iter().map(|p| p.name()).collect::<Vec<_>>().join(", "))]
pub struct UnknownProperty(pub String);

impl FromStr for Property {
    type Err = UnknownProperty;
    fn from_str(name: &str) -> Result<Self, UnknownProperty> {
        let found = Self::ALL.iter().find(|property| property.name() == name);
        found.copied().ok_or_else(|| UnknownProperty(name.to_owned()))
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
