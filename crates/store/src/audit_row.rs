//! A row of the audit trail, as data that a batch carries along. Knows no table and no proof.

use sealpost_mail::Timestamp;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// When.
    pub at: Timestamp,
    /// Who: `system`, `owner`, an officer's login.
    pub actor: String,
    /// What, dotted: `mailbox.activated`.
    pub action: String,
    /// The id of what it was done to; empty: of each thing that the transaction changes, a row for each.
    pub object: String,
    /// The mailbox it concerns, if one.
    pub mailbox: String,
    /// From which network, shortened.
    pub network: String,
    /// How it ended.
    pub outcome: String,
    /// Further ids and codes.
    pub detail: String,
}
