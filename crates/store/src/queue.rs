//! The operator's commands for the queue: list, retry, freeze, thaw, remove.

use sealpost_mail::Timestamp;

use crate::column_values::{ColumnWord as _, LegPurpose, LegState};
use crate::error::StoreError;
use crate::statement::{Batch, Outcome, Row, sql};
use crate::store::{Page, Store};

/// Which legs to list; `None` means any.
#[derive(Clone, Debug, Default)]
pub struct LegFilter {
    /// Only to this destination.
    pub destination: Option<String>,
    /// Only in this state.
    pub state: Option<LegState>,
    /// Only of this arrival.
    pub arrival_id: Option<String>,
}

/// A leg as the operator sees it. [`Store::leg_ticket`] reads its ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegRow {
    /// Id.
    pub id: String,
    /// The arrival it belongs to.
    pub arrival_id: String,
    /// Id of the sealed body; `None`: the mail is generated when it is sent.
    pub body_id: Option<String>,
    /// Queue key.
    pub destination: String,
    /// The kind of mail.
    pub purpose: LegPurpose,
    /// Queued or frozen.
    pub state: LegState,
    /// Attempts so far that ended in a retry.
    pub attempts: i64,
    /// Next attempt; while leased, the end of the lease.
    pub due_at: Timestamp,
    /// When it is given up.
    pub expires_at: Timestamp,
    /// When it was queued.
    pub created_at: Timestamp,
    /// Whether a delay has been reported.
    pub delay_noted: bool,
    /// Owner and expiry of the lease, if it is leased.
    pub leased: Option<(String, Timestamp)>,
    /// The last reply code.
    pub last_code: Option<i64>,
    /// The last enhanced code, as text.
    pub last_enhanced: Option<String>,
}

/// A leg whose ticket is sealed anew because it is frozen or thawed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnedLeg {
    /// Id.
    pub id: String,
    /// The ticket as read; if it has changed, nothing is done.
    pub before: Vec<u8>,
    /// The new ticket.
    pub now: Vec<u8>,
}

fn leg_row(mut row: Row) -> Result<LegRow, StoreError> {
    Ok(LegRow {
        id: row.text()?,
        arrival_id: row.text()?,
        body_id: row.opt_text()?,
        destination: row.text()?,
        purpose: LegPurpose::parse(&row.text()?)?,
        state: LegState::parse(&row.text()?)?,
        attempts: row.int()?,
        due_at: row.time()?,
        expires_at: row.time()?,
        created_at: row.time()?,
        delay_noted: row.int()? != 0,
        leased: row.opt_text()?.zip(row.opt_time()?),
        last_code: row.opt_int()?,
        last_enhanced: row.opt_text()?,
    })
}

impl Store {
    /// Legs, oldest first.
    pub async fn list_legs(&self, filter: &LegFilter, page: Page) -> Result<Vec<LegRow>, StoreError> {
        let rows = self
            .read_rows(sql!(
                "SELECT id, arrival_id, body_id, destination, purpose, state, attempts, due_at,
                     expires_at, created_at, delay_noted, lease_owner, lease_until, last_code, last_enhanced
                 FROM legs
                 WHERE (CAST(?1 AS TEXT) IS NULL OR destination = ?1)
                   AND (CAST(?2 AS TEXT) IS NULL OR state = ?2)
                   AND (CAST(?3 AS TEXT) IS NULL OR arrival_id = ?3)
                 ORDER BY created_at, id LIMIT ?4 OFFSET ?5",
                filter.destination.clone(),
                filter.state.map(LegState::as_str),
                filter.arrival_id.clone(),
                page.limit,
                page.offset
            ))
            .await?;
        rows.into_iter().map(leg_row).collect()
    }

    /// A leg's sealed ticket.
    pub async fn leg_ticket(&self, leg_id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let question = sql!("SELECT ticket_sealed FROM legs WHERE id = ?1", leg_id);
        self.read_one(question).await?.map(|mut row| row.blob()).transpose()
    }

    /// Makes queued legs due now; leased ones are unchanged. Returns how many.
    pub async fn retry_legs(&self, leg_ids: &[String], now: Timestamp) -> Result<usize, StoreError> {
        let statement = |id: &String| {
            sql!(
                "UPDATE legs SET due_at = ?2
                 WHERE id = ?1 AND state = 'queued' AND (lease_until IS NULL OR lease_until <= ?2)",
                id.as_str(),
                now
            )
            .concerning(id, "")
        };
        Ok(self.change(leg_ids.iter().map(statement).collect()).await?.iter().sum())
    }

    /// Freezes legs, each with its new ticket. A leased one may still be finished by its holder. Returns how many.
    pub async fn freeze_legs(&self, legs: Vec<TurnedLeg>) -> Result<usize, StoreError> {
        let statement = |leg: TurnedLeg| {
            sql!(
                "UPDATE legs SET state = 'frozen', ticket_sealed = ?3
                 WHERE id = ?1 AND state = 'queued' AND ticket_sealed = ?2",
                leg.id.as_str(),
                leg.before,
                leg.now
            )
            .concerning(&leg.id, "")
        };
        Ok(self.change(legs.into_iter().map(statement).collect()).await?.iter().sum())
    }

    /// Thaws legs, each with its new ticket: due now, and not given up before `expires_at`. Returns how many.
    pub async fn thaw_legs(
        &self,
        legs: Vec<TurnedLeg>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<usize, StoreError> {
        // Frozen while it was leased: not due before that lease expires.
        let statement = |leg: TurnedLeg| {
            sql!(
                "UPDATE legs SET state = 'queued', ticket_sealed = ?5,
                     due_at = CASE WHEN lease_until > ?2 THEN lease_until ELSE ?2 END,
                     expires_at = CASE WHEN expires_at < ?3 THEN ?3 ELSE expires_at END
                 WHERE id = ?1 AND state = 'frozen' AND ticket_sealed = ?4",
                leg.id.as_str(),
                now,
                expires_at,
                leg.before,
                leg.now
            )
            .concerning(&leg.id, "")
        };
        Ok(self.change(legs.into_iter().map(statement).collect()).await?.iter().sum())
    }

    /// Removes legs without a report, each body with its last reference. Returns how many.
    pub async fn remove_legs(&self, leg_ids: &[String]) -> Result<usize, StoreError> {
        // A leg's body never changes, so it may be read beforehand.
        let question = |id: &String| sql!("SELECT id, body_id FROM legs WHERE id = ?1", id.as_str());
        let answers = self.read(leg_ids.iter().map(question).collect()).await?;
        let mut batch = Batch::default();
        for mut row in answers.into_iter().flatten() {
            let (leg_id, body_id) = (row.text()?, row.opt_text()?);
            let gone = sql!("DELETE FROM legs WHERE id = ?1 RETURNING id", leg_id.as_str());
            batch.add(gone.concerning(&leg_id, ""));
            if let Some(body_id) = body_id {
                batch.release_body(&body_id);
            }
        }
        match self.write(batch).await? {
            Outcome::Kept(answers) => Ok(answers.iter().map(|answer| answer.rows.len()).sum()),
            Outcome::Refused(_) => Ok(0),
        }
    }
}
