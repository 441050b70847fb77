//! Why support did not do what it was asked to.

use sealpost_mailbox::MailboxError;
use sealpost_store::StoreError;
use thiserror::Error;

/// Why it was not done.
#[derive(Debug, Error)]
pub enum SupportError {
    /// The store.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The mailbox's row.
    #[error("{0}")]
    Mailbox(#[from] MailboxError),
    /// Nobody's address or id.
    #[error("there is no mailbox {0:?}: give the address it was made for, or its id")]
    NoMailbox(String),
    /// This is not the id of a letter.
    #[error("there is no letter {0:?} (any more): give the id that `sealpost mailbox show` prints")]
    NoLetter(String),
    /// It is not so that it could be done, and why.
    #[error("{0}")]
    Not(&'static str),
    /// The mail that tells of it.
    #[error("the mail to its owner cannot be written, and nothing was done: {0}")]
    Mail(String),
    /// The command needs a note.
    #[error("a note is missing: say why, in words that may stand in the audit trail")]
    NoNote,
    /// What is said names somebody.
    #[error("the note has a mail address in it, and the audit trail has none: write who and why without it")]
    AddressInNote,
    /// This is not a state of a mailbox.
    #[error("{0:?} is no state of a mailbox: pending, active, locked or deleted")]
    NoState(String),
}
