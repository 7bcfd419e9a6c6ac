//! From events to steps: what there is after each, and which operations belong to it.

use std::collections::HashMap;

use super::{Deed, Origin, Place, Served, Sources, State, Step, Title, Violated, legible};
use crate::{
    report::columns,
    scenario::Role,
    timeline::{Change, Event, HELPER, Matter, Moment, Operation},
};

/// A step, and what it is about.
pub(super) type Told = (Step, Matter);

/// What there was when the threads started, and the steps from then on.
pub(super) fn fold(
    title: &Title<'_>,
    (events, operations): (&[Event], &[Operation]),
    ended: Option<&str>,
    sources: &mut Sources,
) -> (State, Vec<Told>) {
    let moment = |moment| events.iter().position(|event| event.matter == Matter::Moment(moment));
    let start = moment(Moment::Start).map_or(0, |at| at + 1);
    let mut set_up = Fold::new(title, operations, sources);
    for event in &events[..start] {
        set_up.take(event);
    }
    let before = set_up.state;
    let end = moment(Moment::End).unwrap_or(events.len());
    let counted = |at: usize| events.get(at).map_or(operations.len(), |event| event.operations);
    let mut fold = Fold::new(title, operations, sources);
    fold.state = before.clone();
    fold.bounds = (start.checked_sub(1).map_or(0, counted), counted(end));
    fold.taken = fold.bounds.0;
    for event in &events[start..end] {
        // What no thread of the scenario tells meanwhile, one of the set-up's does.
        let thread = event.thread.or(Some(fold.cast - 1));
        fold.take(&Event { thread, ..event.clone() });
    }
    fold.take_operations(fold.bounds.1);
    let rest = &events[end..];
    fold.correct(rest);
    for event in &rest[..last_of_interest(title, rest)] {
        fold.take(event);
    }
    fold.take_operations(operations.len());
    let is_how = |event: &&Event| matches!(&event.matter, Matter::Violates(name) if name == title.violated.name());
    if let Some(how) = rest.iter().find(is_how).filter(|event| !event.words.is_empty()) {
        fold.push(None, how.words.clone(), None, Matter::Words);
    }
    if let Some(words) = ended {
        fold.push(None, by_name(words, title.scenario.cast, operations), None, Matter::Words);
    }
    fold.add_operations();
    (before, fold.steps)
}

/// An engine's words, in which a thread that plays a part is called by its name.
fn by_name(words: &str, cast: &[Role], operations: &[Operation]) -> String {
    let mut text = String::new();
    let mut rest = words;
    while let Some(at) = rest.find("thread ") {
        let (before, found) = rest.split_at(at);
        let number: String = found["thread ".len()..].chars().take_while(char::is_ascii_digit).collect();
        let is_meant = |operation: &&Operation| number.parse() == Ok(operation.by);
        let (engines, rest_of_it) = found.split_at("thread ".len() + number.len());
        text.push_str(before);
        match operations.iter().find(is_meant) {
            Some(one) if one.helper == Some(HELPER) => text.push_str(&format!("a thread of {}", cast[one.thread].name)),
            Some(one) if one.helper.is_some() => text.push_str(engines),
            Some(one) => text.push_str(cast[one.thread].name),
            None => text.push_str(engines),
        }
        rest = rest_of_it;
    }
    text + rest
}

/// How many of the events after the threads' end matter: going on from there does to some properties only.
fn last_of_interest(title: &Title<'_>, rest: &[Event]) -> usize {
    let recovery = rest.iter().position(|event| event.matter == Matter::Moment(Moment::Recovery));
    let panics = rest.iter().any(|event| event.matter == Matter::Panic);
    let needed = matches!(title.violated, Violated::Suite(property) if property.needs_recovery());
    recovery.filter(|_| !panics && !needed).unwrap_or(rest.len())
}

