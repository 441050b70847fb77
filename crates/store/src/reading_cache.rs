//! What an owner's reading leaves beside a letter: its key wrapped symmetrically, so that lists need no key exchange,
//! and its words for searching. Both can be recreated; nothing waits for them. Knows no seal.

use sealpost_mail::Timestamp;

use crate::column_values::Folder;
use crate::deposit::{DepositRow, deposit_row, list_columns};
use crate::error::StoreError;
use crate::statement::{Batch, sql};
use crate::store::Store;

/// A letter's key, wrapped anew for its owner.
#[derive(Clone, Debug)]
pub struct Rewrapped {
    /// The letter's id.
    pub id: String,
    /// As read: if it has changed, nothing is done.
    pub old: Vec<u8>,
    /// Its replacement.
    pub new: Vec<u8>,
}

/// The words of a letter, sealed under its key.
#[derive(Clone, Debug)]
pub struct SealedWords {
    /// The letter's id.
    pub id: String,
    /// The sealed words.
    pub sealed: Vec<u8>,
}

/// A letter in a search.
#[derive(Clone, Debug)]
pub struct Searchable {
    /// Its row in the list.
    pub row: DepositRow,
    /// Its words; `None` if they have not been extracted yet.
    pub words: Option<Vec<u8>>,
}

/// Position after which the next page begins.
#[derive(Clone, Debug)]
pub struct After {
    /// When that letter arrived.
    pub received_at: Timestamp,
    /// Its id.
    pub id: String,
}

impl Store {
    /// Replaces keys. A letter that is gone, or whose mailbox has a new key pair, is skipped.
    ///
    /// # Errors
    /// Nothing was changed, or the outcome is unknown.
    pub async fn rewrap(&self, mailbox_id: &str, keys: Vec<Rewrapped>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for Rewrapped { id, old, new } in keys {
            batch.add(sql!(
                "UPDATE deposits SET key_sealed = ?4 WHERE mailbox_id = ?1 AND id = ?2 AND key_sealed = ?3",
                mailbox_id,
                id,
                old,
                new
            ));
        }
        self.write_soon(batch).await.map(drop)
    }

    /// Stores the words of letters, replacing earlier ones. A letter that is gone is skipped.
    ///
    /// # Errors
    /// Nothing was stored, or the outcome is unknown.
    pub async fn keep_words(&self, mailbox_id: &str, words: Vec<SealedWords>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        batch.hold_mailbox(mailbox_id);
        for SealedWords { id, sealed } in words {
            batch.add(sql!(
                "INSERT INTO words (deposit_id, sealed)
                 SELECT id, ?3 FROM deposits WHERE mailbox_id = ?1 AND id = ?2
                 ON CONFLICT (deposit_id) DO UPDATE SET sealed = excluded.sealed",
                mailbox_id,
                id,
                sealed
            ));
        }
        self.write_soon(batch).await.map(drop)
    }

    /// Letters of a folder with their words, newest first, `limit` of them after `after`.
    ///
    /// # Errors
    /// The rows could not be read.
    pub async fn searchable(
        &self,
        mailbox_id: &str,
        folder: Folder,
        after: Option<&After>,
        limit: u32,
    ) -> Result<Vec<Searchable>, StoreError> {
        let rows = self
            .read_rows(sql!(
                concat!(
                    "SELECT ",
                    list_columns!(),
                    ", (SELECT sealed FROM words WHERE deposit_id = deposits.id)
                     FROM deposits WHERE mailbox_id = ?1 AND folder = ?2 AND received_at <= ?3
                       AND (received_at < ?3 OR id > ?4)
                     ORDER BY received_at DESC, id LIMIT ?5"
                ),
                mailbox_id,
                folder.as_str(),
                after.map_or(Timestamp(i64::MAX), |after| after.received_at),
                after.map_or("", |after| after.id.as_str()),
                limit
            ))
            .await?;
        rows.into_iter()
            .map(|mut row| Ok(Searchable { row: deposit_row(&mut row)?, words: row.opt_blob()? }))
            .collect()
    }

    /// Those of these letters whose words have not been extracted yet.
    ///
    /// # Errors
    /// The rows could not be read.
    pub async fn without_words(&self, mailbox_id: &str, ids: &[String]) -> Result<Vec<String>, StoreError> {
        let question = |id: &String| {
            sql!(
                "SELECT id FROM deposits WHERE mailbox_id = ?1 AND id = ?2
                   AND NOT EXISTS (SELECT 1 FROM words WHERE deposit_id = ?2)",
                mailbox_id,
                id.as_str()
            )
        };
        let answers = self.read(ids.iter().map(question).collect()).await?;
        answers.into_iter().flatten().map(|mut row| row.text()).collect()
    }
}
