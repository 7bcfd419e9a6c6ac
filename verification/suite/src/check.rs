//! Which properties one execution violates.

use enactor::{
    enactor::RunReport,
    generation::Generation,
    operator::RepairError,
    store::{ApplyOutcome, PublishError, Repair},
};

use crate::{
    history::{Call, Record, Seen, messages},
    property::Property,
    scenario::Scenario,
    search::Shown,
    specification,
    stage::{self, Execution, Recovery},
};

/// What `execution` of `scenario` shows; with its outcome's fingerprint if `outcomes` says so.
pub fn shown(scenario: &Scenario, execution: &Execution, outcomes: bool) -> Shown {
    let violated = |property: &Property| violates(*property, scenario, execution);
    Shown {
        violated: scenario.properties.iter().copied().filter(violated).collect(),
        met: scenario.witnesses.iter().copied().filter(|witness| witness.is_met(&execution.history)).collect(),
        outcome: outcomes.then(|| execution.fingerprint()),
    }
}

/// Whether `execution` of `scenario` violates `property`.
pub fn violates(property: Property, scenario: &Scenario, execution: &Execution) -> bool {
    match property {
        Property::NeverEmpty => sights(execution).any(|seen| seen.empty),
        Property::NeverTorn => sights(execution).any(|seen| seen.torn),
        Property::NeverRegresses => regresses(scenario, execution),
        Property::NeverDangles => {
            let left = &execution.left;
            left.applied.iter().any(|applied| applied.is_none_or(|generation| !left.stored.contains(&generation)))
        }
        Property::Converges => left_behind(execution).is_some(),
        Property::NeverWedges => wedged(scenario, execution),
        Property::Reclaims => execution.recovery.as_ref().is_none_or(|after| stale(scenario, after).next().is_some()),
        Property::Linearizable => !specification::linearizable(scenario, execution),
        Property::PauseIsFinal => changes_while_paused(execution),
        Property::RepairIsObeyed => disobeyed(scenario, execution).is_some(),
        Property::SurvivesACrash => {
            stuck(execution).is_some()
                || wedged(scenario, execution)
                || violates(Property::Reclaims, scenario, execution)
        }
        Property::NoLeak => {
            execution.recovery.as_ref().is_none_or(|after| after.leaked.is_some_and(|leaked| leaked > 0))
        }
        Property::Completes => execution.history.iter().any(|record| matches!(record.call, Call::Panicked(_))),
    }
}

/// How `execution`, which violates `property`, does so; nothing where one of its steps shows it by itself.
pub(crate) fn how(property: Property, scenario: &Scenario, execution: &Execution) -> Option<String> {
    match property {
        Property::Converges => left_behind(execution).map(|(endpoint, seen, newest)| {
            let serves = seen.generation.map_or("nothing".to_owned(), |plan| format!("plan {plan}"));
            format!("{} serves {serves}, though plan {newest} was applied", stage::name(endpoint))
        }),
        Property::Reclaims => execution.recovery.as_ref().map(|after| {
            let stale: Vec<String> = stale(scenario, after).map(|plan| format!("plan {plan}")).collect();
            let oldest = oldest_after(scenario);
            format!("still stored after a clean-up of what is older than plan {oldest}: {}", stale.join(", "))
        }),
        Property::Linearizable => specification::misfit(scenario, execution),
        Property::SurvivesACrash => {
            if let Some(record) = stuck(execution) {
                let name = scenario.cast.get(record.thread).map_or("going on", |role| role.name);
                return Some(format!("since one has stopped, {name} cannot do its part"));
            }
            match wedged(scenario, execution) {
                true => Some("since one has stopped, no Enactor can go on".to_owned()),
                false => how(Property::Reclaims, scenario, execution),
            }
        }
        Property::NoLeak => {
            let leaked = execution.recovery.as_ref()?.leaked?;
            Some(format!("{leaked} more in use than the stored plans need"))
        }
        Property::RepairIsObeyed => disobeyed(scenario, execution),
        Property::NeverEmpty
        | Property::NeverRegresses
        | Property::NeverDangles
        | Property::NeverTorn
        | Property::NeverWedges
        | Property::PauseIsFinal
        | Property::Completes => None,
    }
}

