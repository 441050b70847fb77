//! What the portal asks to be mailed. Composing, queueing and wording are somebody else's.

use async_trait::async_trait;
use sealpost_mail::{Address, Timestamp};
use thiserror::Error;

/// A mail the portal wants sent to a mailbox's owner.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Whose mailbox it is about.
    pub mailbox_id: String,
    /// Where to.
    pub to: Address,
    /// The owner's language tag.
    pub language: String,
    /// What about.
    pub about: About,
}

/// What a mail of the portal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Too many wrong passwords; logging in is closed until then.
    MailboxLocked {
        /// When it opens again; nothing if somebody must open it.
        until: Option<Timestamp>,
    },
}

/// Why a mail was not taken.
#[derive(Debug, Error)]
#[error("the mail could not be queued: {0}")]
pub struct OutboxError(
    /// The cause, for the log.
    pub String,
);

/// Where the portal's mails go; the gateway composes and queues them.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Takes one mail; an answer of `Ok` means it is durable.
    async fn post(&self, outgoing: Outgoing) -> Result<(), OutboxError>;
}
