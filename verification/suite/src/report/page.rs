//! A [`Story`] as one HTML page that can be stepped through, by mouse and keyboard; and the index of such pages.
//!
//! A page needs nothing but itself: no network, and it works from a file. Without scripts it shows every step at once.

use minijinja::{Environment, Value, context, value::Serde};
use serde::Serialize;

use super::{
    columns, picture,
    story::{State, Step, Story},
};

/// A page, as the index lists it.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// The page's file, beside the index.
    pub file: String,
    /// The store.
    pub store: String,
    /// The scenario.
    pub scenario: String,
    /// The property.
    pub property: String,
    /// Where the harm is.
    pub harm: String,
    /// Whether it is expected to be refuted; none where nobody expects anything.
    pub expected: Option<bool>,
}

impl Entry {
    /// The entry of `story`.
    pub fn new(story: &Story, expected: Option<bool>) -> Self {
        let Story { store, scenario, property, .. } = story;
        let harm = columns::harm(story).unwrap_or_default();
        Self {
            file: story.file("html"),
            store: store.clone(),
            scenario: scenario.clone(),
            property: property.clone(),
            harm: harm.trim_start_matches("! ").to_owned(),
            expected,
        }
    }
}

/// The page of `story`.
pub fn render(story: &Story) -> String {
    let harm = columns::harm(story).unwrap_or_default();
    let plans = story.plans();
    let states = std::iter::once((&story.before, None)).chain(story.steps.iter().map(|step| (&step.after, Some(step))));
    let moments: Vec<Moment<'_>> = states.map(|(state, step)| Moment::new(story, &plans, state, step)).collect();
    let cast = story.columns.len() - 1;
    let context = context! {
        cast,
        threads => Serde(&story.columns[..cast]),
        afterwards => story.afterwards(),
        first_afterwards => story.steps.iter().find(|step| step.column >= cast).map(|step| step.number),
        title => story.title(),
        story => Serde(story),
        of_a_store => story.is_of_a_store(),
        has_a_zone => story.has_a_zone(),
        moments => Serde(moments),
        last => story.steps.len(),
        harm_step => story.harm().map(|step| step.number),
        harm => harm.trim_start_matches("! "),
        picture => picture::render(story),
        script => include_str!("page/page.js"),
        style => include_str!("page/page.css"),
    };
    fill("page.html", include_str!("page/page.html"), context)
}

/// The index of pages.
pub fn index(entries: &[Entry]) -> String {
    let expectations = entries.iter().any(|entry| entry.expected.is_some());
    let context = context! { entries => Serde(entries), expectations, style => include_str!("page/page.css") };
    fill("index.html", include_str!("page/index.html"), context)
}

/// The name's ending says that everything is escaped for HTML that the template does not call safe.
fn fill(name: &'static str, template: &'static str, context: Value) -> String {
    let mut environment = Environment::new();
    environment.add_template(name, template).expect("the template is ours");
    let template = environment.get_template(name).expect("it was just added");
    template.render(context).expect("the template fits its context")
}

/// A step and what there is after it, or what there was before all steps.
#[derive(Serialize)]
struct Moment<'a> {
    number: usize,
    who: &'a str,
    step: Option<&'a Step>,
    zone: Vec<Served<'a>>,
    plans: Vec<Plan>,
    paused: bool,
    /// The same in a sentence.
    told: String,
    deeds: Vec<Deed<'a>>,
}

#[derive(Serialize)]
struct Served<'a> {
    endpoint: &'a str,
    generation: Option<u32>,
    dangling: bool,
    changed: bool,
}

#[derive(Serialize)]
struct Plan {
    generation: u32,
    stored: bool,
    changed: bool,
}

#[derive(Serialize)]
struct Deed<'a> {
    number: usize,
    what: String,
    value: String,
    ordering: &'a str,
    origin: String,
    at: String,
    text: &'a str,
}

impl<'a> Moment<'a> {
    fn new(story: &'a Story, plans: &[u32], state: &'a State, step: Option<&'a Step>) -> Self {
        let number = step.map_or(0, |step| step.number);
        let before = story.before(number);
        let served = |served: &'a super::story::Served| Served {
            endpoint: &served.endpoint,
            generation: served.generation,
            dangling: served.is_dangling(),
            changed: number > 0 && !before.zone.contains(served),
        };
        let was_stored = |plan: u32| {
            let states = story.steps[..number].iter().map(|step| &step.after).chain([&story.before]);
            states.into_iter().any(|state| state.plans.contains(&plan))
        };
        let plan = |&generation: &u32| {
            let stored = state.plans.contains(&generation);
            let changed = number > 0 && before.plans.contains(&generation) != stored;
            (stored || was_stored(generation)).then_some(Plan { generation, stored, changed })
        };
        let operations = step.map_or(&[][..], |step| &step.operations);
        Self {
            number,
            who: step.map_or("before", |step| columns::whose(story, step)),
            step,
            zone: state.zone.iter().map(served).collect(),
            plans: plans.iter().filter_map(plan).collect(),
            paused: state.paused,
            told: if story.has_a_zone() { told(state) } else { String::new() },
            deeds: operations.iter().map(Deed::new).collect(),
        }
    }
}

impl<'a> Deed<'a> {
    fn new(deed: &'a super::story::Deed) -> Self {
        Self {
            number: deed.number,
            what: columns::what(deed),
            value: columns::value(deed),
            ordering: &deed.ordering,
            origin: columns::origin(deed),
            at: deed.place.short(),
            text: deed.place.text.as_deref().unwrap_or_default(),
        }
    }
}

/// The zone and the plans in a sentence, for those who hear it.
fn told(state: &State) -> String {
    let zone = state.zone.iter().map(|served| match served.generation {
        None => format!("{} serves nothing", served.endpoint),
        Some(plan) if served.stored => format!("{} serves plan {plan}", served.endpoint),
        Some(plan) => format!("{} points at plan {plan}, which is deleted", served.endpoint),
    });
    let plans = format!("stored plans: {}", columns::plans(state));
    let paused = state.paused.then(|| "the automation is paused".to_owned());
    zone.chain([plans]).chain(paused).collect::<Vec<_>>().join("; ")
}
