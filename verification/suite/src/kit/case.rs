//! [`Case`]: one search and the properties that it is about, ours or somebody else's.

use std::{
    fmt::{Debug, Display, Write as _},
    sync::{Arc, OnceLock},
};

use crate::{
    engine::Engine,
    property::Property,
    scenario::Scenario,
    search::{Collector, Findings, Search},
    trail::Trail,
    verdict::{Limit, Verdict},
};
#[cfg(loom)]
use crate::{
    engine::explore::{NoSuchExecution, Replay, Weakened},
    report::{
        columns,
        story::{Sources, Story, Title, Violated},
    },
    search::Counterexample,
    weakening::{MAX_EXECUTIONS, MAX_TO_REACH, Noticed, Weakening},
};
#[cfg(loom)]
use enactor::sync::model::Site;

#[cfg(loom)]
use super::{WEAKEN, audit::Failing, tell};
use super::{tell::Telling, watch, words};

/// What came of one property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    /// The store and scenario, or the model, and the property, with slashes.
    pub name: String,
    /// The verdict's word; `ignored` for what the store does not promise, and `unrefuted` on real threads, which prove nothing.
    pub word: &'static str,
    /// Whether a test of it passes.
    pub passes: bool,
    /// What to tell people.
    pub text: String,
}

/// Fills a collector.
pub(super) type Run<P, W> = Arc<dyn Fn(&Arc<Collector<P, W>>) + Send + Sync>;

/// Plays one execution again, with an ordering weakened if there is one.
#[cfg(loom)]
pub(super) type Again<P, W> =
    Box<dyn Fn(Search, Weakened, &Counterexample) -> Result<Replay<P, W>, NoSuchExecution> + Send + Sync>;

/// The operations that a search reaches, and how many executions it has.
#[cfg(loom)]
pub(super) type Sites = Box<dyn Fn(Search) -> (Vec<Site>, u64) + Send + Sync>;

/// The search with an ordering weakened.
#[cfg(loom)]
pub(super) type WithWeaker<P, W> = Box<dyn Fn(Weakened) -> Run<P, W> + Send + Sync>;

/// One property of a case.
pub(super) struct Claim<P> {
    pub(super) property: P,
    /// The same, if it is one of the suite's.
    #[cfg_attr(not(loom), expect(dead_code, reason = "for what an engine finds"))]
    pub(super) known: Option<Property>,
    pub(super) statement: String,
    /// Why it is not checked, if it is not.
    pub(super) unchecked: Option<String>,
}

/// One search and the properties that it is about.
pub(super) struct Case<P, W> {
    /// `store/scenario`, or the model's name.
    pub(super) path: String,
    /// The story, and the names of the threads. A model of somebody else's has nothing else in it.
    pub(super) scenario: &'static Scenario,
    pub(super) needs: String,
    pub(super) claims: Vec<Claim<P>>,
    /// What a proof must have met.
    pub(super) witnesses: Vec<W>,
    /// What it cannot meet, and why.
    pub(super) excused: Vec<(W, String)>,
    /// What is refuted by an execution that does not end.
    pub(super) completion: Vec<P>,
    pub(super) search: Search,
    pub(super) run: Run<P, W>,
    #[cfg(loom)]
    pub(super) again: Again<P, W>,
    #[cfg(loom)]
    pub(super) sites: Sites,
    #[cfg(loom)]
    pub(super) with_weaker: WithWeaker<P, W>,
    pub(super) findings: OnceLock<Findings<P, W>>,
}

/// A case, whose properties they are aside.
pub(super) trait Check: Send + Sync {
    fn path(&self) -> &str;
    /// The names of its properties.
    fn tests(&self) -> Vec<String>;
    /// How far the search goes, in a word or two before a test's name.
    fn kind(&self) -> String;
    /// What comes of property number `test`.
    fn check(&self, test: usize, telling: &Telling) -> Conclusion;
    /// The operations that it reaches, and in how many executions.
    #[cfg(loom)]
    fn sites(&self) -> (Vec<Site>, u64);
    /// Whether a property that holds otherwise notices a weaker ordering.
    #[cfg(loom)]
    fn weaken(&self, weakening: &Weakening, telling: &Telling) -> Noticed<Failing>;
    /// Plays one execution again: what happens, and whether it violates `property`.
    fn replay(&self, property: &str, trail: &Trail, telling: &Telling) -> Result<(String, bool), String>;
    fn description(&self) -> String;
    /// How many executions there were; none when nothing of it ran.
    fn executions(&self) -> Option<u64>;
}

/// Past so many operations a story goes by what the code tells, even if that is little.
#[cfg(loom)]
const MOST_STEPS: usize = 200;