/// The first endpoint that does not serve the newest applied plan in the end, what it serves, and that plan.
fn left_behind(execution: &Execution) -> Option<(usize, &Seen, Generation)> {
    let newest = applied(&execution.history).max().unwrap_or(Generation::FIRST);
    let mut seen = execution.at_rest.iter().enumerate();
    seen.find(|(_, seen)| seen.generation != Some(newest)).map(|(endpoint, seen)| (endpoint, seen, newest))
}

/// Whether something changed although the operator had paused, and that for good. What there was right after the pause is
/// compared with what is left, unless the operator repaired after that. Who was told of the pause changes nothing at all.
fn changes_while_paused(execution: &Execution) -> bool {
    let history = &execution.history;
    history.iter().enumerate().any(|(place, record)| {
        let Call::Pause(snapshot) = &record.call else { return false };
        let later = |test: fn(&Call) -> bool| {
            history[place..].iter().any(|later| later.thread == record.thread && test(&later.call))
        };
        if later(|call| matches!(call, Call::Resume)) {
            return false;
        }
        let repaired = later(|call| matches!(call, Call::Repair(..) | Call::RepairPart(..)));
        let is_told = |tell: (usize, usize)| tell.0 == record.thread && tell.1 > place;
        let mut told = messages(history).into_iter().filter(|[tell, _]| is_told(*tell));
        (!repaired && *snapshot != execution.left)
            || told.any(|[_, (hearer, from)]| {
                let mut later = history[from..].iter().filter(|later| later.thread == hearer);
                later.any(|later| changes_something(&later.call))
            })
    })
}

fn changes_something(call: &Call) -> bool {
    match call {
        Call::Apply(_, _, outcome) => matches!(outcome, ApplyOutcome::Applied { .. }),
        Call::Publish(_, result) | Call::PublishPart(_, result) => result.is_ok(),
        Call::CleanUp(_, done) => !done.deleted.is_empty(),
        _ => false,
    }
}

/// How a repair was not made that should have been, or did not last, or was made and should not have been; if so.
fn disobeyed(scenario: &Scenario, execution: &Execution) -> Option<String> {
    let publishes = |test: fn(&Call) -> bool| execution.history.iter().any(|record| test(&record.call));
    execution.history.iter().find_map(|record| match &record.call {
        Call::RepairPart(plan, Ok(_)) => Some(format!("the repair with plan {plan} is made, which lacks an endpoint")),
        Call::Repair(plan, result) if plan.get() <= scenario.published => match result {
            Ok(_) => Some(format!("the repair with plan {plan} is made, which is not newer than what is published")),
            Err(_) => None,
        },
        // There is one publisher at a time.
        Call::Repair(_, Err(RepairError::Publish(PublishError::Busy)))
            if publishes(|call| matches!(call, Call::Publish(..))) =>
        {
            None
        }
        Call::Repair(_, Err(RepairError::Publish(PublishError::NotNewer { .. })))
            if publishes(|call| matches!(call, Call::Publish(_, Ok(())))) =>
        {
            None
        }
        Call::Repair(plan, Err(error)) => Some(format!("the repair with plan {plan} is not made: {error}")),
        Call::Repair(plan, Ok(Repair { applied, overtaken })) if applied + overtaken != scenario.endpoints => Some(format!(
            "the repair with plan {plan} says that it has applied it to {applied} endpoints and left {overtaken}: there are {}",
            scenario.endpoints
        )),
        Call::Repair(plan, Ok(_)) => {
            let older = (0..scenario.endpoints).find(|&at| execution.at_rest[at].generation < Some(*plan))?;
            let serves = execution.at_rest[older].generation.map_or("nothing".to_owned(), |plan| format!("plan {plan}"));
            Some(format!("{} serves {serves}, though it was repaired with plan {plan}", stage::name(older)))
        }
        _ => None,
    })
}

