//! How far archives are that are being saved: counted while they are written, asked for by the page that began them.
//! One for each session, in memory only.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sealpost_vault::SessionHash;

/// Sessions that are remembered; the oldest give way.
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

/// How far one archive is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExportStatus {
    pub(crate) done: u64,
    pub(crate) all: u64,
    pub(crate) state: &'static str,
}

/// Whoever writes the archive holds it. Dropped before the end, the archive is broken off.
pub(crate) struct Tally(Arc<Counts>);

impl Tally {
    /// One more letter is in it.
    pub(crate) fn one(&self) {
        self.0.done.fetch_add(1, Ordering::Relaxed);
    }

    /// The archive is whole.
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

/// All of them.
#[derive(Default)]
pub(crate) struct Tallies(Mutex<VecDeque<RunningExport>>);

impl Tallies {
    /// Begins to count an archive of so many letters under an id that its page has chosen.
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

    /// How far it is; nothing for anybody else's.
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
