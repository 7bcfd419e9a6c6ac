//! The kit: somebody else's store, or any lock-free code of theirs, under the same scenarios, engines and verdicts.
//!
//! # Limits first
//!
//! - A verdict is about the scenarios' sizes, and about the memory model of the engine. `docs/limits.md` says what that leaves.
//! - An engine sees what goes through [`enactor::sync`]. A store on `std::sync` has one execution, so its verdict is *vacuous*.
//! - On real threads (without a cfg) the same tests are stress tests: they can refute, and prove nothing.
//!
//! # Use
//!
//! An integration test with `harness = false` whose whole text is
//!
//! ```no_run
//! # use enactor::store::Unguarded as MyStore;
//! enactor_verification::verify_store!(my_store, |endpoints| MyStore::new(endpoints.iter().cloned()));
//! ```
//!
//! gives a test `my_store::SCENARIO::PROPERTY` for every scenario and property of the suite. [`Candidate`] says what else can
//! be told about a store, [`Model`] is for code that is no store at all, and [`Kit`] takes several of both. `docs/kit.md` is
//! the ten-minute version.

#[cfg(loom)]
mod audit;
mod candidate;
mod case;
mod model;
mod tell;
mod watch;
mod words;

use std::{collections::BTreeSet, env, path::Path, sync::Arc};

use anstream::{eprintln, println};
use enactor::store::PlanStore;
use libtest_mimic::{Arguments, Completion, Failed, Trial};

pub use candidate::Candidate;
pub use case::Conclusion;
use case::{Case, Check};
pub use model::{Model, Outcome};
use tell::Telling;

use crate::{
    engine::Engine,
    trail::{NoTrail, Trail},
};

/// Everything that one test target verifies.
#[must_use = "nothing is verified before `run`"]
pub struct Kit {
    cases: Vec<Arc<dyn Check>>,
    /// What was added and has nothing to verify.
    empty: Vec<String>,
    command: String,
}

/// The environment variable that names an execution to replay.
const REPLAY: &str = "ENACTOR_REPLAY";
/// The environment variable that asks for a description instead of a run.
const DESCRIBE: &str = "ENACTOR_DESCRIBE";

/// The environment variable that asks for an audit of the orderings instead of a run.
const AUDIT: &str = "ENACTOR_AUDIT";
#[cfg(loom)]
/// The environment variable that names the ordering with which an execution is replayed.
const WEAKEN: &str = "ENACTOR_WEAKEN";
/// The environment variable that names a folder for the counterexamples' pages.
const REPORT: &str = "ENACTOR_REPORT";

/// How a kit without verdicts ends: as `cargo verify` does.
const DIFFERS: i32 = 1;
const USAGE: i32 = 2;

impl Default for Kit {
    fn default() -> Self {
        Self { cases: Vec::new(), empty: Vec::new(), command: format!("cargo test --test {}", target()) }
    }
}

/// The name of the running test target: its file has a hash at the end.
fn target() -> String {
    let name = env::args().next().and_then(|path| Some(Path::new(&path).file_stem()?.to_string_lossy().into_owned()));
    let name = name.unwrap_or_else(|| "TARGET".to_owned());
    name.rsplit_once('-').filter(|(_, hash)| hash.len() == 16).map_or(name.clone(), |(name, _)| name.to_owned())
}

