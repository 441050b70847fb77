//! What a store's writes cost whom, counted. Decides nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long our own work took. No moment of anybody's clock comes out of it.
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

/// What a store's writes cost whom.
#[derive(Debug, Default)]
pub(crate) struct Expense {
    /// Batches that somebody waits for.
    others: AtomicU64,
    /// What batches that nobody waits for took to run, nanoseconds.
    ran: AtomicU64,
    /// All that others were kept waiting by them: with their commits and checkpoints, nanoseconds.
    aside: AtomicU64,
}

impl Expense {
    /// A batch that somebody waits for was asked for.
    pub(crate) fn note_other(&self) {
        self.others.fetch_add(1, Ordering::Relaxed);
    }

    /// Batches that nobody waits for ran so long.
    pub(crate) fn note_ran(&self, took: Duration) {
        self.ran.fetch_add(nanoseconds(took), Ordering::Relaxed);
        self.note_aside(took);
    }

    /// The engine was so long busy with what follows from them.
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
