//! The engines that play scenarios: `explore` under an explorer, loom or heddle, and [`threads`] for real.

#[cfg(loom)]
pub mod explore;
#[cfg(all(loom, heddle))]
#[path = "engine/heddle.rs"]
mod explorer;
#[cfg(all(loom, not(heddle)))]
#[path = "engine/loom.rs"]
mod explorer;
pub mod threads;
#[cfg(loom)]
pub mod timeline;

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use tracing::debug;

use crate::{
    check,
    scenario::Scenario,
    search::{Collector, Find},
    stage::{self, Props, StopBefore},
    subject::Stores,
};

/// Plays once and hands what came of it to a collector. The function names that execution; without one nobody looks.
pub(crate) type Play = Arc<dyn Fn(Option<Find<'_>>) + Send + Sync>;

/// One play of `scenario` on a fresh store.
pub(crate) fn play(
    stores: &Stores,
    scenario: &'static Scenario,
    stop_before: StopBefore,
    props: &Arc<Props>,
    collector: &Arc<Collector>,
) -> Play {
    let (stores, props, collector) = (Arc::clone(stores), Arc::clone(props), Arc::clone(collector));
    Arc::new(move |found| {
        collector.begins();
        match stage::perform(&stores, scenario, &props, stop_before) {
            Ok(execution) => {
                let Some(found) = found else { return };
                let shown = check::shown(scenario, &execution, collector.search().outcomes);
                // For a timeline; without one nobody asks how.
                for property in &shown.violated {
                    let how = || check::how(*property, scenario, &execution);
                    debug!(violates = property.name(), "{}", how().unwrap_or_default());
                }
                collector.add(shown, found);
            }
            Err(error) => collector.add_not_set_up(error.0),
        }
    })
}

/// Whose word a verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// loom: the reference everyone knows; neither complete nor free of false alarms.
    Loom,
    /// heddle: every consistent RC11 execution graph exactly once.
    Heddle,
}

impl Engine {
    /// Every engine.
    pub const ALL: &[Engine] = &[Engine::Loom, Engine::Heddle];

    /// The one that this build has; none on the real leg.
    pub const BUILT: Option<Engine> = match (cfg!(loom), cfg!(heddle)) {
        (false, _) => None,
        (true, false) => Some(Engine::Loom),
        (true, true) => Some(Engine::Heddle),
    };

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Loom => "loom",
            Engine::Heddle => "heddle",
        }
    }

    /// The compiler's flags that build its leg.
    pub fn flags(self) -> &'static [&'static str] {
        match self {
            Engine::Loom => &["--cfg", "loom"],
            Engine::Heddle => &["--cfg", "loom", "--cfg", "heddle"],
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no engine is called {0:?}; there are loom and heddle")]
pub struct UnknownEngine(pub String);

impl FromStr for Engine {
    type Err = UnknownEngine;
    fn from_str(name: &str) -> Result<Self, UnknownEngine> {
        Self::ALL.iter().copied().find(|engine| engine.name() == name).ok_or_else(|| UnknownEngine(name.to_owned()))
    }
}
