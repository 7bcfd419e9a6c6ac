//! Every fix of the zoo. On heddle a wrong one is refuted as `verification/zoo.toml` says, and the shortest counterexample of
//! its story replays, and is the schedule that its file tells; a right one is proved. `docs/zoo.md` has the table that comes of
//! it. On loom, within a bound and in the scenarios that tell the stories, a wrong one is refuted too, and its counterexample
//! replays; nothing is refuted that heddle proves. On the real leg each right fix is played by real threads.

use libtest_mimic::{Arguments, Trial};

fn main() {
    libtest_mimic::run(&Arguments::from_args(), trials()).exit();
}

#[cfg(not(loom))]
fn trials() -> Vec<Trial> {
    use enactor_verification::search::Search;
    use enactor_verify::zoo::{Kind, Zoo};

    let zoo = Zoo::read(Zoo::RECORDED).expect("verification/zoo.toml");
    let right = zoo.fixes.into_iter().filter_map(|fix| match fix.kind.clone() {
        Kind::Right { not_promised } => Some((fix, not_promised)),
        Kind::Wrong { .. } => None,
    });
    right
        .map(|(fix, not_promised)| {
            Trial::test(format!("on_real_threads::{}", fix.store), move || {
                // A thread that stops for ever with a blocking lock would stop the test.
                for model in fix.models().filter(|model| !model.scenario.has_a_stop()) {
                    let search = Search { max_executions: 100, ..model.search };
                    let findings = fix.store.stress(model.scenario, search, &Default::default());
                    assert_eq!(findings.executions, 100, "{}: a stress test is never empty", model.scenario);
                    let excused = |property| not_promised.iter().any(|excuse| excuse.property == property);
                    let refuted: Vec<_> = findings.counterexamples.into_keys().filter(|p| !excused(*p)).collect();
                    assert!(refuted.is_empty(), "{}: {refuted:?}", model.scenario);
                }
                Ok(())
            })
        })
        .collect()
}

#[cfg(loom)]
fn trials() -> Vec<Trial> {
    let trial = |fix: &'static enactor_verify::zoo::Fix| {
        Trial::test(format!("{}::{}", on_an_engine::ENGINE, fix.store), || on_an_engine::shows_what_the_zoo_says(fix))
    };
    let mut trials: Vec<Trial> = on_an_engine::ZOO.fixes.iter().map(trial).collect();
    if cfg!(heddle) {
        trials.push(Trial::test("docs_have_the_matrix", on_an_engine::docs_have_the_matrix));
    }
    trials
}

#[cfg(loom)]
mod on_an_engine {
    use std::{fs, num::NonZeroUsize, path::Path, sync::LazyLock, thread};

    use enactor_verification::engine::Engine;
    use enactor_verify::{
        budget::Model,
        matrix::{self, Matrix, Row},
        runner::{self, Outcome},
        zoo::{Fix, Zoo},
    };
    use libtest_mimic::Failed;

    pub(crate) const ENGINE: Engine = Engine::BUILT.expect("this module is part of builds with an engine only");

    pub(crate) static ZOO: LazyLock<Zoo> =
        LazyLock::new(|| Zoo::read(&read("../zoo.toml")).expect("verification/zoo.toml"));

    /// What every model of the zoo came to.
    static OUTCOMES: LazyLock<Vec<Outcome>> = LazyLock::new(|| {
        let models: Vec<Model> = ZOO.models(ENGINE);
        let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        runner::run(&models, cores, Model::explore, &Default::default(), |_| ())
    });

    fn read(path: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn shows_what_the_zoo_says(fix: &Fix) -> Result<(), Failed> {
        let differences = Row::new(fix, ENGINE, &OUTCOMES).differences;
        if !differences.is_empty() {
            let words: Vec<String> = differences.into_iter().map(|difference| difference.words).collect();
            return Err(words.join("\n").into());
        }
        let Some((property, scenario)) = fix.killed_by() else { return Ok(()) };
        let token = matrix::killer(fix, &OUTCOMES).ok_or("nothing kills it")?;
        let replay = fix.store.replay(scenario, token.search, None, &token.found)?;
        if !replay.findings.counterexamples.contains_key(&property) {
            return Err(format!("{token} does not violate {property} when it is replayed").into());
        }
        // The store of the outage is not of the zoo, and tells its story elsewhere. loom's shortest is not always heddle's.
        if fix.store.name == "unguarded" || ENGINE == Engine::Loom {
            return Ok(());
        }
        let lines: Vec<String> = matrix::schedule(&token, &replay);
        let told: String = lines.iter().map(|line| format!("//! {line}\n")).collect();
        let source = read(&format!("../zoo/src/{}.rs", fix.store));
        let told = format!("//! `{property}` in `{scenario}`:\n//!\n//! ```text\n{told}//! ```\n");
        if source.contains(&told) {
            Ok(())
        } else {
            Err(format!("its file tells another schedule than:\n{told}").into())
        }
    }

    pub(crate) fn docs_have_the_matrix() -> Result<(), Failed> {
        let matrix = Matrix::new(&ZOO, ENGINE, &OUTCOMES).markdown();
        if read("../../docs/zoo.md").contains(&matrix) {
            return Ok(());
        }
        Err(format!("docs/zoo.md has another table than `cargo verify matrix --format markdown`:\n{matrix}").into())
    }
}
