//! Errors of this crate. The texts are for the log: they name rows, never their content.

use sealpost_store::StoreError;
use sealpost_vault::VaultError;
use thiserror::Error;

/// Why an operation on a mailbox failed.
#[derive(Debug, Error)]
pub enum MailboxError {
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Sealing or opening failed.
    #[error("{0}")]
    Vault(#[from] VaultError),
    /// What was sealed has changed, or is incomplete.
    #[error("{what}: {cause}")]
    Damaged {
        /// The kind of object.
        what: &'static str,
        /// What was found in the row.
        cause: String,
    },
    /// Rows that belong together are inconsistent or incomplete.
    #[error("{0}")]
    Incomplete(&'static str),
    /// A record cannot be serialised or parsed.
    #[error("a record: {0}")]
    Record(#[from] serde_json::Error),
}

impl MailboxError {
    pub(crate) fn damaged(what: &'static str, cause: impl std::fmt::Display) -> Self {
        Self::Damaged { what, cause: cause.to_string() }
    }
}
