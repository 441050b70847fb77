//! The facts of each kind of notice. Knows no wording.

use sealpost_mail::{ActivateBy, EnhancedCode, Secret, Timestamp};
use serde::{Deserialize, Serialize};

/// A mail written by the product, as facts.
///
/// `from_name`, `from_address` and `subject` are taken from a letter and untrusted; pass them unchanged. `subject:
/// None` means that it is withheld (or that the letter has none). Links are complete and must not contain an address.
/// It may be stored as text until it is sent, but only sealed, because it contains what only its recipient may see.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notice {
    /// The first letter for a new mailbox: the recipient opens it with the link.
    Activation {
        /// The sender's display name.
        from_name: Option<String>,
        /// The sender's address.
        from_address: String,
        /// The letter's subject, if it may be shown.
        subject: Option<String>,
        /// When the letter arrived.
        date: Timestamp,
        /// The activation link.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// When the letter expires if the mailbox is not activated.
        expires: Timestamp,
        /// Whole days until then.
        days: u32,
        /// Whether that time runs.
        #[serde(default)]
        clock: LetterClock,
    },
    /// Letters are waiting in a mailbox that is not activated: one mail for all of them.
    ActivationReminder {
        /// Number of letters.
        letters: u32,
        /// When the first of them arrived.
        date: Timestamp,
        /// The activation link; with an initial password the portal's address.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// When the first of them expires if the mailbox is not activated.
        expires: Timestamp,
        /// Whole days until then.
        days: u32,
        /// Whether an initial password replaces the link.
        by: ActivateBy,
    },
    /// Unopened letters in an active mailbox will expire: one mail for all of them.
    UnreadReminder {
        /// Number of letters.
        letters: u32,
        /// The portal's address.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// When the first of them expires.
        expires: Timestamp,
        /// Whole days until then.
        days: u32,
    },
    /// Letters that their recipient has not been notified of yet: one mail for all of them.
    Digest {
        /// Number of letters.
        letters: u32,
        /// When the first of them arrived.
        date: Timestamp,
        /// The portal's address, or the activation link.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// When the first of them expires, if at all, and whole days until then.
        deletion: Option<Deletion>,
        /// What activates the mailbox; `None`: it is active and opens with its password.
        newcomer: Option<ActivateBy>,
    },
    /// An unused mailbox will be deleted.
    MailboxReminder {
        /// The portal's address.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// When the mailbox is deleted.
        expires: Timestamp,
        /// Whole days until then.
        days: u32,
    },
    /// To the sender: the letter is not being fetched.
    NotFetched {
        /// Address of the recipient.
        recipient: String,
        /// When the letter arrived.
        date: Timestamp,
        /// Days it has been waiting.
        waiting: u32,
        /// When it expires unread, if at all, and whole days until then.
        deletion: Option<Deletion>,
        /// Whether mail reaches its recipient, as far as known.
        #[serde(default)]
        reached: Reached,
        /// What activates the mailbox; an initial password must come from the sender. `None`: the recipient has a
        /// password.
        #[serde(default)]
        newcomer: Option<ActivateBy>,
    },
    /// To the sender: the letter was deleted unopened.
    #[serde(alias = "expired-unread")] // its name in queued tickets
    GoneUnread {
        /// Address of the recipient.
        recipient: String,
        /// When the letter arrived.
        date: Timestamp,
        /// When the letter was deleted.
        at: Timestamp,
        /// Why the letter was deleted.
        #[serde(default)]
        how: WentUnread,
    },
    /// To a person who replied to one of our mails instead of writing in the portal: the text was not kept.
    ReplySafely {
        /// The portal's address.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// Whether it was a reply at all.
        #[serde(default)]
        wrote: Wrote,
    },
    /// The owner requested by mail that the mailbox be deleted: the link leads to a page that deletes it.
    #[serde(rename = "deletion-wish")] // its name in queued tickets
    DeletionRequest {
        /// The link that confirms the deletion.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// When the link expires.
        expires: Timestamp,
    },
    /// The same request while the mailbox is under a hold.
    DeletionHeld,
    /// The same request from an address without a mailbox.
    DeletionNothing,
    /// The same request in an unauthenticated mail. The same whether or not there is a mailbox.
    DeletionUnproven {
        /// The portal's address.
        #[serde(with = "secret_text")]
        link: Secret<String>,
    },
    /// Another letter in an active mailbox.
    NewMessage {
        /// The sender's display name.
        from_name: Option<String>,
        /// The sender's address.
        from_address: String,
        /// The letter's subject, if it may be shown.
        subject: Option<String>,
        /// When the letter arrived.
        date: Timestamp,
        /// The portal's address, or the letter's page behind the log-in.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// When the letter expires, if letters do, and whole days until then.
        deletion: Option<Deletion>,
        /// Whether its owner can log in.
        #[serde(default)]
        access: Access,
    },
    /// The first letter if the operator uses initial passwords: to the recipient, without any secret.
    InitialPassword {
        /// The sender's display name.
        from_name: Option<String>,
        /// The sender's address.
        from_address: String,
        /// The letter's subject, if it may be shown.
        subject: Option<String>,
        /// When the letter arrived.
        date: Timestamp,
        /// The portal's address.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// When the letter expires if its owner does not log in.
        expires: Timestamp,
        /// Whole days until then.
        days: u32,
        /// Whether that time runs.
        #[serde(default)]
        clock: LetterClock,
    },
    /// The other half of [`Notice::InitialPassword`]: to the sender, who passes the password on by telephone or letter.
    PasswordForSender {
        /// Address of the recipient.
        recipient: String,
        /// The initial password.
        #[serde(with = "secret_text")]
        password: Secret<String>,
        /// The letter's subject, if it may be shown.
        subject: Option<String>,
        /// When the letter arrived.
        date: Timestamp,
        /// When the letter expires if its owner does not log in.
        expires: Timestamp,
        /// Whole days until then.
        days: u32,
    },
    /// Support has reset the access: the mailbox must be activated again.
    Reactivation {
        /// The activation link.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// When the link expires.
        expires: Timestamp,
        /// Whole days until then.
        days: u32,
        /// What became of the letters in the mailbox.
        #[serde(rename = "messages_kept")]
        // its name in tickets that are on their way, where it is a bool
        messages: OldMessages,
        /// Whether an initial password, told by support, replaces the link: then `link` is the portal's address.
        by: ActivateBy,
    },
    /// A new password was requested.
    ResetLink {
        /// The reset link.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// When the link expires.
        expires: Timestamp,
    },
    /// The password was changed: an owner who did not do it learns of it.
    PasswordChanged {
        /// When it happened.
        at: Timestamp,
        /// How it was changed.
        #[serde(rename = "forgotten")]
        // its name in tickets that are on their way, where it is a bool
        how: PasswordReplaced,
        /// The client's network, shortened: "192.0.2.x".
        #[serde(default)]
        network: Option<String>,
    },
    /// The security question was changed.
    QuestionChanged {
        /// When it happened.
        at: Timestamp,
        /// The client's network, shortened.
        network: String,
    },
    /// The mailbox and everything in it was deleted.
    MailboxDeleted {
        /// When it happened.
        at: Timestamp,
        /// The client's network, shortened.
        network: String,
        /// By whom, as far as known.
        #[serde(default)]
        by: DeletedBy,
    },
    /// Support acted on the mailbox.
    BySupport {
        /// What support did.
        did: SupportDid,
        /// When support did it.
        at: Timestamp,
    },
    /// A log-in from an unknown browser.
    NewBrowser {
        /// When it happened.
        at: Timestamp,
        /// The client's network, shortened.
        network: String,
    },
    /// Too many wrong passwords: log-ins from unknown browsers are blocked for a while.
    MailboxLocked {
        /// When the block begins.
        at: Timestamp,
        /// When it ends.
        until: Timestamp,
    },
    /// Too many wrong answers: for a while a forgotten password cannot be replaced by the answer.
    AnswersUsedUp {
        /// When the last one was given.
        at: Timestamp,
        /// When it ends.
        #[serde(default)]
        until: Option<Timestamp>,
    },
    /// Into the mailbox: the owner's reply has not reached the operator's server, or not yet.
    #[serde(alias = "answer-returned")] // its name in queued tickets
    ReplyReturned {
        /// Address of the recipient.
        recipient: String,
        /// The subject of the reply.
        subject: Option<String>,
        /// When it was sent.
        date: Timestamp,
        /// The reason as a status code (RFC 3463).
        status: EnhancedCode,
        /// The other mail server's reply, if there was one; untrusted.
        said: Option<String>,
        /// Whether it is still being tried.
        #[serde(rename = "delayed")] // its name in queued tickets, where it is a bool
        state: ReplyState,
        /// URL of the letter in the mailbox.
        #[serde(with = "secret_text")]
        link: Secret<String>,
    },
    /// To the owner, by ordinary mail: something written in the portal bounced. Says neither to whom nor what.
    #[serde(alias = "answer-came-back")]
    ReplyCameBack {
        /// When it was sent.
        date: Timestamp,
        /// URL of the report in the mailbox.
        #[serde(with = "secret_text")]
        link: Secret<String>,
    },
    /// To the operator: keys for partners expire soon, or have expired. One mail for all of them.
    KeysEnding {
        /// The first to expire.
        keys: Vec<ExpiringKey>,
        /// Total number.
        count: u32,
    },
}

