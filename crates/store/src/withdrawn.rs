//! Recalled letters: the letter is deleted like any other, and a row remains that tells its recipient. Who may recall
//! is decided elsewhere.

use sealpost_mail::Timestamp;

use crate::column_values::LetterEvent;
use crate::deposit::remove_letter;
use crate::error::StoreError;
use crate::hook::tell;
use crate::not_held::not_held;
use crate::received::received;
use crate::statement::{Batch, Outcome, Refusal, Row, sql};
use crate::store::Store;
use crate::withdrawn_row::{Standing, WithdrawnRow, withdrawn_columns};

/// A letter to be recalled.
#[derive(Clone, Debug)]
pub struct Withdrawal {
    /// The letter, and the row that will replace it.
    pub standing: Standing,
    /// Also if its recipient has opened it.
    pub even_if_read: bool,
    /// Who recalled it, sealed to [`Standing::bound`].
    pub by_sealed: Vec<u8>,
}

impl WithdrawnRow {
    pub(crate) fn read(mut row: Row) -> Result<Self, StoreError> {
        let standing = Standing {
            deposit_id: row.text()?,
            mailbox_id: row.text()?,
            received_at: row.time()?,
            withdrawn_at: row.time()?,
            forget_at: row.time()?,
        };
        Ok(Self { standing, by_sealed: row.blob()? })
    }
}

impl Store {
    /// Recalls a received letter. `false`: it does not exist (any more), has been opened, or its mailbox is under a
    /// hold; nothing was changed.
    pub async fn withdraw(&self, withdrawal: Withdrawal) -> Result<bool, StoreError> {
        let standing = &withdrawal.standing;
        let id = standing.deposit_id.as_str();
        let found = self.read_one(sql!("SELECT body_id FROM deposits WHERE id = ?1", id)).await?;
        let Some(mut row) = found else { return Ok(false) };
        let body_id = row.text()?;
        let mut batch = Batch::default();
        batch.hold_mailbox(&standing.mailbox_id);
        batch.add(
            sql!(
                concat!(
                    "INSERT INTO withdrawn
                         (deposit_id, mailbox_id, received_at, withdrawn_at, forget_at, by_sealed)
                     SELECT id, mailbox_id, received_at, CAST(?2 AS BIGINT), CAST(?3 AS BIGINT), ?4 FROM deposits
                     WHERE id = ?1 AND mailbox_id = ?6 AND received_at = ?7 AND (?5 = 1 OR read_at IS NULL)
                       AND ",
                    received!("deposits"),
                    " AND ",
                    not_held!("deposits.mailbox_id")
                ),
                id,
                standing.withdrawn_at,
                standing.forget_at,
                withdrawal.by_sealed,
                withdrawal.even_if_read,
                standing.mailbox_id.as_str(),
                standing.received_at
            )
            .or_refuse(Refusal::Held),
        );
        batch.add(tell(LetterEvent::Recalled, id, standing.withdrawn_at, ""));
        let deletion = sql!("DELETE FROM deposits WHERE id = ?1", id).concerning(id, &standing.mailbox_id);
        remove_letter(&mut batch, deletion, id, &body_id);
        Ok(matches!(self.write(batch).await?, Outcome::Kept(_)))
    }

    /// The recalled letters of this mailbox, newest first. Under a hold none of them expires.
    pub async fn withdrawn(&self, mailbox_id: &str, now: Timestamp) -> Result<Vec<WithdrawnRow>, StoreError> {
        let rows = self
            .read_rows(sql!(
                concat!(
                    "SELECT ",
                    withdrawn_columns!(),
                    " FROM withdrawn WHERE mailbox_id = ?1 AND (forget_at > ?2 OR NOT ",
                    not_held!("?1"),
                    ") ORDER BY received_at DESC LIMIT 100"
                ),
                mailbox_id,
                now
            ))
            .await?;
        rows.into_iter().map(WithdrawnRow::read).collect()
    }
}
