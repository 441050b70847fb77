//! Letters taken back: the letter goes as by any deletion, and a row stays that says so to its recipient. Who may do it is
//! not known here.

use sealpost_mail::Timestamp;

use crate::audit::AuditRow;
use crate::deposit::remove_letter;
use crate::error::StoreError;
use crate::hold::unheld;
use crate::statement::{Batch, Outcome, Refusal, Row, sql};
use crate::store::Store;

/// A letter to take back.
#[derive(Clone, Debug)]
pub struct Withdrawal {
    /// Which.
    pub deposit_id: String,
    /// Also if its recipient has opened it.
    pub even_if_read: bool,
    /// Who, sealed.
    pub by_sealed: Vec<u8>,
    /// When.
    pub now: Timestamp,
    /// Until when its recipient is told.
    pub forget_at: Timestamp,
    /// What the trail says of it.
    pub audit: AuditRow,
}

/// A letter that was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawnRow {
    /// Its id.
    pub deposit_id: String,
    /// When it came.
    pub received_at: Timestamp,
    /// When it was taken back.
    pub withdrawn_at: Timestamp,
    /// Who took it back, sealed.
    pub by_sealed: Vec<u8>,
}

fn withdrawn(mut row: Row) -> Result<WithdrawnRow, StoreError> {
    Ok(WithdrawnRow {
        deposit_id: row.text()?,
        received_at: row.time()?,
        withdrawn_at: row.time()?,
        by_sealed: row.blob()?,
    })
}

impl Store {
    /// Takes a received letter back. `false`: there is none (any more), it has been opened, or its mailbox is held;
    /// nothing was changed.
    pub async fn withdraw(&self, wish: Withdrawal) -> Result<bool, StoreError> {
        let found = self
            .read_one(sql!(
                "SELECT body_id, mailbox_id FROM deposits WHERE id = ?1",
                wish.deposit_id.as_str()
            ))
            .await?;
        let Some(mut row) = found else { return Ok(false) };
        let (id, body_id) = (wish.deposit_id.as_str(), row.text()?);
        let mut batch = Batch::default();
        batch.hold_mailbox(&row.text()?);
        batch.add(
            sql!(
                concat!(
                    "INSERT INTO withdrawn
                         (deposit_id, mailbox_id, received_at, withdrawn_at, forget_at, by_sealed)
                     SELECT id, mailbox_id, received_at, CAST(?2 AS BIGINT), CAST(?3 AS BIGINT), ?4 FROM deposits
                     WHERE id = ?1 AND (?5 = 1 OR read_at IS NULL)
                       AND (folder = 'inbox' OR EXISTS
                           (SELECT 1 FROM trash WHERE deposit_id = ?1 AND came_from = 'inbox'))
                       AND ",
                    unheld!("deposits.mailbox_id")
                ),
                id,
                wish.now,
                wish.forget_at,
                wish.by_sealed,
                wish.even_if_read
            )
            .or_refuse(Refusal::Held),
        );
        remove_letter(&mut batch, sql!("DELETE FROM deposits WHERE id = ?1", id), id, &body_id);
        wish.audit.add_to(&mut batch);
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// What was taken back of this mailbox, newest first.
    pub async fn withdrawn(&self, mailbox_id: &str, now: Timestamp) -> Result<Vec<WithdrawnRow>, StoreError> {
        let rows = self
            .read_rows(sql!(
                "SELECT deposit_id, received_at, withdrawn_at, by_sealed FROM withdrawn
                 WHERE mailbox_id = ?1 AND forget_at > ?2 ORDER BY received_at DESC LIMIT 100",
                mailbox_id,
                now
            ))
            .await?;
        rows.into_iter().map(withdrawn).collect()
    }
}
