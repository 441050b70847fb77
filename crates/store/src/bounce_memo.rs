//! Memos about notices and portal replies, kept to know whom to inform when one bounces. Found by the token in the
//! reverse-path (VERP).

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Batch, Statement, sql};
use crate::store::Store;

/// A memo for a mail that may bounce.
#[derive(Clone, Debug)]
pub struct NewBounceMemo {
    /// The mailbox that the mail was about.
    pub mailbox_id: String,
    /// The letter that the mail was about.
    pub deposit_id: String,
    /// Number of the mail among the letter's mails.
    pub number: u8,
    /// Whom to inform, sealed under the row key.
    pub memo_sealed: Vec<u8>,
    /// When the mail was queued.
    pub created_at: Timestamp,
}

/// A stored memo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BounceMemo {
    /// The mailbox that the mail was about.
    pub mailbox_id: String,
    /// The letter that the mail was about; it may have been deleted since.
    pub deposit_id: String,
    /// Whom to inform, sealed under the row key.
    pub memo_sealed: Vec<u8>,
    /// When it was queued.
    pub created_at: Timestamp,
}

/// The token in the reverse-path of the letter's mail with this number. A letter's id cannot be guessed, and only those
/// who were sent the mail learn it.
#[must_use]
pub fn bounce_token(deposit_id: &str, number: u8) -> String {
    format!("{deposit_id}{number:02x}")
}

impl NewBounceMemo {
    pub(crate) fn add_to(self, batch: &mut Batch) {
        batch.add(sql!(
            "INSERT INTO bounce_memos (token, mailbox_id, deposit_id, memo_sealed, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            bounce_token(&self.deposit_id, self.number),
            self.mailbox_id,
            self.deposit_id,
            self.memo_sealed,
            self.created_at
        ));
    }
}

/// Removes the memos of a letter's mails.
pub(crate) fn forget_memos_of(deposit_id: &str) -> Statement {
    // Two digits follow the id in a token. Must follow the letter's deletion in the same batch: a letter that is kept
    // keeps its memos.
    sql!(
        "DELETE FROM bounce_memos WHERE token BETWEEN ?1 || '00' AND ?1 || 'ff'
           AND NOT EXISTS (SELECT 1 FROM deposits WHERE id = ?1)",
        deposit_id
    )
}

impl Store {
    /// The memo that a bounce belongs to.
    pub async fn bounce_memo(&self, token: &str) -> Result<Option<BounceMemo>, StoreError> {
        let row = self
            .read_one(sql!(
                "SELECT mailbox_id, deposit_id, memo_sealed, created_at FROM bounce_memos
                 WHERE token = ?1",
                token
            ))
            .await?;
        row.map(|mut row| {
            Ok(BounceMemo {
                mailbox_id: row.text()?,
                deposit_id: row.text()?,
                memo_sealed: row.blob()?,
                created_at: row.time()?,
            })
        })
        .transpose()
    }
}
