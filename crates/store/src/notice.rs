//! What a bounced notice leads back to (VERP): the token in its reverse-path.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Batch, Statement, sql};
use crate::store::Store;

/// A notice to be recognised when it bounces.
#[derive(Clone, Debug)]
pub struct NewNotice {
    /// The mailbox it spoke of.
    pub mailbox_id: String,
    /// The letter it spoke of.
    pub deposit_id: String,
    /// Which of the letter's notices it is.
    pub number: u8,
    /// Whom to tell, sealed to the spool key.
    pub ticket_sealed: Vec<u8>,
    /// When.
    pub created_at: Timestamp,
}

/// A notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRow {
    /// The mailbox it spoke of.
    pub mailbox_id: String,
    /// The letter it spoke of; may be deleted since.
    pub deposit_id: String,
    /// Whom to tell, sealed to the spool key.
    pub ticket_sealed: Vec<u8>,
    /// When it was queued.
    pub created_at: Timestamp,
}

/// The token of a letter's notice of this number. Nobody guesses a letter's id; whoever was sent one may say
/// that it came back.
#[must_use]
pub fn notice_token(deposit_id: &str, number: u8) -> String {
    format!("{deposit_id}{number:02x}")
}

impl NewNotice {
    pub(crate) fn add_to(self, batch: &mut Batch) {
        batch.add(sql!(
            "INSERT INTO notices (token, mailbox_id, deposit_id, ticket_sealed, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            notice_token(&self.deposit_id, self.number),
            self.mailbox_id,
            self.deposit_id,
            self.ticket_sealed,
            self.created_at
        ));
    }
}

/// Forgets what a letter's notices lead back to.
pub(crate) fn forget_notices_of(deposit_id: &str) -> Statement {
    // Two digits follow the id in a token. After the letter in the same batch: one that stays keeps them.
    sql!(
        "DELETE FROM notices WHERE token BETWEEN ?1 || '00' AND ?1 || 'ff'
           AND NOT EXISTS (SELECT 1 FROM deposits WHERE id = ?1)",
        deposit_id
    )
}

impl Store {
    /// The notice a bounce belongs to.
    pub async fn notice(&self, token: &str) -> Result<Option<NoticeRow>, StoreError> {
        let row = self
            .read_one(sql!(
                "SELECT mailbox_id, deposit_id, ticket_sealed, created_at FROM notices
                 WHERE token = ?1",
                token
            ))
            .await?;
        row.map(|mut row| {
            Ok(NoticeRow {
                mailbox_id: row.text()?,
                deposit_id: row.text()?,
                ticket_sealed: row.blob()?,
                created_at: row.time()?,
            })
        })
        .transpose()
    }
}
