//! What is kept, sealed, beside a letter's first notice: whose the letter is and whom it is for. Knows no row.

use sealpost_delivery::ReportsTo;
use sealpost_mail::{Address, ReversePath, Timestamp};
use sealpost_vault::{Label, RowKey};
use serde::{Deserialize, Serialize};

/// What is kept (sealed) of a notice, so that its bounce can be told to the letter's sender.
#[derive(Serialize, Deserialize)]
pub(crate) struct NoticeMemo {
    pub(crate) sender: ReversePath,
    /// Whose address that is.
    #[serde(default)]
    pub(crate) reports_to: ReportsTo,
    pub(crate) recipient: Address,
    pub(crate) at: Timestamp,
    /// The letter's Message-ID, for the operator's own systems; of an answer, of what is answered.
    #[serde(default)]
    pub(crate) message_id: Option<String>,
    /// Who wants to hear that it was opened, and may.
    #[serde(default)]
    pub(crate) receipt_to: Option<Address>,
    /// More letters that it speaks of; what is kept beside their own first notices says who sent them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) others: Vec<String>,
}

impl NoticeMemo {
    /// What is kept beside this letter. `None`: what is there says something else, or nothing.
    pub(crate) fn open(rows: &RowKey, letter: &str, sealed: &[u8]) -> Option<Self> {
        let plain = rows.open(Label::NoticeMemo, letter, sealed).ok()?;
        serde_json::from_slice(plain.expose()).ok()
    }
}