impl<P, W> Case<P, W>
where
    P: Ord + Copy + Display + Debug + Send + Sync + 'static,
    W: Ord + Copy + Display + Send + Sync + 'static,
{
    /// One search for all properties, whichever test comes first.
    fn findings(&self, telling: &Telling) -> &Findings<P, W> {
        self.findings.get_or_init(|| {
            let collector = Collector::with_completion(self.completion.clone(), self.search, Arc::default());
            watch::run(&self.path, &Arc::new(collector), &self.run, &telling.hung)
        })
    }

    fn judge(&self, claim: &Claim<P>, telling: &Telling) -> (&'static str, bool, String) {
        if let Some(why) = &claim.unchecked {
            return ("ignored", false, why.clone());
        }
        let findings = self.findings(telling);
        let verdict = findings.verdict(claim.property, &self.witnesses, &self.search);
        let (name, executions) = (self.name(claim), findings.executions);
        if findings.unjudged > 0 && verdict != Verdict::Refuted && !self.completion.contains(&claim.property) {
            return ("vacuous", false, words::unjudged(&name, findings.unjudged, executions));
        }
        let text = match &verdict {
            Verdict::Refuted => return self.refuted(claim, findings, telling),
            Verdict::Truncated(Limit::Executions(_)) if Engine::BUILT.is_none() => {
                let text = format!("{name}: not refuted in {executions} rounds on real threads, which proves nothing");
                return ("unrefuted", true, text);
            }
            Verdict::Proved | Verdict::ProvedForRc11(_) | Verdict::Bounded(_) => {
                if let Some(found) = verdict.load_buffering() {
                    telling.doubts(&self.path, found);
                }
                let met = self.excused.iter().find(|(witness, _)| findings.witnesses.contains_key(witness));
                if let Some((witness, why)) = met {
                    let text = format!(
                        "{name} is {verdict}, but {witness} was met, which should be impossible ({why}): take the excuse out"
                    );
                    return (verdict.word(), false, text);
                }
                return (verdict.word(), true, format!("{name} is {verdict} in {executions} executions"));
            }
            Verdict::Truncated(limit) => words::truncated(&name, limit, executions),
            Verdict::Vacuous(_) => {
                let refuted: Vec<String> = findings.counterexamples.keys().map(ToString::to_string).collect();
                words::vacuous(&name, &verdict, &refuted, self.is_a_model())
            }
        };
        (verdict.word(), false, text)
    }

    fn is_a_model(&self) -> bool {
        self.path == self.scenario.name
    }

    fn name(&self, claim: &Claim<P>) -> String {
        format!("{}/{}", self.path, claim.property)
    }

    #[cfg(not(loom))]
    fn refuted(&self, claim: &Claim<P>, findings: &Findings<P, W>, telling: &Telling) -> (&'static str, bool, String) {
        let (name, rounds, command) = (self.name(claim), findings.executions, &telling.command);
        let text = format!(
            "{name} is refuted on real threads, in one of {rounds} rounds: {}\nWhich steps led there, an engine says: \
             RUSTFLAGS=\"--cfg loom --cfg heddle\" {command}",
            claim.statement
        );
        ("refuted", false, text)
    }

    #[cfg(loom)]
    fn refuted(&self, claim: &Claim<P>, findings: &Findings<P, W>, telling: &Telling) -> (&'static str, bool, String) {
        let name = self.name(claim);
        let found = &findings.counterexamples[&claim.property];
        let trail = Trail { search: self.search, stops: self.scenario.has_a_stop(), found: found.clone() };
        match (self.again)(self.search, None, found) {
            Ok(replay) if replay.findings.counterexamples.contains_key(&claim.property) => {
                ("refuted", false, telling.refutes(&name, &self.story(claim, &trail, &replay, telling)))
            }
            // A counterexample that does not come up again convinces nobody.
            _ => ("truncated", false, words::unsteady(&name)),
        }
    }

    /// The story of a replay. Code that is no store tells little by itself: there each operation is a step.
    #[cfg(loom)]
    fn story(&self, claim: &Claim<P>, trail: &Trail, replay: &Replay<P, W>, telling: &Telling) -> Story {
        let token = format!("{}#{trail}", self.name(claim));
        let store = self.path.split('/').next().unwrap_or(&self.path);
        let (name, statement) = (claim.property.to_string(), &claim.statement);
        let title = Title {
            replay: words::command(&token, &telling.command),
            token,
            store,
            scenario: self.scenario,
            violated: claim.known.map_or(Violated::Own { name: &name, statement }, Violated::Suite),
            by_operation: self.is_a_model() && replay.operations.len() <= MOST_STEPS,
        };
        let ended = match &replay.findings.limit {
            Some(Limit::Engine(words)) => Some(words.as_str()),
            _ => None,
        };
        Story::new(&title, &replay.events, &replay.operations, ended, &mut Sources::default())
    }
}

