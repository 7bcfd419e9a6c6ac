//! Every fix of the zoo, on heddle: a wrong one is refuted as `verification/zoo.toml` says, and the shortest counterexample of
//! its story replays, and is the schedule that its file tells; a right one is proved. `docs/zoo.md` has the table that comes of
//! it.
//!
//! On the real leg each right fix is played by real threads instead. loom has no part in this: it would need a bound for each of
//! several hundred models.

use libtest_mimic::{Arguments, Trial};

fn main() {
    libtest_mimic::run(&Arguments::from_args(), trials()).exit();
}

#[cfg(all(loom, not(heddle)))]
fn trials() -> Vec<Trial> {
    let name = "the zoo is heddle's: RUSTFLAGS=\"--cfg loom --cfg heddle\" cargo test, or cargo verify matrix";
    vec![Trial::test(name, || Ok(())).with_ignored_flag(true)]
}

#[cfg(not(loom))]
fn trials() -> Vec<Trial> {
    use enactor_verification::{
        search::Search,
        zoo::{Kind, Zoo},
    };

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

#[cfg(all(loom, heddle))]
fn trials() -> Vec<Trial> {
    let fixes = on_heddle::ZOO.fixes.iter();
    let fixes =
        fixes.map(|fix| Trial::test(format!("heddle::{}", fix.store), || on_heddle::shows_what_the_zoo_says(fix)));
    fixes.chain([Trial::test("docs_have_the_matrix", on_heddle::docs_have_the_matrix)]).collect()
}

#[cfg(all(loom, heddle))]
mod on_heddle {
    use std::{fs, num::NonZeroUsize, path::Path, sync::LazyLock, thread};

    use enactor_verification::{
        budget::Model,
        engine::explore,
        matrix::{self, Matrix, Row},
        runner::{self, Outcome},
        zoo::{Fix, Kind, Zoo},
    };
    use libtest_mimic::Failed;

    pub(crate) static ZOO: LazyLock<Zoo> =
        LazyLock::new(|| Zoo::read(&read("../zoo.toml")).expect("verification/zoo.toml"));

    /// What every model of the zoo came to.
    static OUTCOMES: LazyLock<Vec<Outcome>> = LazyLock::new(|| {
        let models: Vec<Model> = ZOO.fixes.iter().flat_map(Fix::models).collect();
        let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        runner::run(&models, cores, explore::model, &Default::default(), |_| ())
    });

    fn read(path: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn shows_what_the_zoo_says(fix: &Fix) -> Result<(), Failed> {
        let differences = Row::new(fix, &OUTCOMES).differences;
        if !differences.is_empty() {
            let words: Vec<String> = differences.into_iter().map(|difference| difference.words).collect();
            return Err(words.join("\n").into());
        }
        let Kind::Wrong { killed_by: (property, scenario), .. } = &fix.kind else { return Ok(()) };
        let token = matrix::killer(fix, &OUTCOMES).ok_or("nothing kills it")?;
        let replay = fix.store.replay(scenario, token.search, None, &token.found)?;
        if !replay.findings.counterexamples.contains_key(property) {
            return Err(format!("{token} does not violate {property} when it is replayed").into());
        }
        // The store of the outage is not of the zoo, and tells its story elsewhere.
        if fix.store.name == "unguarded" {
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
        let matrix = Matrix::new(&ZOO, &OUTCOMES).markdown();
        if read("../../docs/zoo.md").contains(&matrix) {
            return Ok(());
        }
        Err(format!("docs/zoo.md has another table than `cargo verify matrix --format markdown`:\n{matrix}").into())
    }
}
