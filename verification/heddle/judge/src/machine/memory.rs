//! Atomic accesses on messages and views.

use super::code::{Op, Value};
use super::state::{Machine, Message, State, View, join};
use crate::program::Order;

/// A state that a transition leads to.
pub(super) struct Next {
    pub(super) state: State,
    /// It took something that no fair run takes for ever: an old value, a
    /// failure without a reason.
    pub(super) unlucky: bool,
}

impl Machine {
    /// Every way the next operation of a thread, an access, can go.
    pub(super) fn access(&self, state: &State, thread: usize, op: Op, found: &mut Vec<Next>) {
        match op {
            Op::Store { loc, order, value } => {
                let value = state.operand(thread, value);
                self.store(state, thread, loc, value, order, found);
            }
            Op::Load { loc, order, reg } => {
                for at in self.readable(state, thread, loc) {
                    let mut next = state.clone();
                    let value = self.read(&mut next, thread, loc, at, order);
                    next.threads[thread].registers[reg] = value;
                    found.push(Next { unlucky: !is_newest(state, loc, at), state: next });
                }
            }
            Op::Add { loc, order, value, reg } => {
                let value = state.operand(thread, value);
                self.modify(state, thread, (loc, order, reg), |old| old.wrapping_add(value), found);
            }
            Op::Swap { loc, order, value, reg } => {
                let value = state.operand(thread, value);
                self.modify(state, thread, (loc, order, reg), |_| value, found);
            }
            Op::Exchange { .. } => self.exchange(state, thread, op, found),
            _ => unreachable!("it accesses no location"),
        }
    }

    fn readable(&self, state: &State, thread: usize, loc: usize) -> std::ops::Range<usize> {
        let from = if self.sequential { 0 } else { state.threads[thread].now[loc] as usize };
        from..state.memory[loc].len()
    }

    fn read(&self, state: &mut State, thread: usize, loc: usize, at: usize, order: Order) -> Value {
        let message = state.memory[loc][at];
        if !self.sequential {
            let own = &mut state.threads[thread];
            own.now[loc] = own.now[loc].max(at as u8);
            own.pending[loc] = own.pending[loc].max(at as u8);
            join(&mut own.pending, &message.view);
            if order.acquires() {
                join(&mut own.now, &message.view);
            }
        }
        message.value
    }

    fn store(&self, state: &State, thread: usize, loc: usize, value: Value, order: Order, found: &mut Vec<Next>) {
        if self.sequential {
            let mut next = state.clone();
            next.memory[loc][0].value = value;
            found.push(Next { state: next, unlucky: false });
            return;
        }
        let messages = &state.memory[loc];
        for at in state.threads[thread].now[loc] as usize + 1..=messages.len() {
            if messages.get(at).is_some_and(|message| message.attached) {
                continue;
            }
            let mut next = state.clone();
            let view = next.make_room(thread, loc, at, order);
            next.memory[loc].insert(at, Message { value, view, attached: false });
            found.push(Next { unlucky: at != messages.len(), state: next });
        }
    }

    fn modify(
        &self,
        state: &State,
        thread: usize,
        (loc, order, reg): (usize, Order, usize),
        change: impl Fn(Value) -> Value,
        found: &mut Vec<Next>,
    ) {
        for at in self.readable(state, thread, loc) {
            if let Some(next) = self.update(state, thread, (loc, at, order), (reg, &change)) {
                found.push(Next { unlucky: !is_newest(state, loc, at), state: next });
            }
        }
    }

    /// A read-modify-write that reads the message at a place; none, if another
    /// one did already.
    fn update(
        &self,
        state: &State,
        thread: usize,
        (loc, at, order): (usize, usize, Order),
        (reg, change): (usize, &dyn Fn(Value) -> Value),
    ) -> Option<State> {
        if state.memory[loc].get(at + 1).is_some_and(|message| message.attached) {
            return None;
        }
        let mut next = state.clone();
        let old = self.read(&mut next, thread, loc, at, order);
        next.threads[thread].registers[reg] = old;
        let value = change(old);
        if self.sequential {
            next.memory[loc][0].value = value;
            return Some(next);
        }
        let read = next.memory[loc][at];
        let before = next.clone();
        let mut view = next.make_room(thread, loc, at + 1, order);
        // The release sequence of what it read goes on.
        join(&mut view, &read.view);
        view[loc] = at as u8 + 1;
        let mut same = view;
        same[loc] = read.view[loc];
        // It changed nothing that anybody can see: nothing can come between the
        // two messages, and both say the same.
        if value == read.value && same == read.view {
            return Some(before);
        }
        next.memory[loc].insert(at + 1, Message { value, view, attached: true });
        Some(next)
    }

    fn exchange(&self, state: &State, thread: usize, op: Op, found: &mut Vec<Next>) {
        let Op::Exchange { loc, expected, new, success, failure, weak, reg, done } = op else {
            return;
        };
        let (expected, new) = (state.operand(thread, expected), state.operand(thread, new));
        for at in self.readable(state, thread, loc) {
            let newest = is_newest(state, loc, at);
            let matches = state.memory[loc][at].value == expected;
            if matches {
                let next = self.update(state, thread, (loc, at, success), (reg, &|_| new));
                found.extend(next.map(|mut next| {
                    next.threads[thread].registers[done] = 1;
                    Next { state: next, unlucky: !newest }
                }));
            }
            if !matches || weak {
                let mut next = state.clone();
                let value = self.read(&mut next, thread, loc, at, failure);
                next.threads[thread].registers[reg] = value;
                next.threads[thread].registers[done] = 0;
                found.push(Next { state: next, unlucky: matches || !newest });
            }
        }
    }
}

impl State {
    /// Moves times on for a message at a place, and gives its view.
    fn make_room(&mut self, thread: usize, loc: usize, at: usize, order: Order) -> View {
        let at = at as u8;
        self.for_each_view(|view| view[loc] += u8::from(view[loc] >= at));
        let own = &mut self.threads[thread];
        own.now[loc] = at;
        own.pending[loc] = own.pending[loc].max(at);
        let mut view = if order.releases() { own.now } else { own.fenced };
        view[loc] = at;
        view
    }
}

fn is_newest(state: &State, loc: usize, at: usize) -> bool {
    at + 1 == state.memory[loc].len()
}
