//! The moment of harm: the step after which the property cannot hold any more, or that shows that it does not.

use std::collections::HashMap;

use crate::{
    property::Property,
    timeline::{Change, Matter, Worth},
};

use super::{State, fold::Told};

/// Whether one step can be said to violate the property. To the others the execution as a whole does, and it shows at its end.
pub(super) fn has_a_moment(property: Property) -> bool {
    match property {
        Property::NeverEmpty
        | Property::NeverDangles
        | Property::NeverTorn
        | Property::NeverRegresses
        | Property::NeverWedges
        | Property::PauseIsFinal
        | Property::Completes => true,
        Property::Converges
        | Property::Reclaims
        | Property::Linearizable
        | Property::RepairIsObeyed
        | Property::SurvivesACrash
        | Property::NoLeak => false,
    }
}

/// The place of the harmful one among `steps`; none only if there are no steps. `cast` is how many threads there are.
pub(super) fn find(property: Property, before: &State, steps: &[Told], cast: usize) -> Option<usize> {
    let matter = |wanted: &dyn Fn(&Matter) -> bool| steps.iter().position(|(_, matter)| wanted(matter));
    let answer = |wanted| matter(&|matter| matches!(matter, Matter::Answer { answer, .. } if *answer == wanted));
    let dangles = || steps.iter().position(|(step, _)| step.after.dangling().next().is_some());
    let found = match property {
        Property::NeverEmpty => dangles().into_iter().chain(answer(Worth::Empty)).min(),
        Property::NeverDangles => dangles(),
        Property::NeverTorn => answer(Worth::Torn),
        Property::NeverRegresses => regresses(before, steps),
        Property::NeverWedges => {
            let refused = |(step, matter): &Told| step.column == cast && matches!(matter, Matter::Refusal(_));
            let wedged = matter(&|matter| matches!(matter, Matter::Refusal(why) if why == "wedged"));
            wedged.or_else(|| steps.iter().position(refused))
        }
        Property::PauseIsFinal => changes_after_the_pause(steps),
        Property::Completes => matter(&|matter| *matter == Matter::Panic),
        _ => None,
    };
    found.or(steps.len().checked_sub(1))
}

/// Where an older plan replaces a newer one, or a client sees an older plan than before.
fn regresses(before: &State, steps: &[Told]) -> Option<usize> {
    let mut seen: HashMap<(usize, &str), Option<u32>> = HashMap::new();
    let states = std::iter::once(before).chain(steps.iter().map(|(step, _)| &step.after));
    steps.iter().zip(states).position(|((step, matter), state)| match matter {
        Matter::Change(Change::Apply(endpoint, plan)) => {
            state.zone.iter().any(|served| served.endpoint == *endpoint && served.generation > Some(*plan))
        }
        Matter::Answer { endpoint, generation, .. } => {
            let last = seen.insert((step.column, endpoint), *generation);
            last.is_some_and(|last| last > *generation)
        }
        _ => false,
    })
}

/// The first change after the pause that is not the operator's own.
fn changes_after_the_pause(steps: &[Told]) -> Option<usize> {
    let mut paused_by = None;
    steps.iter().position(|(step, matter)| {
        let Matter::Change(change) = matter else { return false };
        match change {
            Change::Pause => paused_by = Some(step.column),
            Change::Resume => paused_by = None,
            Change::Publish(_) | Change::Apply(..) | Change::Delete(_) => {
                return paused_by.is_some_and(|operator| operator != step.column);
            }
        }
        false
    })
}
