//! A [`Story`] as an SVG picture: a lane for each thread, and beside them how long each endpoint serves each plan, and how
//! long each plan is there. The harm is red. Without scripts and fonts of its own; light or dark, as the browser is.

use svg::{
    Document, Node as _,
    node::element::{Circle, Line, Polygon, Rectangle, Style, Text, Title},
};

use super::story::{Served, State, Step, Story, legible};

/// The width of a character: the text is monospaced.
const CHARACTER: usize = 7;
const LINE: usize = 16;
/// Left of the lanes: the numbers.
const GUTTER: usize = 56;
/// How many characters fit into a lane.
const LANE_CHARACTERS: usize = 25;
const LANE: usize = 28 + LANE_CHARACTERS * CHARACTER;
const PLAN: usize = 34;
/// Above the lanes: two lines of title, and the names.
const TOP: usize = 104;
/// From the top of a row to the middle of its first line.
const MIDDLE: usize = 17;

const STYLE: &str = include_str!("picture.css");

/// The picture of `story`.
pub fn render(story: &Story) -> String {
    let layout = Layout::new(story);
    let mut picture = Document::new()
        .set("viewBox", (0, 0, layout.width(), layout.height() + 12))
        .set("width", layout.width())
        .set("height", layout.height() + 12)
        .set("class", "picture")
        .set("role", "img");
    let title = story.title();
    picture.append(Title::new(legible(&title)));
    picture.append(Style::new(STYLE));
    let (width, height) = (layout.width(), layout.height() + 12);
    picture.append(Rectangle::new().set("class", "paper").set("width", width).set("height", height));
    picture.append(text(&title, (16, 28), "title"));
    picture.append(text(&story.statement, (16, 50), "statement"));
    layout.draw_harm(&mut picture);
    layout.draw_lanes(&mut picture);
    for (number, step) in story.steps.iter().enumerate() {
        layout.draw_step(&mut picture, number, step);
    }
    layout.draw_zone(&mut picture);
    layout.draw_plans(&mut picture);
    picture.to_string()
}

fn text(words: &str, (x, y): (usize, usize), class: &str) -> Text {
    Text::new(legible(words)).set("x", x).set("y", y).set("class", class)
}

fn line((x1, y1): (usize, usize), (x2, y2): (usize, usize), class: &str) -> Line {
    Line::new().set("x1", x1).set("y1", y1).set("x2", x2).set("y2", y2).set("class", class)
}

/// For how long an endpoint serves the same.
struct Piece<'a> {
    served: Option<&'a Served>,
    begin: usize,
    end: usize,
}

/// Where everything is.
struct Layout<'a> {
    story: &'a Story,
    /// The columns that have steps, or a thread.
    lanes: Vec<usize>,
    /// The words of each step, in lines.
    words: Vec<Vec<String>>,
    /// The top of each row: what there was before, and then each step; and the end of the last one.
    tops: Vec<usize>,
    endpoints: Vec<String>,
    /// The width of an endpoint's track.
    track: usize,
    plans: Vec<u32>,
}

impl<'a> Layout<'a> {
    fn new(story: &'a Story) -> Self {
        let afterwards = story.columns.len() - 1;
        let has_steps = |lane: &usize| *lane < afterwards || story.steps.iter().any(|step| step.column == *lane);
        let in_lines = |step: &Step| {
            let lines = textwrap::wrap(&step.words, LANE_CHARACTERS);
            lines.into_iter().map(|line| line.into_owned()).collect::<Vec<_>>()
        };
        let words: Vec<Vec<String>> = story.steps.iter().map(in_lines).collect();
        let mut tops = vec![TOP, TOP + 2 * LINE];
        for lines in &words {
            let top = *tops.last().expect("there are two");
            tops.push(top + lines.len().max(1) * LINE + 12);
        }
        let states = || story.steps.iter().map(|step| &step.after).chain([&story.before]);
        let mut endpoints: Vec<String> = states().flat_map(|s| &s.zone).map(|s| s.endpoint.clone()).collect();
        endpoints.sort_unstable();
        endpoints.dedup();
        let longest = endpoints.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let track = (longest.max("9 deleted".len()) + 5) * CHARACTER;
        let lanes = (0..=afterwards).filter(has_steps).collect();
        Self { story, lanes, words, tops, endpoints, track, plans: story.plans() }
    }

    fn lane(&self, column: usize) -> usize {
        let lane = self.lanes.iter().position(|lane| *lane == column).unwrap_or(0);
        GUTTER + lane * LANE
    }

    fn zone(&self) -> usize {
        GUTTER + self.lanes.len() * LANE + 24
    }

    fn plans(&self) -> usize {
        self.zone() + self.endpoints.len() * self.track + 24
    }

    fn width(&self) -> usize {
        let title = self.story.statement.chars().count().max(60) * CHARACTER + 32;
        (self.plans() + self.plans.len() * PLAN + 16).max(title)
    }

    fn height(&self) -> usize {
        *self.tops.last().expect("there are two")
    }

    /// Each state, from where it begins to where the next one does.
    fn states(&self) -> impl Iterator<Item = (&'a State, usize, usize)> {
        let states = std::iter::once(&self.story.before).chain(self.story.steps.iter().map(|step| &step.after));
        let begins: Vec<usize> =
            (0..=self.story.steps.len()).map(|at| self.begins(at)).chain([self.height()]).collect();
        states.enumerate().map(move |(at, state)| (state, begins[at], begins[at + 1]))
    }

    /// Where the state after step `number` begins, or what there was before.
    fn begins(&self, number: usize) -> usize {
        if number == 0 { self.tops[0] } else { self.tops[number] + MIDDLE }
    }

