//! Makes the mutants of `mutants.toml` out of the guarded store's own source, for `tests/mutants.rs`.

use std::{env, fmt::Write as _, fs, path::Path};

#[derive(serde::Deserialize)]
struct Mutants {
    mutant: Vec<Mutant>,
}

#[derive(serde::Deserialize)]
struct Mutant {
    name: String,
    #[serde(default)]
    file: File,
    find: String,
    replace: String,
    refutes: Refutes,
}

#[derive(serde::Deserialize, Default, PartialEq, Clone, Copy)]
enum File {
    #[default]
    #[serde(rename = "guarded.rs")]
    Guarded,
    #[serde(rename = "ledger.rs")]
    Ledger,
    #[serde(rename = "publish.rs")]
    Publish,
}

#[derive(serde::Deserialize)]
struct Refutes {
    scenario: String,
    property: String,
}

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let store = here.join("../../src/store");
    let read = |path: &Path| {
        println!("cargo::rerun-if-changed={}", path.display());
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let mutants: Mutants =
        toml::from_str(&read(&here.join("mutants.toml"))).unwrap_or_else(|e| panic!("mutants.toml: {e}"));
    let guarded = read(&store.join("guarded.rs"));
    let ledger = read(&store.join("guarded/ledger.rs"));
    let publish = read(&store.join("guarded/publish.rs"));
    let mut modules = String::new();
    let mut list = String::new();
    for mutant in &mutants.mutant {
        let mutated = |file: File, text: &str| match mutant.file == file {
            true => mutate(mutant, text),
            false => text.to_owned(),
        };
        let (ledger, publish) = (mutated(File::Ledger, &ledger), mutated(File::Publish, &publish));
        let text = mutated(File::Guarded, &guarded)
            .replace("mod ledger;", &format!("mod ledger {{\n{ledger}\n}}"))
            .replace("mod publish;", &format!("mod publish {{\n{publish}\n}}"))
            .replace("crate::", "enactor::");
        // Inner documentation cannot stand in a file that is included.
        let text: Vec<&str> = text.lines().filter(|line| !line.starts_with("//!")).collect();
        let name = &mutant.name;
        writeln!(modules, "mod {name} {{\n{}\n}}\nsubject!({name});", text.join("\n"))
            .expect("a String takes everything");
        let Refutes { scenario, property } = &mutant.refutes;
        writeln!(list, "mutant!({name}, {scenario:?}, {property:?}),").expect("a String takes everything");
    }
    let text = format!("{modules}\npub fn mutants() -> Vec<Mutant> {{ vec![\n{list}] }}\n");
    let out = env::var_os("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("mutants.rs"), text).expect("OUT_DIR can be written");
}

fn mutate(mutant: &Mutant, text: &str) -> String {
    let places = text.matches(&mutant.find).count();
    assert!(
        places == 1,
        "mutants.toml: what {} looks for stands there {places} times, not once:\n{}",
        mutant.name,
        mutant.find
    );
    text.replace(&mutant.find, &mutant.replace)
}
