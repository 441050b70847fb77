//! The audit trail: who did what to what, when. Append-only; no content, no address.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::store::{Page, Store};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// When.
    pub at: Timestamp,
    /// Who: `system`, `owner`, an officer's login.
    pub actor: String,
    /// What, dotted: `mailbox.activated`.
    pub action: String,
    /// The id of what it was done to.
    pub subject_id: String,
    /// Further ids and codes.
    pub detail: String,
}

impl Store {
    /// Appends lines.
    pub async fn append_audit(&self, rows: Vec<AuditRow>) -> Result<(), StoreError> {
        let _ = rows;
        Err(StoreError::Closed)
    }

    /// The trail, newest first.
    pub async fn audit(&self, page: Page) -> Result<Vec<AuditRow>, StoreError> {
        let _ = page;
        Err(StoreError::Closed)
    }
}
