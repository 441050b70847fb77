//! The trash: deleted letters that can be restored for a while. Every query names the mailbox too.

use sealpost_mail::Timestamp;

use crate::background_pace::BackgroundPace;
use crate::deposit::remove_letter;
use crate::error::StoreError;
use crate::hook::tell_deleted;
use crate::not_held::not_held;
use crate::sender_status::Unread;
use crate::statement::{Batch, Row, Statement, sql};
use crate::store::Store;

/// Letters that have been in the trash since before `$before` and are not under a hold. `d` is the letter,
/// `t` its row in the trash.
macro_rules! long_trashed {
    ($before:literal) => {
        concat!(
            "FROM trash t JOIN deposits d ON d.id = t.deposit_id WHERE t.since < ",
            $before,
            " AND d.folder = 'trash' AND ",
            not_held!("d.mailbox_id")
        )
    };
}
pub(crate) use long_trashed;

impl Store {
    /// Moves received and sent letters of this mailbox to the trash. Returns how many; ids of other
    /// mailboxes, and of letters in other states, are skipped.
    pub async fn trash_deposits(
        &self,
        mailbox_id: &str,
        deposit_ids: &[String],
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let each = |id: &String| {
            [
                sql!(
                    "INSERT INTO trash (deposit_id, since, came_from)
                     SELECT id, CAST(?3 AS BIGINT), folder FROM deposits
                     WHERE mailbox_id = ?1 AND id = ?2 AND folder IN ('inbox', 'sent')",
                    mailbox_id,
                    id.as_str(),
                    now
                ),
                sql!(
                    "UPDATE deposits SET folder = 'trash'
                     WHERE mailbox_id = ?1 AND id = ?2 AND folder IN ('inbox', 'sent')",
                    mailbox_id,
                    id.as_str()
                )
                .concerning(id, mailbox_id),
            ]
        };
        self.moved(mailbox_id, deposit_ids.iter().flat_map(each).collect()).await
    }

    /// Restores letters of this mailbox from the trash to where they were.
    pub async fn restore_deposits(
        &self,
        mailbox_id: &str,
        deposit_ids: &[String],
    ) -> Result<usize, StoreError> {
        let each = |id: &String| {
            [
                sql!(
                    "UPDATE deposits SET folder = (SELECT came_from FROM trash WHERE deposit_id = ?2)
                     WHERE mailbox_id = ?1 AND id = ?2 AND folder = 'trash'
                     AND EXISTS (SELECT 1 FROM trash WHERE deposit_id = ?2)",
                    mailbox_id,
                    id.as_str()
                )
                .concerning(id, mailbox_id),
                sql!(
                    "DELETE FROM trash WHERE deposit_id = ?2 AND EXISTS (SELECT 1 FROM deposits
                     WHERE mailbox_id = ?1 AND id = ?2 AND folder <> 'trash')",
                    mailbox_id,
                    id.as_str()
                ),
            ]
        };
        self.moved(mailbox_id, deposit_ids.iter().flat_map(each).collect()).await
    }

    /// Two statements per letter, which change one row each or none.
    async fn moved(&self, mailbox_id: &str, statements: Vec<Statement>) -> Result<usize, StoreError> {
        Ok(self.changed_of(mailbox_id, statements).await? / 2)
    }

    /// Deletes letters permanently if they are in this mailbox's trash; each body is removed with its last
    /// reference.
    pub async fn delete_trashed(
        &self,
        mailbox_id: &str,
        deposit_ids: &[String],
        unread: Unread,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let question = |id: &String| {
            sql!(
                "SELECT id, body_id, mailbox_id FROM deposits
                 WHERE mailbox_id = ?1 AND id = ?2 AND folder = 'trash'",
                mailbox_id,
                id.as_str()
            )
        };
        let answers = self.read(deposit_ids.iter().map(question).collect()).await?;
        let batch = from_trash(answers.into_iter().flatten().collect(), unread, now)?;
        Ok(self.write(batch).await?.returned())
    }

    /// Deletes all letters permanently that have been in the trash since before `before`.
    pub async fn purge_trash(
        &self,
        before: Timestamp,
        unread: Unread,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let mut deleted = 0;
        let mut pace = BackgroundPace::new(self);
        loop {
            let rows = self
                .read_rows(sql!(
                    concat!(
                        "SELECT d.id, d.body_id, d.mailbox_id ",
                        long_trashed!("?1"),
                        " ORDER BY t.since LIMIT ?2"
                    ),
                    before,
                    pace.rows()
                ))
                .await?;
            let gone = pace.write(from_trash(rows, unread, now)?).await?.returned();
            deleted += gone;
            if gone == 0 {
                return Ok(deleted);
            }
        }
    }
}

/// Takes rows of id, body and mailbox. A letter restored meanwhile is kept.
fn from_trash(rows: Vec<Row>, unread: Unread, now: Timestamp) -> Result<Batch, StoreError> {
    let mut batch = Batch::default();
    for mut row in rows {
        let (deposit_id, body_id, mailbox_id) = (row.text()?, row.text()?, row.text()?);
        batch.hold_mailbox(&mailbox_id);
        batch.add(tell_deleted(&deposit_id, now));
        batch.extend(unread.deleted(&deposit_id, now));
        let deletion = sql!(
            concat!(
                "DELETE FROM deposits WHERE mailbox_id = ?1 AND id = ?2 AND folder = 'trash' AND ",
                not_held!("?1"),
                " RETURNING id"
            ),
            mailbox_id.as_str(),
            deposit_id.as_str()
        )
        .concerning(&deposit_id, &mailbox_id);
        remove_letter(&mut batch, deletion, &deposit_id, &body_id);
    }
    Ok(batch)
}
