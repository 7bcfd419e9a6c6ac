//! Operations on locks.

use super::code::{Flat, Op};
use super::memory::Next;
use super::state::{Broken, Machine, Object, State, View, join};

impl Machine {
    /// Every way the next operation of a thread, on an object, can go; none if
    /// it waits.
    pub(super) fn operate(&self, state: &State, thread: usize, op: Op, found: &mut Vec<Next>) -> Result<(), Broken> {
        match op {
            Op::Lock { object } => {
                self.lock(state, thread, object, found);
            }
            Op::TryLock { object, done } => self.try_lock(state, thread, (object, done), found),
            Op::Unlock { object } => self.unlock(state, thread, object, found)?,
            _ => unreachable!("it uses no object"),
        }
        Ok(())
    }

    fn lock(&self, state: &State, thread: usize, at: usize, found: &mut Vec<Next>) -> Option<usize> {
        let mut next = state.clone();
        let Object::Mutex { holder, used, view, .. } = &mut next.objects[at];
        if holder.is_some() {
            return None;
        }
        *holder = Some(thread as u8);
        *used = true;
        let view = *view;
        self.learn(&mut next, thread, &view);
        let coordinate = self.coordinate(at);
        // That it is held now is news to everybody.
        next.for_each_view(|view| view[coordinate] = 0);
        found.push(Next { state: next, unlucky: false });
        Some(found.len() - 1)
    }

    fn try_lock(&self, state: &State, thread: usize, (at, done): (usize, usize), found: &mut Vec<Next>) {
        let Object::Mutex { holder, used, .. } = state.objects[at];
        if let Some(taken) = self.lock(state, thread, at, found) {
            found[taken].state.threads[thread].registers[done] = 1;
        }
        let knows = self.sequential || state.threads[thread].now[self.coordinate(at)] > 0;
        if holder.is_some() || used && !knows {
            let mut next = state.clone();
            next.threads[thread].registers[done] = 0;
            found.push(Next { state: next, unlucky: holder.is_none() });
        }
    }

    fn unlock(&self, state: &State, thread: usize, at: usize, found: &mut Vec<Next>) -> Result<(), Broken> {
        let mut next = state.clone();
        let coordinate = self.coordinate(at);
        let own = &mut next.threads[thread];
        // Only who tries to lock can tell.
        own.now[coordinate] = u8::from(self.tries);
        own.pending[coordinate] = u8::from(self.tries);
        let now = own.now;
        let Object::Mutex { holder, view, .. } = &mut next.objects[at];
        if *holder != Some(thread as u8) {
            return Err(Broken);
        }
        *holder = None;
        *view = now;
        if self.sequential {
            *view = [0; _];
            next.threads[thread].now = *view;
            next.threads[thread].pending = *view;
        }
        found.push(Next { state: next, unlucky: false });
        Ok(())
    }

    fn learn(&self, state: &mut State, thread: usize, view: &View) {
        if !self.sequential {
            join(&mut state.threads[thread].now, view);
            join(&mut state.threads[thread].pending, view);
        }
    }

    /// Reads or changes what a lock guards; nobody else can see that.
    pub(super) fn guarded(&self, state: &mut State, thread: usize) -> Result<(), Broken> {
        let own = &state.threads[thread];
        let Flat::Op(op) = self.code[thread][own.at as usize] else {
            return Err(Broken);
        };
        let (Op::Get { object, .. } | Op::Put { object, .. }) = op else {
            return Err(Broken);
        };
        let Object::Mutex { holder, data, .. } = &mut state.objects[object];
        if *holder != Some(thread as u8) {
            return Err(Broken);
        }
        match op {
            Op::Get { reg, .. } => state.threads[thread].registers[reg] = *data,
            Op::Put { value, .. } => *data = value.of(&state.threads[thread].registers),
            _ => {}
        }
        Ok(())
    }
}