impl<P, W> Check for Case<P, W>
where
    P: Ord + Copy + Display + Debug + Send + Sync + 'static,
    W: Ord + Copy + Display + Send + Sync + 'static,
{
    fn path(&self) -> &str {
        &self.path
    }

    fn tests(&self) -> Vec<String> {
        self.claims.iter().map(|claim| claim.property.to_string()).collect()
    }

    fn kind(&self) -> String {
        match (Engine::BUILT, self.search.bound) {
            (None, _) => "stress".to_owned(),
            (Some(_), Some(bound)) => format!("up to {bound} preemptions"),
            (Some(_), None) => String::new(),
        }
    }

    fn check(&self, test: usize, telling: &Telling) -> Conclusion {
        let claim = &self.claims[test];
        let (word, passes, text) = self.judge(claim, telling);
        let conclusion = Conclusion { name: self.name(claim), word, passes, text };
        telling.concludes(&conclusion);
        conclusion
    }

    #[cfg(loom)]
    fn sites(&self) -> (Vec<Site>, u64) {
        (self.sites)(Search { max_executions: MAX_TO_REACH, workers: 1, ..self.search })
    }

    #[cfg(loom)]
    fn weaken(&self, weakening: &Weakening, telling: &Telling) -> Noticed<Failing> {
        // A refutation that is there anyway says nothing about this ordering.
        let holds = |claim: &&Claim<P>| {
            claim.unchecked.is_none() && !self.findings(telling).counterexamples.contains_key(&claim.property)
        };
        let holds: Vec<&Claim<P>> = self.claims.iter().filter(holds).collect();
        let search = Search { max_executions: MAX_EXECUTIONS, workers: 1, ..self.search };
        let collector = Arc::new(Collector::with_completion(self.completion.clone(), search, Arc::default()));
        let run = (self.with_weaker)(Some((weakening.site, weakening.order)));
        let findings = watch::run(&self.path, &collector, &run, &telling.hung);
        let found = holds.iter().find_map(|claim| Some((claim, findings.counterexamples.get(&claim.property)?)));
        match found {
            Some((claim, found)) => {
                let trail = Trail { search, stops: self.scenario.has_a_stop(), found: found.clone() };
                let replay = words::command(&format!("{}#{trail}", self.name(claim)), &telling.command);
                let replay = format!("{WEAKEN}='{weakening}' {replay}");
                Noticed::By(Failing { property: claim.property.to_string(), replay })
            }
            None => Noticed::Not { executions: findings.executions, truncated: findings.limit.is_some() },
        }
    }

    #[cfg(not(loom))]
    fn replay(&self, _property: &str, _trail: &Trail, _telling: &Telling) -> Result<(String, bool), String> {
        Err("this build has no engine to replay with: set RUSTFLAGS as in the replay command".to_owned())
    }

    #[cfg(loom)]
    fn replay(&self, property: &str, trail: &Trail, telling: &Telling) -> Result<(String, bool), String> {
        let names = || self.claims.iter().map(|claim| claim.property.to_string()).collect::<Vec<_>>().join(", ");
        let claim = self.claims.iter().find(|claim| claim.property.to_string() == property);
        let claim = claim.ok_or_else(|| format!("{} has no property {property}; there are {}", self.path, names()))?;
        let replay = (self.again)(trail.search, telling.weakened, &trail.found).map_err(|error| error.to_string())?;
        let violates = replay.findings.counterexamples.contains_key(&claim.property);
        let story = self.story(claim, trail, &replay, telling);
        let operations = match story.steps.iter().map(|step| step.operations.len()).max() {
            None | Some(0 | 1) => String::new(),
            Some(_) => format!("\n{}\n", columns::operations(&story, *columns::WIDTHS.end())),
        };
        let end = match violates {
            true => {
                let page = telling.page(&story).map(|page| format!("\npage: {page}")).unwrap_or_default();
                format!("This execution violates {property}: {}{page}", claim.statement)
            }
            false => format!(
                "This execution does not violate {property}: the code has changed, verify again; or it was built with other features (`Kit::command`)"
            ),
        };
        Ok((tell::plain(format!("{}\n{operations}{end}", tell::steps(&story))), violates))
    }

    fn description(&self) -> String {
        let mut text = format!("{}\n    {}\n    needs {}\n", self.path, self.scenario.story, self.needs);
        for claim in &self.claims {
            let unchecked = claim.unchecked.as_ref().map(|why| format!(" (ignored: {why})")).unwrap_or_default();
            writeln!(text, "    {:<18} {}{unchecked}", claim.property.to_string(), claim.statement)
                .expect("a String takes everything");
        }
        for witness in &self.witnesses {
            writeln!(text, "    must meet          {witness}").expect("a String takes everything");
        }
        for (witness, why) in &self.excused {
            writeln!(text, "    cannot meet        {witness}: {why}").expect("a String takes everything");
        }
        text
    }

    fn executions(&self) -> Option<u64> {
        self.findings.get().map(|findings| findings.executions)
    }
}
