//! Mails that the portal asks for: the interface between the portal and the crate that composes and queues them. Knows
//! no wording.

use async_trait::async_trait;
use sealpost_mail::{Address, Secret, Timestamp};
use sealpost_store::{AuditRow, NewOpening};
use thiserror::Error;

use crate::owner_letter::{Sent, WrittenLetter};

/// A mail the portal wants sent to a mailbox's owner.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The mailbox it is about.
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
    /// Too many wrong passwords; log-ins from unknown browsers are blocked until then.
    MailboxLocked {
        /// When it ends.
        until: Timestamp,
    },
    /// Too many wrong answers; a forgotten password cannot be replaced by the answer until then.
    AnswersUsedUp {
        /// When it ends.
        until: Timestamp,
    },
    /// A new password was requested.
    ResetLink {
        /// The token of the link, `{public-url}/r/{token}`.
        token: Secret<String>,
        /// When the link expires.
        expires: Timestamp,
    },
    /// A new link replacing an expired one.
    Activation {
        /// The display name of the waiting letter's sender; untrusted.
        from_name: Option<String>,
        /// The sender's address, empty if unknown.
        from_address: String,
        /// The letter's subject; the operator may withhold it.
        subject: Option<String>,
        /// When the letter arrived.
        date: Timestamp,
        /// The token of the link, `{public-url}/a/{token}`.
        token: Secret<String>,
        /// When the link expires.
        expires: Timestamp,
    },
    /// A new link for a mailbox whose access support has reset, replacing an expired one.
    Reactivation {
        /// The token of the link, `{public-url}/a/{token}`.
        token: Secret<String>,
        /// When the link expires.
        expires: Timestamp,
    },
    /// The owner, logged in, has changed the password.
    PasswordChanged {
        /// The client's network, shortened.
        network: String,
    },
    /// A forgotten password was replaced.
    PasswordReset {
        /// The client's network, shortened.
        network: String,
    },
    /// The security question was changed.
    QuestionChanged {
        /// The client's network, shortened.
        network: String,
    },
    /// The mailbox was deleted through the link sent on a request by mail.
    MailboxDeletedAsRequested {
        /// The client's network, shortened.
        network: String,
    },
    /// The mailbox was deleted by a person who knew its password.
    MailboxDeleted {
        /// The client's network, shortened.
        network: String,
    },
    /// A log-in from an unknown browser.
    NewBrowser {
        /// The client's network, shortened.
        network: String,
    },
}

/// Why a mail was refused.
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
    /// Queues one mail; `Ok` means it is durable.
    async fn post(&self, outgoing: Outgoing) -> Result<(), OutboxError>;

    /// Takes a letter written by a mailbox's owner: it is queued, stored in the sent folder and its draft removed, all
    /// in one transaction.
    async fn send(&self, letter: WrittenLetter) -> Result<Sent, OutboxError>;

    /// A letter is opened for the first time: if its sender asked for a receipt, it is queued and the opening recorded,
    /// in one transaction. `false`: none was requested, or it was opened before, and nothing was done.
    async fn opened(&self, _opening: NewOpening, _noted: AuditRow) -> Result<bool, OutboxError> {
        Ok(false)
    }
}
