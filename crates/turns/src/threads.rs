//! The threads on which Argon2 runs: as many as have a turn, and behind whatever else the machine has to do, so that nobody's page
//! waits for somebody's log-in. They end when nobody has logged in for ten seconds. Knows nothing of whose turn it is.
//!
//! Not a runtime's threads for blocking work: where none of them runs and the system gives no thread, a runtime panics.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::oneshot;

/// Runs at once; each takes 19 MiB.
pub(crate) const AT_ONCE: usize = 3;

/// More than the process has. Under load a core is divided between its other threads and these as ten to one.
const NICENESS: i32 = 10;
/// A thread without work ends after so long.
const IDLE: Duration = Duration::from_secs(10);

/// The work of a turn did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a password was not checked to the end")]
pub struct NotDone;

type Work = Box<dyn FnOnce() + Send>;

#[derive(Default)]
pub(crate) struct Threads(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Work waits, or none will come any more.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Work>,
    /// Threads that run.
    threads: usize,
    /// Those of them that have no work.
    idle: usize,
    closed: bool,
}

impl Threads {
    /// Runs the work. Who does not wait for the result any more stops nothing: it is dropped where the work ends.
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
                // Those that run do it, one after the other.
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
        // On Linux that is the calling thread alone. Where it is forbidden log-ins run beside the pages, as everything does.
        let _forbidden = rustix::process::nice(NICENESS);
        while let Some(work) = self.next() {
            // Its teller goes with it, and whoever waits hears that.
            let _panicked = catch_unwind(AssertUnwindSafe(work));
        }
    }

    /// The next work, or nothing where this thread ends.
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
