//! What both stores do when nobody races: one thread, every outcome.

use super::*;
use crate::plan::{RecordSet, Target};

const ENDPOINTS: [&str; 2] = ["a.example", "b.example"];

fn endpoint(name: &str) -> Endpoint {
    name.parse().expect("a name")
}

fn generation(number: u64) -> Generation {
    Generation::new(number).expect("a generation")
}

fn plan_with(number: u64, hosts: [u8; 2]) -> Arc<Plan> {
    let records = ENDPOINTS.iter().zip(hosts).map(|(name, host)| {
        let weight = 1.try_into().expect("1 is not 0");
        let targets = vec![Target { address: [10, 0, 0, host].into(), weight }];
        (endpoint(name), RecordSet::new(targets).expect("one target"))
    });
    Arc::new(Plan::new(generation(number), records))
}

fn plan(number: u64) -> Arc<Plan> {
    plan_with(number, [number as u8; 2])
}

fn guarded() -> Guarded<3> {
    Guarded::new(ENDPOINTS.map(endpoint)).expect("a store")
}

fn unguarded() -> Unguarded {
    Unguarded::new(ENDPOINTS.map(endpoint))
}

/// Publishes plan `number` and applies it to `names`.
fn roll_out<S: PlanStore>(store: &S, number: u64, names: &[&str]) {
    store.publish(plan(number)).expect("newer");
    for name in names {
        let outcome = apply(store, name, number);
        assert!(matches!(outcome, ApplyOutcome::Applied { .. }), "{outcome:?}");
    }
}

fn apply<S: PlanStore>(store: &S, name: &str, number: u64) -> ApplyOutcome {
    store.apply_plan(&mut store.begin_run(EnactorId(1), generation(number)), &endpoint(name), generation(number))
}

fn clean_up<S: PlanStore>(store: &S, before: u64) -> CleanUp {
    store.delete_stale_plans(&mut store.begin_run(EnactorId(1), generation(before)), generation(before))
}

fn host<S: PlanStore>(store: &S, name: &str) -> Option<(u32, String)> {
    let answer = store.resolve(&endpoint(name)).expect("a known endpoint");
    let target = answer.targets().next()?;
    Some((answer.generation()?.get(), target.address.to_string()))
}

#[test]
fn a_client_sees_what_was_applied() {
    fn check<S: PlanStore>(store: &S) {
        assert_eq!(host(store, "a.example"), None, "nothing applied yet");
        roll_out(store, 1, &ENDPOINTS);
        roll_out(store, 2, &["a.example"]);
        assert_eq!(host(store, "a.example"), Some((2, "10.0.0.2".to_owned())));
        assert_eq!(host(store, "b.example"), Some((1, "10.0.0.1".to_owned())));
        assert_eq!((store.latest(), store.stored()), (Some(generation(2)), vec![generation(1), generation(2)]));
        let unknown = endpoint("c.example");
        assert_eq!(store.resolve(&unknown), Err(UnknownEndpoint(unknown.clone())));
        assert_eq!(apply(store, "c.example", 2), ApplyOutcome::UnknownEndpoint);
    }
    check(&guarded());
    check(&unguarded());
}

#[test]
fn a_plan_is_published_whole_and_newer_or_not_at_all() {
    fn check<S: PlanStore>(store: &S) {
        store.publish(plan(2)).expect("the first");
        for old in [1, 2] {
            let refused = PublishError::NotNewer { offered: generation(old), newest: generation(2) };
            assert_eq!(store.publish(plan(old)), Err(refused));
        }
        let whole: Vec<_> = plan(3).records().map(|(name, records)| (name.clone(), records.clone())).collect();
        let half = Plan::new(generation(3), whole[..1].to_vec());
        assert!(matches!(store.publish(Arc::new(half)), Err(PublishError::MissingEndpoint(_))));
        let unknown = (endpoint("c.example"), whole[0].1.clone());
        let more = Plan::new(generation(3), [whole, vec![unknown]].concat());
        assert_eq!(store.publish(Arc::new(more)), Err(PublishError::UnknownEndpoint(endpoint("c.example"))));
        assert_eq!(store.stored(), [generation(2)], "refused plans leave nothing behind");
    }
    check(&guarded());
    check(&unguarded());
}

#[test]
fn the_store_of_the_outage_fails_as_the_incident_describes() {
    let store = unguarded();
    roll_out(&store, 1, &ENDPOINTS);
    store.publish(plan(2)).expect("newer");
    roll_out(&store, 3, &ENDPOINTS);
    assert_eq!(apply(&store, "a.example", 2), ApplyOutcome::Applied { replaced: Some(generation(3)) });
    assert_eq!(store.rollback(&endpoint("a.example")), Some(generation(3)));
    assert_eq!(clean_up(&store, 3).deleted, [generation(1), generation(2)]);
    assert_eq!(host(&store, "a.example"), None, "the outage");
    store.publish(plan(4)).expect("newer");
    assert_eq!(apply(&store, "a.example", 4), ApplyOutcome::Wedged);
    assert_eq!(store.repair(plan(5)), Ok(Repair { applied: 2, overtaken: 0 }));
    assert_eq!(host(&store, "a.example"), Some((5, "10.0.0.5".to_owned())));
}

