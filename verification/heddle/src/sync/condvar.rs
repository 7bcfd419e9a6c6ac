//! `Condvar`.

use std::panic::Location;
use std::sync::LockResult;
use std::time::Duration;

use super::{MutexGuard, State, only};
use crate::engine::with;
use crate::graph::{Mode, Rmw, Site, Step, What};

/// As `std::sync::Condvar`: wakes spuriously, as often as
/// [`crate::model::Builder::spurious_wakeups`] says, and times out at any time.
#[derive(Debug)]
pub struct Condvar {
    /// Low half: who waits, by thread; high half: who has been woken.
    state: State,
}

/// Whether a wait timed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether nobody woke it.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

const SPURIOUS: u64 = 1 << 63;

fn notify_one(value: u64, _: u64, alternative: u8) -> Option<Step> {
    let waiting = value as u32;
    if waiting == 0 {
        return only(alternative, Step::Read);
    }
    let mut waiters = (0..32).filter(|thread| waiting >> thread & 1 == 1);
    let waiter = waiters.nth(usize::from(alternative))?;
    Some(Step::Write(value & !(1 << waiter) | 1 << (waiter + 32)))
}

fn notify_all(value: u64, _: u64, alternative: u8) -> Option<Step> {
    let waiting = u64::from(value as u32);
    let step = match waiting {
        0 => Step::Read,
        _ => Step::Write(value & !waiting | waiting << 32),
    };
    only(alternative, step)
}

fn wake(value: u64, argument: u64, alternative: u8) -> Option<Step> {
    let bit = argument & !SPURIOUS;
    if value & bit << 32 != 0 {
        return only(alternative, Step::Write(value & !(bit << 32)));
    }
    match alternative {
        0 => Some(Step::Blocked),
        1 if argument & SPURIOUS != 0 => Some(Step::Write(value & !bit)),
        _ => None,
    }
}

fn wake_or_time_out(value: u64, bit: u64, alternative: u8) -> Option<Step> {
    let woken = value & !(bit << 32);
    only(alternative, Step::Write(woken & !bit))
}

/// The bit of the running thread, and whether it may wake spuriously.
fn waiter() -> (u64, bool) {
    with(|engine| {
        let thread = engine.run.current;
        assert!(thread < 32, "a Condvar is modelled for the first 32 threads");
        let spurious = engine.run.slots[thread as usize].spurious > 0;
        (1 << thread, spurious)
    })
}

impl Default for Condvar {
    fn default() -> Self {
        Self::new()
    }
}

impl Condvar {
    /// One that nobody waits for.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::of(What::Condvar, 0) }
    }

    /// Gives the mutex back, waits to be notified, and takes it again.
    ///
    /// # Errors
    /// Never.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        let site = Location::caller();
        let (bit, spurious) = waiter();
        self.state.modify(Rmw::Or, bit, Mode::Relaxed, site);
        let mutex = guard.unlock();
        let argument = if spurious { bit | SPURIOUS } else { bit };
        let answer = self.state.apply(wake, argument, Mode::Relaxed, site);
        if answer.value & bit << 32 == 0 {
            with(|engine| {
                let thread = engine.run.current as usize;
                let slot = &mut engine.run.slots[thread];
                slot.spurious = slot.spurious.saturating_sub(1);
            });
        }
        Ok(mutex.lock_at(site))
    }

    /// Waits as long as the condition holds.
    ///
    /// # Errors
    /// Never.
    #[track_caller]
    pub fn wait_while<'a, T, F>(&self, mut guard: MutexGuard<'a, T>, mut condition: F) -> LockResult<MutexGuard<'a, T>>
    where
        F: FnMut(&mut T) -> bool,
    {
        while condition(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// As [`Self::wait`], but may give up at any time.
    ///
    /// # Errors
    /// Never.
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _timeout: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let site = Location::caller();
        let (bit, _) = waiter();
        self.state.modify(Rmw::Or, bit, Mode::Relaxed, site);
        let mutex = guard.unlock();
        let answer = self.state.apply(wake_or_time_out, bit, Mode::Relaxed, site);
        let timed_out = answer.value & bit << 32 == 0;
        Ok((mutex.lock_at(site), WaitTimeoutResult(timed_out)))
    }

    /// Wakes one waiter, any of them.
    #[track_caller]
    pub fn notify_one(&self) {
        self.notify(notify_one, Location::caller());
    }

    /// Wakes every waiter.
    #[track_caller]
    pub fn notify_all(&self) {
        self.notify(notify_all, Location::caller());
    }

    fn notify(&self, rule: crate::graph::Rule, site: Site) {
        self.state.apply_as(What::Notification, rule, 0, Mode::Relaxed, site);
    }
}

crate::name::nameable! { [] Condvar, it => it.state.named(); }