impl Kit {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The command that runs this target, for the replay commands in reports. Default: `cargo test --test TARGET`.
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.command = command.into();
        self
    }

    /// Adds a store: every scenario and property of the suite.
    pub fn store<S: PlanStore>(mut self, candidate: Candidate<S>) -> Self {
        let cases = candidate.cases();
        if cases.is_empty() {
            self.empty.push(format!("the store {} has no scenario", candidate.name()));
        }
        self.cases.extend(cases.into_iter().map(|case| Arc::new(case) as Arc<dyn Check>));
        self
    }

    /// Adds a model of anything.
    pub fn model<S, T>(mut self, model: Model<S, T>) -> Self
    where
        S: Send + Sync + 'static,
        T: std::fmt::Debug + Send + Sync + 'static,
    {
        match model.has_threads() {
            true => self.cases.push(Arc::new(model.case())),
            false => self.empty.push(format!("{model:?} has no thread")),
        }
        self
    }

    /// Checks everything here and now, and says what came of each property.
    ///
    /// # Panics
    /// When something in the kit has nothing to verify, or is there twice.
    pub fn conclusions(&self) -> Vec<Conclusion> {
        self.wrong().unwrap_or_else(|words| panic!("{words}"));
        let telling = Telling::new(&self.command);
        #[cfg(loom)]
        let telling = telling.showing_all();
        let checks = self.cases.iter().flat_map(|case| (0..case.tests().len()).map(|test| case.check(test, &telling)));
        checks.collect()
    }

    /// The `main` of a test target: runs every property as a test of its own and ends the process.
    ///
    /// With `ENACTOR_REPLAY` set it replays that execution instead, with `ENACTOR_AUDIT` set it weakens each ordering in turn, and
    /// with `ENACTOR_DESCRIBE` set it says what there is. With `ENACTOR_REPORT` set it writes a page of each counterexample into that folder, below the target's name.
    pub fn run(self) -> ! {
        if let Err(words) = self.wrong() {
            eprintln!("error: {words}");
            std::process::exit(USAGE);
        }
        let telling = match self.telling() {
            Ok(telling) => Arc::new(telling),
            Err(words) => {
                eprintln!("error: {words}");
                std::process::exit(USAGE);
            }
        };
        if let Ok(token) = env::var(REPLAY) {
            std::process::exit(self.replay(&token, &telling));
        }
        let arguments = Arguments::from_args();
        if env::var_os(AUDIT).is_some() {
            std::process::exit(self.audit(&telling));
        }
        if env::var_os(DESCRIBE).is_some() {
            println!("{}", self.description());
            std::process::exit(0);
        }
        let conclusion = libtest_mimic::run(&arguments, self.trials(&telling));
        if !arguments.list {
            println!("{}", self.summary(&telling));
        }
        conclusion.exit()
    }

    /// Weakens each ordering in turn; the exit code.
    fn audit(&self, telling: &Telling) -> i32 {
        #[cfg(not(loom))]
        {
            let Telling { command, .. } = telling;
            let flags = Engine::Heddle.flags().join(" ");
            eprintln!(
                "error: {AUDIT}: only an engine can weaken an ordering: RUSTFLAGS=\"{flags}\" {AUDIT}=1 {command}"
            );
            USAGE
        }
        #[cfg(loom)]
        {
            let (clean, text) = audit::audit(&self.cases, telling);
            println!("{text}");
            if clean { 0 } else { DIFFERS }
        }
    }

    /// How to tell what is found; an error when it is asked for what this build cannot give.
    fn telling(&self) -> Result<Telling, String> {
        let telling = Telling::new(&self.command);
        #[cfg(loom)]
        let telling =
            telling.weakened_by(env::var(WEAKEN).ok().as_deref()).map_err(|error| format!("{WEAKEN}: {error}"))?;
        let folder = env::var_os(REPORT).filter(|folder| !folder.is_empty());
        // A folder of its own for each target: cargo runs one after the other.
        let Some(folder) = folder.map(|folder| Path::new(&folder).join(target())) else { return Ok(telling) };
        #[cfg(not(loom))]
        return Err(format!(
            "{REPORT}={}: only an engine finds what a page shows: RUSTFLAGS=\"{}\" {}",
            folder.display(),
            Engine::Heddle.flags().join(" "),
            self.command
        ));
        #[cfg(loom)]
        return match std::fs::create_dir_all(&folder) {
            Ok(()) => Ok(telling.with_pages(folder)),
            Err(error) => Err(format!("{REPORT}={}: {error}", folder.display())),
        };
    }

    /// What is wrong with this kit itself.
    fn wrong(&self) -> Result<(), String> {
        if let Some(empty) = self.empty.first() {
            return Err(format!("{empty}: there is nothing to verify, and nothing is green by omission"));
        }
        if self.cases.is_empty() {
            return Err("this kit is empty: add a store or a model, nothing is green by omission".to_owned());
        }
        let mut paths = BTreeSet::new();
        match self.cases.iter().find(|case| !paths.insert(case.path())) {
            Some(twice) => Err(format!("{} is there twice: give one of them another name", twice.path())),
            None => Ok(()),
        }
    }

    fn trials(&self, telling: &Arc<Telling>) -> Vec<Trial> {
        let tests = self.cases.iter().flat_map(|case| (0..case.tests().len()).map(move |test| (test, case)));
        let mut tests: Vec<_> = tests.collect();
        // heddle gives all cores to one search; the others have one core each, so the searches must not wait in a row.
        if Engine::BUILT != Some(Engine::Heddle) {
            tests.sort_by_key(|(test, _)| *test);
        }
        let trial = |(test, case): (usize, &Arc<dyn Check>)| {
            let name = format!("{}::{}", case.path().replace('/', "::"), case.tests()[test]);
            let (kind, case, telling) = (case.kind(), Arc::clone(case), Arc::clone(telling));
            let trial = Trial::ignorable_test(name, move || {
                let conclusion = case.check(test, &telling);
                match conclusion.word {
                    "ignored" => Ok(Completion::ignored_with(conclusion.text)),
                    _ if conclusion.passes => Ok(Completion::Completed),
                    _ => Err(Failed::from(conclusion.text)),
                }
            });
            trial.with_kind(kind)
        };
        tests.into_iter().map(trial).collect()
    }

    /// Plays one execution again; the exit code.
    fn replay(&self, token: &str, telling: &Telling) -> i32 {
        let complain = |words: &str| {
            eprintln!("error: {words}");
            USAGE
        };
        let Some((path, trail)) = token.split_once('#') else {
            return complain(&format!("{token:?} is no token: {NoTrail}"));
        };
        let Some((path, property)) = path.rsplit_once('/') else {
            return complain(&format!(
                "{token:?} is no token: a token begins with STORE/SCENARIO/PROPERTY or MODEL/PROPERTY"
            ));
        };
        let trail: Trail = match trail.parse() {
            Ok(trail) => trail,
            Err(error) => return complain(&format!("{token:?}: {error}")),
        };
        let Some(case) = self.cases.iter().find(|case| case.path() == path) else {
            let there: Vec<&str> = self.cases.iter().map(|case| case.path()).collect();
            return complain(&format!("{path} is not in this target; there are {}", there.join(", ")));
        };
        match case.replay(property, &trail, telling) {
            Ok((text, violates)) => {
                println!("{text}");
                if violates { 0 } else { DIFFERS }
            }
            Err(words) => complain(&words),
        }
    }

    fn description(&self) -> String {
        let describe = |case: &Arc<dyn Check>| case.description();
        self.cases.iter().map(describe).collect::<Vec<_>>().join("\n")
    }

    fn summary(&self, telling: &Telling) -> String {
        let (mut searches, mut executions) = (0, 0);
        for played in self.cases.iter().filter_map(|case| case.executions()) {
            searches += 1;
            executions += played;
        }
        let comes_to = telling.comes_to();
        match Engine::BUILT {
            None => format!(
                "{searches} scenarios, {executions} rounds on real threads: {comes_to}\nA stress test can refute; it proves nothing.\n\
                 For a proof: RUSTFLAGS=\"--cfg loom --cfg heddle\" {}\n",
                self.command
            ),
            Some(engine) => format!(
                "{searches} scenarios, {executions} executions: {comes_to}\n{}The verdicts are {engine}'s, for the code as it is; \
                 what {engine} cannot see is in enactor's docs/limits.md.\n",
                pages(telling)
            ),
        }
    }
}

