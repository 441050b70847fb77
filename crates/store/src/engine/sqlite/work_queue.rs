//! A queue between async callers and worker threads: jobs are taken in groups, and closing it loses none.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long an unhurried job waits for others.
const UNHURRIED: Duration = Duration::from_millis(25);

/// How long a job waits whose effect is repeated after a crash but soon looked for. Long enough for jobs that end
/// together, and no more.
const SOON: Duration = Duration::from_millis(1);

/// How long a group waits for the next job; an fsync takes several times as long.
const LINGER: Duration = Duration::from_micros(300);

/// Whether a group waits a moment for another job when none is queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Linger {
    ForOne,
    No,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    unhurried: Vec<T>,
    /// A caller waits for one of the unhurried jobs.
    soon: bool,
    closed: bool,
    /// The worker sleeps until it is woken; otherwise it soon looks again.
    asleep: bool,
}

/// The queue. Callers bound it (with a semaphore); it does not.
#[derive(Debug)]
pub(crate) struct Jobs<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

impl<T> Jobs<T> {
    pub(crate) fn new() -> Self {
        let state = State {
            waiting: VecDeque::new(),
            unhurried: Vec::new(),
            soon: false,
            closed: false,
            asleep: false,
        };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No code that can panic runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job; returns it if the queue is closed.
    pub(crate) fn push(&self, job: T) -> Result<(), T> {
        let mut state = self.lock();
        if state.closed {
            return Err(job);
        }
        state.waiting.push_back(job);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Adds a job that runs before the next ordinary one, or soon alone. Returned if the queue is closed.
    pub(crate) fn push_unhurried(&self, job: T) -> Result<(), T> {
        let mut state = self.lock();
        if state.closed {
            return Err(job);
        }
        state.unhurried.push(job);
        // Waking a worker that will look soon anyway would cost more than the job.
        if state.asleep {
            state.asleep = false;
            drop(state);
            self.changed.notify_one();
        }
        Ok(())
    }

    /// The same for a job that should wait only for others arriving at the same time: it runs with the next ordinary
    /// one, or at once alone if there is none.
    pub(crate) fn push_soon(&self, job: T) -> Result<(), T> {
        let mut state = self.lock();
        if state.closed {
            return Err(job);
        }
        state.unhurried.push(job);
        if !state.soon {
            state.soon = true;
            state.asleep = false;
            drop(state);
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Waits for jobs and takes up to `max` ordinary and all unhurried ones, the latter first. `None`: the queue is
    /// closed and empty.
    pub(crate) fn take(&self, max: usize) -> Option<Vec<T>> {
        let mut state = self.lock();
        // After work there is likely more; only then it looks without being woken.
        let mut rested = false;
        while state.waiting.is_empty() && !state.closed {
            if rested && state.unhurried.is_empty() {
                state.asleep = true;
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.asleep = false;
                rested = false;
                continue;
            }
            let pause = if state.soon { SOON } else { UNHURRIED };
            let (woken, timeout) =
                self.changed.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if timeout.timed_out() {
                if !state.unhurried.is_empty() {
                    break;
                }
                rested = true;
            }
        }
        let mut group = std::mem::take(&mut state.unhurried);
        state.soon = false;
        let some = state.waiting.len().min(max);
        group.extend(state.waiting.drain(..some));
        (!group.is_empty()).then_some(group)
    }

    /// Takes up to `max` queued jobs. Unhurried jobs are taken along, before them, never alone: alone they would keep
    /// the group open.
    pub(crate) fn take_more(&self, max: usize, linger: Linger) -> Vec<T> {
        let mut state = self.lock();
        if state.waiting.is_empty() && linger == Linger::ForOne && !state.closed {
            let (woken, _timeout) =
                self.changed.wait_timeout(state, LINGER).unwrap_or_else(PoisonError::into_inner);
            state = woken;
        }
        let some = state.waiting.len().min(max);
        if some == 0 {
            return Vec::new();
        }
        let mut more = std::mem::take(&mut state.unhurried);
        state.soon = false;
        more.extend(state.waiting.drain(..some));
        more
    }

    /// Accepts no more jobs; queued ones are still taken.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unhurried_jobs_go_before_what_was_pushed_after_them() {
        let jobs = Jobs::new();
        jobs.push("first").unwrap();
        jobs.push_unhurried("forget first").unwrap();
        jobs.push("first again").unwrap();
        assert_eq!(jobs.take(1).unwrap(), ["forget first", "first"]);
        jobs.push_unhurried("forget first").unwrap();
        assert_eq!(jobs.take_more(0, Linger::No), [""; 0]);
        assert_eq!(jobs.take_more(9, Linger::No), ["forget first", "first again"]);
    }

    #[test]
    fn unhurried_jobs_alone_do_not_keep_a_group_open() {
        let jobs = Jobs::new();
        jobs.push_unhurried("forget").unwrap();
        assert_eq!(jobs.take_more(9, Linger::ForOne), [""; 0]);
        jobs.close();
        assert_eq!(jobs.take(9).unwrap(), ["forget"]);
        assert_eq!(jobs.take(9), None);
    }
}
