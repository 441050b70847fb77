//! A row of the audit trail, as data carried by a batch. Knows no table and no proof.

use sealpost_mail::Timestamp;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// When it happened.
    pub at: Timestamp,
    /// Who did it: `system`, `owner` or an officer's login.
    pub actor: String,
    /// What was done, dotted: `mailbox.activated`.
    pub action: String,
    /// Id of the object; empty: one row for each object that the transaction changes.
    pub object: String,
    /// The mailbox concerned, if any.
    pub mailbox: String,
    /// The client's network, shortened.
    pub network: String,
    /// The outcome.
    pub outcome: String,
    /// Further ids and codes.
    pub detail: String,
}
