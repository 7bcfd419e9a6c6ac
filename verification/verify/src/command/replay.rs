//! Showing counterexamples.

use std::{env, path::PathBuf};

use anstream::println;
use anstyle::{AnsiColor, Style};
use enactor_verification::{
    engine::explore::{NoSuchExecution, Replay},
    property::Property,
    report::{
        columns, page, picture,
        story::{Sources, Story},
        whole::{self, CannotWrite},
    },
    verdict::{Expectation, Limit, Verdict},
    weakening::Weakening,
};
use enactor_verify::{
    report::{annotation, token::Token},
    runner::Outcome,
};

use super::{Exit, Format, Models, complain, models};

/// The properties that the outage violates, in the order in which they did.
const OUTAGE: [Property; 4] =
    [Property::NeverRegresses, Property::NeverDangles, Property::NeverEmpty, Property::NeverWedges];

/// `cargo verify replay TOKEN`, with an operation weakened if the token is of such a search.
pub(super) fn replay(options: &super::Replay) -> Exit {
    let super::Replay { token, weaken, operations, .. } = options;
    let weakening = match weaken.as_deref().map(str::parse::<Weakening>).transpose() {
        Ok(weakening) => weakening,
        Err(error) => {
            complain(error);
            return Exit::Usage;
        }
    };
    let (replay, story) = match play(token, weakening, &mut Sources::default()) {
        Ok(played) => played,
        Err(error) => {
            complain(error);
            return Exit::Usage;
        }
    };
    if !replay.findings.counterexamples.contains_key(&token.property) {
        // A picture or page of it would have a title that is not true.
        println!("\n{}", columns::steps(&story, width()));
        complain(format!(
            "this execution does not violate {}: the code has changed, verify again. No file was written",
            token.property
        ));
        return Exit::Differs;
    }
    print_story(&story);
    if *operations {
        print_operations(&story);
    }
    if let Err(error) = write_files(options, &story) {
        complain(error);
        return Exit::Usage;
    }
    println!("This execution violates {}: {}", token.property, token.property.statement());
    Exit::AsExpected
}

fn write_files(options: &super::Replay, story: &Story) -> Result<(), CannotWrite> {
    let super::Replay { svg, html, json, .. } = options;
    let write = |path: &Option<PathBuf>, render: &dyn Fn() -> String| {
        path.as_ref().map_or(Ok(()), |path| whole::write(path, &render()))
    };
    write(svg, &|| picture::render(story))?;
    write(html, &|| page::render(story))?;
    write(json, &|| models::json(story) + "\n")
}

/// The story of `token`, if the engine of this build knows that execution.
pub(super) fn story(token: &Token, sources: &mut Sources) -> Option<Story> {
    play(token, None, sources).ok().map(|(_, story)| story)
}

fn play(
    token: &Token,
    weakening: Option<Weakening>,
    sources: &mut Sources,
) -> Result<(Replay, Story), NoSuchExecution> {
    let weakened = weakening.map(|Weakening { site, order }| (site, order));
    let replay = token.store.replay(token.scenario, token.search, weakened, &token.found)?;
    let ended = match &replay.findings.limit {
        Some(Limit::Engine(words)) => Some(words.as_str()),
        _ => None,
    };
    let mut title = token.title();
    if let Some(weakening) = weakening {
        title.replay = format!("cargo verify replay --weaken {weakening} {token}");
    }
    let story = Story::new(&title, &replay.events, &replay.operations, ended, sources);
    Ok((replay, story))
}

/// What came of a run, beyond verdicts: the outage and what nobody expected, step by step; pages; annotations.
pub(super) fn tell(outcomes: &[Outcome], options: &Models) -> Result<(), CannotWrite> {
    let annotate = options.annotations || env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    let prints = options.format == Format::Table;
    let (mut sources, mut entries) = (Sources::default(), Vec::new());
    let mut printed = Vec::new();
    for (token, expected) in refuted(outcomes) {
        let is_new = !printed.contains(&(token.store, token.property, expected));
        let is_printed = prints && is_new && (!expected || OUTAGE.contains(&token.property));
        let is_annotated = annotate && !expected;
        if !is_printed && !is_annotated && options.report.is_none() {
            continue;
        }
        let story = match play(&token, None, &mut sources) {
            Ok((_, story)) => story,
            Err(error) => {
                complain(format!("{token}: {error}"));
                continue;
            }
        };
        if is_printed {
            printed.push((token.store, token.property, expected));
            print_story(&story);
        }
        if is_annotated {
            print_annotation(&story, &sources, options.format);
        }
        if let Some(folder) = &options.report {
            let entry = page::Entry::new(&story, Some(expected));
            whole::write(&folder.join(&entry.file), &page::render(&story))?;
            entries.push(entry);
        }
    }
    match &options.report {
        Some(folder) => whole::write(&folder.join("index.html"), &page::index(&entries)),
        None => Ok(()),
    }
}

/// The simplest counterexample to each property that was refuted, and whether that was expected. The outage's come first, in
/// its order; models are in the order of their size.
fn refuted(outcomes: &[Outcome]) -> Vec<(Token, bool)> {
    let place = |property: &Property| OUTAGE.iter().position(|known| known == property).unwrap_or(OUTAGE.len());
    let mut refuted: Vec<(Token, bool)> = Vec::new();
    for outcome in outcomes {
        let verdicts = outcome.verdicts.iter().filter(|(_, verdict, _)| *verdict == Verdict::Refuted);
        let token = |(property, _, expectation): &(Property, Verdict, Expectation)| {
            Some((outcome.token(*property)?, *expectation == Expectation::Refuted))
        };
        refuted.extend(verdicts.filter_map(token));
    }
    refuted.sort_by_key(|(token, _)| place(&token.property));
    refuted
}

fn print_annotation(story: &Story, sources: &Sources, format: Format) {
    let line = annotation::error(story, sources);
    match format {
        // Where the document is, nothing else may be. GitHub reads both.
        Format::Json => anstream::eprintln!("{line}"),
        Format::Table => println!("{line}"),
    }
}

/// How wide a table may be: as the terminal, or where there is none, as wide as tables get.
fn width() -> u16 {
    terminal_size::terminal_size().map_or(*columns::WIDTHS.end(), |(width, _)| width.0)
}

fn print_story(story: &Story) {
    let (bold, red) = (Style::new().bold(), Style::new().fg_color(Some(AnsiColor::Red.into())).bold());
    println!();
    println!("{red}{}{red:#} does not hold on {bold}{}{bold:#}: {}", story.property, story.store, story.scenario);
    println!("{}", story.statement);
    println!("{}", columns::steps(story, width()));
    if let Some(harm) = columns::harm(story) {
        println!("{red}{harm}{red:#}");
    }
    println!("replay: {}", story.replay);
    println!();
}

fn print_operations(story: &Story) {
    println!("{}\n", columns::operations(story, width()));
}
