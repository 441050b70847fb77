//! What may be done to a mailbox: creating it with its ways in, finding it by address, depositing a letter, sealing and
//! opening bodies, drafts and their files, throttling of passwords, replacing the key pair, and retention.
//!
//! Must never know: HTTP, SMTP, wording. It holds no key; every function takes the keys it needs, so that a role that
//! lacks one cannot call it. Clock and randomness are arguments.

#![deny(clippy::wildcard_enum_match_arm)]

mod access;
pub mod audit;
mod bounce_memo;
mod create;
mod deposit;
mod directory;
mod draft;
mod epochs;
mod error;
mod hold_end;
mod outbox;
mod owner_letter;
mod paces;
pub mod portal_links;
mod rekey;
mod retention;
mod sealed_body;
mod support_request;
mod throttle;
mod upload;

pub use access::{
    Access, Activated, ActivationLink, Chosen, DeletionLink, KnownLink, LINK_LASTS, LogInOutcome,
    NewCredential, NewPassword, OpenedPending, Owner, Renewed, Replaced, ResetLink, ResetProof, ResetToken,
    WorkPool,
};
pub use bounce_memo::{MemoError, MemoOf, ReturnToken, open_memo, seal_memo, verify_memo};
pub use create::{NewOwner, NewPending, WaysIn, activation_token, initial_wrap};
pub use deposit::{NewLetter, OpenedLine, listing, open_head, opened, proven_listing, rewrapped};
pub use directory::{AddressRecord, Resident, seal_address};
pub use draft::{Content, Draft, Drafts, File, FileFacts, MAX_SUBJECT, Pending};
pub use epochs::{Epochs, wrap_id};
pub use error::MailboxError;
pub use outbox::{About, Outbox, OutboxError, Outgoing};
pub use owner_letter::{MAX_FILES, Sent, WriteRules, WrittenFile, WrittenLetter};
pub use paces::Paces;
pub use rekey::{NewPair, Whose, Wrapped};
pub use retention::{Bounds, Going, LastUse, Retention, RetentionRequest};
pub use sealed_body::{BodyOpener, BodySealer, seal_body};
pub use support_request::{Asker, ask_support};
pub use throttle::{Counted, LockRules, Throttle, Tried};
pub use upload::{Announcement, PIECE, Piece, Progress, Stage, UPLOAD_LIVES};

/// Whether `text` can be an id of ours: anything else is never looked up.
#[must_use]
pub fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
