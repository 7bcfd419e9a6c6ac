//! Accesses without synchronisation: who made which in this run, and which are
//! still under way.

use super::{CellName, Engine};
use crate::failure::FailureKind;
use crate::graph::{Site, ThreadId};

/// Who accessed a non-atomic cell.
#[derive(Debug, Default)]
pub(super) struct CellState {
    /// For each thread, one more than the events it had at its last write.
    writes: Vec<(u32, Site)>,
    reads: Vec<(u32, Site)>,
    /// Accesses that are under way: by whom, whether they write, where they began.
    held: Vec<(ThreadId, bool, Site)>,
    ended: bool,
}

/// The cells of a run, and room for those of the next.
#[derive(Debug, Default)]
pub(super) struct Cells {
    states: Vec<CellState>,
    used: usize,
}

impl Cells {
    pub(super) fn clear(&mut self) {
        for state in &mut self.states[..self.used] {
            state.writes.clear();
            state.reads.clear();
            state.held.clear();
            state.ended = false;
        }
        self.used = 0;
    }

    fn add(&mut self) -> usize {
        if self.used == self.states.len() {
            self.states.push(CellState::default());
        }
        self.used += 1;
        self.used - 1
    }
}

/// An access that lasts until [`Engine::end_access`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    run: u64,
    cell: usize,
    write: bool,
    site: Site,
}

impl Engine {
    /// A non-atomic access by the current thread, done at once; `false` if it races.
    pub(crate) fn access_cell(&mut self, name: &CellName, write: bool, site: Site) -> bool {
        if self.run.teardown {
            return true;
        }
        if name.is_ended() {
            self.uses_ended(name, site);
            return false;
        }
        self.run.slots[self.run.current as usize].site = Some(site);
        let race = self.record_access(name, write, site);
        self.is_fine(race, write, site)
    }

    /// An access that begins now; `None` if it races.
    pub(crate) fn begin_access(&mut self, name: &CellName, write: bool, site: Site) -> Option<Access> {
        if !self.access_cell(name, write, site) {
            return None;
        }
        let run = self.run.id;
        let cell = name.cell(run).map_or(usize::MAX, |cell| cell as usize);
        if let Some(state) = self.run.cells.states.get_mut(cell) {
            state.held.push((self.run.current, write, site));
        }
        Some(Access { run, cell, write, site })
    }

    /// An access ends; `false` if another was made meanwhile.
    pub(crate) fn end_access(&mut self, access: Access) -> bool {
        let thread = self.run.current;
        if access.run != self.run.id || access.cell >= self.run.cells.used {
            return true;
        }
        let state = &mut self.run.cells.states[access.cell];
        let own = |held: &(ThreadId, bool, Site)| held.1 == access.write && held.2 == access.site;
        let index = state.held.iter().rposition(|held| own(held) && held.0 == thread);
        // A pointer may have come to another thread.
        if let Some(index) = index.or_else(|| state.held.iter().rposition(own)) {
            state.held.swap_remove(index);
        }
        if self.run.teardown || state.ended || self.is_over() {
            return true;
        }
        let race = self.record_at(access.cell, access.write, access.site);
        self.is_fine(race, access.write, access.site)
    }

    /// Whether what an access that is under way points to is still there.
    pub(crate) fn still_there(&mut self, access: Access, site: Site) -> bool {
        let state = self.run.cells.states.get(access.cell);
        if access.run != self.run.id || self.run.teardown || !state.is_some_and(|state| state.ended) {
            return true;
        }
        let message = format!(
            "thread {} uses at {site} the pointer that it took at {}, and its cell has been dropped",
            self.run.current, access.site
        );
        self.fail(FailureKind::UseAfterFree, message);
        false
    }

    fn is_fine(&mut self, race: Option<(usize, Site)>, write: bool, site: Site) -> bool {
        let Some((other, other_site)) = race else {
            return self.run.failure.is_none();
        };
        let thread = self.run.current;
        let act = if write { "writes" } else { "reads" };
        self.fail(
            FailureKind::DataRace,
            format!(
                "thread {thread} {act} a cell at {site} while thread {other} accesses it at \
                 {other_site}, unordered"
            ),
        );
        false
    }

    /// Records an access and returns an unordered conflicting one.
    pub(super) fn record_access(&mut self, name: &CellName, write: bool, site: Site) -> Option<(usize, Site)> {
        let index = if let Some(index) = name.cell(self.run.id) {
            index as usize
        } else {
            if self.run.cells.used == super::name::MAX_OBJECTS {
                self.too_many_objects(site);
                return None;
            }
            let index = self.run.cells.add();
            name.name_cell(self.run.id, index as u32);
            index
        };
        self.record_at(index, write, site)
    }

    fn record_at(&mut self, index: usize, write: bool, site: Site) -> Option<(usize, Site)> {
        let thread = self.run.current;
        let done = self.done(thread);
        self.run.slots[thread as usize].touched = done + 1;
        let race = self.racing(index, thread, write);
        let state = &mut self.run.cells.states[index];
        let accesses = if write { &mut state.writes } else { &mut state.reads };
        if accesses.len() <= thread as usize {
            accesses.resize(thread as usize + 1, (0, site));
        }
        accesses[thread as usize] = (done + 1, site);
        race
    }

    pub(super) fn racing(&self, index: usize, thread: ThreadId, write: bool) -> Option<(usize, Site)> {
        let state = &self.run.cells.states[index];
        // It may end after this one whatever orders their beginnings.
        let held = state.held.iter().find(|(other, writes, _)| *other != thread && (write || *writes));
        if let Some((other, _, site)) = held {
            return Some((*other as usize, site));
        }
        let writes = state.writes.iter().enumerate();
        let reads = state.reads.iter().enumerate().filter(|_| write);
        // An access after `n` events is seen by who has seen event `n`.
        let unseen =
            |other: usize, after: u32| other != thread as usize && after > self.seen(thread, other as ThreadId);
        writes.chain(reads).find(|(other, (after, _))| unseen(*other, *after)).map(|(other, (_, site))| (other, *site))
    }

    /// The cell is no more: pointers to it must not be used.
    pub(super) fn end_cell(&mut self, index: usize) {
        self.run.cells.states[index].ended = true;
    }
}
