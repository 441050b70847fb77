//! What the owner's own reading leaves beside a letter: its key wrapped so that lists need no key exchange, and its words
//! for searching. Both can be made again; nothing waits for them. Knows no seal.

use sealpost_mail::Timestamp;

use crate::column_values::Folder;
use crate::deposit::{DepositRow, deposit_row, list_columns};
use crate::error::StoreError;
use crate::statement::{Batch, sql};
use crate::store::Store;

/// A letter's key, wrapped by its owner.
#[derive(Clone, Debug)]
pub struct Rewrapped {
    /// The letter's id.
    pub id: String,
    /// As it was read: where it is another by now, nothing is changed.
    pub old: Vec<u8>,
    /// What takes its place.
    pub new: Vec<u8>,
}

/// The words of a letter, sealed under its key.
#[derive(Clone, Debug)]
pub struct SealedWords {
    /// The letter's id.
    pub id: String,
    /// What is searched.
    pub sealed: Vec<u8>,
}

/// A letter as a search meets it.
#[derive(Clone, Debug)]
pub struct Searchable {
    /// The line of the list.
    pub row: DepositRow,
    /// Nothing if nobody has made them yet.
    pub words: Option<Vec<u8>>,
}

/// The last letter of a part of a folder.
#[derive(Clone, Debug)]
pub struct After {
    /// When it came.
    pub received_at: Timestamp,
    /// Its id.
    pub id: String,
}

impl Store {
    /// Puts keys in the place of what they were read as. A letter that is gone, or whose mailbox has got another key
    /// pair meanwhile, is passed over.
    ///
    /// # Errors
    /// Nothing was changed, or nobody knows.
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

    /// Keeps the words of letters, in the place of what is there. A letter that is gone has none.
    ///
    /// # Errors
    /// Nothing was kept, or nobody knows.
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

    /// Letters of a folder with their words, newest first, `limit` of them behind `after`.
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

    /// Of these letters, those that nobody has made words of yet.
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
