//! Makes the mutants of `mutants.toml` out of the guarded store's own source, for `tests/mutants.rs`.

use std::{env, fmt::Write as _, fs, path::Path};

#[derive(serde::Deserialize)]
struct Mutants {
    mutant: Vec<Mutant>,
}

#[derive(serde::Deserialize)]
struct Mutant {
    name: String,
    /// Whose guard it lacks: a file of the store's own folder; by default the one above it.
    file: Option<String>,
    find: String,
    replace: String,
    refutes: Refutes,
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
    let files: Vec<(&str, String)> = guarded
        .lines()
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
        .map(|module| (module, read(&store.join(format!("guarded/{module}.rs")))))
        .collect();
    let mut modules = String::new();
    let mut list = String::new();
    for mutant in &mutants.mutant {
        let mut text = if mutant.file.is_none() { mutate(mutant, &guarded) } else { guarded.clone() };
        let mut is_mutated = mutant.file.is_none();
        for (module, file) in &files {
            let is_here = mutant.file.as_ref().is_some_and(|name| name.strip_suffix(".rs") == Some(module));
            is_mutated |= is_here;
            let file = if is_here { mutate(mutant, file) } else { file.clone() };
            text = text.replace(&format!("mod {module};"), &format!("mod {module} {{\n{file}\n}}"));
        }
        assert!(is_mutated, "mutants.toml: {} is in {:?}, which the store does not have", mutant.name, mutant.file);
        let text = text.replace("crate::", "enactor::");
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
