//! Counterexamples to the outage's properties, found, replayed and told. On every leg that has an engine.
#![cfg(loom)]

use std::{collections::BTreeMap, sync::Mutex};

use enactor::{
    generation::Generation,
    plan::{Answer, Endpoint, Plan},
    store::{ApplyOutcome, CleanUp, EnactorId, PlanStore, PublishError, Repair, UnknownEndpoint},
    sync::Arc,
};
use enactor_verification::{
    engine::Engine,
    property::Property,
    report::{
        columns, page, picture,
        story::{Sources, Story},
    },
    scenario::Scenario,
    search::Search,
    stores::Store,
    subject::Subject,
};
use enactor_verify::{report::token::Token, stores};

const OUTAGE: [Property; 4] =
    [Property::NeverRegresses, Property::NeverDangles, Property::NeverEmpty, Property::NeverWedges];

/// The story of the simplest counterexample to `property` in `scenario`.
fn story(store: &'static Store, scenario: &str, property: Property) -> Story {
    let scenario: &'static Scenario = scenario.parse().expect("a scenario");
    let bound = (Engine::BUILT == Some(Engine::Loom)).then_some(2);
    let search = Search { bound, ..Search::default() };
    let findings = store.explore(scenario, search, None, &std::sync::Arc::default());
    let found = findings.counterexamples.get(&property).expect("it is refuted").clone();
    let token = Token { store, scenario, property, search, found };
    let replay = store.replay(scenario, search, None, &token.found).expect("it was just found");
    assert!(replay.findings.counterexamples.contains_key(&property), "{token}");
    Story::new(&token.title(), &replay.events, &replay.operations, None, &mut Sources::default())
}

fn outage(property: Property) -> Story {
    story(stores::named("unguarded").expect("a store"), "two_enactors_one_endpoint", property)
}

fn place(story: &Story, who: &str, words: &str) -> usize {
    let is_it = |step: &enactor_verification::report::story::Step| {
        columns::whose(story, step) == who && step.words.starts_with(words)
    };
    let found = story.steps.iter().find(|step| is_it(step));
    found.unwrap_or_else(|| panic!("{who} {words}: {:#?}", story.steps)).number
}

#[test]
fn the_outage_is_told_in_the_incidents_order_with_its_moment_of_harm() {
    for property in OUTAGE {
        let story = outage(property);
        let new = place(&story, "Enactor 2", "applies plan 3 to a");
        let old = place(&story, "Enactor 1", "applies plan 2 to a");
        let gone = place(&story, "Enactor 2", "deletes plan 2");
        let seen = place(&story, "afterwards", "a client resolves a: EMPTY ANSWER");
        assert!(new < old && old < gone && gone < seen, "{property}: {:#?}", story.steps);
        let harm = match property {
            Property::NeverRegresses => old,
            Property::NeverWedges => place(&story, "afterwards", "cannot apply plan 3"),
            _ => gone,
        };
        assert_eq!(story.harm().map(|step| step.number), Some(harm), "{property}");
        assert_eq!(story.steps.iter().filter(|step| step.harm).count(), 1);
        let guilty = story.guilty().expect("a step to blame");
        assert_eq!(guilty.number, if property == Property::NeverRegresses { old } else { gone });
        let place = guilty.place.as_ref().expect("our stores tell where");
        assert_eq!(place.file, "src/store/unguarded.rs");
        assert!(place.text.as_deref().is_some_and(|text| text.contains("plan {generation}")), "{place:?}");
    }
}

/// What no step shows by itself: the last one says it.
#[test]
fn how_a_property_is_violated_is_told_where_no_step_shows_it() {
    let unguarded = stores::named("unguarded").expect("a store");
    let last = |scenario, property| {
        let story = story(unguarded, scenario, property);
        let last = story.steps.last().expect("a step").clone();
        assert!(last.harm, "{last:?}");
        last.words
    };
    let words = last("two_enactors_one_endpoint", Property::Converges);
    assert_eq!(words, "a serves plan 2, though plan 3 was applied");
    let words = last("clean_up_against_apply", Property::Reclaims);
    assert_eq!(words, "still stored after a clean-up of what is older than plan 5: plan 3, plan 4");
    let words = last("two_planners_publish", Property::Linearizable);
    assert!(words.starts_with("no order of the calls on a fits: after "), "{words}");
    let wrong = "it cannot be next that plan 2 is applied over plan 3, but that plan 2 is stale: plan 3 is applied";
    assert!(words.ends_with(wrong), "{words}");
    let words = last("enactor_stops_for_ever", Property::SurvivesACrash);
    assert!(words.starts_with("since one has stopped, "), "{words}");
}

