//! What a mailbox's owner, or a page about a mailbox, asks to be mailed: the seam between the portal and whoever
//! composes and queues. Knows no wording.

use async_trait::async_trait;
use sealpost_mail::{Address, Secret, Timestamp};
use sealpost_store::{AuditRow, NewOpening};
use thiserror::Error;

use crate::owner_letter::{Sent, WrittenLetter};

/// A mail the portal wants sent to a mailbox's owner.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Whose mailbox it is about.
    pub mailbox_id: String,
    /// The recipient of the mail.
    pub to: Address,
    /// The owner's language tag.
    pub language: String,
    /// What the mail is about.
    pub about: About,
}

/// What a mail of the portal is about.
#[derive(Clone, Debug)]
pub enum About {
    /// Too many wrong passwords; from browsers nobody knows, logging in is closed until then.
    MailboxLocked {
        /// When it opens again.
        until: Timestamp,
    },
    /// Too many wrong answers; a forgotten password cannot be replaced by the answer until then.
    AnswersUsedUp {
        /// When that way opens again.
        until: Timestamp,
    },
    /// Somebody asked for a new password.
    ResetLink {
        /// The token of the link, `{public-url}/r/{token}`.
        token: Secret<String>,
        /// When the link expires.
        expires: Timestamp,
    },
    /// A new link in place of one that has run out.
    Activation {
        /// The sender's display name of the letter that waits; hostile.
        from_name: Option<String>,
        /// The sender's address, empty if it is not known.
        from_address: String,
        /// The letter's subject; the operator may withhold it.
        subject: Option<String>,
        /// When the letter came.
        date: Timestamp,
        /// The token of the link, `{public-url}/a/{token}`.
        token: Secret<String>,
        /// When the link expires.
        expires: Timestamp,
    },
    /// A new link for a mailbox whose access support has reset, in place of one that has run out.
    Reactivation {
        /// The token of the link, `{public-url}/a/{token}`.
        token: Secret<String>,
        /// When the link expires.
        expires: Timestamp,
    },
    /// The owner, signed in, has replaced the password.
    PasswordChanged {
        /// From which network, shortened.
        network: String,
    },
    /// A forgotten password was replaced.
    PasswordReset {
        /// From which network, shortened.
        network: String,
    },
    /// The security question was replaced.
    QuestionChanged {
        /// From which network, shortened.
        network: String,
    },
    /// The mailbox is deleted, by the link that its owner was sent on a request by mail.
    MailboxDeletedAsRequested {
        /// From which network, shortened.
        network: String,
    },
    /// The mailbox is deleted, by somebody who knew its password.
    MailboxDeleted {
        /// From which network, shortened.
        network: String,
    },
    /// A log-in from a browser from which nobody had logged in before.
    NewBrowser {
        /// From which network, shortened.
        network: String,
    },
}

/// Why a mail was not taken.
#[derive(Debug, Error)]
#[error("the mail could not be queued: {0}")]
pub struct OutboxError(
    /// The cause, for the log.
    #[source]
    pub Box<dyn std::error::Error + Send + Sync>,
);

/// Where the portal's mails go; the gateway composes and queues them.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Takes one mail; an answer of `Ok` means it is durable.
    async fn post(&self, outgoing: Outgoing) -> Result<(), OutboxError>;

    /// Takes a letter that a mailbox's owner has written: queued, kept among the sent ones and its draft gone,
    /// all in one transaction.
    async fn send(&self, letter: WrittenLetter) -> Result<Sent, OutboxError>;

    /// A letter is opened for the first time: if its sender asked for word of that, the word is queued and the reading
    /// noted, in one transaction. `false`: nobody asked, or it was opened before, and nothing was done.
    async fn opened(&self, _opening: NewOpening, _noted: AuditRow) -> Result<bool, OutboxError> {
        Ok(false)
    }
}
