//! What a bounced notice leads back to (VERP): the token in its reverse-path, hashed.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Batch, sql};
use crate::store::Store;

/// A notice to be recognised when it bounces.
#[derive(Clone, Debug)]
pub struct NewNotice {
    /// Keyed hash of the token in the reverse-path.
    pub token_hash: [u8; 32],
    /// The mailbox it spoke of.
    pub mailbox_id: String,
    /// The letter it spoke of.
    pub deposit_id: String,
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

impl NewNotice {
    pub(crate) fn add_to(self, batch: &mut Batch) {
        batch.add(sql!(
            "INSERT INTO notices (token_hash, mailbox_id, deposit_id, ticket_sealed, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            &self.token_hash,
            self.mailbox_id,
            self.deposit_id,
            self.ticket_sealed,
            self.created_at
        ));
    }
}

impl Store {
    /// The notice a bounce belongs to.
    pub async fn notice(&self, token_hash: &[u8; 32]) -> Result<Option<NoticeRow>, StoreError> {
        let row = self
            .read_one(sql!(
                "SELECT mailbox_id, deposit_id, ticket_sealed, created_at FROM notices
                 WHERE token_hash = ?1",
                token_hash
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
