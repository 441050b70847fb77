//! Opens the letters of one mailbox, with what was taken from a session, for work in the background. Reads
//! nothing itself.

use sealpost_store::DepositRow;
use sealpost_vault::{MailboxSecret, MessageKey, VaultError};

use crate::access::session::SignedIn;

/// Opens the letters of a mailbox whose owner is logged in; for work in the background.
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
