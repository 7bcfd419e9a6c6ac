//! What a change can affect: [`affected`] says it for files, [`changed_files`] asks git for them.
//!
//! Only what is known to leave a model alone is left out. Everything else, a file that nobody knows included, runs
//! everything.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::Path,
    process::Command,
};

use enactor_verification::stores::STORES;

/// What a change of one file can affect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// No model, for this reason.
    Nothing(&'static str),
    /// The models of this store.
    Store(&'static str),
    /// Every model, for this reason.
    Everything(&'static str),
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Effect::Nothing(why) => write!(f, "nothing ({why})"),
            Effect::Store(store) => write!(f, "the models of {store}"),
            Effect::Everything(why) => write!(f, "everything ({why})"),
        }
    }
}

/// What a change can affect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affected {
    /// Each changed file, and why it matters or does not.
    pub files: Vec<(String, Effect)>,
    /// The stores whose models have to run.
    pub stores: BTreeSet<&'static str>,
}

/// Why git does not say what changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SinceError {
    /// git cannot be run.
    #[error("cannot run git, which --since needs: {0}")]
    NoGit(String),
    /// It is no repository.
    #[error("{0} is not in a git repository, so nobody knows what changed: leave --since out")]
    NotARepository(String),
    /// There is no such revision.
    #[error("there is no revision {0:?} here; in a shallow clone fetch it first (`fetch-depth: 0` on GitHub)")]
    UnknownRevision(String),
    /// git says something else.
    #[error("git says: {0}")]
    Git(String),
}

/// Where stores have their sources, each in a file or a folder of its name.
const STORE_FOLDERS: [&str; 2] = ["src/store/", "verification/zoo/"];

/// What a change of `path` can affect.
pub fn effect(path: &str) -> Effect {
    if !is_part_of_a_model(path) {
        return Effect::Nothing(if path.ends_with(".md") || path.starts_with("docs/") {
            "documentation"
        } else {
            "a test, a bench or a licence, and no part of a model"
        });
    }
    if let Some(store) = store_of(path) {
        return Effect::Store(store);
    }
    let known = [
        ("src/store", "shared by the stores"),
        ("verification/zoo/", "shared by the zoo"),
        ("src/", "code of every model"),
        ("verification/heddle/", "the explorer"),
        ("verification/suite/", "scenarios, properties and engines"),
        ("verification/", "what is expected of the models"),
        ("Cargo.", "dependencies"),
        (".cargo/", "how everything is built"),
    ];
    let why = known.iter().find(|(start, _)| path.starts_with(start)).map(|(_, why)| why);
    Effect::Everything(why.unwrap_or(&"an unknown kind of file"))
}

/// Whether the file is compiled into the models, or may be for all we know.
pub(super) fn is_part_of_a_model(path: &str) -> bool {
    let outside = [
        "docs/",
        "tests/",
        "benches/",
        "LICENSE-",
        "verification/mutants/",
        "verification/suite/tests/",
        "verification/verify/tests/",
    ];
    // A text that the code includes is code.
    !(outside.iter().any(|start| path.starts_with(start)) || path.ends_with(".md") && !path.contains("src/"))
}

/// The store whose source `path` is: in a file or a folder of its name.
fn store_of(path: &str) -> Option<&'static str> {
    let rest = STORE_FOLDERS.iter().find_map(|folder| path.strip_prefix(folder))?;
    let parts: Vec<&str> = rest.split('/').map(|part| part.strip_suffix(".rs").unwrap_or(part)).collect();
    STORES.iter().map(|store| store.name).find(|name| parts.contains(&name.replace('-', "_").as_str()))
}

/// What a change of `files` can affect. `uses` has, for each store, the stores whose code it uses.
pub fn affected(files: Vec<String>, uses: &BTreeMap<&'static str, BTreeSet<&'static str>>) -> Affected {
    let files: Vec<(String, Effect)> =
        files.into_iter().map(|path| (effect(&path), path)).map(|(e, p)| (p, e)).collect();
    let mut stores: BTreeSet<&'static str> = BTreeSet::new();
    for (_, effect) in &files {
        match effect {
            Effect::Nothing(_) => {}
            Effect::Store(store) => drop(stores.insert(store)),
            Effect::Everything(_) => stores.extend(STORES.iter().map(|store| store.name)),
        }
    }
    // A store that uses another one's code changes with it.
    loop {
        let users = uses.iter().filter(|(_, used)| !used.is_disjoint(&stores)).map(|(user, _)| *user);
        let more: Vec<&str> = users.filter(|user| !stores.contains(user)).collect();
        if more.is_empty() {
            return Affected { files, stores };
        }
        stores.extend(more);
    }
}

/// For each store below `root`, the stores that its code names as modules. A store without sources of its own name may use
/// any.
pub fn uses(root: &Path) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut paths = Vec::new();
    for folder in STORE_FOLDERS {
        gather(root, folder.trim_end_matches('/'), &mut paths);
    }
    let of_store = |name: &'static str| {
        let own: Vec<&String> = paths.iter().filter(|path| store_of(path) == Some(name)).collect();
        let texts: Vec<String> = own.iter().filter_map(|path| fs::read_to_string(root.join(path)).ok()).collect();
        let others = STORES.iter().map(|store| store.name).filter(|other| *other != name);
        let named = |other: &&'static str| texts.is_empty() || texts.iter().any(|text| names_module(text, other));
        (name, others.filter(named).collect())
    };
    STORES.iter().map(|store| of_store(store.name)).collect()
}

