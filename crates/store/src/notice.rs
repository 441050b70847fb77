//! What a bounced notice leads back to (VERP): the token in its reverse-path, hashed.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
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

impl Store {
    /// The notice a bounce belongs to.
    pub async fn notice(&self, token_hash: &[u8; 32]) -> Result<Option<NoticeRow>, StoreError> {
        let _ = token_hash;
        Err(StoreError::Closed)
    }
}