struct Fold<'a> {
    /// How many threads there are.
    cast: usize,
    operations: &'a [Operation],
    sources: &'a mut Sources,
    /// Whether each operation is a step.
    by_operation: bool,
    /// How many of the operations are steps already.
    taken: usize,
    /// How many operations there were when the threads started, and when they had ended.
    bounds: (usize, usize),
    state: State,
    steps: Vec<Told>,
    /// Which operations each step has.
    deeds: Vec<Vec<usize>>,
    /// For each thread: how many of all operations it had seen at its last step.
    seen: HashMap<Option<usize>, usize>,
    /// For each thread: the place of its last call that was told by its caller, and how many operations there were then.
    called: HashMap<Option<usize>, (usize, Place)>,
    /// For each thread: what the store itself has told that the thread has not yet.
    told: HashMap<Option<usize>, Vec<Change>>,
}

impl<'a> Fold<'a> {
    fn new(title: &Title<'_>, operations: &'a [Operation], sources: &'a mut Sources) -> Self {
        Self {
            cast: title.scenario.cast.len(),
            operations,
            sources,
            by_operation: title.by_operation,
            taken: usize::MAX,
            bounds: (0, 0),
            state: State::default(),
            steps: Vec::new(),
            deeds: Vec::new(),
            seen: HashMap::new(),
            called: HashMap::new(),
            told: HashMap::new(),
        }
    }

    fn take(&mut self, event: &Event) {
        self.take_operations(event.operations);
        match &event.matter {
            Matter::Moment(_) | Matter::FoundZone { .. } | Matter::FoundPlans(_) | Matter::Violates(_) => return,
            Matter::Change(change) if self.is_told(event, change) => return,
            Matter::Change(change) => self.state.change(change),
            _ => {}
        }
        let deeds = if self.by_operation { Vec::new() } else { self.operations_until(event) };
        let place = self.place(event, &deeds);
        self.push(event.thread, event.words.clone(), place, event.matter.clone());
        self.deeds.last_mut().expect("just pushed").extend(deeds);
    }

    /// Makes steps of the operations up to number `until`, if they shall be some. Their words come when all are known.
    fn take_operations(&mut self, until: usize) {
        if !self.by_operation {
            return;
        }
        for at in self.taken..until.min(self.operations.len()) {
            let Operation { thread, what, file, line, .. } = &self.operations[at];
            match what.as_str() {
                "Spawn" | "Join" => {}
                // It is part of the read before it.
                "ModifyWrite" => self.deeds.last_mut().into_iter().for_each(|deeds| deeds.push(at)),
                _ => {
                    let place = Some(self.sources.place(file, *line));
                    self.push(Some(*thread).filter(|_| at < self.bounds.1), String::new(), place, Matter::Words);
                    self.deeds.last_mut().expect("just pushed").push(at);
                }
            }
            self.taken = at + 1;
        }
    }

    /// Whether the store has told this `change` already, which its caller tells now.
    fn is_told(&mut self, event: &Event, change: &Change) -> bool {
        let told = self.told.entry(event.thread).or_default();
        if !event.by_caller {
            told.push(change.clone());
            return false;
        }
        let known = told.iter().position(|known| known == change);
        known.map(|known| told.remove(known)).is_some()
    }

    fn push(&mut self, thread: Option<usize>, words: String, place: Option<Place>, matter: Matter) {
        let step = Step {
            number: self.steps.len() + 1,
            column: thread.unwrap_or(self.cast),
            words: legible(&words),
            place,
            changes: matches!(matter, Matter::Change(_)),
            after: self.state.clone(),
            harm: false,
            operations: Vec::new(),
        };
        self.steps.push((step, matter));
        self.deeds.push(Vec::new());
    }

    /// The operations of the event's thread since its last step.
    fn operations_until(&mut self, event: &Event) -> Vec<usize> {
        let deeds = self.operations_of(event.thread, event.operations);
        self.seen.insert(event.thread, event.operations);
        deeds
    }

