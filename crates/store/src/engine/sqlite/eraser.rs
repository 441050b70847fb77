//! Removes deleted data from the write-ahead log, which keeps old pages until it is emptied. Asks the writer for that
//! soon after a deletion, once for many. Knows no row.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::work_queue::Jobs;
use super::write_job::WriteJob;

/// How long a deletion waits to share a checkpoint with others. A copy of the disk holds deleted data for at most this
/// long, and as long again whenever a reader was in the way.
const WAIT: Duration = Duration::from_secs(2);

/// Tables whose rows are not sensitive: counts, and hashes that are not keys.
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

    /// The store closes; the writer then empties the log itself.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// The thread's main loop.
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

/// Whether what a statement removes must not stay readable: keys, wraps, letters, tokens. True of deletions, and of
/// updates that replace a key.
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
