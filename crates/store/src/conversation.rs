//! Queries for the conversation view: where each letter is, which arrived lately, and letters by id. Every query names
//! the mailbox too. Does not know which letters belong together: that is sealed in them.

use sealpost_mail::Timestamp;

use crate::column_values::{ColumnWord as _, Folder};
use crate::deposit::{DepositRow, deposit_row, is_unread, list_columns};
use crate::error::StoreError;
use crate::statement::sql;
use crate::store::Store;

/// Where a letter is, without any of its content.
#[derive(Clone, Debug)]
pub struct Whereabouts {
    /// Id.
    pub id: String,
    /// Its folder.
    pub folder: Folder,
    /// The owner's folder that it is in, or returns to.
    pub own_folder: Option<String>,
    /// When it arrived or was sent.
    pub received_at: Timestamp,
    /// Received and never read, or marked as unread.
    pub is_unread: bool,
}

impl Store {
    /// All letters of a mailbox, newest first, at most `limit`.
    pub async fn whereabouts(&self, mailbox_id: &str, limit: u32) -> Result<Vec<Whereabouts>, StoreError> {
        let rows = self
            .read_rows(sql!(
                "SELECT id, folder, received_at, read_at, flags,
                 CASE WHEN (flags & 2) <> 0 THEN (SELECT folder_id FROM filed WHERE deposit_id = deposits.id) END
                 FROM deposits WHERE mailbox_id = ?1 AND folder IN ('inbox', 'sent', 'trash')
                 ORDER BY received_at DESC, id LIMIT ?2",
                mailbox_id,
                limit
            ))
            .await?;
        rows.into_iter()
            .map(|mut row| {
                let (id, folder) = (row.text()?, Folder::parse(&row.text()?)?);
                let (received_at, read_at, flags) = (row.time()?, row.opt_time()?, row.int()?);
                let is_unread = is_unread(read_at, flags);
                Ok(Whereabouts {
                    id,
                    own_folder: row.opt_text()?,
                    received_at,
                    is_unread: is_unread && folder != Folder::Sent,
                    folder,
                })
            })
            .collect()
    }

    /// The letters that arrived or were sent since then, newest first, at most `limit` of each folder.
    pub async fn deposits_since(
        &self,
        mailbox_id: &str,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let question = |folder: Folder| {
            sql!(
                "SELECT id, received_at FROM deposits WHERE mailbox_id = ?1 AND folder = ?2 AND received_at >= ?3
                 ORDER BY received_at DESC, id LIMIT ?4",
                mailbox_id,
                folder.as_str(),
                since,
                limit
            )
        };
        let answers = self.read([Folder::Inbox, Folder::Sent, Folder::Trash].map(question).into()).await?;
        answers.into_iter().flatten().map(|mut row| Ok((row.text()?, row.time()?))).collect()
    }

    /// Letters of a mailbox in the order of the given ids. Ids of other mailboxes and of deleted letters are skipped.
    pub async fn deposits_by_id(
        &self,
        mailbox_id: &str,
        deposit_ids: &[String],
    ) -> Result<Vec<DepositRow>, StoreError> {
        let question = |id: &String| {
            sql!(
                concat!("SELECT ", list_columns!(), " FROM deposits WHERE mailbox_id = ?1 AND id = ?2"),
                mailbox_id,
                id.as_str()
            )
        };
        let answers = self.read(deposit_ids.iter().map(question).collect()).await?;
        answers.into_iter().flatten().map(|mut row| deposit_row(&mut row)).collect()
    }
}
