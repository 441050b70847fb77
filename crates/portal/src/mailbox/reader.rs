//! What opens the letters of one mailbox, taken from a session: it goes on beside the page. Reads nothing itself.

use sealpost_store::DepositRow;
use sealpost_vault::{MailboxSecret, MessageKey, VaultError};

use crate::access::session::SignedIn;

/// What opens the letters of a mailbox whose owner is signed in; for work that goes on beside the page.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(super) mailbox_id: String,
    pub(super) secret: MailboxSecret,
}

impl Reader {
    pub(super) fn of(owner: &SignedIn) -> Self {
        Self { mailbox_id: owner.mailbox_id().to_owned(), secret: owner.secret().clone() }
    }

    pub(crate) fn mailbox_id(&self) -> &str {
        &self.mailbox_id
    }

    /// A letter's key.
    pub(super) fn key_of(&self, row: &DepositRow) -> Result<MessageKey, VaultError> {
        self.secret.open_key(&self.mailbox_id, &row.id, &row.key_sealed)
    }
}
