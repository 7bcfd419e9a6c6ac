//! `cargo verify gate`: what CI runs.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use enactor_verification::search::Progress;
use enactor_verify::{
    budget::Model,
    gate::{
        identity::Identity,
        record::{Cut, LeftOut, Played, Record},
        shard::Shard,
        since,
        stored::{self, Kind},
    },
    runner::Outcome,
};

use super::{
    Exit, complain,
    models::ENGINE,
    options::Gate,
    play::{self, Audience},
    reports::{self, Expected},
};

pub(super) fn run(options: &Gate) -> Exit {
    let gate = match Selection::new(options) {
        Ok(gate) => gate,
        Err(words) => {
            complain(words);
            return Exit::Usage;
        }
    };
    let progress = Arc::new(Progress::default());
    if let Err(exit) = play::listen(&progress) {
        return exit;
    }
    progress.allow(options.minutes);
    let to_run: Vec<Model> =
        gate.models.iter().filter(|model| !gate.done.contains_key(&model.name())).cloned().collect();
    let outcomes = play::play(&to_run, options.jobs, Audience::People, &gate.expected.baseline, &progress);
    let record = gate.record(&outcomes);
    // Files first: nothing that goes wrong with the terminal may cost them.
    let shard = keep_shard(&record, options);
    let go_on = keep_unfinished(&record, options);
    let exit = options.reports.finish(&record, &options.against);
    let said = match &go_on {
        Ok(Some(command)) => reports::say(command),
        _ => Ok(()),
    };
    let failed = [shard, go_on.map(drop), said].into_iter().filter_map(Result::err).map(complain).count();
    if failed > 0 { Exit::Internal } else { exit }
}

/// Which models to run here, and what is known without.
struct Selection {
    expected: Expected,
    identity: Identity,
    shard: Shard,
    /// The models of this shard.
    models: Vec<Model>,
    /// What the run that is resumed has finished.
    done: BTreeMap<String, Played>,
    left_out: Vec<LeftOut>,
    changes: Vec<String>,
}

impl Selection {
    fn new(options: &Gate) -> Result<Self, String> {
        let expected = options.against.read(ENGINE)?;
        let root = options.against.root();
        let mut selected = expected.budget.models.clone();
        let mut left_out = leave_out_groups(&mut selected, options, &expected)?;
        left_out.extend(reports::out_of_reach(&expected.budget, ENGINE));
        let changes = leave_out_unaffected(&mut selected, &mut left_out, options, &root)?;
        if selected.is_empty() && options.since.is_none() {
            return Err("no model is selected: nothing would be checked".to_owned());
        }
        let names = selected.iter().map(Model::name).collect();
        let identity = Identity::new(&root, ENGINE, &expected.budget_text, &expected.baseline_text, names);
        let identity = identity.map_err(|error| error.to_string())?;
        let shard = options.shard.unwrap_or(Shard::WHOLE);
        if shard.count() > selected.len() && options.since.is_none() {
            let (count, models) = (shard.count(), selected.len());
            return Err(format!("{count} shards are too many for {models} models: some would have nothing to check"));
        }
        let models = shard.of(&selected).cloned().collect();
        options.reports.check(&[&options.out, &options.state])?;
        let mut gate = Self { expected, identity, shard, models, done: BTreeMap::new(), left_out, changes };
        if let Some(path) = &options.resume {
            gate.done = gate.resume(path)?;
        }
        Ok(gate)
    }

    /// What the run in `path` has finished.
    fn resume(&self, path: &Path) -> Result<BTreeMap<String, Played>, String> {
        let record = stored::read(path, Kind::Unfinished).map_err(|error| error.to_string())?;
        let foreign = |what: &str| Err(format!("{} cannot be resumed: {what} differs", path.display()));
        if let Some(what) = self.identity.differs(&record.identity) {
            return foreign(what);
        }
        if record.shard != self.shard {
            return foreign("the shard");
        }
        if !record.models.iter().map(|played| &played.model).eq(&self
            .models
            .iter()
            .map(Model::name)
            .collect::<Vec<_>>())
        {
            return foreign("the selection of models");
        }
        reports::check_fits(&record, &self.expected.budget)
            .map_err(|words| format!("{} cannot be resumed: {words}", path.display()))?;
        let finished = record.models.into_iter().filter(|played| played.cut != Some(Cut::Unfinished));
        Ok(finished.map(|played| (played.model.clone(), played)).collect())
    }

