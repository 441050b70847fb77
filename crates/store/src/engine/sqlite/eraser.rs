//! What was deleted goes out of the log: the log keeps the pages as they were until it is emptied. Asks the writer for
//! that soon after a deletion, once for many. Knows no row.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::work_queue::Jobs;
use super::write_job::WriteJob;

/// So long a deletion waits for others to share its checkpoint. The bound for what a copy of the disk still holds is
/// this, and as long again whenever a reader stood in the way.
const WAIT: Duration = Duration::from_secs(2);

/// Tables whose rows open nothing and say nothing: counts, and hashes that are no keys.
const HARMLESS: [&str; 5] = ["fingerprints", "tries", "ended_sessions", "threads", "audit"];

#[derive(Debug, Default)]
struct State {
    wanted: bool,
    closed: bool,
}

/// Remembers that something was deleted.
#[derive(Debug, Default)]
pub(crate) struct Eraser {
    state: Mutex<State>,
    changed: Condvar,
}

impl Eraser {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something was deleted and committed.
    pub(crate) fn want(&self) {
        let mut state = self.lock();
        if !state.wanted {
            state.wanted = true;
            self.changed.notify_one();
        }
    }

    /// The store closes; the writer empties the log itself then.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// The life of the thread.
    pub(crate) fn ask_until_closed(&self, jobs: &Jobs<WriteJob>) {
        loop {
            let mut state = self.lock();
            while !state.wanted && !state.closed {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let mut waited = false;
            while !waited && !state.closed {
                let (woken, timeout) =
                    self.changed.wait_timeout(state, WAIT).unwrap_or_else(PoisonError::into_inner);
                state = woken;
                waited = timeout.timed_out();
            }
            if state.closed {
                return;
            }
            state.wanted = false;
            drop(state);
            if jobs.push(WriteJob::EmptyLog).is_err() {
                return;
            }
        }
    }
}

/// Whether what a statement takes away must not stay readable: keys, wraps, letters, tokens. Deletions do, and so does
/// what puts a new key in an old one's place.
pub(crate) fn erases(sql: &str) -> bool {
    let sql = sql.trim_start();
    match sql.strip_prefix("DELETE FROM ") {
        Some(rest) => !HARMLESS.iter().any(|table| rest.starts_with(table)),
        None => sql.starts_with("UPDATE") && sql.contains("key_sealed"),
    }
}

#[cfg(test)]
mod tests {
    use super::erases;

    #[test]
    fn deletions_of_secrets_are_seen() {
        assert!(erases("DELETE FROM wraps WHERE mailbox_id = ?1"));
        assert!(erases("\n  DELETE FROM legs WHERE id = ?1"));
        assert!(erases("UPDATE deposits SET key_sealed = ?3 WHERE id = ?2"));
        assert!(!erases("DELETE FROM fingerprints WHERE fingerprint = ?1"));
        assert!(!erases("SELECT key_sealed FROM deposits"));
    }
}
