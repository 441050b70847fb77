//! The sealed memo stored with a letter's first notice: the letter's sender and recipient. Does not know what a row is bound to.

use sealpost_delivery::ReportsTo;
use sealpost_mail::{Address, ReversePath, Timestamp};
use sealpost_mailbox::{MemoError, open_memo};
use sealpost_store::{BounceMemo, MemoKey, Store, StoreError};
use sealpost_vault::{Label, RowKey};
use serde::{Deserialize, Serialize};

/// The memo of a notice, so that its bounce can be reported to the letter's sender.
#[derive(Serialize, Deserialize)]
pub(crate) struct NoticeMemo {
    pub(crate) sender: ReversePath,
    /// Whose address that is.
    #[serde(default)]
    pub(crate) reports_to: ReportsTo,
    pub(crate) recipient: Address,
    pub(crate) at: Timestamp,
    /// The letter's Message-ID, for the operator's own systems; for a reply, that of the letter replied to.
    #[serde(default)]
    pub(crate) message_id: Option<String>,
    /// Who requested a read receipt, and may have it.
    #[serde(default)]
    pub(crate) receipt_to: Option<Address>,
    /// Further letters that it announces; the memos of their own first notices name their senders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) others: Vec<String>,
}

impl NoticeMemo {
    /// That of the letter's first notice, with its mailbox. `None`: there is none. An `Err` is a row that holds none.
    pub(crate) async fn first(
        rows: &RowKey,
        store: &Store,
        letter: &str,
    ) -> Result<Option<Result<(Self, BounceMemo), MemoError>>, StoreError> {
        let Some(row) = store.bounce_memo(&MemoKey::first(letter)).await? else { return Ok(None) };
        Ok(Some(open_memo(rows, Label::NoticeMemo, &row).map(|memo| (memo, row))))
    }

    /// The memo of this letter, as it is kept beside an event or a letter that is gone. `None`: it belongs to something else, or there is none.
    pub(crate) fn open(rows: &RowKey, letter: &str, sealed: &[u8]) -> Option<Self> {
        let plain = rows.open(Label::NoticeMemo, letter, sealed).ok()?;
        serde_json::from_slice(plain.expose()).ok()
    }
}