    fn record(mut self, outcomes: &[Outcome]) -> Record {
        for outcome in outcomes {
            let name = outcome.model.name();
            let recorded = self.expected.baseline.counts(ENGINE, &name);
            self.done.insert(name, Played::new(outcome, recorded));
        }
        let models =
            self.models.iter().map(|model| self.done.remove(&model.name()).expect("it was run, now or before"));
        let models = models.collect();
        let Self { identity, shard, left_out, changes, .. } = self;
        Record { identity, shard, models, left_out, changes }
    }
}

fn leave_out_groups(selected: &mut Vec<Model>, options: &Gate, expected: &Expected) -> Result<Vec<LeftOut>, String> {
    let known = &expected.budget.groups;
    if let Some(group) = options.groups.iter().find(|group| !known.contains(group)) {
        return Err(format!("no group is called {group:?}; the budget has {}", known.join(", ")));
    }
    if options.groups.is_empty() {
        return Ok(Vec::new());
    }
    let mut left_out = Vec::new();
    for group in known.iter().filter(|group| !options.groups.contains(group)) {
        let models: Vec<String> = selected.iter().filter(|model| model.group == **group).map(Model::name).collect();
        left_out.push(LeftOut { why: format!("of group {group}, which was not asked for"), models });
    }
    selected.retain(|model| options.groups.contains(&model.group));
    Ok(left_out)
}

/// Leaves out what `--since` says; what changed, and what that affects.
fn leave_out_unaffected(
    selected: &mut Vec<Model>,
    left_out: &mut Vec<LeftOut>,
    options: &Gate,
    root: &Path,
) -> Result<Vec<String>, String> {
    let Some(revision) = &options.since else { return Ok(Vec::new()) };
    let files = since::changed_files(root, revision).map_err(|error| error.to_string())?;
    let why = match files.is_empty() {
        true => format!("nothing changed since {revision}"),
        false => format!("nothing that they are made of changed since {revision}"),
    };
    let affected = since::affected(files, &since::uses(root));
    let apart: Vec<String> =
        selected.iter().filter(|model| !affected.stores.contains(model.store.name)).map(Model::name).collect();
    selected.retain(|model| affected.stores.contains(model.store.name));
    if !apart.is_empty() {
        left_out.push(LeftOut { why, models: apart });
    }
    Ok(affected.files.iter().map(|(path, effect)| format!("{path}: affects {effect}")).collect())
}

fn keep_shard(record: &Record, options: &Gate) -> Result<(), String> {
    options
        .out
        .as_ref()
        .map_or(Ok(()), |path| stored::write(path, Kind::Shard, record).map_err(|error| error.to_string()))
}

/// Writes what another run needs to go on, if this one did not come to its end; says how.
fn keep_unfinished(record: &Record, options: &Gate) -> Result<Option<String>, String> {
    let unfinished = record.unfinished().count();
    if unfinished == 0 {
        return Ok(None);
    }
    let path = state(options);
    stored::write(&path, Kind::Unfinished, record).map_err(|error| error.to_string())?;
    Ok(Some(format!("{unfinished} models are unfinished. To go on: {}\n", again(&path))))
}

/// Where an unfinished run is kept.
fn state(options: &Gate) -> PathBuf {
    options.state.clone().unwrap_or_else(|| {
        let target = options.against.root().join("target");
        // If it cannot be made, writing says so.
        drop(fs::create_dir_all(&target));
        fs::canonicalize(&target).unwrap_or(target).join("gate-unfinished.json")
    })
}

/// This command line, resuming from `state`.
fn again(state: &Path) -> String {
    let mut words = vec!["cargo".to_owned(), "verify".to_owned()];
    // A word that is no text is shown as far as it is.
    let mut given = env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    while let Some(word) = given.next() {
        if word == "--resume" {
            given.next();
        } else if !word.starts_with("--resume=") {
            words.push(word);
        }
    }
    words.extend(["--resume".to_owned(), state.display().to_string()]);
    let plain = |word: &String| word.chars().all(|c| c.is_alphanumeric() || "-_=./:@+,".contains(c));
    let quote = |word: &String| if plain(word) { word.clone() } else { format!("'{}'", word.replace('\'', "'\\''")) };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}
