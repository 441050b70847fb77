//! Why support did not do what was requested.

use sealpost_mailbox::MailboxError;
use sealpost_store::StoreError;
use thiserror::Error;

/// Why it was not done.
#[derive(Debug, Error)]
pub enum SupportError {
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The mailbox's row is invalid.
    #[error("{0}")]
    Mailbox(#[from] MailboxError),
    /// There is no mailbox with this address or id.
    #[error("there is no mailbox {0:?}: give the address it was made for, or its id")]
    NoMailbox(String),
    /// This is not the id of a letter.
    #[error("there is no letter {0:?} (any more): give the id that `sealpost mailbox show` prints")]
    NoLetter(String),
    /// The state of the mailbox or letter does not allow it; the reason.
    #[error("{0}")]
    Not(&'static str),
    /// The notice about it could not be written.
    #[error("the mail to its owner cannot be written, and nothing was done: {0}")]
    Mail(String),
    /// The command needs a note.
    #[error("a note is missing: say why, in words that may stand in the audit trail")]
    NoNote,
    /// The note contains an address.
    #[error("the note has a mail address in it, and the audit trail has none: write who and why without it")]
    AddressInNote,
    /// This is not a state of a mailbox.
    #[error("{0:?} is no state of a mailbox: pending, active, locked or deleted")]
    NoState(String),
}
