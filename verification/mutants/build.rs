//! Makes the mutants out of the guarded store's own source, for `tests/mutants.rs`.

use std::{env, fmt::Write as _, fs, path::Path};

#[path = "src/lib.rs"]
#[allow(dead_code, unreachable_pub, reason = "a library of its own, too")]
mod list;

use list::{MUTANTS, Mutant};

/// The file that all others of the store are modules of.
const GUARDED: &str = "guarded.rs";

fn main() {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/store");
    let read = |file: &str| {
        let path = store.join(file);
        println!("cargo::rerun-if-changed={}", path.display());
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let guarded = read(GUARDED);
    let modules = guarded.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let files: Vec<(&str, String, String)> = modules
        .map(|module| {
            let file = format!("guarded/{module}.rs");
            let text = read(&file);
            (module, file, text)
        })
        .collect();
    let mut text = String::new();
    for mutant in MUTANTS {
        let Mutant { name, file, why, .. } = mutant;
        assert!(!why.is_empty(), "{name}: why does it matter?");
        let is_one = *file == GUARDED || files.iter().any(|(_, other, _)| other == file);
        assert!(is_one, "{name} is in {file}, which the store does not have");
        let mut whole = mutated(mutant, GUARDED, &guarded);
        for (module, file, text) in &files {
            let text = mutated(mutant, file, text);
            whole = whole.replace(&format!("mod {module};"), &format!("mod {module} {{\n{text}\n}}"));
        }
        let whole = whole.replace("crate::", "enactor::");
        // Inner documentation cannot stand in a file that is included.
        let lines: Vec<&str> = whole.lines().filter(|line| !line.starts_with("//!")).collect();
        writeln!(text, "mod {name} {{\n{}\n}}\nsubject!({name});", lines.join("\n"))
            .expect("a String takes everything");
    }
    let names = MUTANTS.iter().map(|mutant| mutant.name).collect::<Vec<_>>().join(", ");
    writeln!(text, "const STORES: &[Store] = &stores![{names}];").expect("a String takes everything");
    let out = env::var_os("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("mutants.rs"), text).expect("OUT_DIR can be written");
}

/// The text of `file` in the mutant.
fn mutated(mutant: &Mutant, file: &str, text: &str) -> String {
    let Mutant { name, find, replace, .. } = mutant;
    if mutant.file != file {
        return text.to_owned();
    }
    let places = text.matches(find).count();
    assert!(places == 1, "what {name} looks for stands in {file} {places} times, not once:\n{find}");
    text.replace(find, replace)
}
