//! Calls of what is no atomic and no mutex, and the end by a panic.

use super::code::{Call, EMPTY, Operand, Value};
use super::memory::Next;
use super::state::{Broken, Machine, Object, State, join};

/// A call: its object, what it is, what it is given, and where its answer goes.
type Made = (usize, Call, Operand, usize);

impl Machine {
    /// Every way the next step of a call can go; none if it waits.
    pub(super) fn call(&self, state: &State, thread: usize, made: Made, found: &mut Vec<Next>) -> Result<(), Broken> {
        let (at, call, _, _) = made;
        match call {
            Call::Wait | Call::WaitTimeout => self.wait(state, thread, made, found)?,
            Call::NotifyOne | Call::NotifyAll => notify(state, at, call == Call::NotifyOne, found),
            Call::Park | Call::ParkTimeout | Call::Unpark => self.token(state, thread, made, found)?,
            Call::Read | Call::TryRead => self.read_lock(state, thread, made, found)?,
            Call::Write | Call::TryWrite => self.write_lock(state, thread, made, found)?,
            Call::Release => found.push(Next::new(self.release(state, thread, at)?)),
            Call::Glance | Call::Fill | Call::Init => self.once(state, thread, made, found)?,
            Call::Look | Call::Change | Call::Poisoned => unreachable!("nobody else sees it"),
            _ => self.channel(state, thread, made, found)?,
        }
        Ok(())
    }

    fn wait(
        &self,
        state: &State,
        thread: usize,
        (at, call, _, reg): Made,
        found: &mut Vec<Next>,
    ) -> Result<(), Broken> {
        let Object::Condvar { woken, .. } = state.objects[at] else {
            return Err(Broken);
        };
        let mutex = at.checked_sub(1).ok_or(Broken)?;
        let bit = 1 << thread;
        let first = found.len();
        match state.threads[thread].phase {
            0 => {
                self.unlock(state, thread, mutex, found)?;
                if let Object::Condvar { waiting, .. } = &mut found[first].state.objects[at] {
                    *waiting |= bit;
                }
                let next = found.pop().map(|next| next.in_phase(thread, 1));
                found.extend(next);
            }
            1 => {
                let mut next = state.clone();
                if let Object::Condvar { waiting, woken } = &mut next.objects[at] {
                    *waiting &= !bit;
                    *woken &= !bit;
                }
                let nobody = woken & bit == 0;
                if call == Call::WaitTimeout {
                    next.threads[thread].registers[reg] = u8::from(nobody);
                }
                found.push(Next::new(next).spurious(nobody && call == Call::Wait).in_phase(thread, 2));
            }
            _ => {
                self.lock(state, thread, mutex, found);
            }
        }
        Ok(())
    }

    fn token(&self, state: &State, thread: usize, (at, call, ..): Made, found: &mut Vec<Next>) -> Result<(), Broken> {
        let mut next = state.clone();
        let now = next.threads[thread].now;
        let Object::Token { set, view } = &mut next.objects[at] else {
            return Err(Broken);
        };
        if call == Call::Unpark {
            *set = true;
            join(view, &now);
            found.push(Next::new(next));
            return Ok(());
        }
        if !*set && call == Call::Park {
            found.push(Next::new(next).spurious(true));
            return Ok(());
        }
        *set = false;
        let view = *view;
        self.learn(&mut next, thread, &view);
        found.push(Next::new(next));
        Ok(())
    }

