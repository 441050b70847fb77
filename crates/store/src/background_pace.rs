//! Paces work that no caller waits for: small batches, with pauses between them while any caller waits. Knows no row
//! and no reason.

use std::time::Duration;

use crate::error::StoreError;
use crate::statement::{Batch, Outcome};
use crate::store::Store;

/// Target duration of one batch: another caller waits no longer than for a slow fsync.
const ONE_BATCH: Duration = Duration::from_millis(20);

/// While others write, a pause lasts this many times as long as the preceding work: we use a tenth of the time.
const RESTS: u32 = 9;

/// An unusually slow checkpoint must not cause a pause of minutes.
const MAX_REST: Duration = Duration::from_secs(5);

/// Rows in the first, the smallest and the largest batch.
const FIRST: u32 = 50;
const MIN_ROWS: u32 = 5;
const MAX: u32 = 1_000;

/// One such task. If its process ends, the next run continues: what was due is still due.
#[derive(Debug)]
pub(crate) struct BackgroundPace<'a> {
    store: &'a Store,
    rows: u32,
    /// The number of others' batches when last checked.
    others: u64,
    /// Our cost by then; a later checkpoint is accounted for in the next pause.
    cost: Duration,
}

impl<'a> BackgroundPace<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        let expense = store.expense();
        Self { store, rows: FIRST, others: expense.others(), cost: expense.aside() }
    }

    /// Rows for the next batch.
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// Runs a batch of at most [`Self::rows`] rows, and pauses afterwards if others have work.
    pub(crate) async fn write(&mut self, mut batch: Batch) -> Result<Outcome, StoreError> {
        batch.aside = true;
        let before = self.store.expense().ran();
        let outcome = self.store.write(batch).await;
        let (others, cost) = (self.store.expense().others(), self.store.expense().aside());
        // By what the rows cost: a commit costs as much for one as for many.
        self.rows = next_size(self.rows, self.store.expense().ran().saturating_sub(before));
        let rest = rest(others.saturating_sub(self.others), cost.saturating_sub(self.cost));
        (self.others, self.cost) = (others, cost);
        if let Some(rest) = rest {
            tokio::time::sleep(rest).await;
        }
        outcome
    }
}

/// As many rows as fit into the target duration, at most twice as many as before.
fn next_size(rows: u32, took: Duration) -> u32 {
    let fitting = u128::from(rows) * ONE_BATCH.as_nanos() / took.as_nanos().max(1);
    u32::try_from(fitting).unwrap_or(MAX).clamp(rows / 2, rows.saturating_mul(2)).clamp(MIN_ROWS, MAX)
}

/// `None` if no caller waited.
fn rest(others: u64, cost: Duration) -> Option<Duration> {
    (others > 0).then(|| cost.saturating_mul(RESTS).min(MAX_REST))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn batches_grow_and_shrink_to_the_time_they_may_take() {
        assert_eq!(next_size(50, MS), 100);
        assert_eq!(next_size(50, 40 * MS), 25);
        assert_eq!(next_size(50, 900 * MS), 25);
        assert_eq!(next_size(50, 20 * MS), 50);
        assert_eq!(next_size(MAX, MS), MAX);
        assert_eq!(next_size(MIN_ROWS, 900 * MS), MIN_ROWS);
        assert_eq!(next_size(50, Duration::ZERO), 100);
    }

    #[test]
    fn it_rests_only_for_others_and_not_for_ever() {
        assert_eq!(rest(0, 20 * MS), None);
        assert_eq!(rest(1, 20 * MS), Some(180 * MS));
        assert_eq!(rest(1, 90_000 * MS), Some(MAX_REST));
    }
}