#[test]
fn the_guarded_store_refuses_each_step_of_the_incident() {
    let store = guarded();
    roll_out(&store, 1, &ENDPOINTS);
    store.publish(plan(2)).expect("newer");
    roll_out(&store, 3, &["a.example"]);
    assert_eq!(apply(&store, "a.example", 2), ApplyOutcome::Stale { applied: generation(3) });
    let report = clean_up(&store, 3);
    assert_eq!((report.deleted, report.kept), (vec![generation(2)], vec![generation(1)]), "b.example serves plan 1");
    assert_eq!(apply(&store, "b.example", 2), ApplyOutcome::Deleted);
    assert_eq!(apply(&store, "b.example", 4), ApplyOutcome::Unpublished);
    assert_eq!(host(&store, "b.example"), Some((1, "10.0.0.1".to_owned())));
    assert_eq!(apply(&store, "b.example", 3), ApplyOutcome::Applied { replaced: Some(generation(1)) });
    assert_eq!(clean_up(&store, 9).deleted, [generation(1)], "the newest plan stays, whatever is asked for");
}

#[test]
fn a_generation_that_was_skipped_cannot_be_applied() {
    let store = guarded();
    roll_out(&store, 1, &ENDPOINTS);
    roll_out(&store, 5, &[]);
    assert_eq!(apply(&store, "a.example", 3), ApplyOutcome::Deleted);
}

#[test]
fn a_plan_that_the_pause_kept_from_publication_is_never_applied() {
    let store = guarded();
    roll_out(&store, 1, &ENDPOINTS);
    store.pause();
    assert_eq!(store.publish(plan(2)), Err(PublishError::Paused));
    assert_eq!(store.stored(), [generation(1)]);
    store.resume();
    store.publish(plan(3)).expect("newer");
    assert_eq!(apply(&store, "a.example", 2), ApplyOutcome::Deleted, "plan 2's cells were taken back");
    let usage = store.usage().expect("nobody publishes");
    assert_eq!((usage.plans, usage.blocks), (2, 4));
}

#[test]
fn a_paused_store_obeys_only_the_operator() {
    let store = guarded();
    roll_out(&store, 1, &ENDPOINTS);
    roll_out(&store, 2, &["a.example"]);
    store.pause();
    assert_eq!(apply(&store, "b.example", 2), ApplyOutcome::Paused);
    assert!(clean_up(&store, 2).paused);
    assert_eq!(store.repair(plan(3)), Ok(Repair { applied: 2, overtaken: 0 }));
    assert_eq!(host(&store, "b.example"), Some((3, "10.0.0.3".to_owned())));
    assert!(clean_up(&store, 3).paused, "a repair is no resume");
    store.resume();
    assert_eq!(clean_up(&store, 3).deleted, [generation(1), generation(2)]);
}

#[test]
fn a_full_store_makes_room_by_itself_and_else_says_which_plans_it_holds() {
    let store = guarded();
    roll_out(&store, 1, &ENDPOINTS);
    roll_out(&store, 2, &["a.example"]);
    roll_out(&store, 3, &[]);
    let stored = vec![generation(1), generation(2), generation(3)];
    assert_eq!(store.publish(plan(4)), Err(PublishError::NoRoom { stored }), "1 and 2 are served, 3 is the newest");
    assert_eq!(apply(&store, "b.example", 3), ApplyOutcome::Applied { replaced: Some(generation(1)) });
    store.publish(plan(4)).expect("nobody cleaned up, but plan 1 can go");
    assert_eq!(store.stored(), [generation(2), generation(3), generation(4)]);
}

#[test]
fn record_sets_that_a_plan_does_not_change_are_stored_once() {
    let store = guarded();
    store.publish(plan_with(1, [1, 1])).expect("the first");
    store.publish(plan_with(2, [1, 2])).expect("newer");
    let usage = store.usage().expect("nobody publishes");
    assert_eq!((usage.plans, usage.blocks), (2, 3), "plan 2 shares a.example's record set with plan 1");
    for name in ENDPOINTS {
        apply(&store, name, 2);
    }
    clean_up(&store, 2);
    store.publish(plan_with(3, [3, 2])).expect("newer");
    assert_eq!(host(&store, "a.example"), Some((2, "10.0.0.1".to_owned())), "the shared set outlives plan 1");
    let usage = store.usage().expect("nobody publishes");
    assert_eq!((usage.plans, usage.blocks), (2, 3), "plan 1's own set went, plan 3's came");
}