    fn read_lock(
        &self,
        state: &State,
        thread: usize,
        (at, call, _, reg): Made,
        found: &mut Vec<Next>,
    ) -> Result<(), Broken> {
        let Object::RwLock(lock) = &state.objects[at] else {
            return Err(Broken);
        };
        let coordinate = self.coordinate(at);
        let queued = state.threads[thread].phase == 1;
        if lock.writer.is_none() && !(queued && lock.waiting != 0) {
            let mut next = state.clone();
            if call == Call::TryRead {
                next.threads[thread].registers[reg] = 1;
            }
            if lock.is_free() {
                next.for_each_view(|view| view[coordinate] = 0);
            }
            // Readers learn from writers only.
            let view = lock.by_writer;
            self.learn(&mut next, thread, &view);
            self.know(&mut next, thread, coordinate + 1);
            if let Object::RwLock(lock) = &mut next.objects[at] {
                lock.readers[thread] += 1;
                lock.used = true;
            }
            found.push(Next::new(next));
        }
        // A reader may block behind a writer that waits for other readers.
        if call == Call::Read && !queued && lock.readers != [0; 4] && lock.waiting != 0 {
            found.push(Next::new(state.clone()).in_phase(thread, 1));
        }
        if call == Call::TryRead {
            let stale = lock.written && !self.knows(state, thread, coordinate + 1);
            self.refuse(state, thread, reg, (lock.writer.is_some(), stale), found);
        }
        Ok(())
    }

    fn write_lock(
        &self,
        state: &State,
        thread: usize,
        (at, call, _, reg): Made,
        found: &mut Vec<Next>,
    ) -> Result<(), Broken> {
        let Object::RwLock(lock) = &state.objects[at] else {
            return Err(Broken);
        };
        let coordinate = self.coordinate(at);
        let bit = 1 << thread;
        let mut next = state.clone();
        if lock.is_free() {
            if call == Call::TryWrite {
                next.threads[thread].registers[reg] = 1;
            }
            let view = lock.by_all;
            self.learn(&mut next, thread, &view);
            next.for_each_view(|view| view[coordinate..coordinate + 2].fill(0));
            if let Object::RwLock(lock) = &mut next.objects[at] {
                lock.writer = Some(thread as u8);
                lock.waiting &= !bit;
                (lock.used, lock.written) = (true, true);
            }
            found.push(Next::new(next));
        } else if call == Call::Write && lock.waiting & bit == 0 {
            if let Object::RwLock(lock) = &mut next.objects[at] {
                lock.waiting |= bit;
            }
            found.push(Next::new(next).in_phase(thread, 1));
        }
        if call == Call::TryWrite {
            let stale = lock.used && !self.knows(state, thread, coordinate);
            self.refuse(state, thread, reg, (!lock.is_free(), stale), found);
        }
        Ok(())
    }

    /// A `try_` that fails: the lock is held, or was when the thread last heard.
    fn refuse(&self, state: &State, thread: usize, reg: usize, (held, stale): (bool, bool), found: &mut Vec<Next>) {
        if held || stale {
            let mut next = state.clone();
            next.threads[thread].registers[reg] = 0;
            found.push(Next::new(next).unlucky(!held));
        }
    }

    fn knows(&self, state: &State, thread: usize, coordinate: usize) -> bool {
        self.sequential || state.threads[thread].now[coordinate] > 0
    }

    fn know(&self, state: &mut State, thread: usize, coordinate: usize) {
        if !self.sequential {
            state.threads[thread].now[coordinate] = 1;
            state.threads[thread].pending[coordinate] = 1;
        }
    }

    /// Gives back the newest guard of an `RwLock`.
    fn release(&self, state: &State, thread: usize, at: usize) -> Result<State, Broken> {
        let mut next = state.clone();
        let coordinate = self.coordinate(at);
        let Object::RwLock(lock) = &mut next.objects[at] else {
            return Err(Broken);
        };
        let wrote = lock.writer == Some(thread as u8);
        if wrote {
            lock.writer = None;
        } else {
            lock.readers[thread] = lock.readers[thread].checked_sub(1).ok_or(Broken)?;
        }
        let free = lock.is_free();
        if free {
            self.know(&mut next, thread, coordinate);
        }
        if wrote {
            self.know(&mut next, thread, coordinate + 1);
        }
        let now = next.threads[thread].now;
        if let Object::RwLock(lock) = &mut next.objects[at] {
            join(&mut lock.by_all, &now);
            if wrote {
                lock.by_writer = now;
            }
        }
        Ok(next)
    }

