//! Replay tokens: an execution as the thread that moves and the choice it makes,
//! event by event, in an order in which every event follows its causes. Equal
//! steps in a row are written once, with how many more there are.

use super::Engine;
use super::linear::{Linear, linear_within};
use crate::graph::{Event, EventId, Graph, Kind, ThreadId};
use crate::model::Running;

const PREFIX: &str = "h2-";

/// More steps than any search makes in one execution.
const MAX_STEPS: usize = 1 << 20;
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Leads a run along a token instead of searching.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guide {
    steps: Vec<(ThreadId, u64)>,
    at: usize,
}

impl Guide {
    /// The thread that moves next.
    pub(super) fn next(&self) -> Option<ThreadId> {
        self.steps.get(self.at).map(|step| step.0)
    }

    /// Whether a thread moves later on.
    pub(super) fn moves_again(&self, thread: ThreadId) -> bool {
        self.steps.iter().skip(self.at).any(|step| step.0 == thread)
    }

    /// The choice of the event that is being added.
    pub(super) fn take(&mut self) -> u64 {
        let choice = self.steps.get(self.at).map_or(0, |step| step.1);
        self.at += 1;
        choice
    }

    /// Reads a token; `None` if it is not one.
    pub(crate) fn parse(token: &str) -> Option<Self> {
        let digits = token.strip_prefix(PREFIX)?.bytes();
        let digits: Option<Vec<u64>> = digits
            .map(|byte| DIGITS.iter().position(|digit| *digit == byte))
            .map(|digit| digit.map(|digit| digit as u64))
            .collect();
        let mut digits = digits?;
        let sum = digits.pop()?;
        if sum != checksum(&digits) {
            return None;
        }
        let mut numbers = Vec::new();
        let (mut number, mut shift) = (0_u64, 0);
        for digit in digits {
            if shift > 60 {
                return None;
            }
            number |= (digit & 31) << shift;
            shift += 5;
            if digit & 32 == 0 {
                numbers.push(number);
                (number, shift) = (0, 0);
            }
        }
        if shift != 0 || numbers.len() % 3 != 0 {
            return None;
        }
        let mut steps = Vec::new();
        for run in numbers.chunks(3) {
            let step = (ThreadId::try_from(run[0]).ok()?, run[1]);
            let more = usize::try_from(run[2]).ok().filter(|more| *more < MAX_STEPS)?;
            steps.extend(std::iter::repeat_n(step, more + 1));
            if steps.len() > MAX_STEPS {
                return None;
            }
        }
        Some(Self { steps, at: 0 })
    }

    fn print(&self) -> String {
        let mut digits = Vec::new();
        for run in self.steps.chunk_by(|one, next| one == next) {
            for mut number in [u64::from(run[0].0), run[0].1, run.len() as u64 - 1] {
                while number > 31 {
                    digits.push(number & 31 | 32);
                    number >>= 5;
                }
                digits.push(number);
            }
        }
        digits.push(checksum(&digits));
        let digits = digits.iter().map(|digit| char::from(DIGITS[*digit as usize]));
        PREFIX.chars().chain(digits).collect()
    }
}

fn checksum(digits: &[u64]) -> u64 {
    digits.iter().fold(7, |sum, digit| (sum * 13 + digit) % 61)
}

impl Engine {
    /// The execution the graph holds.
    pub(crate) fn running(&mut self, at_most: u32) -> Option<Running> {
        self.add_left_out();
        let linear = linear_within(&self.graph, at_most)?;
        Some(Running { token: self.token_of(&linear), preemptions: linear.preemptions, events: self.events() })
    }

    pub(super) fn token_of(&self, linear: &Linear) -> String {
        let mut printer = Printer::new(&self.graph);
        for id in &linear.steps {
            printer.step(*id);
        }
        let steps = printer.steps;
        Guide { steps, at: 0 }.print()
    }

    pub(crate) fn follow(&mut self, guide: Guide) {
        self.run.guide = Some(guide);
    }
}

/// Turns events into the choices of a guided run.
struct Printer<'a> {
    graph: &'a Graph,
    done: Vec<bool>,
    /// What a guided run will call each slot: it numbers them as they spawn.
    names: Vec<ThreadId>,
    spawned: ThreadId,
    steps: Vec<(ThreadId, u64)>,
}

impl<'a> Printer<'a> {
    fn new(graph: &'a Graph) -> Self {
        Self {
            graph,
            done: vec![false; graph.events.len()],
            names: vec![0; graph.threads.len()],
            spawned: 0,
            steps: Vec::new(),
        }
    }

    fn step(&mut self, id: EventId) {
        let event = *self.graph.event(id);
        let choice = match event.kind {
            Kind::Read => {
                let place = self.graph.place_of(event.source);
                self.later(&event, place) << 8 | u64::from(event.alternative)
            }
            Kind::Write => self.later(&event, event.place),
            Kind::Choose => event.value,
            Kind::Spawn => {
                self.spawned += 1;
                self.names[event.value as usize] = self.spawned;
                0
            }
            Kind::Fence | Kind::Join => 0,
        };
        self.steps.push((self.names[event.thread as usize], choice));
        self.done[id as usize] = true;
        if event.kind == Kind::Read && event.rmw {
            let events = &self.graph.thread(event.thread).events;
            if let Some(write) = events.get(event.index as usize + 1) {
                self.done[*write as usize] = true;
            }
        }
    }

    /// How many writes so far are later in modification order.
    fn later(&self, event: &Event, place: u32) -> u64 {
        let order = &self.graph.location(event.location).order;
        let later = order[place as usize..].iter();
        later.filter(|id| self.done[**id as usize]).count() as u64
    }
}