/// When a letter expires, and whole days until then.
pub(crate) type Deletion = (Timestamp, u32);

/// An expiring key that the operator is warned of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExpiringKey {
    /// Whose key it is.
    pub owner: KeyOwner,
    /// The domains it is for, or the partner's name.
    pub name: String,
    /// Its kind and fingerprint, as shown to operators everywhere.
    pub key: String,
    /// When it expires, or expired.
    pub end: Timestamp,
}

/// Owner of an expiring key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyOwner {
    /// The key is the operator's.
    Ourselves,
    /// The key is a partner's.
    Partner,
}

/// Whether mail to a recipient is delivered, as far as known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reached {
    /// The notice was sent and did not bounce.
    #[default]
    Notified,
    /// Mail to the address bounced, and no later one was delivered.
    CameBack,
}

/// What became of the letters in a mailbox whose access support has reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "bool", into = "bool")]
pub enum OldMessages {
    /// They stay readable.
    Kept,
    /// They can no longer be opened.
    Lost,
}

impl From<bool> for OldMessages {
    fn from(kept: bool) -> Self {
        if kept { Self::Kept } else { Self::Lost }
    }
}

impl From<OldMessages> for bool {
    fn from(messages: OldMessages) -> Self {
        messages == OldMessages::Kept
    }
}

