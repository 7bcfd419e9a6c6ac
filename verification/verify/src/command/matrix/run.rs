//! Playing the zoo.

use std::sync::Arc;

use anstream::{print, println};
use enactor_verification::search::Progress;
use enactor_verify::{
    budget::Model,
    matrix::{self, Matrix},
    runner::{self, Event, Outcome},
    zoo::{Fix, Zoo},
};
use serde::Serialize;

use super::{
    super::{
        Exit, complain, models,
        play::{self, Audience},
        reports,
    },
    Format, Options,
};

/// The matrix, and how each wrong fix dies.
#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    matrix: &'a Matrix,
    deaths: Vec<Death>,
}

/// The schedule that kills one wrong fix.
#[derive(Serialize)]
struct Death {
    fix: &'static str,
    token: String,
    schedule: Vec<String>,
}

pub(in crate::command) fn run(options: &Options) -> Exit {
    let mut zoo = match read(options) {
        Ok(zoo) => zoo,
        Err(words) => {
            complain(words);
            return Exit::Usage;
        }
    };
    zoo.fixes.retain(|fix| options.store.is_none_or(|store| store == fix.store));
    if options.left_out {
        zoo.fixes.iter_mut().for_each(Fix::leave_nothing_out);
    }
    let progress = Arc::new(Progress::default());
    if let Err(exit) = play::listen(&progress) {
        return exit;
    }
    let models: Vec<Model> = zoo.models(models::ENGINE);
    let audience = if options.format == Format::Json { Audience::Program } else { Audience::People };
    let steps = play::Steps::new(models.len(), "models", audience);
    let outcomes = runner::run(&models, play::cores(options.jobs), Model::explore, &progress, |event| {
        if let Event::Ended(outcome) = event {
            steps.step(&outcome.model.name());
        }
    });
    steps.end();
    let matrix = Matrix::new(&zoo, models::ENGINE, &outcomes);
    match options.format {
        Format::Table => print!("{}", matrix.table()),
        Format::Markdown => print!("{}", matrix.markdown()),
        Format::Json => match deaths(&zoo, &outcomes) {
            Ok(deaths) => println!("{}", models::json(&Report { matrix: &matrix, deaths })),
            Err(words) => {
                complain(words);
                return Exit::Internal;
            }
        },
    }
    for difference in matrix.rows.iter().flat_map(|row| &row.differences) {
        complain(&difference.words);
    }
    exit(&matrix)
}

fn read(options: &Options) -> Result<Zoo, String> {
    let (text, what) = reports::text("the zoo", &options.zoo, Zoo::RECORDED)?;
    Zoo::read(&text).map_err(|error| format!("{what}: {error}"))
}

fn deaths(zoo: &Zoo, outcomes: &[Outcome]) -> Result<Vec<Death>, String> {
    let tokens = zoo.fixes.iter().filter_map(|fix| Some((fix, matrix::killer(fix, outcomes)?)));
    tokens
        .map(|(fix, token)| {
            let replay = token.store.replay(token.scenario, token.search, None, &token.found);
            let replay = replay.map_err(|error| format!("{token}: {error}"))?;
            let schedule = matrix::schedule(&token, &replay);
            Ok(Death { fix: fix.store.name, token: token.to_string(), schedule })
        })
        .collect()
}

fn exit(matrix: &Matrix) -> Exit {
    let mut differences = matrix.rows.iter().flat_map(|row| &row.differences);
    if matrix.ok {
        Exit::AsExpected
    } else if differences.any(|difference| !difference.inconclusive) {
        Exit::Differs
    } else {
        Exit::Inconclusive
    }
}
