//! A story made of events written by hand: what is told twice, what is not told at all, and words from anywhere.

use enactor_verification::{
    report::{
        columns, page, picture,
        story::{Served, Sources, State, Story},
    },
    timeline::{Change, Event, Matter, Moment, Worth},
};
use enactor_verify::report::token::Token;

const SLOW: Option<usize> = Some(0);
const FAST: Option<usize> = Some(1);

fn event(thread: Option<usize>, words: &str, matter: Matter) -> Event {
    Event { thread, words: words.to_owned(), matter, by_caller: false, file: "none.rs", line: 1, operations: 0 }
}

/// What the caller of the store tells.
fn called(thread: Option<usize>, change: Change) -> Event {
    Event { by_caller: true, ..told(thread, change) }
}

/// What the store itself tells.
fn told(thread: Option<usize>, change: Change) -> Event {
    event(thread, &format!("{change:?}"), Matter::Change(change))
}

fn moment(moment: Moment) -> Event {
    event(None, "", Matter::Moment(moment))
}

fn apply(plan: u32) -> Change {
    Change::Apply("a".to_owned(), plan)
}

fn story(property: &str, events: &[Event]) -> Story {
    let token: Token = format!("unguarded/two_enactors_one_endpoint/{property}#e1").parse().expect("a token");
    let set_up = [Change::Publish(1), Change::Publish(2), Change::Publish(3), apply(1)];
    let set_up = set_up.map(|change| called(None, change));
    let events: Vec<Event> = set_up.into_iter().chain([moment(Moment::Start)]).chain(events.iter().cloned()).collect();
    Story::new(&token.title(), &events, &[], None, &mut Sources::default())
}

fn serves(generation: u32, stored: bool, plans: &[u32]) -> State {
    let served = Served { endpoint: "a".to_owned(), generation: Some(generation), stored };
    State { zone: vec![served], plans: plans.to_vec(), paused: false }
}

fn words(story: &Story) -> Vec<&str> {
    story.steps.iter().map(|step| step.words.as_str()).collect()
}

fn harm(story: &Story) -> usize {
    story.harm().expect("a story with steps has a harm").number
}

#[test]
fn a_store_that_tells_nothing_has_a_story_by_its_calls() {
    let events = [called(FAST, apply(3)), called(SLOW, apply(2)), called(FAST, Change::Delete(2)), moment(Moment::End)];
    let story = story("never_dangles", &events);
    assert_eq!(story.before, serves(1, true, &[1, 2, 3]));
    let after: Vec<&State> = story.steps.iter().map(|step| &step.after).collect();
    let expected = [serves(3, true, &[1, 2, 3]), serves(2, true, &[1, 2, 3]), serves(2, false, &[1, 3])];
    assert_eq!(after, expected.iter().collect::<Vec<_>>());
    assert_eq!(harm(&story), 3);
    assert!(story.steps.iter().all(|step| step.place.is_none()), "nobody knows where in the store it was");
}

#[test]
fn what_the_store_has_told_is_not_told_again_by_its_caller() {
    let twice = |thread, change: Change| [told(thread, change.clone()), called(thread, change)];
    let once = [twice(FAST, apply(3)), twice(SLOW, apply(2)), twice(FAST, apply(3))].concat();
    assert_eq!(words(&story("converges", &once)).len(), 3, "the same change made twice is two steps");
    // Another thread's change is its own.
    let other = [told(FAST, apply(3)), called(SLOW, apply(3)), called(FAST, apply(3))];
    assert_eq!(words(&story("converges", &other)).len(), 2);
}

#[test]
fn a_look_at_the_end_puts_right_what_nobody_told() {
    let found = |generation| Matter::FoundZone { endpoint: "a".to_owned(), generation };
    let looked = |zone, plans| {
        let answer = Matter::Answer { endpoint: "a".to_owned(), generation: Some(2), answer: Worth::Empty };
        let events = [
            told(SLOW, apply(2)),
            moment(Moment::End),
            event(None, "resolves", answer),
            event(None, "", found(Some(zone))),
            event(None, "", Matter::FoundPlans(plans)),
        ];
        story("never_empty", &events)
    };
    assert_eq!(words(&looked(2, vec![1, 2, 3])).len(), 2, "there is nothing to put right");
    let story = looked(3, vec![1, 2]);
    let expected = ["a is found to serve plan 3", "plan 3 is found deleted", "resolves"];
    assert_eq!(words(&story)[1..], expected, "before anything that happens then");
    assert_eq!((&story.steps[3].after, harm(&story)), (&serves(3, false, &[1, 2]), 3));
}

#[test]
fn going_on_is_part_of_the_story_only_where_the_property_asks() {
    let refused = Matter::Refusal("gone".to_owned());
    let events = [
        event(SLOW, "is refused, as it should", refused.clone()),
        moment(Moment::End),
        moment(Moment::Recovery),
        event(None, "is refused", refused),
        event(None, "ends", Matter::Words),
    ];
    assert_eq!(words(&story("never_empty", &events)), ["is refused, as it should"]);
    let wedged = story("never_wedges", &events);
    assert_eq!((words(&wedged).len(), harm(&wedged)), (3, 2), "a refusal afterwards is what must not be");
}

