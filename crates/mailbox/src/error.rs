//! What can go wrong with a mailbox. The texts are for the log: they name rows, never what is in them.

use sealpost_store::StoreError;
use sealpost_vault::VaultError;
use thiserror::Error;

/// Why something could not be done to a mailbox.
#[derive(Debug, Error)]
pub enum MailboxError {
    /// The store could not do it.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Something sealed could not be opened or made.
    #[error("{0}")]
    Vault(#[from] VaultError),
    /// What was sealed is not what we sealed, or not all there.
    #[error("{what}: {cause}")]
    Damaged {
        /// Which kind of thing.
        what: &'static str,
        /// What was found in the row.
        cause: String,
    },
    /// Rows that belong together and do not fit together, or of which one is missing.
    #[error("{0}")]
    Incomplete(&'static str),
    /// A record that cannot be written down or read.
    #[error("a record: {0}")]
    Record(#[from] serde_json::Error),
}

impl MailboxError {
    pub(crate) fn damaged(what: &'static str, cause: impl std::fmt::Display) -> Self {
        Self::Damaged { what, cause: cause.to_string() }
    }
}
