//! [`Sources`]: the source lines behind a story, read from the repository if it is there.

use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
};

use super::Place;

/// How many lines before a statement are shown with it.
const CONTEXT: usize = 3;
/// A statement with more lines than this is cut.
const LONGEST: usize = 8;

/// Source files, each read once.
#[derive(Debug)]
pub struct Sources {
    /// Where paths of the compiler may begin, the likeliest first.
    roots: Vec<PathBuf>,
    files: HashMap<String, Option<Vec<String>>>,
}

impl Default for Sources {
    /// The workspace of the current folder, then this repository.
    ///
    /// The compiler names the files of a workspace from its root, and others in full. The root has the lock file.
    fn default() -> Self {
        let here = env::current_dir().unwrap_or_default();
        let workspace = here.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
        Self::below(workspace.into_iter().chain(ours).map(Path::to_owned))
    }
}

impl Sources {
    /// Sources below these folders.
    pub fn below(roots: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { roots: roots.into_iter().collect(), files: HashMap::new() }
    }

    /// The place with its text, if that can be read.
    pub(super) fn place(&mut self, file: &str, line: u32) -> Place {
        let lines = self.lines(file);
        let (mut context, mut text) = (None, None);
        if let Some(at) = (line as usize).checked_sub(1).filter(|at| *at < lines.len()) {
            let begin = at.saturating_sub(CONTEXT);
            let lines = unindented(&lines[begin..at + statement(&lines[at..])]);
            let (before, statement) = lines.split_at(at - begin);
            context = Some(before.join("\n")).filter(|text| !text.is_empty());
            text = Some(statement.join("\n"));
        }
        Place { file: file.to_owned(), line, text, context }
    }

    /// The place with the text of its line alone.
    pub(super) fn line(&mut self, file: &str, line: u32) -> Place {
        let text = (line as usize).checked_sub(1).and_then(|at| self.lines(file).get(at));
        let text = text.map(|text| text.trim().to_owned());
        Place { file: file.to_owned(), line, text, context: None }
    }

    /// Where a file of the compiler's is, if it is there.
    fn find(&self, file: &str) -> Option<PathBuf> {
        // An absolute path stays what it is.
        self.roots.iter().map(|root| root.join(file)).find(|path| path.is_file())
    }

    /// The path of a file from the root of its repository, as code hosts name it.
    pub fn in_repository(&self, file: &str) -> String {
        let relative = |path: PathBuf| {
            let root = path.ancestors().find(|folder| folder.join(".git").exists())?;
            let names = path.strip_prefix(root).ok()?.iter().map(|name| name.to_string_lossy());
            Some(names.collect::<Vec<_>>().join("/"))
        };
        self.find(file).and_then(relative).unwrap_or_else(|| file.to_owned())
    }

    fn lines(&mut self, file: &str) -> &[String] {
        if !self.files.contains_key(file) {
            let text = self.find(file).and_then(|path| fs::read_to_string(path).ok());
            let lines = text.map(|text| text.lines().map(str::to_owned).collect());
            self.files.insert(file.to_owned(), lines);
        }
        self.files[file].as_deref().unwrap_or_default()
    }
}

/// How many lines the statement has that begins with the first of `lines`: up to where its parentheses are closed.
fn statement(lines: &[String]) -> usize {
    let mut open = 0;
    let ends = |line: &String| {
        open += line.matches(['(', '{', '[']).count() as isize - line.matches([')', '}', ']']).count() as isize;
        open <= 0
    };
    lines.iter().take(LONGEST).position(ends).map_or(1, |last| last + 1)
}

/// The lines without the indentation that they all have.
fn unindented(lines: &[String]) -> Vec<String> {
    let indentation = |line: &&String| line.len() - line.trim_start().len();
    let common = lines.iter().filter(|line| !line.trim().is_empty()).map(|line| indentation(&line)).min();
    let cut = |line: &String| line.get(common.unwrap_or(0)..).unwrap_or_default().trim_end().to_owned();
    lines.iter().map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_the_text_of_its_statement_and_what_is_before() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = "fn a() {\n    one();\n    two(\n        2,\n    );\n    three();\n}\n";
        fs::write(folder.path().join("a.rs"), text).expect("it can be written");
        let mut sources = Sources::below([folder.path().to_owned()]);
        let place = sources.place("a.rs", 3);
        assert_eq!(place.text.as_deref(), Some("    two(\n        2,\n    );"));
        assert_eq!(place.context.as_deref(), Some("fn a() {\n    one();"));
        assert_eq!(sources.place("a.rs", 6).context.as_deref(), Some("two(\n    2,\n);"), "unindented together");
        for (file, line) in [("a.rs", 0), ("a.rs", 8), ("b.rs", 1)] {
            assert_eq!(sources.place(file, line).text, None, "{file}:{line}");
        }
    }

    #[test]
    fn code_hosts_get_the_path_from_the_root_of_the_repository() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let inner = folder.path().join("inner");
        fs::create_dir_all(inner.join("src")).expect("folders");
        fs::create_dir(folder.path().join(".git")).expect("a folder");
        fs::write(inner.join("src/a.rs"), "").expect("it can be written");
        let sources = Sources::below([inner.clone()]);
        assert_eq!(sources.in_repository("src/a.rs"), "inner/src/a.rs");
        assert_eq!(sources.in_repository(&inner.join("src/a.rs").to_string_lossy()), "inner/src/a.rs");
        assert_eq!(sources.in_repository("src/none.rs"), "src/none.rs");
    }
}