#[test]
fn each_property_has_its_moment_of_harm() {
    let answer = |thread, generation, answer| {
        let matter = Matter::Answer { endpoint: "a".to_owned(), generation: Some(generation), answer };
        event(thread, "resolves", matter)
    };
    let noise = event(SLOW, "does something", Matter::Words);
    let cases: &[(&str, &[Event], usize)] = &[
        ("never_torn", &[answer(FAST, 1, Worth::Whole), answer(SLOW, 1, Worth::Torn)], 2),
        ("never_empty", &[answer(FAST, 1, Worth::Empty), told(SLOW, Change::Delete(1))], 1),
        ("never_regresses", &[told(FAST, apply(3)), told(FAST, apply(3)), told(SLOW, apply(2))], 3),
        // Another client may well see less.
        (
            "never_regresses",
            &[answer(FAST, 3, Worth::Whole), answer(SLOW, 2, Worth::Whole), answer(FAST, 2, Worth::Whole)],
            3,
        ),
        ("never_wedges", &[event(FAST, "", Matter::Refusal("wedged".to_owned())), told(SLOW, apply(2))], 1),
        ("completes", &[event(FAST, "panics", Matter::Panic)], 1),
        ("pause_is_final", &[told(SLOW, apply(2)), told(FAST, Change::Pause), told(SLOW, Change::Delete(1))], 3),
        // The operator's own changes are no harm.
        ("pause_is_final", &[told(FAST, Change::Pause), told(FAST, apply(3)), told(SLOW, Change::Delete(1))], 3),
        ("linearizable", &[told(FAST, apply(3))], 2),
    ];
    for (property, events, expected) in cases {
        let events: Vec<Event> = events.iter().cloned().chain([noise.clone()]).collect();
        assert_eq!(harm(&story(property, &events)), *expected, "{property}: {events:?}");
    }
}

#[test]
fn how_the_engine_says_it_ended_is_the_last_step() {
    let token: Token = "unguarded/two_enactors_one_endpoint/completes#e1".parse().expect("a token");
    let events = [moment(Moment::Start), told(FAST, apply(3))];
    let story = Story::new(&token.title(), &events, &[], Some("deadlock: nobody can go on"), &mut Sources::default());
    assert_eq!(story.harm().map(|step| step.words.as_str()), Some("deadlock: nobody can go on"));
}

#[test]
fn hostile_words_are_text_everywhere() {
    const HOSTILE: &str =
        "</script><script>alert(1)</script><img src=x onerror='alert(2)'>\"&amp; {{ 7 * 7 }}\u{1b}[31m\0]]>";
    let mut hostile = story("completes", &[event(FAST, HOSTILE, Matter::Panic), moment(Moment::End)]);
    assert!(!hostile.steps[0].words.contains(['\u{1b}', '\0']), "{:?}", hostile.steps[0].words);
    // Names come from others too.
    for text in
        [&mut hostile.store, &mut hostile.scenario, &mut hostile.about, &mut hostile.token, &mut hostile.columns[0]]
    {
        HOSTILE.clone_into(text);
    }
    hostile.before.zone[0].endpoint = HOSTILE.to_owned();
    let page = page::render(&hostile);
    assert_eq!(page.matches("<script").count(), 1, "{page}");
    assert_eq!(page.matches("</script").count(), 1, "{page}");
    assert!(!page.contains("<img") && page.contains("&lt;img"), "{page}");
    assert!(page.contains("{{ 7 * 7 }}"), "what is shown is no template");
    let picture = picture::render(&hostile);
    let picture = roxmltree::Document::parse(&picture).expect("well-formed XML");
    assert!(picture.descendants().all(|node| !["script", "img"].contains(&node.tag_name().name())));
    let entry = page::Entry::new(&hostile, Some(false));
    assert!(!entry.file.contains(['/', '\\', '<', ' ', '&']), "{}", entry.file);
    assert!(!page::index(&[entry]).contains("<img"));
}

#[test]
fn a_table_is_as_wide_as_asked_within_reason() {
    let words = "cannot apply plan 3: the active plan of a is gone, which takes a lot of words to say";
    let story = story("completes", &[event(FAST, words, Matter::Words), moment(Moment::End), told(None, apply(3))]);
    for (asked, width) in [(20, 80), (80, 80), (99, 99), (120, 120), (300, 120)] {
        let table = columns::steps(&story, asked);
        let plain = anstream::adapter::strip_str(&table).to_string();
        let widths: Vec<usize> = plain.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|line| *line == width), "{asked}: {widths:?}\n{plain}");
    }
}

#[test]
fn a_page_needs_no_other() {
    let page = page::render(&story("completes", &[event(FAST, "panics", Matter::Panic)]));
    // The picture names the standard that it follows, and nobody follows that address.
    let page = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    for loads in ["http:", "https:", "src=", "url(", "@import", "<link", "fetch("] {
        assert!(!page.contains(loads), "{loads}");
    }
}
