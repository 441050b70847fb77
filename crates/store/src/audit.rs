//! The audit trail: who did what to what, when. Append-only; no content, no address.

use sealpost_mail::Timestamp;

use crate::error::StoreError;
use crate::statement::{Batch, Row, sql};
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

impl AuditRow {
    pub(crate) fn add_to(self, batch: &mut Batch) {
        batch.add(sql!(
            "INSERT INTO audit (at, actor, action, subject_id, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
            self.at,
            self.actor,
            self.action,
            self.subject_id,
            self.detail
        ));
    }
}

impl Store {
    /// Appends lines.
    pub async fn append_audit(&self, rows: Vec<AuditRow>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        rows.into_iter().for_each(|row| row.add_to(&mut batch));
        self.write(batch).await.map(drop)
    }

    /// The trail, newest first.
    pub async fn audit(&self, page: Page) -> Result<Vec<AuditRow>, StoreError> {
        let rows = self
            .read_rows(sql!(
                "SELECT at, actor, action, subject_id, detail FROM audit ORDER BY seq DESC
                 LIMIT ?1 OFFSET ?2",
                page.limit,
                page.offset
            ))
            .await?;
        rows.into_iter()
            .map(|mut row| {
                Ok(AuditRow {
                    at: row.time()?,
                    actor: row.text()?,
                    action: row.text()?,
                    subject_id: row.text()?,
                    detail: row.text()?,
                })
            })
            .collect()
    }

    /// What the trail says of one mailbox or letter, oldest first.
    pub async fn audit_of(&self, subject_id: &str) -> Result<Vec<AuditRow>, StoreError> {
        let rows = self
            .read_rows(sql!(
                "SELECT at, actor, action, subject_id, detail FROM audit WHERE subject_id = ?1 ORDER BY seq",
                subject_id
            ))
            .await?;
        let line = |mut row: Row| {
            Ok(AuditRow {
                at: row.time()?,
                actor: row.text()?,
                action: row.text()?,
                subject_id: row.text()?,
                detail: row.text()?,
            })
        };
        rows.into_iter().map(line).collect()
    }
}