    fn draw_lanes(&self, picture: &mut Document) {
        for &lane in &self.lanes {
            let x = self.lane(lane);
            picture.append(text(&self.story.columns[lane], (x, TOP - 16), "name"));
            picture.append(line((x + 6, TOP), (x + 6, self.height()), "lane"));
        }
    }

    /// What is red behind everything.
    fn draw_harm(&self, picture: &mut Document) {
        let rows = self.story.steps.iter().zip(self.tops[1..].windows(2));
        for (_, rows) in rows.filter(|(step, _)| step.harm) {
            let band = Rectangle::new().set("x", 8).set("y", rows[0] + 2).set("width", self.width() - 16);
            picture.append(band.set("height", rows[1] - rows[0] - 4).set("rx", 4).set("class", "harm-band"));
        }
    }

    fn draw_step(&self, picture: &mut Document, at: usize, step: &Step) {
        let (x, y) = (self.lane(step.column), self.tops[at + 1] + MIDDLE);
        let class = |class: &str| if step.harm { format!("{class} harm") } else { class.to_owned() };
        if step.harm {
            picture.append(text("!", (16, y + 5), "harm"));
        }
        picture.append(text(&step.number.to_string(), (30, y + 5), &class("number")));
        let dot = Circle::new().set("cx", x + 6).set("cy", y).set("r", 5);
        picture.append(dot.set("class", class(if step.changes { "dot change" } else { "dot" })));
        for (number, words) in self.words[at].iter().enumerate() {
            picture.append(text(words, (x + 18, y + 5 + number * LINE), &class("words")));
        }
        if step.changes {
            let first = self.words[at].first().map_or(0, |words| words.chars().count());
            self.draw_arrow(picture, (x + 24 + first * CHARACTER, y), self.target(at), step.harm);
        }
    }

    /// From the words of a change to what it changes.
    fn draw_arrow(&self, picture: &mut Document, (x, y): (usize, usize), target: usize, harm: bool) {
        let harm = if harm { " harm" } else { "" };
        picture.append(line((x, y), (target - 6, y), &format!("arrow{harm}")));
        let points = format!("{},{} {},{y} {},{}", target - 8, y - 4, target - 1, target - 8, y + 4);
        picture.append(Polygon::new().set("points", points).set("class", format!("head{harm}")));
    }

    /// The left edge of what step `at` changes: an endpoint's track, or a plan's bar.
    fn target(&self, at: usize) -> usize {
        let (before, after) = (self.story.before(at + 1), &self.story.steps[at].after);
        let endpoint = after.zone.iter().find(|served| {
            before.zone.iter().all(|old| old.endpoint != served.endpoint || old.generation != served.generation)
        });
        let plan = self.plans.iter().position(|plan| before.plans.contains(plan) != after.plans.contains(plan));
        match (endpoint, plan) {
            (Some(served), _) => {
                let track = self.endpoints.iter().position(|name| *name == served.endpoint).unwrap_or(0);
                self.zone() + track * self.track
            }
            (None, Some(plan)) => self.plans() + plan * PLAN + 4,
            (None, None) => self.zone(),
        }
    }

    /// What `endpoint` serves, piece by piece.
    fn pieces(&self, endpoint: &str) -> Vec<Piece<'a>> {
        let mut pieces: Vec<Piece<'_>> = Vec::new();
        for (state, begin, end) in self.states() {
            let served = state.zone.iter().find(|served| served.endpoint == *endpoint);
            match pieces.last_mut() {
                Some(last) if last.served == served => last.end = end,
                _ => pieces.push(Piece { served, begin, end }),
            }
        }
        pieces
    }

    fn draw_zone(&self, picture: &mut Document) {
        for (number, endpoint) in self.endpoints.iter().enumerate() {
            let x = self.zone() + number * self.track;
            picture.append(text(endpoint, (x, TOP - 16), "name"));
            for Piece { served, begin, end } in self.pieces(endpoint) {
                let Some(&Served { generation: Some(plan), stored, .. }) = served else { continue };
                let (class, label) = match stored {
                    true => (format!("plan p{}", plan % 6), plan.to_string()),
                    false => ("plan dangling".to_owned(), format!("{plan} deleted")),
                };
                let piece = Rectangle::new().set("x", x).set("y", begin).set("width", self.track - 12);
                picture.append(piece.set("height", end - begin).set("rx", 3).set("class", class));
                let class = if stored { "label" } else { "label harm" };
                picture.append(text(&label, (x + 8, begin + LINE), class));
            }
        }
    }

    fn draw_plans(&self, picture: &mut Document) {
        if self.plans.is_empty() {
            return;
        }
        picture.append(text("plans", (self.plans(), TOP - 34), "name"));
        for (number, plan) in self.plans.iter().enumerate() {
            let x = self.plans() + number * PLAN + 4;
            picture.append(text(&plan.to_string(), (x + 4, TOP - 16), "name"));
            let mut stored = false;
            for (state, begin, end) in self.states() {
                let is_stored = state.plans.contains(plan);
                if is_stored {
                    let piece = Rectangle::new().set("x", x).set("y", begin).set("width", 16);
                    picture.append(piece.set("height", end - begin).set("class", format!("plan p{}", plan % 6)));
                } else if stored {
                    picture.append(line((x + 2, begin - 6), (x + 14, begin + 6), "deleted"));
                    picture.append(line((x + 2, begin + 6), (x + 14, begin - 6), "deleted"));
                }
                stored = is_stored;
            }
        }
    }
}
