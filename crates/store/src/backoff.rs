//! Destinations that are suspended because deliveries to them fail, for operators who look at the queue.
//! Decides nothing, and knows no letter.

use std::time::Duration;

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Batch, Row, sql};
use crate::store::Store;

/// A destination not updated for this long is forgotten: nothing has been sent there since.
const FORGOTTEN: Duration = Duration::from_secs(24 * 60 * 60);

/// A destination to which nothing comes through.
///
/// The table is called `resting`: renaming it would keep every older process beside this one from writing its backoffs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackoffRow {
    /// Queue key, as in [`crate::LegRow::destination`].
    pub destination: String,
    /// When the first of its backoffs began.
    pub since: Timestamp,
    /// No attempt before then; afterwards a few are made, and the others wait for the result.
    pub until: Timestamp,
    /// The reply code of the last failure.
    pub code: i64,
    /// Its enhanced code, as text.
    pub enhanced: String,
    /// Why, in our words. `None`: the server gave the reason, in its own.
    pub cause: Option<String>,
}

/// A change of a destination's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackoffChange {
    /// It is suspended. The first recorded `since` is kept.
    Begins(BackoffRow),
    /// A letter was answered there.
    Ended {
        /// Queue key.
        destination: String,
    },
}

impl BackoffChange {
    /// Of which destination.
    #[must_use]
    pub fn destination(&self) -> &str {
        match self {
            Self::Begins(row) => &row.destination,
            Self::Ended { destination } => destination,
        }
    }
}

impl Store {
    /// All suspended destinations.
    pub async fn backoffs(&self) -> Result<Vec<BackoffRow>, StoreError> {
        let rows =
            sql!("SELECT destination, since, until, code, enhanced, cause FROM resting ORDER BY destination");
        let row = |mut row: Row| {
            Ok::<_, StoreError>(BackoffRow {
                destination: row.text()?,
                since: row.time()?,
                until: row.time()?,
                code: row.int()?,
                enhanced: row.text()?,
                cause: row.opt_text()?,
            })
        };
        // A row that cannot be read is skipped.
        Ok(self.read_rows(rows).await?.into_iter().filter_map(|found| row(found).ok()).collect())
    }

    /// Records changes of destinations, all at once.
    pub async fn note_backoffs(&self, changes: Vec<BackoffChange>, now: Timestamp) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        batch.add(sql!("DELETE FROM resting WHERE until < ?1", now.minus(FORGOTTEN)));
        for change in changes {
            batch.add(match change {
                BackoffChange::Begins(row) => sql!(
                    "INSERT INTO resting (destination, since, until, code, enhanced, cause)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                     ON CONFLICT (destination) DO UPDATE SET until = excluded.until, code = excluded.code,
                         enhanced = excluded.enhanced, cause = excluded.cause",
                    row.destination,
                    row.since,
                    row.until,
                    row.code,
                    row.enhanced,
                    row.cause
                ),
                BackoffChange::Ended { destination } => {
                    sql!("DELETE FROM resting WHERE destination = ?1", destination)
                }
            });
        }
        self.write(batch).await.map(drop)
    }

    /// A process that begins to deliver has none.
    pub async fn forget_backoffs(&self) -> Result<(), StoreError> {
        self.change(vec![sql!("DELETE FROM resting")]).await.map(drop)
    }
}
