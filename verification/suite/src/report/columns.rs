//! A [`Story`] on a terminal: one column a thread, one line a step, the zone and the plans after each, the harm marked.
//!
//! Colour is in the text; the stream that it is written to takes it out where nobody would see it.

use comfy_table::{Attribute, Cell, Color, ColumnConstraint::Absolute, ContentArrangement, Table, Width, presets};

use super::story::{Deed, Origin, Served, State, Step, Story};

/// The least and the most columns of characters that a table is made for.
pub const WIDTHS: std::ops::RangeInclusive<u16> = 80..=120;

/// From this width on each step's place has a column of its own; below, it stands under the words.
const WIDE: u16 = 100;

/// The steps of `story`, `width` characters wide.
pub fn steps(story: &Story, width: u16) -> String {
    let widths = Widths::new(story, width.clamp(*WIDTHS.start(), *WIDTHS.end()));
    let cast = story.columns.len() - 1;
    let (threads, afterwards): (Vec<&Step>, Vec<&Step>) = story.steps.iter().partition(|step| step.column < cast);
    let names: Vec<&str> = story.columns.iter().map(String::as_str).collect();
    let mut text = section(&widths, &names[..cast], Some(&story.before), &threads);
    if !afterwards.is_empty() {
        text = format!("{text}\n{}", section(&widths, &[story.afterwards()], None, &afterwards));
    }
    text
}

/// One line that says where the harm is.
pub fn harm(story: &Story) -> Option<String> {
    let step = story.harm()?;
    let dangling: Vec<String> = step.after.dangling().map(served).collect();
    let words = match step.changes && !dangling.is_empty() {
        true => format!("{}; then {}", step.words, dangling.join(", ")),
        false => step.words.clone(),
    };
    let by = if step.column + 1 < story.columns.len() { "by " } else { "" };
    let is = if story.harm_is_a_step { "the harm is" } else { "the harm shows" };
    Some(format!("! {is} at step {}, {by}{}: {words}", step.number, whose(story, step)))
}

/// Who made a step.
pub fn whose<'a>(story: &'a Story, step: &Step) -> &'a str {
    story.columns.get(step.column).map_or("nobody", String::as_str)
}

/// The operations of each step: what they read or wrote, with which ordering, and from where.
pub fn operations(story: &Story, width: u16) -> String {
    let mut text = String::new();
    for step in &story.steps {
        text += &format!("{:>3}  {}: {}\n", step.number, whose(story, step), step.words);
        if step.operations.is_empty() {
            continue;
        }
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(width.clamp(*WIDTHS.start(), *WIDTHS.end()));
        for deed in &step.operations {
            let at = format!("{}:{}", deed.place.file, deed.place.line);
            let row =
                [format!("     {}", deed.number), what(deed), value(deed), deed.ordering.clone(), origin(deed), at];
            table.add_row(row);
        }
        text += &table.trim_fmt();
        text.push('\n');
    }
    text.trim_end().to_owned()
}

pub(super) fn what(deed: &Deed) -> String {
    let whose = deed.helper.as_deref().unwrap_or_default();
    let what = &deed.what;
    let kind = if what.ends_with("locks") { "mutex" } else { "atomic" };
    deed.location.map_or_else(|| format!("{whose}{what}"), |location| format!("{whose}{what} {kind} {location}"))
}

/// What was read and written. Packed words are better read as hexadecimal.
pub(super) fn value(deed: &Deed) -> String {
    let number = |value: u64| if value < 10_000 { value.to_string() } else { format!("{value:#x}") };
    match (deed.read, deed.written) {
        (Some(read), Some(written)) => format!("{} → {}", number(read), number(written)),
        (read, written) => read.or(written).map(number).unwrap_or_default(),
    }
}

/// Where the value of a read comes from, in words.
pub(super) fn origin(deed: &Deed) -> String {
    let origin = |origin: &Origin| match origin {
        Origin::Initial => "initial value".to_owned(),
        Origin::SetUp => "from the set-up".to_owned(),
        Origin::Operation { operation, step: Some(step) } => format!("from {operation} (step {step})"),
        Origin::Operation { operation, step: None } => format!("from {operation}"),
    };
    deed.read_from.iter().map(origin).collect::<Vec<_>>().join(", or ")
}

const PAUSED: &str = "paused";

/// How wide each column is, with its padding.
struct Widths {
    total: u16,
    number: u16,
    /// The zone's and the plans'; none where there is nothing of the kind.
    state: Option<(u16, u16)>,
    /// None where places stand under the words.
    at: Option<u16>,
}