/// A set of `count` targets of 1 word or 3 words each, that no other `number` has.
fn records(count: u16, is_ipv6: bool, number: u16) -> RecordSet {
    let weight = number.try_into().expect("numbers start at 1");
    let address = |host: u16| match is_ipv6 {
        true => std::net::Ipv6Addr::from([0x2001, 0xdb8, 0, 0, 0, 0, number, host]).into(),
        false => std::net::Ipv4Addr::from([10, 0, number as u8, host as u8]).into(),
    };
    RecordSet::new((0..count).map(|host| Target { address: address(host), weight }).collect())
        .expect("distinct targets")
}

#[test]
fn record_sets_of_every_size_come_back_as_they_were_published() {
    let store: Guarded<3> = Guarded::new(ENDPOINTS.map(endpoint)).expect("a store");
    let sizes = [false, true].into_iter().flat_map(|is_ipv6| (1..=8).map(move |count| (count, is_ipv6)));
    let mut answer = Answer::EMPTY;
    // Large ones and small ones in turn, so that each is stored where there was another size.
    for (number, (count, is_ipv6)) in
        (1..).zip(sizes.clone().zip(sizes.rev()).flat_map(|(small, large)| [small, large]))
    {
        let sets = [records(count, is_ipv6, number), records(9 - count, !is_ipv6, number)];
        let plan = Plan::new(generation(number.into()), ENDPOINTS.map(endpoint).into_iter().zip(sets.clone()));
        store.publish(Arc::new(plan)).expect("newer");
        for (name, set) in ENDPOINTS.iter().zip(&sets) {
            apply(&store, name, number.into());
            store.resolve_into(&endpoint(name), &mut answer).expect("a known endpoint");
            assert_eq!((answer.words(), answer.generation()), (set.words(), Some(generation(number.into()))));
        }
        clean_up(&store, u64::from(number));
    }
}

#[test]
fn each_endpoint_is_known_by_its_whole_name() {
    let served = |store: &Guarded<3>, name: &str| store.applied(&endpoint(name)).map(Generation::get);
    let records = |number: u16| records(1, false, number);
    // Look-ups tell most names apart by a few bits of their hash. So many of these that some share those bits.
    for zone in 0..500 {
        let names: Vec<String> = ["a", "a.b", "a.b.c", "z"].map(|name| format!("z{zone}.{name}")).into();
        let plan = |number: u16| {
            let records = names.iter().map(|name| (endpoint(name), records(number)));
            Arc::new(Plan::new(generation(number.into()), records))
        };
        let store: Guarded<3> = Guarded::new(names.iter().map(|name| endpoint(name))).expect("a store");
        assert!(store.endpoints().map(Endpoint::as_str).eq(&names));
        for number in 1..=2 {
            store.publish(plan(number)).expect("newer");
        }
        apply(&store, &names[1], 1);
        apply(&store, &names[2], 2);
        assert_eq!(names.iter().map(|name| served(&store, name)).collect::<Vec<_>>(), [None, Some(1), Some(2), None]);
        for unknown in [format!("z{zone}"), format!("z{zone}.a.b.c.d"), format!("{zone}.a")] {
            assert!(store.resolve(&endpoint(&unknown)).is_err(), "{unknown}");
        }
    }
}

#[test]
fn answers_are_equal_whatever_their_buffers_held_before() {
    let store = guarded();
    store
        .publish(Arc::new(Plan::new(generation(1), ENDPOINTS.map(|name| (endpoint(name), records(8, true, 1))))))
        .expect("1");
    apply(&store, "a.example", 1);
    let mut answer = store.resolve(&endpoint("a.example")).expect("a known endpoint");
    roll_out(&store, 2, &["a.example"]);
    store.resolve_into(&endpoint("a.example"), &mut answer).expect("a known endpoint");
    assert_eq!(Ok(answer), store.resolve(&endpoint("a.example")));
}

#[test]
fn usage_counts_the_lines_that_record_sets_take() {
    let store: Guarded<3> = Guarded::new([endpoint("a.example")]).expect("a store");
    let bytes = |store: &Guarded<3>| store.usage().expect("nobody publishes").bytes;
    let empty = bytes(&store);
    let publish = |number: u16, records| {
        store
            .publish(Arc::new(Plan::new(generation(number.into()), [(endpoint("a.example"), records)])))
            .expect("newer");
        bytes(&store) - empty
    };
    let cell = 8;
    assert_eq!(publish(1, records(1, false, 1)), cell + 64, "one word takes one line");
    assert_eq!(publish(2, records(8, true, 2)), 2 * cell + 64 + 3 * 64, "24 words take three");
    assert_eq!(publish(3, records(8, true, 2)), 3 * cell + 64 + 3 * 64, "the same set again takes a cell");
}

#[test]
fn a_store_that_cannot_be_built_says_why() {
    assert_eq!(Guarded::<3>::new([]).err(), Some(GuardedError::NoEndpoints));
    assert_eq!(Guarded::<1>::new([endpoint("a")]).err(), Some(GuardedError::RoomForPlans(1)));
}
