//! The threads on which Argon2 runs: one for each turn, at a lower priority than everything else on the machine, so that log-ins do
//! not delay pages. They end after ten seconds without a log-in. Knows nothing of who has a turn.
//!
//! Not a runtime's blocking threads: if none of those is running and the system provides no thread, a runtime panics.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::oneshot;

/// Simultaneous runs; each takes 19 MiB.
pub(crate) const AT_ONCE: usize = 3;

/// Higher than that of the process. Under load a core is divided between its other threads and these as ten to one.
const NICENESS: i32 = 10;
/// A thread without work ends after this time.
const IDLE: Duration = Duration::from_secs(10);

/// The work of a turn did not finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a password was not checked to the end")]
pub struct NotDone;

type Work = Box<dyn FnOnce() + Send>;

#[derive(Default)]
pub(crate) struct Threads(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Notified when work is queued or the queue is closed.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Work>,
    /// Number of running threads.
    threads: usize,
    /// Those of them without work.
    idle: usize,
    closed: bool,
}

impl Threads {
    /// Runs the work. Dropping the future stops nothing: the result is dropped when the work ends.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let (tell, told) = oneshot::channel();
        self.push(Box::new(move || {
            let _who_has_left = tell.send(work());
        }))?;
        told.await.map_err(|_panicked| NotDone)
    }

    fn push(&self, work: Work) -> Result<(), NotDone> {
        let mut state = self.0.lock();
        state.waiting.push_back(work);
        if state.idle < state.waiting.len() && state.threads < AT_ONCE {
            let shared = Arc::clone(&self.0);
            match Builder::new().name("argon2".to_owned()).spawn(move || shared.work()) {
                Ok(_runs_by_itself) => state.threads += 1,
                // The running threads do it, one after the other.
                Err(_no_thread) if state.threads > 0 => {}
                Err(_no_thread) => {
                    state.waiting.clear();
                    return Err(NotDone);
                }
            }
        }
        drop(state);
        self.0.changed.notify_one();
        Ok(())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One thread, from its beginning to its end.
    fn work(&self) {
        // On Linux this applies to the calling thread only. If it is forbidden, log-ins run at the priority of everything else.
        let _forbidden = rustix::process::nice(NICENESS);
        while let Some(work) = self.next() {
            // Its sender is dropped with it, which the waiting task notices.
            let _panicked = catch_unwind(AssertUnwindSafe(work));
        }
    }

    /// The next work, or `None` if this thread should end.
    fn next(&self) -> Option<Work> {
        let mut state = self.lock();
        state.idle += 1;
        let waits = |state: &mut State| state.waiting.is_empty() && !state.closed;
        let (mut state, _elapsed) =
            self.changed.wait_timeout_while(state, IDLE, waits).unwrap_or_else(PoisonError::into_inner);
        state.idle -= 1;
        let next = state.waiting.pop_front();
        if next.is_none() {
            state.threads -= 1;
        }
        next
    }
}
