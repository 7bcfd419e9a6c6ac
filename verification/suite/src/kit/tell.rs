//! What one run tells, beyond a line for each test: each mistake once in full, pages, and what it all comes to.

#[cfg(loom)]
use std::path::{Path, PathBuf};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use super::case::Conclusion;
use crate::verdict::LoadBuffering;
#[cfg(loom)]
use super::words;
#[cfg(loom)]
use crate::report::{
    columns, page,
    story::Story,
    whole::{self, CannotWrite},
};
#[cfg(loom)]
use crate::{
    engine::explore::Weakened,
    weakening::{NoWeakening, Weakening},
};

/// How one run tells what it finds.
pub(super) struct Telling {
    /// The command that runs this target.
    pub(super) command: String,
    /// The first search that did not end, if one did not.
    pub(super) hung: OnceLock<String>,
    /// Whether each counterexample is shown, not only the first to each property.
    #[cfg(loom)]
    all: bool,
    /// The ordering with which executions are replayed.
    #[cfg(loom)]
    pub(super) weakened: Weakened,
    /// Where pages go.
    #[cfg(loom)]
    pages: Option<PathBuf>,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    /// The first test that refuted each property of each store.
    #[cfg(loom)]
    first: BTreeMap<(String, String), String>,
    #[cfg(loom)]
    entries: Vec<page::Entry>,
    /// How often each word was said.
    words: BTreeMap<&'static str, u64>,
    /// In which tests each property of each store was refuted.
    refuted: BTreeMap<String, Vec<String>>,
    /// In which searches there could be load buffering, and where.
    buffering: BTreeMap<String, BTreeSet<String>>,
}

impl Telling {
    pub(super) fn new(command: &str) -> Self {
        Self {
            command: command.to_owned(),
            hung: OnceLock::new(),
            #[cfg(loom)]
            all: false,
            #[cfg(loom)]
            weakened: None,
            #[cfg(loom)]
            pages: None,
            told: Mutex::default(),
        }
    }

    /// The same, where executions are replayed with the ordering that this text names, if there is one.
    #[cfg(loom)]
    pub(super) fn weakened_by(self, text: Option<&str>) -> Result<Self, NoWeakening> {
        let weakening = text.map(str::parse::<Weakening>).transpose()?;
        Ok(Self { weakened: weakening.map(|Weakening { site, order }| (site, order)), ..self })
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes down what came of a test.
    pub(super) fn concludes(&self, conclusion: &Conclusion) {
        let mut told = self.told();
        *told.words.entry(conclusion.word).or_default() += 1;
        if conclusion.word == "refuted"
            && let Some((path, property)) = conclusion.name.rsplit_once('/')
        {
            let (store, scenario) = path.split_once('/').unwrap_or((path, ""));
            let scenarios = told.refuted.entry(format!("{store}/{property}")).or_default();
            scenarios.push(scenario.to_owned());
        }
    }

    /// Takes down where there could be load buffering in a search, whose proofs are for RC11 then.
    pub(super) fn doubts(&self, path: &str, found: &LoadBuffering) {
        self.told().buffering.entry(found.to_string()).or_default().insert(path.to_owned());
    }

    /// What it all comes to: how many of each verdict, and which properties are violated where.
    pub(super) fn comes_to(&self) -> String {
        let told = self.told();
        let words: Vec<String> = told.words.iter().map(|(word, count)| format!("{count} {word}")).collect();
        let mut text = words.join(", ");
        for (property, scenarios) in &told.refuted {
            text += &match scenarios.as_slice() {
                [scenario] if scenario.is_empty() => format!("\n  {property} is violated"),
                [scenario] => format!("\n  {property} is violated in {scenario}"),
                scenarios => format!("\n  {property} is violated in {} scenarios", scenarios.len()),
            };
        }
        for (found, paths) in &told.buffering {
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            text += &format!("\n  proved for RC11 in {}: {found}", paths.join(", "));
        }
        text
    }
}

#[cfg(loom)]
impl Telling {
    /// Shows each counterexample, not only the first to each property.
    pub(super) fn showing_all(self) -> Self {
        Self { all: true, ..self }
    }

    /// Writes each counterexample into `folder`, which is there, as a page.
    pub(super) fn with_pages(self, folder: PathBuf) -> Self {
        Self { pages: Some(folder), ..self }
    }

    /// Whether any test was refuted.
    pub(super) fn has_refuted(&self) -> bool {
        !self.told().refuted.is_empty()
    }

    /// Where pages go, if anywhere.
    pub(super) fn pages(&self) -> Option<&Path> {
        self.pages.as_deref()
    }

    /// Tells of a counterexample: in full, or where one to the same property is.
    pub(super) fn refutes(&self, name: &str, story: &Story) -> String {
        let page = self.page(story);
        let first = {
            let mut told = self.told();
            let first = told.first.entry((story.store.clone(), story.property.clone()));
            first.or_insert_with(|| name.to_owned()).clone()
        };
        let steps = match self.all || first == name {
            true => steps(story),
            false => format!("{first} shows how {} is violated; how it is here the replay shows.", story.property),
        };
        let page = page.map(|page| format!("\npage: {page}")).unwrap_or_default();
        let doubt = if cfg!(heddle) { "" } else { words::DOUBT };
        plain(format!("{name} is refuted: {}\n{steps}{page}{doubt}\nreplay: {}", story.statement, story.replay))
    }

    /// Writes the page of `story`, if pages are wanted; where it is, or why not.
    pub(super) fn page(&self, story: &Story) -> Option<String> {
        let entry = page::Entry::new(story, None);
        let path = self.pages.as_ref()?.join(&entry.file);
        let written = whole::write(&path, &page::render(story));
        Some(match written {
            Ok(()) => {
                self.told().entries.push(entry);
                path.display().to_string()
            }
            Err(error) => error.to_string(),
        })
    }

    /// Writes the index of the pages into `folder`; how many there are.
    pub(super) fn index(&self, folder: &Path) -> Result<usize, CannotWrite> {
        let told = self.told();
        whole::write(&folder.join("index.html"), &page::index(&told.entries))?;
        Ok(told.entries.len())
    }
}

/// What happens in an execution, step by step.
#[cfg(loom)]
pub(super) fn steps(story: &Story) -> String {
    let harm = columns::harm(story).map(|harm| format!("\n{harm}")).unwrap_or_default();
    format!("{}{harm}", columns::steps(story, *columns::WIDTHS.end()))
}

/// `text` as standard output would show it: without colour where nobody would see it.
#[cfg(loom)]
pub(super) fn plain(text: String) -> String {
    match anstream::AutoStream::choice(&std::io::stdout()) {
        anstream::ColorChoice::Never => anstream::adapter::strip_str(&text).to_string(),
        _ => text,
    }
}