/// How a password was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "bool", into = "bool")]
pub enum PasswordReplaced {
    /// A forgotten one was replaced, by link and answer.
    Forgotten,
    /// By its owner, logged in.
    ByOwner,
}

impl From<bool> for PasswordReplaced {
    fn from(forgotten: bool) -> Self {
        if forgotten { Self::Forgotten } else { Self::ByOwner }
    }
}

impl From<PasswordReplaced> for bool {
    fn from(how: PasswordReplaced) -> Self {
        how == PasswordReplaced::Forgotten
    }
}

/// State of an owner's letter that has not reached the operator's server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "bool", into = "bool")]
pub enum ReplyState {
    /// It is still being tried.
    Delayed,
    /// It will not be delivered.
    Failed,
}

impl From<bool> for ReplyState {
    fn from(delayed: bool) -> Self {
        if delayed { Self::Delayed } else { Self::Failed }
    }
}

impl From<ReplyState> for bool {
    fn from(state: ReplyState) -> Self {
        state == ReplyState::Delayed
    }
}

/// How an unopened letter was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WentUnread {
    /// It expired.
    #[default]
    Expired,
    /// Its recipient deleted it.
    Deleted,
    /// Its mailbox was deleted, by its owner or by support.
    WithMailbox,
}

/// Whether time in a mailbox runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LetterClock {
    /// It does, and the day is named.
    #[default]
    Runs,
    /// The mailbox is under a hold: nothing expires, so no day is named.
    Stopped,
}

/// Whether an owner can log in to an active mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// The owner can log in with the password.
    #[default]
    Open,
    /// Support has locked it.
    Locked,
}

/// What a person who wrote to our sender address did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wrote {
    /// They replied to a mail of ours.
    #[default]
    Reply,
    /// They wrote without replying to anything.
    Afresh,
}

/// What authorised the deletion of a mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeletedBy {
    /// The mailbox's password.
    #[default]
    Password,
    /// The link sent to its owner on a request by mail.
    Link,
}

/// Actions of support on mailboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SupportDid {
    /// Deleted it, with everything in it.
    Deleted,
    /// Locked it: no log-in is possible.
    Locked,
    /// Support unlocked the mailbox.
    Unlocked,
}

/// A finished notice, ready for `sealpost_mail::compose_notice`.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The Subject, one line.
    pub subject: String,
    /// The text part, lines ended by LF.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

impl std::fmt::Debug for Rendered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rendered")
    }
}

/// Secrets have no serialised form of their own, so that they do not get one by accident.
mod secret_text {
    use sealpost_mail::Secret;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(secret: &Secret<String>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(secret.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Secret<String>, D::Error> {
        String::deserialize(from).map(Secret::new)
    }
}