    fn operations_of(&self, thread: Option<usize>, until: usize) -> Vec<usize> {
        let (start, end) = self.bounds;
        let begin = self.seen.get(&thread).copied().unwrap_or(if thread.is_some() { start } else { end });
        let until = until.min(self.operations.len());
        // What comes before the threads start and after they have ended is the last one's: it is alone then.
        let thread = thread.unwrap_or(self.cast - 1);
        let is_its_own = |at: &usize| {
            let Operation { thread: whose, what, .. } = &self.operations[*at];
            *whose == thread && what != "Spawn" && what != "Join"
        };
        (begin.min(until)..until).filter(is_its_own).collect()
    }

    /// The event's place. What a caller tells of a call, or the stage, happened where the call's operations are.
    fn place(&mut self, event: &Event, deeds: &[usize]) -> Option<Place> {
        if !event.by_caller && !is_ours(event.file) {
            return Some(self.sources.place(event.file, event.line));
        }
        let deeds = || deeds.iter().rev().map(|at| &self.operations[*at]);
        if let Some(deed) = deeds().find(|deed| deed.what.ends_with("Write")).or_else(|| deeds().next()) {
            let place = self.sources.place(deed.file, deed.line);
            self.called.insert(event.thread, (event.operations, place));
        }
        // One call can have changed several things.
        self.called.get(&event.thread).filter(|(at, _)| *at == event.operations).map(|(_, place)| place.clone())
    }

    /// Puts right what the events up to the threads' end have not told.
    fn correct(&mut self, rest: &[Event]) {
        for event in rest {
            let changes = match &event.matter {
                Matter::Moment(Moment::Recovery) => return,
                Matter::FoundZone { endpoint, generation } => self.state.corrections(endpoint, *generation),
                Matter::FoundPlans(plans) => self.state.missing(plans),
                _ => continue,
            };
            for (change, words) in changes {
                self.state.change(&change);
                self.push(None, words, None, Matter::Change(change));
            }
        }
    }

    /// Gives each step its operations, now that it is known which step each one belongs to.
    fn add_operations(&mut self) {
        // What a thread did after its last step, such as giving back a lock, belongs to that step.
        let mut last: HashMap<usize, usize> = HashMap::new();
        for (at, (step, _)) in self.steps.iter().enumerate() {
            last.insert(step.column, at);
        }
        for (column, at) in last.into_iter().filter(|_| !self.by_operation) {
            let thread = Some(column).filter(|column| *column < self.cast);
            let until = if thread.is_some() { self.bounds.1 } else { 0 };
            let trailing = self.operations_of(thread, until);
            self.deeds[at].extend(trailing);
        }
        let mut steps = vec![None; self.operations.len()];
        for (at, deeds) in self.deeds.iter().enumerate() {
            deeds.iter().for_each(|deed| steps[*deed] = Some(at + 1));
        }
        for (at, deeds) in self.deeds.iter().enumerate() {
            let deed = |number: &usize| deed(*number, self.operations, (&steps, self.bounds.0), self.sources);
            let step = &mut self.steps[at].0;
            step.operations = deeds.iter().filter_map(deed).collect();
            if let ([deed], true) = (step.operations.as_slice(), self.by_operation) {
                step.words = told(deed);
            }
        }
    }
}

/// Whether the compiler calls a file of this package by this name.
fn is_ours(file: &str) -> bool {
    let here = file!();
    here.strip_suffix("report/story/fold.rs").is_some_and(|ours| file.starts_with(ours))
}

/// Operation `number`, given which step each belongs to and how many there were when the threads started. None for the
/// write of what reads and writes in one step: it is part of the read.
fn deed(
    number: usize,
    operations: &[Operation],
    (steps, start): (&[Option<usize>], usize),
    sources: &mut Sources,
) -> Option<Deed> {
    let Operation { by, helper, what, location, ordering, value, sources: from, file, line, .. } = &operations[number];
    let written = || {
        let mut later = operations[number + 1..].iter().filter(|later| later.by == *by);
        later.next().filter(|write| write.what == "ModifyWrite").map(|write| write.value)
    };
    let (what, read, written) = match what.as_str() {
        "ModifyWrite" => return None,
        "ModifyRead" => ("modifies", Some(*value), written()),
        "Read" => ("reads", Some(*value), None),
        "Wait" => ("waits for", Some(*value), None),
        "Write" => ("writes", None, Some(*value)),
        "Fence" => ("fence", None, None),
        "Lock" => ("locks", None, None),
        "Unlock" => ("unlocks", None, None),
        other => (other, None, Some(*value)),
    };
    let origin = |source: &Option<usize>| match source {
        None => Origin::Initial,
        Some(source) if *source < start => Origin::SetUp,
        Some(source) => {
            let step = steps.get(*source).copied().flatten();
            Origin::Operation { operation: whole(*source, operations), step }
        }
    };
    let read_from = from.iter().filter(|_| read.is_some()).map(origin).collect();
    Some(Deed {
        number,
        helper: helper.map(str::to_owned),
        what: what.to_owned(),
        location: *location,
        ordering: format!("{ordering:?}"),
        read,
        written,
        read_from,
        place: sources.line(file, *line),
    })
}

