//! Counters of what a store's writes cost, and for whom. Decides nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Measures how long our own work took. Exposes no time of day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "lengths only; no decision hangs on what time it is")]
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// What a store's writes cost, and for whom.
#[derive(Debug, Default)]
pub(crate) struct Expense {
    /// Batches with a waiting caller.
    others: AtomicU64,
    /// Time that batches without a waiting caller took to run, nanoseconds.
    ran: AtomicU64,
    /// Total time that others were delayed by them, commits and checkpoints included, nanoseconds.
    aside: AtomicU64,
}

impl Expense {
    /// Counts a requested batch with a waiting caller.
    pub(crate) fn note_other(&self) {
        self.others.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds the running time of batches without a waiting caller.
    pub(crate) fn note_ran(&self, took: Duration) {
        self.ran.fetch_add(nanoseconds(took), Ordering::Relaxed);
        self.note_aside(took);
    }

    /// Adds the time the engine was busy with their consequences.
    pub(crate) fn note_aside(&self, took: Duration) {
        self.aside.fetch_add(nanoseconds(took), Ordering::Relaxed);
    }

    pub(crate) fn others(&self) -> u64 {
        self.others.load(Ordering::Relaxed)
    }

    pub(crate) fn ran(&self) -> Duration {
        Duration::from_nanos(self.ran.load(Ordering::Relaxed))
    }

    pub(crate) fn aside(&self) -> Duration {
        Duration::from_nanos(self.aside.load(Ordering::Relaxed))
    }
}

fn nanoseconds(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}
