//! What is kept of a notice, or of a reply from the portal, for a report that comes back to its reverse-path (VERP): whom
//! to tell. Found by the token in that address.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Batch, Statement, sql};
use crate::store::Store;

/// What is kept of a mail that may bounce.
#[derive(Clone, Debug)]
pub struct NewBounceMemo {
    /// The mailbox that the mail was about.
    pub mailbox_id: String,
    /// The letter that the mail was about.
    pub deposit_id: String,
    /// Which of the letter's mails it is.
    pub number: u8,
    /// Whom to tell, sealed under the row key.
    pub memo_sealed: Vec<u8>,
    /// When.
    pub created_at: Timestamp,
}

/// What was kept of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BounceMemo {
    /// The mailbox that the mail was about.
    pub mailbox_id: String,
    /// The letter that the mail was about; may be deleted since.
    pub deposit_id: String,
    /// Whom to tell, sealed under the row key.
    pub memo_sealed: Vec<u8>,
    /// When it was queued.
    pub created_at: Timestamp,
}

/// The token in the reverse-path of a letter's mail of this number. Nobody guesses a letter's id; whoever was sent one may say
/// that it came back.
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

/// Forgets what is kept of a letter's mails.
pub(crate) fn forget_memos_of(deposit_id: &str) -> Statement {
    // Two digits follow the id in a token. After the letter in the same batch: one that stays keeps them.
    sql!(
        "DELETE FROM bounce_memos WHERE token BETWEEN ?1 || '00' AND ?1 || 'ff'
           AND NOT EXISTS (SELECT 1 FROM deposits WHERE id = ?1)",
        deposit_id
    )
}

impl Store {
    /// What was kept of the mail that a bounce belongs to.
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
