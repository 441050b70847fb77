//! Failed passwords, counted by tag (of an address with or without a mailbox, of a device, of a session), and the tags
//! of servers whose password was right. What a count means is decided elsewhere.

use std::time::Duration;

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::noted_time::{AHEAD, TOO_FAR, latest_noted};
use crate::stale_rows::{StaleRows, stale_rows};
use crate::statement::{Row, Statement, sql};
use crate::store::Store;

/// How long a warning that was sent is remembered.
const TOLD: Duration = Duration::from_secs(24 * 60 * 60);

/// The failed tries of one tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// The number that counts.
    pub wrong: i64,
    /// Time of the last one.
    pub last_at: Timestamp,
    /// No further try is allowed before.
    pub open_at: Timestamp,
    /// The count is not needed after that.
    pub forget_at: Timestamp,
}

/// The counts that a right password or answer clears. Every try is counted as wrong before it is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Counts shared by many: this one try is subtracted.
    pub taken_back: Vec<[u8; 32]>,
    /// Counts that are reset.
    pub forgiven: Vec<[u8; 32]>,
}

impl Settled {
    /// Always in this order, which avoids deadlocks on shared counts.
    pub(crate) fn statements(&self, now: Timestamp) -> Vec<Statement> {
        let back = self.taken_back.iter().map(|whose| {
            sql!(
                "UPDATE tries SET wrong = CASE WHEN wrong > 0 THEN wrong - 1 ELSE 0 END,
                     open_at = CASE WHEN open_at < ?2 THEN open_at ELSE ?2 END
                 WHERE whose = ?1",
                whose,
                now
            )
        });
        back.chain(self.forgiven.iter().flat_map(forgive)).collect()
    }
}

/// Resets a count. One that a warning was sent for is kept until the warning expires.
fn forgive(whose: &[u8; 32]) -> [Statement; 2] {
    [
        sql!("DELETE FROM tries WHERE whose = ?1 AND told_at IS NULL", whose),
        sql!("UPDATE tries SET wrong = 0, open_at = 0 WHERE whose = ?1", whose),
    ]
}

/// Counts that no longer matter.
pub(crate) fn old_tries(now: Timestamp) -> StaleRows {
    stale_rows!(
        Tries,
        "FROM tries WHERE (forget_at < ?1 AND (told_at IS NULL OR told_at < ?2)) OR forget_at > ?3",
        now,
        now.minus(TOLD),
        latest_noted(now, TOO_FAR)
    )
}

impl Store {
    /// The failed tries of a tag.
    pub async fn tries(&self, whose: &[u8; 32]) -> Result<Option<Tries>, StoreError> {
        let row = self
            .read_one(sql!("SELECT wrong, last_at, open_at, forget_at FROM tries WHERE whose = ?1", whose))
            .await?;
        let tries = |mut row: Row| {
            Ok::<_, StoreError>(Tries {
                wrong: row.int()?,
                last_at: row.time()?,
                open_at: row.time()?,
                forget_at: row.time()?,
            })
        };
        match row.map(tries).transpose() {
            Ok(found) => Ok(found),
            // A row that is no count keeps no owner out.
            Err(error) => {
                tracing::error!(row.kind = "tries", %error, "a count of wrong passwords cannot be read: removed");
                self.change(vec![sql!("DELETE FROM tries WHERE whose = ?1", whose)]).await?;
                Ok(None)
            }
        }
    }

    /// Replaces what was read before by `after`. `false`: another process was quicker; read again.
    pub async fn count_try(
        &self,
        whose: &[u8; 32],
        before: Option<Tries>,
        after: Tries,
    ) -> Result<bool, StoreError> {
        let changed = self
            .change(vec![sql!(
                "INSERT INTO tries (whose, wrong, last_at, open_at, forget_at) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (whose) DO UPDATE SET wrong = ?2, last_at = ?3, open_at = ?4, forget_at = ?5
                 WHERE tries.wrong = ?6 AND tries.last_at = ?7",
                whose,
                after.wrong,
                after.last_at,
                after.open_at,
                after.forget_at,
                before.map(|before| before.wrong),
                before.map(|before| before.last_at)
            )])
            .await?;
        Ok(changed.iter().sum::<usize>() == 1)
    }

    /// Resets the failed tries after a right one. That a warning was sent stays recorded.
    pub async fn forgive_tries(&self, whose: &[u8; 32]) -> Result<(), StoreError> {
        self.change(forgive(whose).into()).await.map(drop)
    }

    /// Settles the tries counted before a password or answer turned out to be right.
    pub async fn settle_tries(&self, settled: &Settled, now: Timestamp) -> Result<(), StoreError> {
        self.change(settled.statements(now)).await.map(drop)
    }

    /// Remembers a right password, until then.
    pub async fn remember_right(
        &self,
        whose: &[u8; 32],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.change(vec![sql!(
            "INSERT INTO tries (whose, wrong, last_at, open_at, forget_at) VALUES (?1, 0, ?2, ?2, ?3)
             ON CONFLICT (whose) DO UPDATE SET last_at = ?2, forget_at = ?3",
            whose,
            now,
            until
        )])
        .await
        .map(drop)
    }

    /// Whether a right password is still remembered, where none is for longer than `longest`.
    pub async fn was_right(
        &self,
        whose: &[u8; 32],
        now: Timestamp,
        longest: Duration,
    ) -> Result<bool, StoreError> {
        let question = sql!(
            "SELECT 1 FROM tries WHERE whose = ?1 AND forget_at > ?2 AND forget_at <= ?3",
            whose,
            now,
            latest_noted(now, longest.saturating_add(AHEAD))
        );
        Ok(self.read_one(question).await?.is_some())
    }

    /// Whether a warning is due; yes at most once in 24 hours.
    pub async fn tell_of_tries(&self, whose: &[u8; 32], now: Timestamp) -> Result<bool, StoreError> {
        let changed = self
            .change(vec![sql!(
                "UPDATE tries SET told_at = ?2
                 WHERE whose = ?1 AND (told_at IS NULL OR told_at <= ?3 OR told_at > ?4)",
                whose,
                now,
                now.minus(TOLD),
                latest_noted(now, AHEAD)
            )])
            .await?;
        Ok(changed.iter().sum::<usize>() == 1)
    }
}
