//! What owners do with many letters at once: listing ids, marking as read or unread, and undoing a deletion. Every
//! query names the mailbox too. When a letter was first opened stays recorded, whatever its owner marks it as.

use sealpost_mail::Timestamp;

use crate::deposit::{standing, unread};
use crate::error::StoreError;
use crate::folder_ref::FolderRef;
use crate::statement::sql;
use crate::store::Store;

impl Store {
    /// The letters shown in one folder that had arrived by then, newest first, at most `limit`.
    pub async fn deposit_ids(
        &self,
        mailbox_id: &str,
        place: FolderRef<'_>,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let rows = self
            .read_rows(standing!(
                place,
                mailbox_id,
                "deposits.id",
                " AND received_at <= ?3 ORDER BY received_at DESC, id LIMIT ?4",
                " AND f.came_at <= ?3 ORDER BY f.came_at DESC, f.deposit_id LIMIT ?4",
                until,
                limit
            ))
            .await?;
        rows.into_iter().map(|mut row| row.text()).collect()
    }

    /// Marks received letters as read. Returns how many were unread. Opens none of them: the sender is informed only
    /// when a letter is really opened.
    pub async fn mark_all_read(&self, mailbox_id: &str, deposit_ids: &[String]) -> Result<usize, StoreError> {
        let each = |id: &String| {
            sql!(
                concat!(
                    "UPDATE deposits SET flags = (flags & -2) | 4
                     WHERE mailbox_id = ?1 AND id = ?2 AND folder = 'inbox' AND ",
                    unread!()
                ),
                mailbox_id,
                id.as_str()
            )
        };
        self.changed_of(mailbox_id, deposit_ids.iter().map(each).collect()).await
    }

    /// Marks received letters as unread. Returns how many were marked as read.
    pub async fn mark_all_unread(
        &self,
        mailbox_id: &str,
        deposit_ids: &[String],
    ) -> Result<usize, StoreError> {
        let each = |id: &String| {
            sql!(
                "UPDATE deposits SET flags = (flags & -5) | 1
                 WHERE mailbox_id = ?1 AND id = ?2 AND folder = 'inbox'
                 AND (flags & 1) = 0 AND (read_at IS NOT NULL OR (flags & 4) = 4)",
                mailbox_id,
                id.as_str()
            )
        };
        self.changed_of(mailbox_id, deposit_ids.iter().map(each).collect()).await
    }

    /// The letters moved to this mailbox's trash at that moment: one deletion, to be undone.
    pub async fn trashed_at(&self, mailbox_id: &str, at: Timestamp) -> Result<Vec<String>, StoreError> {
        let rows = self
            .read_rows(sql!(
                "SELECT d.id FROM trash t JOIN deposits d ON d.id = t.deposit_id
                 WHERE t.since = ?2 AND d.mailbox_id = ?1 AND d.folder = 'trash' ORDER BY d.id",
                mailbox_id,
                at
            ))
            .await?;
        rows.into_iter().map(|mut row| row.text()).collect()
    }
}
