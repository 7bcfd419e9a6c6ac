//! Every scenario of the suite.

use super::{
    Action::{
        Apply, CleanUp, Enact, EnactLatest, Hear, Pause, Publish, PublishPart, Repair, RepairPart, Resolve, Resume,
        StopSomewhere, Tell,
    },
    Role, Scenario,
};
use crate::{
    property::Property::{
        Completes, Converges, Linearizable, NeverDangles, NeverEmpty, NeverRegresses, NeverTorn, NeverWedges, NoLeak,
        PauseIsFinal, Reclaims, RepairIsObeyed, SurvivesACrash,
    },
    witness::Witness::{
        CleanUpBetweenCheckAndWrite, DeletedWriteRefused, FinishedBeforeThePause, Heard, NewAnswerSeen,
        NewPlanPickedUp, OldAnswerSeen, OvertakenBetweenCheckAndWrite, PartRefused, PausedInARun, PlanDeleted,
        PublishRefused, PublishedAfterDeletion, RepairMetARun, ServedPlanKept, StaleWriteRefused, StoppedForEver,
    },
};

const SLOW: Role = Role { name: "Enactor 1", does: &[Enact(2)] };
const FAST: Role = Role { name: "Enactor 2", does: &[Enact(3)] };

/// Every scenario, the smallest first.
pub static SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "two_enactors_one_endpoint",
        story: "The incident at its smallest: a slow Enactor has picked up plan 2, a fast one plan 3. Without a guard on the \
                write, plan 2 overwrites plan 3 and the clean-up deletes it.",
        endpoints: 1,
        published: 3,
        retention: 0,
        twins: &[],
        cast: &[SLOW, FAST],
        properties: &[
            NeverEmpty, NeverRegresses, NeverDangles, NeverTorn, Converges, NeverWedges, Reclaims, Linearizable,
            NoLeak, Completes,
        ],
        witnesses: &[CleanUpBetweenCheckAndWrite, OvertakenBetweenCheckAndWrite, StaleWriteRefused, PlanDeleted],
    },
    Scenario {
        name: "client_at_every_instant",
        story: "The incident with a client that resolves once, in every position: at no instant an empty or torn answer.",
        endpoints: 1,
        published: 3,
        retention: 0,
        twins: &[],
        cast: &[SLOW, FAST, Role { name: "Client", does: &[Resolve(0)] }],
        properties: &[NeverEmpty, NeverTorn, NeverRegresses, Linearizable, Completes],
        witnesses: &[CleanUpBetweenCheckAndWrite, OldAnswerSeen, NewAnswerSeen],
    },
    Scenario {
        name: "client_looks_twice",
        story: "One Enactor rolls out plan 2 and deletes plan 1 under a client that resolves twice: it never goes back in \
                time, and never meets the deleted plan.",
        endpoints: 1,
        published: 2,
        retention: 0,
        twins: &[],
        cast: &[
            Role { name: "Enactor 1", does: &[Enact(2)] },
            Role { name: "Client", does: &[Resolve(0), Resolve(0)] },
        ],
        properties: &[NeverEmpty, NeverTorn, NeverRegresses, Linearizable, Completes],
        witnesses: &[OldAnswerSeen, NewAnswerSeen, PlanDeleted],
    },
    Scenario {
        name: "two_enactors_two_endpoints",
        story: "Two Enactors roll out different plans endpoint by endpoint, so a clean-up can find one endpoint done and the \
                other one not.",
        endpoints: 2,
        published: 3,
        retention: 0,
        twins: &[],
        cast: &[SLOW, FAST],
        properties: &[
            NeverEmpty, NeverRegresses, NeverDangles, Converges, NeverWedges, Reclaims, Linearizable, NoLeak, Completes,
        ],
        witnesses: &[CleanUpBetweenCheckAndWrite, StaleWriteRefused, PlanDeleted],
    },
    Scenario {
        name: "three_enactors_one_endpoint",
        story: "As in the incident, three Enactors: one slow, one fast, and one that picks up what is latest.",
        endpoints: 1,
        published: 3,
        retention: 0,
        twins: &[],
        cast: &[SLOW, FAST, Role { name: "Enactor 3", does: &[EnactLatest] }],
        properties: &[
            NeverEmpty, NeverRegresses, NeverDangles, Converges, NeverWedges, Reclaims, Linearizable, Completes,
        ],
        witnesses: &[CleanUpBetweenCheckAndWrite, StaleWriteRefused, PlanDeleted],
    },
    Scenario {
        name: "three_enactors_two_endpoints",
        story: "The incident's shape: three Enactors, one slow, one fast, one that picks up what is latest, endpoint by endpoint \
                on two endpoints.",
        endpoints: 2,
        published: 3,
        retention: 0,
        twins: &[],
        cast: &[SLOW, FAST, Role { name: "Enactor 3", does: &[EnactLatest] }],
        properties: &[
            NeverEmpty, NeverRegresses, NeverDangles, Converges, NeverWedges, Reclaims, Linearizable, Completes,
        ],
        witnesses: &[CleanUpBetweenCheckAndWrite, StaleWriteRefused, PlanDeleted],
    },
    Scenario {
        name: "planner_publishes_meanwhile",
        story: "The Planner publishes plan 3 while two Enactors roll out whatever is the latest plan to them.",
        endpoints: 1,
        published: 2,
        retention: 0,
        twins: &[],
        cast: &[
            Role { name: "Enactor 1", does: &[EnactLatest] },
            Role { name: "Planner", does: &[Publish(3)] },
            Role { name: "Enactor 2", does: &[EnactLatest] },
        ],
        properties: &[NeverEmpty, NeverRegresses, NeverDangles, NeverTorn, NeverWedges, Reclaims, NoLeak, Completes],
        witnesses: &[NewPlanPickedUp, StaleWriteRefused, PlanDeleted],
    },
    Scenario {
        name: "published_plan_is_visible",
        story: "The Planner publishes plan 2, an Enactor that finds it applies it, a client resolves: whoever sees the \
                generation must see the record set. Breaks when a plan is published, or handed on, with a relaxed store.",
        endpoints: 1,
        published: 1,
        retention: 1,
        twins: &[],
        cast: &[
            Role { name: "Planner", does: &[Publish(2)] },
            Role { name: "Enactor 1", does: &[Apply(0, 2)] },
            Role { name: "Client", does: &[Resolve(0)] },
        ],
        properties: &[NeverEmpty, NeverTorn, NeverRegresses, Linearizable, Completes],
        witnesses: &[OldAnswerSeen, NewAnswerSeen],
    },
    Scenario {
        name: "latest_plan_can_be_applied",
        story: "The Planner publishes plan 2 while an Enactor rolls out what is latest: the plan that it is told of must be there. \
                Breaks when the newest generation is told before its plan can be applied.",
        endpoints: 1,
        published: 1,
        retention: 0,
        twins: &[],
        cast: &[Role { name: "Planner", does: &[Publish(2)] }, Role { name: "Enactor 1", does: &[EnactLatest] }],
        properties: &[
            NeverEmpty, NeverTorn, NeverRegresses, NeverDangles, NeverWedges, Reclaims, Linearizable, NoLeak, Completes,
        ],
        witnesses: &[NewPlanPickedUp, PlanDeleted],
    },
    Scenario {
        name: "told_client_sees_the_new_plan",
        story: "An Enactor tells a client that it has applied plan 2: the client never sees plan 1 after that.",
        endpoints: 1,
        published: 2,
        retention: 1,
        twins: &[],
        cast: &[
            Role { name: "Enactor 1", does: &[Apply(0, 2), Tell] },
            Role { name: "Client", does: &[Hear, Resolve(0)] },
        ],
        properties: &[NeverEmpty, NeverTorn, Linearizable, Completes],
        witnesses: &[Heard, NewAnswerSeen],
    },
    Scenario {
        name: "clean_up_against_apply",
        story: "Nothing but a clean-up of what is older than plan 3 against an apply of plan 2: either it comes first and is \
                kept, or it is refused. Breaks when reachability is checked and the plan deleted in two steps.",
        endpoints: 1,
        published: 3,
        retention: 0,
        twins: &[],
        cast: &[Role { name: "Enactor 1", does: &[Apply(0, 2)] }, Role { name: "Enactor 2", does: &[CleanUp(3)] }],
        properties: &[
            NeverEmpty, NeverRegresses, NeverDangles, NeverTorn, NeverWedges, Reclaims, Linearizable, NoLeak, Completes,
        ],
        witnesses: &[ServedPlanKept, PlanDeleted, DeletedWriteRefused],
    },
    Scenario {
        name: "clean_up_across_endpoints",
        story: "A clean-up passes over two endpoints while an Enactor applies plan 2 to both: a plan that turns up behind the \
                pass must not have been deleted.",
        endpoints: 2,
        published: 3,
        retention: 0,
        twins: &[],
        cast: &[
            Role { name: "Enactor 1", does: &[Apply(0, 2), Apply(1, 2)] },
            Role { name: "Enactor 2", does: &[CleanUp(3)] },
        ],
        properties: &[NeverEmpty, NeverDangles, NeverTorn, NeverWedges, Reclaims, Linearizable, NoLeak, Completes],
        witnesses: &[ServedPlanKept, PlanDeleted, DeletedWriteRefused],
    },
    Scenario {
        name: "clean_up_of_everything",
        story: "A clean-up that is asked for far more than is published, against an Enactor: the newest plan stays, and can \
                still be applied.",
        endpoints: 1,
        published: 2,
        retention: 0,
        twins: &[],
        cast: &[Role { name: "Enactor 1", does: &[Apply(0, 2)] }, Role { name: "Enactor 2", does: &[CleanUp(9)] }],
        properties: &[NeverEmpty, NeverDangles, NeverWedges, Converges, Reclaims, NoLeak, Completes],
        witnesses: &[PlanDeleted],
    },
    Scenario {
        name: "slot_is_used_again",
        story: "ABA: plan 1's slot goes to plan 4 while a client still copies plan 1's record set. The client must notice.",
        endpoints: 1,
        published: 3,
        retention: 0,
        twins: &[],
        cast: &[
            Role { name: "Enactor 1", does: &[Apply(0, 3), CleanUp(3)] },
            Role { name: "Planner", does: &[Publish(4)] },
            Role { name: "Client", does: &[Resolve(0)] },
        ],
        properties: &[NeverEmpty, NeverTorn, NeverRegresses, Linearizable, NoLeak, Completes],
        witnesses: &[PublishedAfterDeletion, OldAnswerSeen, NewAnswerSeen],
    },
    Scenario {
        name: "slot_is_used_again_under_a_slow_enactor",
        story: "ABA from the other side: a slow Enactor applies plan 1 or 2, whose slot meanwhile goes to plan 4.",
        endpoints: 1,
        published: 3,
        retention: 0,
        twins: &[],
        cast: &[
            Role { name: "Enactor 1", does: &[Apply(0, 2)] },
            Role { name: "Enactor 2", does: &[Apply(0, 3), CleanUp(3), Publish(4)] },
        ],
        properties: &[
            NeverEmpty, NeverTorn, NeverRegresses, NeverDangles, NeverWedges, Reclaims, Linearizable, NoLeak, Completes,
        ],
        witnesses: &[PublishedAfterDeletion, StaleWriteRefused, PlanDeleted],
    },
    Scenario {
        name: "shared_record_set_outlives_its_first_plan",
        story: "Plan 2 shares plan 1's record set. Plan 1 is deleted and its slot used again; the set must stay.",
        endpoints: 1,
        published: 2,
        retention: 0,
        twins: &[2],
        cast: &[
            Role { name: "Enactor 1", does: &[Apply(0, 2), CleanUp(2), Publish(3)] },
            Role { name: "Client", does: &[Resolve(0)] },
        ],
        properties: &[NeverEmpty, NeverTorn, NeverRegresses, NeverWedges, Reclaims, Linearizable, NoLeak, Completes],
        witnesses: &[PublishedAfterDeletion, OldAnswerSeen, NewAnswerSeen],
    },
    Scenario {
        name: "two_planners_publish",
        story: "Two Planners publish at once: one of them may be told to try again, and no plan comes out torn.",
        endpoints: 1,
        published: 1,
        retention: 0,
        twins: &[],
        cast: &[
            Role { name: "Planner 1", does: &[Publish(2), Apply(0, 2)] },
            Role { name: "Planner 2", does: &[Publish(3), Apply(0, 3)] },
        ],
        properties: &[
            NeverEmpty, NeverTorn, NeverRegresses, NeverDangles, NeverWedges, Reclaims, Linearizable, NoLeak, Completes,
        ],
        witnesses: &[PublishRefused],
    },
    Scenario {
        name: "two_planners_publish_the_same_plan",
        story: "Two Planners publish plan 2, at once or one after the other: a generation is published once, and whoever comes \
                second is told so.",
        endpoints: 1,
        published: 1,
        retention: 0,
        twins: &[],
        cast: &[
            Role { name: "Planner 1", does: &[Publish(2), Apply(0, 2)] },
            Role { name: "Planner 2", does: &[Publish(2), Apply(0, 2)] },
        ],
        properties: &[
            NeverEmpty, NeverTorn, NeverRegresses, NeverDangles, NeverWedges, Reclaims, Linearizable, NoLeak, Completes,
        ],
        witnesses: &[PublishRefused],
    },
    Scenario {
        name: "plan_is_not_whole",
        story: "A plan that lacks one endpoint's record set is offered, then one that lacks the other's; the next one is whole, while an Enactor rolls out what \
                is latest: those must be refused, or an endpoint has nothing to serve.",
        endpoints: 2,
        published: 1,
        retention: 0,
        twins: &[],
        cast: &[
            Role { name: "Planner", does: &[PublishPart(2, 0), PublishPart(2, 1), Publish(3)] },
            Role { name: "Enactor 1", does: &[EnactLatest] },
        ],
        properties: &[NeverEmpty, NeverTorn, NeverDangles, NeverWedges, Reclaims, Linearizable, NoLeak, Completes],
        witnesses: &[PartRefused, NewPlanPickedUp],
    },
    Scenario {
        name: "operator_pauses",
        story: "The operator pauses while an Enactor is anywhere in its run. Once the pause has returned nothing changes, not \
                even by the write that the Enactor was about to make.",
        endpoints: 1,
        published: 3,
        retention: 0,
        twins: &[],
        cast: &[Role { name: "Enactor 1", does: &[Enact(3)] }, Role { name: "Operator", does: &[Pause] }],
        properties: &[PauseIsFinal, NeverEmpty, NeverDangles, NeverWedges, Reclaims, NoLeak, Completes],
        witnesses: &[PausedInARun, FinishedBeforeThePause],
    },
    Scenario {
        name: "operator_pauses_two_endpoints",
        story: "The operator pauses while an Enactor is anywhere in its run on two endpoints: neither changes once the pause has \
                returned, and both do again after the resume.",
        endpoints: 2,
        published: 2,
        retention: 0,
        twins: &[],
        cast: &[Role { name: "Enactor 1", does: &[Enact(2)] }, Role { name: "Operator", does: &[Pause] }],
        properties: &[PauseIsFinal, NeverEmpty, NeverDangles, NeverWedges, Reclaims, NoLeak, Completes],
        witnesses: &[PausedInARun, FinishedBeforeThePause],
    },
    Scenario {
        name: "operator_pauses_the_planner",
        story: "The operator pauses while the Planner publishes: a plan that was not public before the pause is not after.",
        endpoints: 1,
        published: 1,
        retention: 0,
        twins: &[],
        cast: &[Role { name: "Planner", does: &[Publish(2)] }, Role { name: "Operator", does: &[Pause] }],
        properties: &[PauseIsFinal, NeverEmpty, NeverWedges, Reclaims, NoLeak, Completes],
        witnesses: &[],
    },
    Scenario {
        name: "operator_repairs",
        story: "The operator repairs the zone with plan 4 while the slow and the fast Enactor are running.",
        endpoints: 1,
        published: 3,
        retention: 0,
        twins: &[],
        cast: &[
            Role { name: "Enactor 1", does: &[Enact(2)] },
            Role { name: "Operator", does: &[CleanUp(2), Repair(4)] },
        ],
        properties: &[
            RepairIsObeyed, NeverEmpty, NeverRegresses, NeverDangles, NeverTorn, Converges, NeverWedges, Reclaims,
            NoLeak, Completes,
        ],
        witnesses: &[RepairMetARun, StaleWriteRefused],
    },
    Scenario {
        name: "operator_repairs_two_endpoints",
        story: "The operator repairs a zone of two endpoints with plan 3 while an Enactor is anywhere in its run with plan 2: the \
                repair reaches both.",
        endpoints: 2,
        published: 2,
        retention: 0,
        twins: &[],
        cast: &[Role { name: "Enactor 1", does: &[Enact(2)] }, Role { name: "Operator", does: &[Repair(3)] }],
        properties: &[
            RepairIsObeyed, NeverEmpty, NeverRegresses, NeverDangles, NeverTorn, Converges, NeverWedges, Reclaims,
            NoLeak, Completes,
        ],
        witnesses: &[RepairMetARun, StaleWriteRefused],
    },
    Scenario {
        name: "operator_repairs_while_paused",
        story: "The operator pauses, says so, and repairs a full zone with plan 4. The pause does not keep the operator from it, and \
                the repair does not end the pause: an Enactor that has heard of it changes nothing.",
        endpoints: 1,
        published: 3,
        retention: 0,
        twins: &[],
        cast: &[
            Role { name: "Enactor 1", does: &[Hear, Enact(2), CleanUp(4)] },
            Role { name: "Operator", does: &[Pause, Tell, Repair(4)] },
        ],
        properties: &[
            RepairIsObeyed, PauseIsFinal, NeverEmpty, NeverRegresses, NeverDangles, Converges, NeverWedges, Reclaims,
            NoLeak, Completes,
        ],
        witnesses: &[Heard, PausedInARun],
    },
    Scenario {
        name: "planner_hears_of_the_pause",
        story: "The operator pauses, says so, and repairs the zone with plan 2. A Planner that has heard of it tries to publish plan 3 \
                and to apply it, before the repair and after it.",
        endpoints: 1,
        published: 1,
        retention: 0,
        twins: &[],
        cast: &[
            Role { name: "Planner", does: &[Hear, Publish(3), Apply(0, 3)] },
            Role { name: "Operator", does: &[Pause, Tell, Repair(2)] },
        ],
        properties: &[
            RepairIsObeyed, PauseIsFinal, NeverEmpty, NeverRegresses, NeverDangles, NeverWedges, Reclaims, NoLeak,
            Completes,
        ],
        witnesses: &[Heard, PublishRefused],
    },
    Scenario {
        name: "operator_repairs_with_a_bad_plan",
        story: "The operator tries to repair with a plan that lacks an endpoint, then with an old one, while an Enactor is anywhere in \
                its run: neither is made. Then with a good one.",
        endpoints: 2,
        published: 2,
        retention: 0,
        twins: &[],
        cast: &[
            Role { name: "Enactor 1", does: &[Apply(0, 2)] },
            Role { name: "Operator", does: &[RepairPart(3), Repair(1), Repair(4)] },
        ],
        properties: &[
            RepairIsObeyed, NeverEmpty, NeverRegresses, NeverDangles, NeverTorn, Converges, NeverWedges, Reclaims,
            NoLeak, Completes,
        ],
        witnesses: &[RepairMetARun],
    },
    Scenario {
        name: "enactor_stops_for_ever",
        story: "An Enactor stops for ever at each of its steps in turn, locks and all. The other one finishes its run, and a \
                later clean-up takes every stale plan.",
        endpoints: 1,
        published: 3,
        retention: 0,
        twins: &[],
        cast: &[
            Role { name: "Enactor 1", does: &[StopSomewhere, Enact(2)] },
            Role { name: "Enactor 2", does: &[Enact(3)] },
        ],
        properties: &[SurvivesACrash, NeverEmpty, NeverRegresses, NeverDangles, NeverWedges, Reclaims, NoLeak],
        witnesses: &[StoppedForEver, PlanDeleted],
    },
    Scenario {
        name: "slot_is_used_again_under_a_client",
        story: "ABA with one thread less: an Enactor rolls out plan 3, deletes plan 1 and publishes plan 4 into its slot, while \
                a client copies plan 1's record set.",
        endpoints: 1,
        published: 3,
        retention: 0,
        twins: &[],
        cast: &[
            Role { name: "Enactor 1", does: &[Apply(0, 3), CleanUp(3), Publish(4)] },
            Role { name: "Client", does: &[Resolve(0)] },
        ],
        properties: &[NeverEmpty, NeverTorn, NeverRegresses, Linearizable, Completes],
        witnesses: &[PublishedAfterDeletion, OldAnswerSeen, NewAnswerSeen],
    },
    Scenario {
        name: "skipped_generation_is_applied",
        story: "The Planner leaves out generation 3, and an Enactor tries to apply it anyway, before and after plan 4 is \
                published.",
        endpoints: 1,
        published: 2,
        retention: 1,
        twins: &[],
        cast: &[Role { name: "Planner", does: &[Publish(4)] }, Role { name: "Enactor 1", does: &[Apply(0, 3)] }],
        properties: &[NeverEmpty, NeverTorn, NeverDangles, Linearizable, Completes],
        witnesses: &[DeletedWriteRefused],
    },
    Scenario {
        name: "refused_plan_is_never_applied",
        story: "The pause keeps plan 2 from being published when its record sets are already written. Plan 3 is published \
                later, and an Enactor tries to apply plan 2 all the time.",
        endpoints: 1,
        published: 1,
        retention: 1,
        twins: &[],
        cast: &[
            Role { name: "Operator", does: &[Pause, Publish(2), Resume, Publish(3)] },
            Role { name: "Enactor 1", does: &[Apply(0, 2), Resolve(0)] },
        ],
        properties: &[NeverEmpty, NeverTorn, NeverDangles, Completes],
        witnesses: &[DeletedWriteRefused],
    },
    Scenario {
        name: "operator_pauses_a_clean_up",
        story: "The operator pauses while a clean-up is anywhere in its pass: no plan is deleted after the pause has returned.",
        endpoints: 1,
        published: 3,
        retention: 0,
        twins: &[],
        cast: &[Role { name: "Enactor 1", does: &[CleanUp(3)] }, Role { name: "Operator", does: &[Pause] }],
        properties: &[PauseIsFinal, NeverEmpty, NeverDangles, NeverWedges, Reclaims, NoLeak, Completes],
        witnesses: &[PlanDeleted],
    },
    Scenario {
        name: "publish_into_a_full_store",
        story: "Every slot is taken and plan 1 is served still, when the Planner publishes plan 4: it must find a slot that \
                nobody can reach, and make it free itself, since no Enactor has cleaned up.",
        endpoints: 1,
        published: 3,
        retention: 0,
        twins: &[],
        cast: &[
            Role { name: "Planner", does: &[Publish(4), Apply(0, 4)] },
            Role { name: "Client", does: &[Resolve(0)] },
        ],
        properties: &[NeverEmpty, NeverTorn, NeverRegresses, NeverDangles, NeverWedges, Reclaims, NoLeak, Completes],
        witnesses: &[OldAnswerSeen, NewAnswerSeen],
    },
    Scenario {
        name: "late_enactor_within_retention",
        story: "A slow Enactor with plan 2 and a fast one with plan 3, whose clean-up keeps plan 2: the old plan is there to be \
                applied at any time, and only its age speaks against it. Breaks when exclusion is taken for freshness.",
        endpoints: 1,
        published: 3,
        retention: 1,
        twins: &[],
        cast: &[SLOW, FAST],
        properties: &[
            NeverEmpty, NeverRegresses, NeverDangles, NeverTorn, Converges, NeverWedges, Reclaims, Linearizable,
            NoLeak, Completes,
        ],
        witnesses: &[OvertakenBetweenCheckAndWrite, StaleWriteRefused, PlanDeleted],
    },
    Scenario {
        name: "zone_returns_to_an_old_place",
        story: "ABA of the zone: a slow Enactor with plan 2 looks at plan 1. Plan 3 is applied, plan 1 deleted, plan 4 published \
                into its place and applied: the zone points at that place again. Breaks when places are compared.",
        endpoints: 1,
        published: 3,
        retention: 1,
        twins: &[],
        cast: &[
            Role { name: "Enactor 1", does: &[Apply(0, 2)] },
            Role { name: "Enactor 2", does: &[Apply(0, 3), CleanUp(2), Publish(4), Apply(0, 4)] },
        ],
        properties: &[
            NeverEmpty, NeverTorn, NeverRegresses, NeverDangles, Converges, NeverWedges, Reclaims, Linearizable,
            NoLeak, Completes,
        ],
        witnesses: &[PublishedAfterDeletion, StaleWriteRefused, PlanDeleted],
    },
    Scenario {
        name: "two_clean_ups_around_an_apply",
        story: "Two clean-ups, one after the other, against an apply of plan 2: the second finds what the first has kept. Breaks \
                when a plan is needed that no endpoint serves at the moment.",
        endpoints: 1,
        published: 3,
        retention: 0,
        twins: &[],
        cast: &[
            Role { name: "Enactor 1", does: &[Apply(0, 2)] },
            Role { name: "Enactor 2", does: &[CleanUp(3), CleanUp(3)] },
        ],
        properties: &[
            NeverEmpty, NeverRegresses, NeverDangles, NeverTorn, NeverWedges, Reclaims, Linearizable, NoLeak, Completes,
        ],
        witnesses: &[ServedPlanKept, PlanDeleted, DeletedWriteRefused],
    },
    Scenario {
        name: "refused_plan_is_taken_back_under_a_client",
        story: "Plan 4 goes into the memory of a deleted plan, and the pause refuses it when its record sets are already written. \
                Taking them back must not show to a client that still copies what was there before.",
        endpoints: 1,
        published: 3,
        retention: 0,
        twins: &[],
        cast: &[
            Role { name: "Enactor 1", does: &[Apply(0, 3), CleanUp(3), Publish(4)] },
            Role { name: "Operator", does: &[Pause] },
            Role { name: "Client", does: &[Resolve(0)] },
        ],
        properties: &[NeverEmpty, NeverTorn, NeverRegresses, NeverDangles, Completes],
        witnesses: &[PublishRefused, OldAnswerSeen, NewAnswerSeen],
    },
];
