//! The atomic operations that stand in a store's source, found by reading it.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use syn::{
    Expr, ExprCall, ExprMethodCall, ItemMod,
    visit::{self, Visit},
};

/// An atomic operation or a fence in the source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, below the repository's root.
    file: String,
    /// The line, from 1.
    line: u32,
    /// The method, or `fence`.
    operation: String,
}

/// A store's source that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The store does not say where its source is.
    #[error("the store does not say where its source is: give its Subject a SOURCE")]
    NoSource,
    /// The file cannot be read.
    #[error("cannot read {path}: {why}; an audit needs the sources that it was built from")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        why: String,
    },
    /// The file is no Rust.
    #[error("{path}:{line}: {why}")]
    NoRust {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        why: String,
    },
}

impl Place {
    /// Whether this place is in the file that the compiler calls so.
    pub(super) fn is_in(&self, file: &str) -> bool {
        Path::new(file).ends_with(&self.file)
    }

    /// Whether this is the place that the compiler calls so.
    pub(super) fn stands_at(&self, file: &str, line: u32) -> bool {
        self.line == line && self.is_in(file)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {}", self.file, self.line, self.operation)
    }
}

/// The atomic operations in `source`, a file below the repository's root, and in the folder of its submodules.
///
/// # Errors
/// [`SourceError`] says which file cannot be read, and why.
pub fn operations(source: &str) -> Result<Vec<Place>, SourceError> {
    if source.is_empty() {
        return Err(SourceError::NoSource);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = vec![PathBuf::from(source)];
    let folder = Path::new(source).with_extension("");
    if let Ok(entries) = fs::read_dir(root.join(&folder)) {
        let names = entries.filter_map(|entry| Some(folder.join(entry.ok()?.file_name())));
        files.extend(names.filter(|name| name.extension().is_some_and(|extension| extension == "rs")));
    }
    let mut places = Vec::new();
    for file in files {
        let path = file.display().to_string();
        let text = fs::read_to_string(root.join(&file))
            .map_err(|error| SourceError::Unreadable { path: path.clone(), why: error.to_string() })?;
        places.extend(in_text(&path, &text)?);
    }
    places.sort();
    Ok(places)
}

fn in_text(path: &str, text: &str) -> Result<Vec<Place>, SourceError> {
    let file = syn::parse_file(text).map_err(|error| {
        let line = error.span().start().line;
        SourceError::NoRust { path: path.to_owned(), line, why: error.to_string() }
    })?;
    let mut finder = Finder { file: path, places: Vec::new() };
    finder.visit_file(&file);
    Ok(finder.places)
}

struct Finder<'a> {
    file: &'a str,
    places: Vec<Place>,
}

impl Finder<'_> {
    fn add(&mut self, line: usize, operation: String) {
        let line = u32::try_from(line).expect("a file of fewer lines");
        self.places.push(Place { file: self.file.to_owned(), line, operation });
    }
}

/// Whether an argument is the name of an ordering.
fn is_ordering(argument: &Expr) -> bool {
    let Expr::Path(path) = argument else { return false };
    let last = path.path.segments.last().map(|segment| segment.ident.to_string());
    last.is_some_and(|name| ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"].contains(&name.as_str()))
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if call.args.iter().any(is_ordering) {
            // The compiler places a call at the method's name.
            self.add(call.method.span().start().line, call.method.to_string());
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        let ordered = call.args.iter().any(is_ordering);
        if let (true, Expr::Path(function)) = (ordered, &*call.func)
            && let (Some(first), Some(last)) = (function.path.segments.first(), function.path.segments.last())
        {
            self.add(first.ident.span().start().line, last.ident.to_string());
        }
        visit::visit_expr_call(self, call);
    }

    // Tests are no part of the store.
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        let is_test = module.attrs.iter().any(|attribute| attribute.path().is_ident("cfg"));
        if !is_test {
            visit::visit_item_mod(self, module);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_found_where_the_compiler_places_them() {
        let text = "fn f(a: &AtomicU64) {\n    a\n        .load(Acquire);\n    fence(Ordering::SeqCst);\n    a.len();\n}\n\
                    #[cfg(test)]\nmod tests {\n    fn g(a: &AtomicU64) { a.load(Relaxed); }\n}\n";
        let found: Vec<String> = in_text("f.rs", text).expect("Rust").iter().map(ToString::to_string).collect();
        assert_eq!(found, ["f.rs:3 load", "f.rs:4 fence"]);
    }

    #[test]
    fn a_source_that_cannot_be_read_says_why() {
        assert_eq!(operations(""), Err(SourceError::NoSource));
        assert!(matches!(operations("src/no/such.rs"), Err(SourceError::Unreadable { .. })));
        assert!(matches!(in_text("f.rs", "fn f( {\n}\n"), Err(SourceError::NoRust { line: 1, .. })));
    }

    #[test]
    fn every_operation_of_the_guarded_store_is_found() {
        let places = operations("src/store/guarded.rs").expect("it is there");
        let files = ["src/store/guarded.rs", "src/store/guarded/enact.rs", "src/store/guarded/publish.rs"];
        let text = files.map(|file| {
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file)).expect("it is there")
        });
        let fences = text.iter().map(|text| text.matches(" fence(").count()).sum();
        assert_eq!(places.iter().filter(|place| place.operation == "fence").count(), fences);
        assert!(
            places.len() > fences && places.iter().any(|place| place.operation == "compare_exchange"),
            "{places:?}"
        );
    }
}
