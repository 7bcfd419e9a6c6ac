//! `cargo verify merge`: the one verdict of all shards.

use std::path::PathBuf;

use enactor_verify::gate::{
    identity::Identity,
    record::Record,
    shard,
    stored::{self, Kind},
};

use super::{Exit, complain, options::Merge, reports};

pub(super) fn run(options: &Merge) -> Exit {
    match merge(options) {
        Ok(record) => options.reports.finish(&record, &options.against),
        Err(words) => {
            complain(words);
            Exit::Usage
        }
    }
}

fn merge(options: &Merge) -> Result<Record, String> {
    options.reports.check(&[])?;
    let read = |path: &PathBuf| {
        let record = stored::read(path, Kind::Shard).map_err(|error| error.to_string())?;
        Ok((path.display().to_string(), record))
    };
    let shards = options.shards.iter().map(read).collect::<Result<Vec<_>, String>>()?;
    let record = shard::merge(shards).map_err(|error| error.to_string())?;
    let engine = record.identity.engine;
    let expected = options.against.read(engine)?;
    let models = record.identity.models.clone();
    let root = options.against.root();
    let here = Identity::new(&root, engine, &expected.budget_text, &expected.baseline_text, models);
    let here = here.map_err(|error| error.to_string())?;
    if let Some(what) = here.differs(&record.identity) {
        return Err(format!("the shards are not of this checkout: {what} differs"));
    }
    reports::check_fits(&record, &expected.budget).map_err(|words| format!("the shards: {words}"))?;
    Ok(record)
}
