//! `Condvar`.

use std::panic::Location;
use std::sync::{LockResult, PoisonError};
use std::time::Duration;

use super::{MutexGuard, State, only};
use crate::engine::{suspend, with};
use crate::failure::FailureKind;
use crate::graph::{Mode, Rmw, Site, Step};
use crate::hint::spin_at;
use crate::thread::{may_wake, woke};

/// As `std::sync::Condvar`: wakes spuriously, as often as
/// [`crate::model::Builder::spurious_wakeups`] says, and times out at any time.
#[derive(Debug, Default)]
pub struct Condvar {
    /// Low half: who waits, by thread; high half: who has been woken.
    state: State,
}

/// Whether a wait timed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether it woke since its time was over: not by a notification, and not for no
    /// reason.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

/// Threads that have a bit in each half of the state.
const WAITERS: u32 = 32;

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

fn wake_or_time_out(value: u64, argument: u64, alternative: u8) -> Option<Step> {
    let bit = argument & !SPURIOUS;
    match alternative {
        0 => Some(Step::Write(value & !(bit | bit << 32))),
        // It wakes before its time, and nobody woke it.
        1 if argument & SPURIOUS != 0 && value & bit << 32 == 0 => Some(Step::Read),
        _ => None,
    }
}

/// The bit of the running thread.
fn waiter(site: Site) -> u64 {
    let bit = with(|engine| {
        let thread = engine.run.current;
        if thread >= WAITERS && !engine.run.teardown {
            let message =
                format!("thread {thread} waits at {site}: only the first {WAITERS} threads may use a Condvar");
            engine.fail(FailureKind::Unsupported, message);
            return None;
        }
        Some(1 << (thread % WAITERS))
    });
    bit.unwrap_or_else(|| {
        // The execution has failed; this thread never goes on.
        loop {
            suspend();
        }
    })
}

impl Condvar {
    /// One that nobody waits for.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::new(0) }
    }

    /// Gives the mutex back, waits to be notified, and takes it again.
    ///
    /// # Errors
    /// The guard, if the mutex is poisoned.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        let site = Location::caller();
        let bit = waiter(site);
        self.state.modify(Rmw::Or, bit, Mode::Relaxed, site);
        let mutex = guard.unlock();
        let argument = if may_wake() { bit | SPURIOUS } else { bit };
        let answer = self.state.apply(wake, argument, Mode::Relaxed, site);
        if answer.value & bit << 32 == 0 {
            woke();
        }
        mutex.lock_at(site)
    }

    /// Waits as long as the condition holds.
    ///
    /// # Errors
    /// The guard, if the mutex is poisoned.
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

    /// As [`Self::wait`], but may give up at any time. Giving up is a hint as
    /// [`crate::hint::spin_loop`] is one.
    ///
    /// # Errors
    /// The guard and the result, if the mutex is poisoned.
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _timeout: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let site = Location::caller();
        let bit = waiter(site);
        self.state.modify(Rmw::Or, bit, Mode::Relaxed, site);
        let mutex = guard.unlock();
        let argument = if may_wake() { bit | SPURIOUS } else { bit };
        let answer = self.state.apply(wake_or_time_out, argument, Mode::Relaxed, site);
        if !answer.wrote {
            woke();
            self.state.modify(Rmw::And, !(bit | bit << 32), Mode::Relaxed, site);
        }
        let timed_out = answer.wrote && answer.value & bit << 32 == 0;
        let result = WaitTimeoutResult(timed_out);
        if timed_out {
            spin_at(site);
        }
        match mutex.lock_at(site) {
            Ok(guard) => Ok((guard, result)),
            Err(poison) => Err(PoisonError::new((poison.into_inner(), result))),
        }
    }

    /// Waits as long as the condition holds, but may give up at any time.
    ///
    /// # Errors
    /// The guard and the result, if the mutex is poisoned.
    #[track_caller]
    pub fn wait_timeout_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        duration: Duration,
        mut condition: F,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)>
    where
        F: FnMut(&mut T) -> bool,
    {
        let mut timed_out = false;
        while condition(&mut guard) {
            if timed_out {
                return Ok((guard, WaitTimeoutResult(true)));
            }
            let woken = self.wait_timeout(guard, duration)?;
            (guard, timed_out) = (woken.0, woken.1.timed_out());
        }
        Ok((guard, WaitTimeoutResult(false)))
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
        self.state.apply(rule, 0, Mode::Relaxed, site);
    }
}
