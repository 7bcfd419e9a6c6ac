//! Running the models.

use std::{fs, sync::Arc};

use anstream::{print, println};
use enactor_verification::{engine::Engine, search::Progress};
use enactor_verify::{
    budget::{Budget, Model},
    gate::baseline::Baseline,
    report::{json::Report, table},
    runner::Outcome,
};

use super::{
    Engines, Exit, Format, Models, baseline, both, complain,
    play::{self, Audience},
    replay, reports,
};

/// The engine of this build.
pub(super) const ENGINE: Engine = Engine::BUILT.expect("this file is part of builds with an engine only");

pub(super) fn run(options: &Models) -> Exit {
    let Budget { models, out_of_reach, .. } = match select(options) {
        Ok(budget) => budget,
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
    if let Err(exit) = play::listen(&progress) {
        return exit;
    }
    let audience = if options.format == Format::Json { Audience::Program } else { Audience::People };
    // What is not known is not told: the gate is who asks for a baseline.
    let known = Baseline::parse(Baseline::RECORDED).unwrap_or_else(|_| Baseline::empty());
    let outcomes = play::play(&models, options.jobs, audience, &known, &progress);
    if options.budget.is_none() {
        baseline::warn_of_drift(&outcomes);
    }
    if options.engine == Engines::Both && !progress.is_interrupted() {
        return both::compare(&outcomes, options, &progress);
    }
    match options.format {
        Format::Json => println!("{}", json(&Report::new(ENGINE, &outcomes))),
        Format::Table => println!("{}", table::verdicts(&outcomes)),
    }
    let told = if progress.is_interrupted() { Ok(()) } else { replay::tell(&outcomes, options) };
    if options.format == Format::Table {
        print_summary(&outcomes, &out_of_reach);
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
fn select(options: &Models) -> Result<Budget, String> {
    let (text, what) = reports::text("the budget", &options.budget, Budget::RECORDED)?;
    let budget = Budget::read(&text, ENGINE).map_err(|error| format!("{what}: {error}"))?;
    let mut models = budget.models;
    for model in &mut models {
        model.search.outcomes = options.outcomes || options.engine == Engines::Both;
    }
    let is_wanted = |model: &Model| {
        options.store.is_none_or(|store| store == model.store)
            && options.scenario.is_none_or(|scenario| scenario == model.scenario)
            && options.property.is_none_or(|property| model.expected.contains_key(&property))
    };
    models.retain(is_wanted);
    let out_of_reach: Vec<Model> = budget.out_of_reach.into_iter().filter(is_wanted).collect();
    for model in &mut models {
        model.expected.retain(|&property, _| options.property.is_none_or(|wanted| wanted == property));
    }
    if let (true, Some(model)) = (models.is_empty(), out_of_reach.first()) {
        return Err(format!("{} is out of {ENGINE}'s reach; run it on heddle", model.name()));
    }
    if models.is_empty() {
        return Err("no model matches these filters; `cargo verify --list` shows them all".to_owned());
    }
    Ok(Budget { models, out_of_reach, groups: budget.groups })
}

fn list(models: &[Model], format: Format) -> Exit {
    match format {
        Format::Json => {
            let row = |model: &Model| {
                let properties: Vec<&str> = model.expected.keys().map(|property| property.name()).collect();
                serde_json::json!({
                    "store": model.store.name, "scenario": model.scenario.name, "story": model.scenario.story,
                    "needs": model.scenario.needs().to_string(), "group": model.group,
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
                println!("    needs {}; group {}", model.scenario.needs(), model.group);
                for (property, expectation) in &model.expected {
                    println!("    {property:<18} {expectation:<9} {}", property.statement());
                }
            }
        }
    }
    Exit::AsExpected
}

fn print_summary(outcomes: &[Outcome], out_of_reach: &[Model]) {
    print!("{}", table::load_buffering(outcomes));
    print!("{}", table::differences(outcomes));
    println!("{}", table::summary(outcomes));
    for model in out_of_reach {
        println!("not run: {} is out of {ENGINE}'s reach; heddle has its verdicts", model.name());
    }
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