    fn once(
        &self,
        state: &State,
        thread: usize,
        (at, call, value, reg): Made,
        found: &mut Vec<Next>,
    ) -> Result<(), Broken> {
        let Object::Once { full, data, view } = state.objects[at] else {
            return Err(Broken);
        };
        let coordinate = self.coordinate(at);
        let mut next = state.clone();
        let filling = state.threads[thread].phase == 1;
        match (call, full) {
            (Call::Glance, _) => {
                if full == 2 {
                    self.learn(&mut next, thread, &view);
                    next.threads[thread].registers[reg] = data.wrapping_add(1);
                    found.push(Next::new(next));
                }
                if full != 2 || !self.knows(state, thread, coordinate) {
                    let mut next = state.clone();
                    next.threads[thread].registers[reg] = 0;
                    found.push(Next::new(next).unlucky(full == 2));
                }
            }
            (_, 0) => {
                if let Object::Once { full, .. } = &mut next.objects[at] {
                    *full = 1;
                }
                found.push(Next::new(next).in_phase(thread, 1));
            }
            (_, 1) if filling => {
                self.know(&mut next, thread, coordinate);
                let value = state.operand(thread, value);
                let own = &mut next.threads[thread];
                own.registers[reg] = if call == Call::Init { value.wrapping_add(1) } else { 1 };
                next.objects[at] = Object::Once { full: 2, data: value, view: own.now };
                found.push(Next::new(next));
            }
            (_, 1) => {}
            _ => {
                self.learn(&mut next, thread, &view);
                let answer = if call == Call::Init { data.wrapping_add(1) } else { 0 };
                next.threads[thread].registers[reg] = answer;
                found.push(Next::new(next));
            }
        }
        Ok(())
    }

    fn channel(
        &self,
        state: &State,
        thread: usize,
        (at, call, value, reg): Made,
        found: &mut Vec<Next>,
    ) -> Result<(), Broken> {
        let Object::Channel(channel) = &state.objects[at] else {
            return Err(Broken);
        };
        let Some(&(sent, senders, view)) = channel.history.last() else {
            return Err(Broken);
        };
        let coordinate = self.coordinate(at);
        let bit = 1 << thread;
        let mut next = state.clone();
        match call {
            Call::Send if senders & bit == 0 => return Err(Broken),
            Call::DropSender if senders & bit == 0 => {}
            Call::Send if channel.gone => next.threads[thread].registers[reg] = 0,
            Call::Send | Call::DropSender => {
                let newest = channel.history.len() as u8;
                if !self.sequential {
                    next.threads[thread].now[coordinate] = newest;
                    next.threads[thread].pending[coordinate] = newest;
                }
                let mut view = view;
                join(&mut view, &next.threads[thread].now);
                let message = state.operand(thread, value);
                let Object::Channel(channel) = &mut next.objects[at] else {
                    return Err(Broken);
                };
                if call == Call::Send {
                    channel.queue.push(message);
                    channel.history.push((sent + 1, senders, view));
                    next.threads[thread].registers[reg] = 1;
                } else {
                    channel.history.push((sent, senders & !bit, view));
                }
            }
            Call::DropReceiver => {
                if let Object::Channel(channel) = &mut next.objects[at] {
                    channel.gone = true;
                    channel.queue.clear();
                }
            }
            _ => return self.receive(state, thread, (at, call, reg), found),
        }
        found.push(Next::new(next));
        Ok(())
    }