/// An operation in words.
fn told(deed: &Deed) -> String {
    let origin = |origin: &Origin| match origin {
        Origin::Initial => "the initial value".to_owned(),
        Origin::SetUp => "from the set-up".to_owned(),
        Origin::Operation { step: Some(step), .. } => format!("from step {step}"),
        Origin::Operation { operation, .. } => format!("from operation {operation}"),
    };
    let origins: Vec<String> = deed.read_from.iter().map(origin).collect();
    let origin = if origins.is_empty() { String::new() } else { format!(", {}", origins.join(" or ")) };
    let (what, value, ordering) = (columns::what(deed), columns::value(deed), &deed.ordering);
    match value.as_str() {
        "" => format!("{what} ({ordering}){origin}"),
        value => format!("{what}: {value} ({ordering}){origin}"),
    }
}

/// The number under which the operation `number` is shown: a write that is part of a modification goes by its read.
fn whole(number: usize, operations: &[Operation]) -> usize {
    let Operation { by, what, .. } = &operations[number];
    if what != "ModifyWrite" {
        return number;
    }
    operations[..number].iter().rposition(|earlier| earlier.by == *by).unwrap_or(number)
}

impl State {
    fn change(&mut self, change: &Change) {
        match change {
            Change::Publish(plan) => {
                self.plans.push(*plan);
                self.plans.sort_unstable();
                self.plans.dedup();
            }
            Change::Delete(plan) => self.plans.retain(|stored| stored != plan),
            Change::Apply(endpoint, plan) => self.serve(endpoint, Some(*plan)),
            Change::Pause => self.paused = true,
            Change::Resume => self.paused = false,
        }
        for served in &mut self.zone {
            served.stored = served.generation.is_some_and(|plan| self.plans.contains(&plan));
        }
    }

    fn serve(&mut self, endpoint: &str, generation: Option<u32>) {
        match self.zone.binary_search_by(|served| served.endpoint.as_str().cmp(endpoint)) {
            Ok(at) => self.zone[at].generation = generation,
            Err(at) => self.zone.insert(at, Served { endpoint: endpoint.to_owned(), generation, stored: false }),
        }
    }

    /// The change that makes `endpoint` serve what it was found to, if it does not.
    fn corrections(&mut self, endpoint: &str, found: Option<u32>) -> Vec<(Change, String)> {
        let served = self.zone.iter().find(|served| served.endpoint == endpoint);
        match found {
            Some(plan) if served.and_then(|served| served.generation) != found => {
                let words = format!("{endpoint} is found to serve plan {plan}");
                vec![(Change::Apply(endpoint.to_owned(), plan), words)]
            }
            _ => Vec::new(),
        }
    }

    /// The changes that make the plans those that were found.
    fn missing(&self, found: &[u32]) -> Vec<(Change, String)> {
        let gone = self.plans.iter().filter(|plan| !found.contains(plan));
        let new = found.iter().filter(|plan| !self.plans.contains(plan));
        let gone = gone.map(|plan| (Change::Delete(*plan), format!("plan {plan} is found deleted")));
        gone.chain(new.map(|plan| (Change::Publish(*plan), format!("plan {plan} is found published")))).collect()
    }
}