impl Widths {
    fn new(story: &Story, total: u16) -> Self {
        let states = || story.steps.iter().map(|step| &step.after).chain([&story.before]);
        let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0) as u16 + 2;
        let header = if states().any(|state| state.paused) { PAUSED.len() } else { "zone".len() };
        let zone =
            widest(&mut states().flat_map(|state| &state.zone).map(|s| served(s).chars().count()).chain([header]));
        let plans = widest(&mut states().map(|state| plans(state).chars().count()).chain([5]));
        let places = story.steps.iter().filter_map(|step| step.place.as_ref());
        let at = widest(&mut places.map(|place| place.short().chars().count()).chain([2]));
        // Names may be of any length; nothing may take more than a quarter.
        let most = total / 4;
        Self {
            total,
            number: 6,
            state: story.has_a_zone().then(|| (zone.min(most), plans.min(most))),
            at: (total >= WIDE).then(|| at.min(most)),
        }
    }

    /// What is left for each of `columns` columns of words, so that a row of them all, the borders and a space between any
    /// two columns is as wide as the total.
    fn words(&self, columns: u16) -> Vec<u16> {
        let others = 1 + 2 * u16::from(self.state.is_some()) + u16::from(self.at.is_some());
        let (zone, plans) = self.state.unwrap_or_default();
        let left = self.total - 2 - (others + columns - 1) - self.number - zone - plans - self.at.unwrap_or(0);
        (0..columns).map(|column| left / columns + u16::from(column < left % columns)).collect()
    }
}

fn section(widths: &Widths, names: &[&str], before: Option<&State>, steps: &[&Step]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(widths.total).enforce_styling();
    let at = widths.at.map(|_| "at");
    let state = widths.state.map(|_| ["zone", "plans"]).into_iter().flatten();
    let header = ["#"].into_iter().chain(names.iter().copied()).chain(state).chain(at);
    table.set_header(header.map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
    if let Some(before) = before.filter(|_| widths.state.is_some()) {
        let mut row = vec![Cell::new("  0")];
        row.resize(names.len() + 1, Cell::new(""));
        row.extend([zone(before), Cell::new(plans(before))]);
        table.add_row(row);
    }
    for step in steps {
        table.add_row(row(step, names.len(), widths));
    }
    let words = widths.words(names.len() as u16);
    let state = widths.state.map(|(zone, plans)| [zone, plans]).into_iter().flatten();
    let columns = [widths.number].into_iter().chain(words).chain(state).chain(widths.at);
    for (column, width) in table.column_iter_mut().zip(columns) {
        column.set_constraint(Absolute(Width::Fixed(width)));
    }
    table.to_string()
}

fn row(step: &Step, columns: usize, widths: &Widths) -> Vec<Cell> {
    let place = step.place.as_ref().map(super::story::Place::short).unwrap_or_default();
    let words = match widths.at {
        // Three threads leave room for fourteen characters each.
        None if !place.is_empty() => format!("{}\n{}", step.words, place.replace(".rs", "")),
        _ => step.words.clone(),
    };
    let mark = if step.harm { "!" } else { " " };
    let mut row = vec![Cell::new(format!("{mark} {}", step.number))];
    row.extend((0..columns).map(|column| match column == step.column.min(columns - 1) {
        true => Cell::new(&words),
        false => Cell::new(""),
    }));
    row.extend(widths.state.into_iter().flat_map(|_| [zone(&step.after), Cell::new(plans(&step.after))]));
    row.extend(widths.at.map(|_| Cell::new(place)));
    if step.harm {
        row = row.into_iter().map(|cell| cell.fg(Color::Red).add_attribute(Attribute::Bold)).collect();
    }
    row
}

fn zone(state: &State) -> Cell {
    let mut lines: Vec<String> = state.zone.iter().map(served).collect();
    lines.extend(state.paused.then(|| PAUSED.to_owned()));
    let cell = Cell::new(lines.join("\n"));
    if state.dangling().next().is_some() { cell.fg(Color::Red) } else { cell }
}

/// What an endpoint serves.
pub(super) fn served(served: &Served) -> String {
    let endpoint = &served.endpoint;
    match served.generation {
        None => format!("{endpoint} → none"),
        Some(plan) if served.stored => format!("{endpoint} → {plan}"),
        Some(plan) => format!("{endpoint} → {plan} deleted"),
    }
}

/// The stored plans.
pub(super) fn plans(state: &State) -> String {
    let plans: Vec<String> = state.plans.iter().map(u32::to_string).collect();
    if plans.is_empty() { "none".to_owned() } else { plans.join(" ") }
}
