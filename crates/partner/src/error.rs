//! Errors of partners' rows, and whose fault they are.

use sealpost_seal::KeyError;
use sealpost_store::StoreError;
use sealpost_vault::VaultError;
use thiserror::Error;

/// Why a partner or a key could not be read or written.
#[derive(Debug, Error)]
pub enum PartnerError {
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The row was written without our keys, or belongs to another server key.
    #[error(
        "the row of {what} {id} was not written with these keys: it is not used; restore it, or remove it"
    )]
    Forged {
        /// The kind of row.
        what: &'static str,
        /// Its id.
        id: String,
        /// The vault's error.
        #[source]
        source: VaultError,
    },
    /// The sealed content has an unknown format.
    #[error("what is kept of {what} {id} cannot be read")]
    Record {
        /// The kind of row.
        what: &'static str,
        /// Its id.
        id: String,
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
    /// The row belongs to another id or tag.
    #[error("the row of {what} {id} is in the place of another row: it is not used")]
    Moved {
        /// The kind of row.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// The stored key cannot be parsed.
    #[error("our key {id} cannot be read: {source}")]
    Key {
        /// Its id.
        id: String,
        /// The cause.
        #[source]
        source: KeyError,
    },
    /// The thread that opened our keys has panicked.
    #[error("our keys could not be opened")]
    NotOpened,
    /// It was changed by another process meanwhile.
    #[error("it was changed at the same moment, or the name, domain or address is taken; look again")]
    Overtaken,
}
