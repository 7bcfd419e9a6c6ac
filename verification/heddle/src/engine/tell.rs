//! The steps of a replay in words, with the names that the closure gave its
//! variables. Only a run that follows a token writes any of this down.

use super::{CellName, Engine, Name};
use crate::failure::Step;
use crate::graph::{Event, EventId, Kind, LocationId, Mode, NONE, ReadOp, Rmw, Site, ThreadId, What};

/// What a replay wrote down besides the graph.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Names in the order in which they were given.
    names: Vec<String>,
    /// Which of them a location has, and a cell.
    locations: Vec<Option<usize>>,
    cells: Vec<Option<usize>>,
    accesses: Vec<Access>,
}

/// An access to a cell, which is no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Access {
    /// How many events there were.
    at: EventId,
    thread: ThreadId,
    cell: u32,
    write: bool,
    site: Site,
}

/// What [`crate::name`] can name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Named<'a> {
    Location(&'a Name),
    Cell(&'a CellName),
}

impl Told {
    pub(super) fn clear(&mut self) {
        self.names.clear();
        self.locations.clear();
        self.cells.clear();
        self.accesses.clear();
    }

    fn name(&self, names: &[Option<usize>], index: u32) -> Option<&str> {
        let name = names.get(index as usize).copied().flatten()?;
        self.names.get(name).map(String::as_str)
    }

    fn remember(names: &mut Vec<Option<usize>>, index: u32, name: usize) {
        let index = index as usize;
        if names.len() <= index {
            names.resize(index + 1, None);
        }
        names[index] = Some(name);
    }
}

impl Engine {
    /// Whether this run writes down what it does.
    pub(crate) fn is_told(&self) -> bool {
        self.run.guide.is_some()
    }

    /// The closure names one of its variables.
    pub(crate) fn call(&mut self, named: Named<'_>, name: &str) {
        if !self.is_told() {
            return;
        }
        let told = &mut self.run.told;
        let index = told.names.len();
        told.names.push(name.to_owned());
        let (object, names) = match named {
            Named::Location(object) => (object, &mut told.locations),
            Named::Cell(object) => (object, &mut told.cells),
        };
        match object.location(self.run.id) {
            Some(known) => Told::remember(names, known, index),
            // It goes with the object to where it is first used.
            None => object.call(self.run.id, index as u32),
        }
    }

    /// A location meets its object, which may have a name.
    pub(super) fn tell_location(&mut self, object: &Name, location: LocationId) {
        if let Some(name) = object.called(self.run.id).filter(|_| self.is_told()) {
            Told::remember(&mut self.run.told.locations, location, name);
        }
    }

    /// The same of a cell.
    pub(super) fn tell_cell(&mut self, object: &CellName, cell: u32) {
        if let Some(name) = object.called(self.run.id).filter(|_| self.is_told()) {
            Told::remember(&mut self.run.told.cells, cell, name);
        }
    }

    /// An access to a cell by the current thread.
    pub(super) fn tell_access(&mut self, object: &CellName, write: bool, site: Site) {
        if !self.is_told() {
            return;
        }
        let Some(cell) = object.location(self.run.id) else {
            return;
        };
        let access = Access { at: self.graph.len(), thread: self.run.current, cell, write, site };
        // The end of an access is told too.
        if self.run.told.accesses.last() != Some(&access) {
            self.run.told.accesses.push(access);
        }
    }

    /// What the program calls a location.
    pub(super) fn name_of(&self, location: LocationId) -> Option<&str> {
        self.run.told.name(&self.run.told.locations, location)
    }

    pub(super) fn thread_name(&self, thread: ThreadId) -> Option<String> {
        self.run.slots.get(thread as usize)?.name.clone()
    }

    /// The steps of a replay, and the place of each event among them, from 1: a
    /// replay adds its events in the order of its token.
    pub(super) fn steps(&self) -> (Vec<Step>, Vec<usize>) {
        let mut steps = Vec::new();
        let mut places = Vec::new();
        let mut accesses = self.run.told.accesses.iter().peekable();
        for id in 0..=self.graph.len() {
            while let Some(access) = accesses.next_if(|access| access.at <= id) {
                steps.push(self.access(access));
            }
            let Some(event) = self.graph.events.get(id as usize) else {
                break;
            };
            if event.kind == Kind::Write && event.rmw {
                // Its read was there.
                places.push(steps.len());
                continue;
            }
            steps.push(self.step_of(event.thread, self.words(id, &places), event.site));
            places.push(steps.len());
        }
        (steps, places)
    }

    fn step_of(&self, thread: ThreadId, words: String, site: Site) -> Step {
        Step { thread: thread as usize, thread_name: self.thread_name(thread), words, site }
    }

    fn access(&self, access: &Access) -> Step {
        let told = &self.run.told;
        let name = told.name(&told.cells, access.cell);
        let name = name.map_or_else(|| format!("cell {}", access.cell), str::to_owned);
        let words = format!("{} {name}, not atomic", if access.write { "writes" } else { "reads" });
        self.step_of(access.thread, words, access.site)
    }

    fn words(&self, id: EventId, places: &[usize]) -> String {
        let event = self.graph.event(id);
        match event.kind {
            Kind::Fence => format!("fence ({:?})", event.mode),
            Kind::Spawn => format!("spawns thread {}", event.value),
            Kind::Join => format!("joins thread {}", event.value),
            Kind::Choose => format!("chooses {}", event.value),
            Kind::Read | Kind::Write if event.what == What::Atomic => self.atomic_words(id, places),
            Kind::Read | Kind::Write => self.object_words(id, places),
        }
    }

    /// What a read-modify-write wrote.
    fn modified(&self, read: &Event) -> u64 {
        let events = &self.graph.thread(read.thread).events;
        events.get(read.index as usize + 1).map_or(0, |write| self.graph.event(*write).value)
    }

    fn atomic_words(&self, id: EventId, places: &[usize]) -> String {
        let event = self.graph.event(id);
        let name = self.name_of(event.location);
        let name = name.map_or_else(|| format!("atomic {}", event.location), str::to_owned);
        let (value, order) = (number(event.value), mode(event.mode));
        if event.exclusive {
            let verb = if event.kind == Kind::Write { "writes" } else { "reads" };
            return format!("{verb} {value} without synchronisation, {name}");
        }
        if event.kind == Kind::Write {
            return format!("stores {value} to {name}{order}");
        }
        let from = self.from(event, places);
        if event.rmw {
            let new = number(self.modified(event));
            return match event.op {
                ReadOp::Compare { .. } => format!("exchanges {value} for {new} in {name}{order}, {from}"),
                ReadOp::Modify { rmw: Rmw::Swap, .. } => {
                    format!("swaps {new} into {name}{order} and gets {value}, {from}")
                }
                _ => format!("changes {name} from {value} to {new}{order}, {from}"),
            };
        }
        match event.op {
            ReadOp::Compare { .. } if event.alternative != 0 => {
                format!("fails for no reason to exchange {value} in {name}{order}, {from}")
            }
            ReadOp::Compare { expected, .. } => {
                format!("expects {} in {name} and reads {value}{order}, {from}", number(expected))
            }
            _ => format!("reads {value} from {name}{order}, {from}"),
        }
    }

    /// Where a value that was read is from.
    fn from(&self, event: &Event, places: &[usize]) -> String {
        if event.source == NONE {
            return "its first value".to_owned();
        }
        match places.get(event.source as usize) {
            Some(place) => format!("written at step {place}"),
            None => "written later".to_owned(),
        }
    }

    fn object_words(&self, id: EventId, places: &[usize]) -> String {
        let event = self.graph.event(id);
        let object = object(event.what);
        let name = self.name_of(event.location);
        let name = name.map_or_else(|| format!("{object} {}", event.location), |name| format!("{object} {name}"));
        let (verb, how) = match self.object_verb(event) {
            _ if event.blocked => ("waits for", waits_how(event.what)),
            (verb, how) => (verb, how),
        };
        // Of what others did to it, only the last matters to a person.
        let others = event.kind == Kind::Read && event.source != NONE;
        let others = others && self.graph.event(event.source).thread != event.thread;
        let place = places.get(event.source as usize).filter(|_| others);
        let after = place.map_or(String::new(), |place| format!(", after step {place}"));
        format!("{verb} {name}{how}{after}")
    }

    /// What comes before and after the name of an object.
    fn object_verb(&self, event: &Event) -> (&'static str, &'static str) {
        let custom = matches!(event.op, ReadOp::Custom { .. });
        match (event.what, event.kind, event.rmw) {
            (What::Mutex | What::ReadLock | What::WriteLock, Kind::Read, true) => ("locks", waits_how(event.what)),
            (What::Mutex | What::ReadLock | What::WriteLock, Kind::Read, false) if custom => {
                ("tries to lock", waits_how(event.what))
            }
            (What::Mutex | What::RwLock, Kind::Write, false) => ("unlocks", " (locked at this line)"),
            (What::RwLock, Kind::Read, true) => ("unlocks", " (locked at this line)"),
            (What::Condvar, Kind::Read, true) if !custom => ("begins to wait for", ""),
            (What::Condvar, Kind::Read, true) if event.alternative != 0 => ("wakes for no reason from", ""),
            (What::Condvar, Kind::Read, true) => ("ends its wait for", ""),
            (What::Notification, Kind::Read, true) => ("notifies", ""),
            (What::Notification, Kind::Read, false) => ("notifies", ", for which nobody waits"),
            (What::Send, Kind::Read, true) => ("sends to", ""),
            (What::Send, Kind::Read, false) => ("sends to", ", whose receiver is gone"),
            (What::Channel, Kind::Read, true) if custom => ("receives from", ""),
            (What::Channel, Kind::Read, false) if custom => ("receives from", ", which is empty"),
            (What::Channel | What::Handles, Kind::Read, true) => ("makes or drops a handle of", ""),
            (What::Barrier, Kind::Read, true) => ("arrives at", ""),
            (What::Barrier, Kind::Read, false) => ("passes", ""),
            (What::OnceLock, Kind::Read, true) => ("begins to make the value of", ""),
            (What::OnceLock, Kind::Write, _) => ("has made the value of", ""),
            (What::Notify | What::Park, Kind::Read, true) if custom => ("takes", ""),
            (What::Notify | What::Park, Kind::Read, true) if self.modified(event) == 1 => ("gives", ""),
            (_, Kind::Read, false) => ("looks at", ""),
            _ => ("changes", ""),
        }
    }
}

fn waits_how(what: What) -> &'static str {
    match what {
        What::ReadLock => ", to read",
        What::WriteLock => ", to write",
        _ => "",
    }
}

fn object(what: What) -> &'static str {
    match what {
        What::Atomic => "atomic",
        What::Mutex => "mutex",
        What::RwLock | What::ReadLock | What::WriteLock => "RwLock",
        What::Condvar | What::Notification => "Condvar",
        What::Channel | What::Send => "channel",
        What::Barrier => "Barrier",
        What::OnceLock => "OnceLock",
        What::Notify => "the permit of Notify",
        What::Park => "the permit of park",
        What::Handles => "Arc",
    }
}

/// A value; what is large is an address or a set of bits.
fn number(value: u64) -> String {
    if value > u64::from(u32::MAX) { format!("{value:#x}") } else { value.to_string() }
}

fn mode(mode: Mode) -> String {
    format!(" ({mode:?})")
}
