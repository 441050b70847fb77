//! What goes wrong with partners' rows, and whose fault it is.

use sealpost_seal::KeyError;
use sealpost_store::StoreError;
use sealpost_vault::VaultError;
use thiserror::Error;

/// Why a partner or a key could not be read or written.
#[derive(Debug, Error)]
pub enum PartnerError {
    /// The store does not answer.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Somebody wrote the row who has not our keys, or it belongs to another server key.
    #[error(
        "the row of {what} {id} was not written with these keys: it is not used; restore it, or remove it"
    )]
    Forged {
        /// What it is a row of.
        what: &'static str,
        /// Its id.
        id: String,
        /// What the vault says.
        #[source]
        source: VaultError,
    },
    /// What is sealed is not what this version writes.
    #[error("what is kept of {what} {id} cannot be read")]
    Record {
        /// What it is a row of.
        what: &'static str,
        /// Its id.
        id: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The row belongs elsewhere.
    #[error("the row of {what} {id} stands in a place that is not its own: it is not used")]
    Moved {
        /// What it is a row of.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// What is kept is no key.
    #[error("our key {id} cannot be read: {source}")]
    Key {
        /// Its id.
        id: String,
        /// Why.
        #[source]
        source: KeyError,
    },
    /// The thread that opened our keys broke off.
    #[error("our keys could not be opened")]
    NotOpened,
    /// Somebody else changed it meanwhile.
    #[error("it was changed at the same moment, or the name, domain or address is taken; look again")]
    Overtaken,
}
