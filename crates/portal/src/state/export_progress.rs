//! Progress of archives being downloaded: counted while they are generated, requested by the page that began
//! them. One per session, in memory only.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sealpost_vault::SessionHash;

/// Maximum sessions remembered; the oldest make room.
const MAX: usize = 1000;

const RUNNING: u8 = 0;
const DONE: u8 = 1;
const BROKEN: u8 = 2;

#[derive(Debug)]
struct Counts {
    done: AtomicU64,
    all: u64,
    state: AtomicU8,
}

/// Progress of one archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExportStatus {
    pub(crate) done: u64,
    pub(crate) all: u64,
    pub(crate) state: &'static str,
}

/// Held by the writer of the archive. Dropped before the end, the archive was aborted.
pub(crate) struct Tally(Arc<Counts>);

impl Tally {
    /// Counts one more letter.
    pub(crate) fn one(&self) {
        self.0.done.fetch_add(1, Ordering::Relaxed);
    }

    /// The archive is complete.
    pub(crate) fn finish(&self) {
        self.0.state.store(DONE, Ordering::Relaxed);
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let _ended = self.0.state.compare_exchange(RUNNING, BROKEN, Ordering::Relaxed, Ordering::Relaxed);
    }
}

struct RunningExport {
    session: SessionHash,
    id: String,
    counts: Arc<Counts>,
}

/// All progress counters.
#[derive(Default)]
pub(crate) struct Tallies(Mutex<VecDeque<RunningExport>>);

impl Tallies {
    /// Begins to count an archive of this many letters under an id chosen by its page.
    pub(crate) fn begin(&self, session: &SessionHash, id: &str, all: u64) -> Tally {
        let counts = Arc::new(Counts { done: AtomicU64::new(0), all, state: AtomicU8::new(RUNNING) });
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| entry.session != *session);
        if entries.len() >= MAX {
            entries.pop_front();
        }
        entries.push_back(RunningExport {
            session: *session,
            id: id.to_owned(),
            counts: Arc::clone(&counts),
        });
        Tally(counts)
    }

    /// The progress; `None` for another session's archive.
    pub(crate) fn status(&self, session: &SessionHash, id: &str) -> Option<ExportStatus> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = &entries.iter().find(|entry| entry.session == *session && entry.id == id)?.counts;
        let state = match counts.state.load(Ordering::Relaxed) {
            DONE => "done",
            BROKEN => "broken",
            _ => "running",
        };
        Some(ExportStatus { done: counts.done.load(Ordering::Relaxed), all: counts.all, state })
    }
}