/// Where the pages of this run are, or how to get them.
#[cfg(loom)]
fn pages(telling: &Telling) -> String {
    let Some(folder) = telling.pages() else {
        return match telling.has_refuted() {
            true => {
                format!("{REPORT}=FOLDER writes each counterexample into that folder, as a page to step through.\n")
            }
            false => String::new(),
        };
    };
    match telling.index(folder) {
        Ok(0) => String::new(),
        Ok(pages) => format!("counterexamples to step through: {pages}, see {}\n", folder.join("index.html").display()),
        Err(error) => format!("{error}\n"),
    }
}

#[cfg(not(loom))]
fn pages(_telling: &Telling) -> String {
    String::new()
}

/// Makes the `main` of a test target that verifies one store; see [`kit`](crate::kit).
///
/// The first argument is the store's name in tests, the second makes a store for a slice of endpoints. A third one says more
/// about the store: it takes a [`Candidate`] and gives it back.
#[macro_export]
macro_rules! verify_store {
    ($name:ident, $build:expr $(,)?) => {
        $crate::verify_store!($name, $build, |candidate| candidate);
    };
    ($name:ident, $build:expr, $more:expr $(,)?) => {
        fn main() {
            let candidate = $crate::kit::told($crate::kit::Candidate::new(stringify!($name), $build), $more);
            $crate::kit::Kit::new().store(candidate).run();
        }
    };
}

/// What `more` makes of `candidate`: lets a closure in [`verify_store!`](crate::verify_store) go without types.
#[doc(hidden)]
pub fn told<S: PlanStore>(candidate: Candidate<S>, more: impl FnOnce(Candidate<S>) -> Candidate<S>) -> Candidate<S> {
    more(candidate)
}