    fn receive(
        &self,
        state: &State,
        thread: usize,
        (at, call, reg): (usize, Call, usize),
        found: &mut Vec<Next>,
    ) -> Result<(), Broken> {
        let Object::Channel(channel) = &state.objects[at] else {
            return Err(Broken);
        };
        if channel.gone {
            return Err(Broken);
        }
        let newest = channel.history.len() - 1;
        let received = channel.history[newest].0 - channel.queue.len() as u8;
        let mut answer = |index: usize, answer: Value, take: bool| {
            let mut next = state.clone();
            self.learn(&mut next, thread, &channel.history[index].2);
            let own = &mut next.threads[thread];
            own.registers[reg] = answer;
            if !self.sequential {
                let coordinate = self.coordinate(at);
                own.now[coordinate] = own.now[coordinate].max(index as u8);
                own.pending[coordinate] = own.pending[coordinate].max(index as u8);
            }
            if let (true, Object::Channel(channel)) = (take, &mut next.objects[at]) {
                channel.queue.remove(0);
            }
            found.push(Next::new(next).unlucky(index != newest));
        };
        if let Some(message) = channel.queue.first() {
            answer(newest, message.wrapping_add(1), true);
        } else if channel.history[newest].1 == 0 {
            answer(newest, 0, false);
        }
        if call != Call::Recv {
            let known = if self.sequential { newest } else { state.threads[thread].now[self.coordinate(at)] as usize };
            for index in known..=newest {
                let (sent, senders, _) = channel.history[index];
                if sent == received && senders != 0 {
                    answer(index, EMPTY, false);
                }
            }
        }
        Ok(())
    }

    /// A panic gives back one thing after the other, and then ends the thread.
    pub(super) fn panic(&self, state: &State, thread: usize, found: &mut Vec<Next>) -> Result<(), Broken> {
        let own = Some(thread as u8);
        for (at, object) in state.objects.iter().enumerate() {
            match object {
                Object::Mutex { holder, .. } if *holder == own => {
                    let first = found.len();
                    self.unlock(state, thread, at, found)?;
                    if let Object::Mutex { poisoned, .. } = &mut found[first].state.objects[at] {
                        *poisoned = true;
                    }
                    let next = found.pop().map(|next| next.in_phase(thread, 1));
                    found.extend(next);
                    return Ok(());
                }
                Object::RwLock(lock) if lock.writer == own || lock.readers[thread] > 0 => {
                    let next = self.release(state, thread, at)?;
                    found.push(Next::new(next).in_phase(thread, 1));
                    return Ok(());
                }
                _ => {}
            }
        }
        let mut next = state.clone();
        next.threads[thread].panicked = true;
        next.threads[thread].at = self.ends[thread] as u16;
        found.push(Next::new(next));
        Ok(())
    }

    /// What nobody else can see, since it is done under a lock.
    pub(super) fn look(&self, state: &mut State, thread: usize, (at, call, value, reg): Made) -> Result<(), Broken> {
        let own = Some(thread as u8);
        let value = state.operand(thread, value);
        let answer = match (&mut state.objects[at], call) {
            (Object::Mutex { holder, poisoned, .. }, Call::Poisoned) if *holder == own => u8::from(*poisoned),
            (Object::RwLock(lock), Call::Look) if lock.writer == own || lock.readers[thread] > 0 => lock.data,
            (Object::RwLock(lock), Call::Change) if lock.writer == own => {
                lock.data = value;
                return Ok(());
            }
            _ => return Err(Broken),
        };
        state.threads[thread].registers[reg] = answer;
        Ok(())
    }
}

/// Wakes one waiter, any, or all.
fn notify(state: &State, at: usize, one: bool, found: &mut Vec<Next>) {
    let Object::Condvar { waiting, .. } = state.objects[at] else {
        return;
    };
    let mut wake = |bits: u8| {
        let mut next = state.clone();
        if let Object::Condvar { waiting, woken } = &mut next.objects[at] {
            *waiting &= !bits;
            *woken |= bits;
        }
        found.push(Next::new(next));
    };
    if one && waiting != 0 {
        (0..8).map(|thread| 1 << thread).filter(|bit| waiting & bit != 0).for_each(wake);
    } else {
        wake(waiting);
    }
}