/// The plans that the last clean-up should have deleted, and did not.
fn stale(scenario: &Scenario, after: &Recovery) -> impl Iterator<Item = Generation> {
    let oldest = oldest_after(scenario);
    after.stored.iter().copied().filter(move |generation| *generation < oldest)
}

/// The oldest plan that the last clean-up leaves.
fn oldest_after(scenario: &Scenario) -> Generation {
    newest_after(scenario).back(scenario.retention)
}

/// What clients saw: in the threads, once they had ended, and at the end.
fn sights(execution: &Execution) -> impl Iterator<Item = &Seen> {
    let resolved = execution.history.iter().filter_map(|record| match &record.call {
        Call::Resolve(_, seen) => Some(seen),
        _ => None,
    });
    resolved.chain(&execution.at_rest)
}

/// Whether a reader sees an endpoint go back: one thread from call to call, or anybody once all threads have ended.
fn regresses(scenario: &Scenario, execution: &Execution) -> bool {
    (0..scenario.endpoints).any(|endpoint| {
        let at_rest = execution.at_rest[endpoint].generation;
        let served = applied_to(&execution.history, endpoint).chain([Generation::FIRST]);
        let thread_regresses = (0..scenario.cast.len()).any(|thread| {
            let seen = |record: &Record| match record.call {
                Call::Resolve(at, seen) if at == endpoint && record.thread == thread => Some(seen.generation),
                _ => None,
            };
            let seen: Vec<_> = execution.history.iter().filter_map(seen).chain([at_rest]).collect();
            seen.windows(2).any(|pair| pair[1] < pair[0]) || seen[0] < Some(Generation::FIRST)
        });
        thread_regresses || at_rest < served.max()
    })
}

/// The generations that were applied to any endpoint, by Enactors or by a repair.
fn applied(history: &[Record]) -> impl Iterator<Item = Generation> + '_ {
    history.iter().filter_map(|record| match &record.call {
        Call::Apply(_, generation, ApplyOutcome::Applied { .. }) => Some(*generation),
        Call::Repair(generation, Ok(repair)) if repair.applied > 0 => Some(*generation),
        _ => None,
    })
}

fn applied_to(history: &[Record], endpoint: usize) -> impl Iterator<Item = Generation> + '_ {
    history.iter().filter_map(move |record| match record.call {
        Call::Apply(at, generation, ApplyOutcome::Applied { .. }) if at == endpoint => Some(generation),
        _ => None,
    })
}

fn newest_after(scenario: &Scenario) -> Generation {
    Generation::new(u64::from(scenario.newest() + scenario.published_afterwards())).expect("scenarios have a few plans")
}

/// Whether the automation could not go on by itself.
fn wedged(scenario: &Scenario, execution: &Execution) -> bool {
    let newest = newest_after(scenario);
    let Some(recovery) = &execution.recovery else { return true };
    let finished = matches!(&recovery.last_run, RunReport::Finished(run) if run.busy == 0 && run.deleted == 0);
    let everywhere = |seen: &Seen| *seen == Seen { generation: Some(newest), empty: false, torn: false };
    !finished || recovery.published.iter().any(Result::is_err) || !recovery.seen.iter().all(everywhere)
}

/// What a thread did that could not do its part since another one had stopped.
fn stuck(execution: &Execution) -> Option<&Record> {
    execution.history.iter().find(|record| match &record.call {
        Call::Run(RunReport::Finished(run)) => run.busy > 0,
        Call::Run(RunReport::Wedged { .. }) | Call::Panicked(_) => true,
        _ => false,
    })
}
