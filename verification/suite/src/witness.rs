//! [`Witness`]: a situation that a proof must have met at least once, or it proves nothing.

use std::fmt;

use serde::Deserialize;

use enactor::store::{ApplyOutcome, PublishError};

use crate::history::{Call, Record};

macro_rules! witnesses {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// A situation, found in an execution's history.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        pub enum Witness {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl Witness {
            /// Every witness.
            pub const ALL: &[Witness] = &[$(Witness::$variant,)+];

            /// The name in reports.
            pub fn name(self) -> &'static str {
                match self { $(Witness::$variant => $name,)+ }
            }
        }
    };
}

witnesses! {
    /// A clean-up that deleted a plan was over, or under way, after another thread's freshness check and before its write ended.
    CleanUpBetweenCheckAndWrite = "clean_up_between_check_and_write",
    /// A newer plan was applied after another thread's freshness check and before its write.
    OvertakenBetweenCheckAndWrite = "overtaken_between_check_and_write",
    /// A write of a plan that is not newer was refused.
    StaleWriteRefused = "stale_write_refused",
    /// A write of a deleted plan was refused.
    DeletedWriteRefused = "deleted_write_refused",
    /// A clean-up deleted a plan.
    PlanDeleted = "plan_deleted",
    /// A clean-up left a stale plan, since an endpoint served it.
    ServedPlanKept = "served_plan_kept",
    /// A client saw the plan of the start.
    OldAnswerSeen = "old_answer_seen",
    /// A client saw a newer plan than that of the start.
    NewAnswerSeen = "new_answer_seen",
    /// An Enactor picked up a plan that the Planner published meanwhile.
    NewPlanPickedUp = "new_plan_picked_up",
    /// A plan was published after another one had been deleted.
    PublishedAfterDeletion = "published_after_deletion",
    /// A plan was refused for want of room.
    PublishFoundNoRoom = "publish_found_no_room",
    /// A plan was refused since another publish was under way or had been newer, or the automation was paused.
    PublishRefused = "publish_refused",
    /// A plan was refused since it had no record set for an endpoint.
    PartRefused = "part_refused",
    /// An Enactor was stopped by the pause in the middle of its run.
    PausedInARun = "paused_in_a_run",
    /// A run went through although the operator paused at some time.
    FinishedBeforeThePause = "finished_before_the_pause",
    /// A repair was overtaken or overtook a run.
    RepairMetARun = "repair_met_a_run",
    /// A thread stopped for ever.
    StoppedForEver = "stopped_for_ever",
    /// A thread heard what it was told.
    Heard = "heard",
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Witness {
    /// Whether this execution met the situation.
    pub fn is_met(self, history: &[Record]) -> bool {
        let any = |test: &dyn Fn(&Call) -> bool| history.iter().any(|record| test(&record.call));
        match self {
            Witness::CleanUpBetweenCheckAndWrite => between_check_and_write(
                history,
                |call| matches!(call, Call::CleanUp(_, done) if !done.deleted.is_empty()),
            ),
            Witness::OvertakenBetweenCheckAndWrite => {
                between_check_and_write(history, |call| matches!(call, Call::Apply(_, _, ApplyOutcome::Applied { .. })))
            }
            Witness::StaleWriteRefused => any(&|call| matches!(call, Call::Apply(_, _, ApplyOutcome::Stale { .. }))),
            Witness::DeletedWriteRefused => any(&|call| matches!(call, Call::Apply(_, _, ApplyOutcome::Deleted))),
            Witness::PlanDeleted => any(&|call| matches!(call, Call::CleanUp(_, done) if !done.deleted.is_empty())),
            Witness::ServedPlanKept => any(&|call| matches!(call, Call::CleanUp(_, done) if !done.kept.is_empty())),
            Witness::OldAnswerSeen => any(&|call| saw(call, |generation| generation == 1)),
            Witness::NewAnswerSeen => any(&|call| saw(call, |generation| generation > 1)),
            Witness::NewPlanPickedUp => published_then(history, |call| matches!(call, Call::Latest(_))),
            Witness::PublishedAfterDeletion => history.iter().any(|record| {
                matches!(record.call, Call::Publish(_, Ok(())))
                    && history.iter().any(|other| {
                        other.ended < record.ended
                            && matches!(&other.call, Call::CleanUp(_, done) if !done.deleted.is_empty())
                    })
            }),
            Witness::PublishFoundNoRoom => {
                any(&|call| matches!(call, Call::Publish(_, Err(PublishError::NoRoom { .. }))))
            }
            Witness::PublishRefused => any(&|call| {
                matches!(
                    call,
                    Call::Publish(_, Err(PublishError::Busy | PublishError::NotNewer { .. } | PublishError::Paused))
                )
            }),
            Witness::PartRefused => {
                any(&|call| matches!(call, Call::PublishPart(_, Err(PublishError::MissingEndpoint(_)))))
            }
            Witness::PausedInARun => any(&|call| matches!(call, Call::Apply(_, _, ApplyOutcome::Paused))),
            Witness::FinishedBeforeThePause => any(&|call| matches!(call, Call::CleanUp(_, done) if !done.paused)),
            Witness::RepairMetARun => history.iter().any(|repair| {
                matches!(repair.call, Call::Repair(..))
                    && history.iter().any(|write| {
                        matches!(write.call, Call::Apply(..))
                            && write.began < repair.ended
                            && repair.began < write.ended
                    })
            }),
            Witness::StoppedForEver => any(&|call| matches!(call, Call::Stopped)),
            Witness::Heard => any(&|call| matches!(call, Call::Hear(true))),
        }
    }
}

fn saw(call: &Call, test: impl Fn(u32) -> bool) -> bool {
    matches!(call, Call::Resolve(_, seen) if seen.generation.is_some_and(|generation| test(generation.get())))
}

/// Whether `what` began after a plan was published and before nothing else: it could know of that plan.
fn published_then(history: &[Record], what: impl Fn(&Call) -> bool) -> bool {
    history.iter().any(|publish| {
        let Call::Publish(published, Ok(())) = publish.call else { return false };
        history.iter().any(|read| {
            what(&read.call) && matches!(read.call, Call::Latest(Some(generation)) if generation >= published)
        })
    })
}

/// Whether another thread's call that is `what` came between a thread's freshness check and its write: in the order in which
/// the engine ran them, or by what they saw. heddle runs what does not depend on each other in an order of its own.
fn between_check_and_write(history: &[Record], what: impl Fn(&Call) -> bool) -> bool {
    history.iter().filter(|record| what(&record.call)).any(|meanwhile| {
        let others = || history.iter().filter(|record| record.thread != meanwhile.thread);
        others().filter(|check| matches!(check.call, Call::Applied(..))).any(|check| {
            let writes = others().filter(|write| write.thread == check.thread && write.ended > check.ended);
            writes.filter(|write| matches!(write.call, Call::Apply(..))).any(|write| {
                check.ended < meanwhile.ended && meanwhile.ended < write.ended || is_seen(check, meanwhile, write)
            })
        })
    })
}

/// Whether `check` saw what was before `meanwhile`, and `write` comes after its beginning.
fn is_seen(check: &Record, meanwhile: &Record, write: &Record) -> bool {
    let (Call::Applied(checked, seen), Call::Apply(written, _, outcome)) = (&check.call, &write.call) else {
        return false;
    };
    match meanwhile.call {
        // The plan that is cleaned up for was applied before.
        Call::CleanUp(before, _) => *seen < Some(before) && meanwhile.began < write.ended,
        Call::Apply(applied, newer, _) => {
            let served = match outcome {
                ApplyOutcome::Applied { replaced } => *replaced,
                ApplyOutcome::Stale { applied } => Some(*applied),
                _ => None,
            };
            *checked == applied && *written == applied && *seen < Some(newer) && served >= Some(newer)
        }
        _ => false,
    }
}