/// The zone and the plans, by the words alone, which the stories are not made from.
#[test]
fn the_zone_and_the_plans_after_each_step_are_what_its_words_say() {
    for property in OUTAGE {
        let story = outage(property);
        let (mut served, mut plans) = (Some(1), vec![1, 2, 3]);
        for step in &story.steps {
            let words: Vec<&str> = step.words.split(' ').collect();
            match words.as_slice() {
                ["applies", "plan", plan, ..] => served = plan.parse().ok(),
                ["deletes", "plan", plan] => plans.retain(|stored: &u32| stored.to_string() != *plan),
                ["publishes", "plan", plan] => plans.push(plan.parse().expect("a number")),
                words => assert!(!words.contains(&"found"), "our stores tell every change: {words:?}"),
            }
            assert_eq!(step.after.plans, plans, "{step:?}");
            let zone = &step.after.zone;
            assert_eq!((zone.len(), zone[0].endpoint.as_str(), zone[0].generation), (1, "a", served), "{step:?}");
            assert_eq!(zone[0].stored, plans.contains(&served.expect("it is a number")), "{step:?}");
        }
        assert!(story.steps.len() > 8 && served == Some(2) && plans.first() == Some(&3));
    }
}

#[test]
fn a_story_comes_back_from_json_as_it_was() {
    let story = outage(Property::NeverWedges);
    let json = serde_json::to_string_pretty(&story).expect("a story is always JSON");
    assert_eq!(serde_json::from_str::<Story>(&json).expect("a story"), story);
}

#[test]
fn the_picture_is_well_formed_and_has_every_step() {
    for property in OUTAGE {
        let story = outage(property);
        let text = picture::render(&story);
        let picture = roxmltree::Document::parse(&text).expect("well-formed XML");
        let has = |class: &str| {
            picture.descendants().filter(|node| node.attribute("class").is_some_and(|is| is == class)).count()
        };
        let marks = ["dot", "dot change", "dot harm", "dot change harm"].map(has);
        assert_eq!(marks.iter().sum::<usize>(), story.steps.len(), "{text}");
        assert_eq!(has("harm-band"), 1);
        let words =
            picture.descendants().filter(|node| node.attribute("class").is_some_and(|c| c.starts_with("words")));
        let words: Vec<&str> = words.filter_map(|node| node.text()).map(str::trim).collect();
        let told: Vec<&str> = story.steps.iter().map(|step| step.words.as_str()).collect();
        assert_eq!(words.join(" "), told.join(" "));
    }
}

#[test]
fn the_page_has_every_step_and_marks_the_harm() {
    for property in OUTAGE {
        let story = outage(property);
        let page = page::render(&story);
        assert_eq!(page.matches("data-moment=").count(), story.steps.len() + 1, "each step, and what was before");
        assert_eq!(page.matches("data-row=").count(), story.steps.len() + 1);
        for step in &story.steps {
            assert!(page.contains(&format!("data-step=\"{}\">{}<", step.number, step.words)), "{step:?}");
        }
        assert_eq!(page.matches("class=\"moment harm\"").count(), 1);
        assert!(page.contains("record.active.store("), "the source is there");
    }
}

/// Each value that was read is what the operation that it comes from has written.
#[cfg(loom)]
#[test]
fn every_read_names_the_write_that_it_reads_from() {
    use enactor_verification::report::story::{Deed, Origin};
    let story = outage(Property::NeverWedges);
    let deeds: BTreeMap<usize, (usize, &Deed)> = story
        .steps
        .iter()
        .flat_map(|step| step.operations.iter().map(move |deed| (deed.number, (step.number, deed))))
        .collect();
    let mut from_a_step = 0;
    for (_, deed) in deeds.values() {
        assert!(deed.place.text.is_some() && !deed.ordering.is_empty(), "{deed:?}");
        let [Origin::Operation { operation, step: Some(step) }] = deed.read_from[..] else { continue };
        let (of, write) = deeds[&operation];
        assert_eq!((of, write.location, write.written), (step, deed.location, deed.read), "{deed:?} from {write:?}");
        assert!(operation < deed.number);
        from_a_step += 1;
    }
    assert!(from_a_step > 5, "{from_a_step}");
    let applies = place(&story, "Enactor 1", "applies plan 2 to a");
    let writes =
        story.steps[applies - 1].operations.iter().any(|deed| deed.written == Some(2) && deed.ordering == "Release");
    assert!(writes, "the write of plan 2 is part of its step: {:#?}", story.steps[applies - 1].operations);
}