fn gather(root: &Path, folder: &str, paths: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            gather(root, &path, paths);
        } else if path.ends_with(".rs") {
            paths.push(path);
        }
    }
}

/// Whether code names the module, or the type, of the store `name`. Lines that are comments do not count.
fn names_module(text: &str, name: &str) -> bool {
    let module = name.replace('-', "_");
    let capital = |word: &str| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect();
    let camel: String = module.split('_').map(capital).collect::<Vec<String>>().concat();
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.into_iter().any(|line| line.split(|c| !is_word(c)).any(|word| word == module || word == camel))
}

fn git(root: &Path, arguments: &[&str]) -> Result<String, SinceError> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output();
    let output = output.map_err(|error| SinceError::NoGit(error.to_string()))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(SinceError::Git(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
    }
}

/// The full name of the revision `name`.
///
/// # Errors
/// [`SinceError`] when there is none.
pub fn revision(root: &Path, name: &str) -> Result<String, SinceError> {
    git(root, &["rev-parse", "--git-dir"]).map_err(|error| match error {
        SinceError::Git(_) => SinceError::NotARepository(root.display().to_string()),
        other => other,
    })?;
    let found = git(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")]);
    Ok(found.map_err(|_| SinceError::UnknownRevision(name.to_owned()))?.trim().to_owned())
}

/// The files that differ from `since`: committed, changed, or new.
///
/// # Errors
/// [`SinceError`] when git does not say.
pub fn changed_files(root: &Path, since: &str) -> Result<Vec<String>, SinceError> {
    let since = revision(root, since)?;
    // A file that was moved is two: the old name may matter more than the new one.
    let changed = git(root, &["diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", "--relative", &since])?;
    let new = git(root, &["ls-files", "--others", "--exclude-standard", "-z"])?;
    let paths = changed.split('\0').chain(new.split('\0')).filter(|path| !path.is_empty()).map(str::to_owned);
    Ok(paths.collect::<BTreeSet<String>>().into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_file_affects_what_it_is_part_of() {
        let everything = |path: &str| matches!(effect(path), Effect::Everything(_));
        for path in [
            "src/store.rs",
            "src/enactor.rs",
            "src/sync/modelled.rs",
            "src/generation.rs",
            "src/store/tests.rs",
            "verification/heddle/src/lib.rs",
            "verification/suite/src/scenario/all.rs",
            "verification/suite/Cargo.toml",
            "verification/verify/src/gate/template.md",
            "verification/budget.toml",
            "Cargo.toml",
            "Cargo.lock",
            ".cargo/config.toml",
            "build.rs",
            "rust-toolchain.toml",
            "src/store/gaurded.rs",
            "verification/zoo/src/lib.rs",
            "an unknown file",
            "documents/x",
            "",
        ] {
            assert!(everything(path), "{path}: {:?}", effect(path));
        }
        for path in [
            "README.md",
            "docs/gate.md",
            "docs/gate/github-actions.yml",
            "LICENSE-MIT",
            "tests/models.rs",
            "benches/store/main.rs",
            "verification/mutants/tests/mutants.rs",
            "verification/suite/tests/kit.rs",
            "verification/verify/tests/zoo.rs",
            "verification/heddle/README.md",
        ] {
            assert!(matches!(effect(path), Effect::Nothing(_)), "{path}: {:?}", effect(path));
        }
        for (path, store) in [
            ("src/store/guarded.rs", "guarded"),
            ("src/store/guarded/ledger.rs", "guarded"),
            ("src/store/unguarded.rs", "unguarded"),
            ("verification/zoo/src/unguarded.rs", "unguarded"),
        ] {
            assert_eq!(effect(path), Effect::Store(store), "{path}");
        }
    }

    #[test]
    fn a_store_that_uses_anothers_code_changes_with_it() {
        let one = |path: &str, uses: &BTreeMap<_, _>| affected(vec![path.to_owned()], uses).stores;
        let apart = BTreeMap::from([("guarded", BTreeSet::new()), ("unguarded", BTreeSet::new())]);
        assert_eq!(one("src/store/guarded.rs", &apart), ["guarded"].into());
        let uses = BTreeMap::from([("guarded", BTreeSet::new()), ("unguarded", BTreeSet::from(["guarded"]))]);
        assert_eq!(one("src/store/guarded.rs", &uses), ["guarded", "unguarded"].into());
        assert_eq!(one("src/store/unguarded.rs", &uses), ["unguarded"].into());
        assert_eq!(one("README.md", &uses), [].into());
    }

    #[test]
    fn code_names_a_store_by_module_or_type_and_comments_do_not() {
        for text in ["use super::guarded::Ledger;", "use crate::store::{Guarded, Plan};", "Guarded::<3>::new()"] {
            assert!(names_module(text, "guarded"), "{text}");
        }
        for text in ["// as in guarded.rs", "mod unguarded;", "//! [`Guarded`]", "let is_guarded = 1;"] {
            assert!(!names_module(text, "guarded"), "{text}");
        }
    }

    #[test]
    fn the_stores_of_this_repository_have_sources_and_do_not_use_each_other() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let uses = uses(root);
        assert_eq!((&uses["guarded"], &uses["unguarded"]), (&BTreeSet::new(), &BTreeSet::new()));
        assert_eq!(super::uses(&root.join("no/such/folder"))["guarded"].len(), STORES.len() - 1, "it may use any");
    }
}
