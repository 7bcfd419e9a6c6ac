//! Running the models.

use std::{
    fs,
    io::IsTerminal,
    num::NonZeroUsize,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anstream::{print, println};
use enactor_verification::{
    budget::{Budget, Model},
    engine::{Engine, explore},
    report::{json::Report, table},
    runner::{self, Event, Outcome},
    search::{Progress, Search},
};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Engines, Exit, Format, Models, both, complain, replay};

/// The engine of this build.
pub(super) const ENGINE: Engine = Engine::BUILT.expect("this file is part of builds with an engine only");

pub(super) fn run(options: &Models) -> Exit {
    let models = match select(options) {
        Ok(models) => models,
        Err(words) => {
            complain(words);
            return Exit::Usage;
        }
    };
    if options.list {
        return list(&models, options.format);
    }
    if let Some(folder) = &options.report
        && let Err(error) = fs::create_dir_all(folder)
    {
        complain(format!("cannot write reports into {}: {error}", folder.display()));
        return Exit::Usage;
    }
    let progress = Arc::new(Progress::default());
    let interrupt = Arc::clone(&progress);
    if let Err(error) = ctrlc::set_handler(move || interrupt.interrupt()) {
        complain(format!("cannot listen to Ctrl-C: {error}"));
        return Exit::Internal;
    }
    let outcomes = play(&models, options, &progress);
    if options.engine == Engines::Both && !progress.is_interrupted() {
        return both::compare(&outcomes, options);
    }
    match options.format {
        Format::Json => println!("{}", json(&Report::new(ENGINE, &outcomes))),
        Format::Table => println!("{}", table::verdicts(&outcomes)),
    }
    let told = if progress.is_interrupted() { Ok(()) } else { replay::tell(&outcomes, options) };
    if options.format == Format::Table {
        print_summary(&outcomes);
    }
    match told {
        Ok(()) => exit(&outcomes),
        Err(error) => {
            complain(error);
            Exit::Internal
        }
    }
}

pub(super) fn json(report: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(report).expect("a report is always JSON")
}

/// The models that the filters leave.
fn select(options: &Models) -> Result<Vec<Model>, String> {
    let text = match &options.budget {
        None => Budget::RECORDED.to_owned(),
        Some(path) => {
            fs::read_to_string(path).map_err(|error| format!("cannot read the budget {}: {error}", path.display()))?
        }
    };
    let budget = Budget::read(&text, ENGINE).map_err(|error| format!("the budget: {error}"))?;
    let mut models = budget.models;
    for model in &mut models {
        model.search.outcomes = options.outcomes || options.engine == Engines::Both;
    }
    models.retain(|model| options.store.is_none_or(|store| store == model.store));
    models.retain(|model| options.scenario.is_none_or(|scenario| scenario == model.scenario));
    if let Some(wanted) = options.property {
        for model in &mut models {
            model.expected.retain(|&property, _| property == wanted);
        }
        models.retain(|model| !model.expected.is_empty());
    }
    if models.is_empty() {
        return Err("no model matches these filters; `cargo verify --list` shows them all".to_owned());
    }
    Ok(models)
}

fn list(models: &[Model], format: Format) -> Exit {
    match format {
        Format::Json => {
            let row = |model: &Model| {
                let properties: Vec<&str> = model.expected.keys().map(|property| property.name()).collect();
                serde_json::json!({
                    "store": model.store.name, "scenario": model.scenario.name, "story": model.scenario.story,
                    "bound": model.search.bound, "dependency_tokens": model.search.dependency_tokens,
                    "properties": properties,
                })
            };
            let rows: Vec<_> = models.iter().map(row).collect();
            println!("{}", json(&rows));
        }
        Format::Table => {
            let bold = anstyle::Style::new().bold();
            for model in models {
                println!("{bold}{}{bold:#}", model.name());
                println!("    {}", model.scenario.story);
                for (property, expectation) in &model.expected {
                    println!("    {property:<18} {expectation:<9} {}", property.statement());
                }
            }
        }
    }
    Exit::AsExpected
}

fn play(models: &[Model], options: &Models, progress: &Arc<Progress>) -> Vec<Outcome> {
    let cores = options.jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    // A core for each search, or several where there are fewer searches.
    let workers = cores.get().div_ceil(models.len());
    let with_workers = |model: &Model| Model { search: Search { workers, ..model.search }, ..model.clone() };
    let models: Vec<Model> = models.iter().map(with_workers).collect();
    let bar = bar(models.len(), options.format);
    let ticker = bar.clone();
    let (counted, began) = (Arc::clone(progress), Instant::now());
    let watch = |event: Event<'_>| match event {
        Event::Began(model) => bar.set_prefix(model.name()),
        Event::Ended(outcome) => {
            bar.inc(1);
            if !std::io::stderr().is_terminal() && options.format == Format::Table {
                let (name, findings) = (outcome.model.name(), &outcome.findings);
                anstream::eprintln!("{name}: {} executions, {:.1} s", findings.executions, findings.seconds);
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            while !ticker.is_finished() {
                let executions = counted.executions();
                let rate = executions as f64 / began.elapsed().as_secs_f64().max(0.1);
                ticker.set_message(format!("{executions} executions, {rate:.0}/s"));
                thread::sleep(Duration::from_millis(100));
            }
        });
        let outcomes = runner::run(&models, cores, explore::model, progress, watch);
        bar.finish_and_clear();
        outcomes
    })
}

fn bar(models: usize, format: Format) -> ProgressBar {
    if format == Format::Json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{elapsed_precise} [{bar:30}] {pos}/{len} models, {msg}\n{prefix:.dim}")
        .expect("a fixed template")
        .progress_chars("=> ");
    ProgressBar::new(models as u64).with_style(style)
}

fn print_summary(outcomes: &[Outcome]) {
    print!("{}", table::differences(outcomes));
    println!("{}", table::summary(outcomes));
    println!("The verdicts are {ENGINE}'s, for the code as it is; what {ENGINE} cannot see is in docs/limits.md.");
}

pub(super) fn exit(outcomes: &[Outcome]) -> Exit {
    let mut verdicts = outcomes.iter().flat_map(|outcome| &outcome.verdicts);
    if outcomes.iter().all(Outcome::is_as_expected) {
        Exit::AsExpected
    } else if verdicts.any(|(_, verdict, expectation)| !verdict.is_inconclusive() && !verdict.is(*expectation)) {
        Exit::Differs
    } else {
        Exit::Inconclusive
    }
}