/// A stranger's store, as wrong as the outage's, that tells nothing.
struct Silent {
    lock: enactor::sync::Mutex<()>,
    kept: Mutex<Kept>,
    endpoints: Vec<Endpoint>,
}

#[derive(Default)]
struct Kept {
    plans: BTreeMap<Generation, Arc<Plan>>,
    zone: BTreeMap<String, Generation>,
}

impl Silent {
    /// Does something while nobody else does: a step of its own to the explorer.
    fn alone<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        let _alone = self.lock.lock();
        act(&mut self.kept.lock().expect("nobody panics with it"))
    }
}

impl PlanStore for Silent {
    type Run<'store> = ();

    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.iter()
    }
    fn publish(&self, plan: Arc<Plan>) -> Result<(), PublishError> {
        self.alone(|kept| drop(kept.plans.insert(plan.generation(), plan)));
        Ok(())
    }
    fn latest(&self) -> Option<Generation> {
        self.alone(|kept| kept.plans.last_key_value().map(|(generation, _)| *generation))
    }
    fn applied(&self, endpoint: &Endpoint) -> Option<Generation> {
        self.alone(|kept| kept.zone.get(endpoint.as_str()).copied())
    }
    fn begin_run(&self, _enactor: EnactorId, _generation: Generation) {}
    fn apply_plan(&self, _run: &mut (), endpoint: &Endpoint, generation: Generation) -> ApplyOutcome {
        self.alone(|kept| match kept.plans.contains_key(&generation) {
            true => ApplyOutcome::Applied { replaced: kept.zone.insert(endpoint.as_str().to_owned(), generation) },
            false => ApplyOutcome::Deleted,
        })
    }
    fn delete_stale_plans(&self, _run: &mut (), before: Generation) -> CleanUp {
        self.alone(|kept| {
            let kept_plans = kept.plans.split_off(&before);
            let deleted = std::mem::replace(&mut kept.plans, kept_plans).into_keys().collect();
            CleanUp { deleted, ..CleanUp::default() }
        })
    }
    fn resolve_into(&self, endpoint: &Endpoint, answer: &mut Answer) -> Result<(), UnknownEndpoint> {
        self.alone(|kept| {
            let active = kept.zone.get(endpoint.as_str()).copied();
            answer.clear(active);
            let plan = active.and_then(|active| Some((active, kept.plans.get(&active)?.get(endpoint)?)));
            if let Some((generation, records)) = plan {
                answer.fill(generation, records.words().len()).copy_from_slice(records.words());
            }
        });
        Ok(())
    }
    fn stored(&self) -> Vec<Generation> {
        self.alone(|kept| kept.plans.keys().copied().collect())
    }
    fn pause(&self) {}
    fn resume(&self) {}
    fn repair(&self, plan: Arc<Plan>) -> Result<Repair, PublishError> {
        self.publish(plan)?;
        Ok(Repair::default())
    }
}

impl Subject for Silent {
    const NAME: &'static str = "silent";

    fn build(endpoints: &[Endpoint]) -> Self {
        Self { lock: enactor::sync::Mutex::new(()), kept: Mutex::default(), endpoints: endpoints.to_vec() }
    }
    fn floor(&self, _endpoint: &Endpoint) -> Option<Generation> {
        None
    }
    fn leaked(&self) -> Option<usize> {
        None
    }
}

static SILENT: Store = Store::of::<Silent>();

#[test]
fn a_strangers_store_that_tells_nothing_has_the_same_story() {
    let story = story(&SILENT, "two_enactors_one_endpoint", Property::NeverDangles);
    let new = place(&story, "Enactor 2", "applies plan 3 to a");
    let old = place(&story, "Enactor 1", "applies plan 2 to a");
    let gone = place(&story, "Enactor 2", "deletes plan 2");
    assert!(new < old && old < gone, "{:#?}", story.steps);
    assert_eq!(story.harm().map(|step| step.number), Some(gone));
    let last = &story.steps.last().expect("steps").after;
    assert_eq!((last.zone[0].generation, last.zone[0].stored, &*last.plans), (Some(2), false, &[3][..]));
    assert!(story.steps.iter().all(|step| !step.words.contains("found to")), "{:#?}", story.steps);
    if Engine::BUILT == Some(Engine::Heddle) {
        let place = story.steps[old - 1].place.as_ref().expect("heddle knows where the call's operations are");
        assert_eq!(place.file, "verification/verify/tests/story.rs");
    }
}
