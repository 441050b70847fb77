//! What a notice has to say: facts only, one variant per kind of mail. Knows no wording.

use sealpost_mail::{ActivateBy, EnhancedCode, Secret, Timestamp};
use serde::{Deserialize, Serialize};

/// A mail the product writes, before it has words.
///
/// `from_name`, `from_address` and `subject` are taken from a letter and hostile; give them as they
/// are. `subject: None` means that it is withheld (or that the letter has none). Links are complete
/// and must not hold an address.
/// It can be kept as text until it goes out: sealed, for it holds what only its recipient may see.
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
        /// When the letter is deleted if nobody activates.
        expires: Timestamp,
        /// The same in whole days from now.
        days: u32,
        /// Whether that time runs.
        #[serde(default)]
        clock: LetterClock,
    },
    /// Letters wait in a mailbox that nobody has activated: one mail for all of them.
    ActivationReminder {
        /// Number of letters.
        letters: u32,
        /// When the first of them came.
        date: Timestamp,
        /// The activation link; with an initial password the portal's address.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// When the first of them is deleted if nobody activates.
        expires: Timestamp,
        /// The same in whole days from now.
        days: u32,
        /// Whether an initial password takes the place of the link.
        by: ActivateBy,
    },
    /// Letters nobody has opened will be deleted from a mailbox in use: one mail for all of them.
    UnreadReminder {
        /// Number of letters.
        letters: u32,
        /// The portal's address.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// When the first of them is deleted.
        expires: Timestamp,
        /// The same in whole days from now.
        days: u32,
    },
    /// Letters have come that their recipient has not been told of yet: one mail for all of them.
    Digest {
        /// Number of letters.
        letters: u32,
        /// When the first of them came.
        date: Timestamp,
        /// The portal's address, or the activation link.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// When the first of them is deleted, if at all; and the same in whole days from now.
        deletion: Option<Deletion>,
        /// How somebody gets in who has not activated the mailbox; nothing: by their password.
        newcomer: Option<ActivateBy>,
    },
    /// A mailbox that nobody uses will be deleted.
    MailboxReminder {
        /// The portal's address.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// When the mailbox is deleted.
        expires: Timestamp,
        /// The same in whole days from now.
        days: u32,
    },
    /// To the sender: nobody has fetched the letter.
    NotFetched {
        /// Whom it is for.
        recipient: String,
        /// When the letter came.
        date: Timestamp,
        /// For how many days it has been waiting.
        waiting: u32,
        /// When it is deleted unread, if at all; and the same in whole days from now.
        deletion: Option<Deletion>,
        /// Whether mail reaches its recipient, as far as we know.
        #[serde(default)]
        reached: Reached,
        /// How the recipient comes in for the first time; with an initial password, they need it from the sender.
        /// Nothing: by a password of their own.
        #[serde(default)]
        newcomer: Option<ActivateBy>,
    },
    /// To the sender: the letter was deleted, and nobody had opened it.
    #[serde(alias = "expired-unread")] // its name in tickets that are on their way
    GoneUnread {
        /// Whom it was for.
        recipient: String,
        /// When the letter came.
        date: Timestamp,
        /// When the letter was deleted.
        at: Timestamp,
        /// Why the letter was deleted.
        #[serde(default)]
        how: WentUnread,
    },
    /// To somebody who answered one of our mails instead of writing in the portal: what was written is not kept.
    ReplySafely {
        /// The portal's address.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// Whether it was an answer at all.
        #[serde(default)]
        wrote: Wrote,
    },
    /// The owner requested by mail that the mailbox be deleted: the link leads to a page that does it.
    #[serde(rename = "deletion-wish")] // its name in tickets that are on their way
    DeletionRequest {
        /// The link that confirms the deletion.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// When the link expires.
        expires: Timestamp,
    },
    /// The same request while the mailbox is held.
    DeletionHeld,
    /// The same request from an address that has no mailbox.
    DeletionNothing,
    /// The same request in a mail that need not be from whom it says. The same whether or not there is a mailbox.
    DeletionUnproven {
        /// The portal's address.
        #[serde(with = "secret_text")]
        link: Secret<String>,
    },
    /// A further letter in an active mailbox.
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
        /// When the letter is deleted, if letters are deleted by age; and the same in whole days from now.
        deletion: Option<Deletion>,
        /// Whether its owner gets in.
        #[serde(default)]
        access: Access,
    },
    /// The first letter where the operator hands out initial passwords: to the recipient, without
    /// any secret.
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
        /// When the letter is deleted if nobody logs in.
        expires: Timestamp,
        /// The same in whole days from now.
        days: u32,
        /// Whether that time runs.
        #[serde(default)]
        clock: LetterClock,
    },
    /// The other half of [`Notice::InitialPassword`]: to the sender, who passes the password on by
    /// telephone or letter.
    PasswordForSender {
        /// Whom it is for.
        recipient: String,
        /// The initial password.
        #[serde(with = "secret_text")]
        password: Secret<String>,
        /// The letter's subject, if it may be shown.
        subject: Option<String>,
        /// When the letter arrived.
        date: Timestamp,
        /// When the letter is deleted if nobody logs in.
        expires: Timestamp,
        /// The same in whole days from now.
        days: u32,
    },
    /// Support has reset the access: the mailbox must be activated again.
    Reactivation {
        /// The activation link.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// When the link ends.
        expires: Timestamp,
        /// The same in whole days from now.
        days: u32,
        /// What has become of the letters in the mailbox.
        #[serde(rename = "messages_kept")]
        // its name in tickets that are on their way, where it is a bool
        messages: OldMessages,
        /// Whether an initial password, told by support, takes the place of a link: then `link` is the
        /// portal's address.
        by: ActivateBy,
    },
    /// Somebody asked for a new password.
    ResetLink {
        /// The reset link.
        #[serde(with = "secret_text")]
        link: Secret<String>,
        /// When the link ends.
        expires: Timestamp,
    },
    /// The password was replaced: whoever did not do it learns of it.
    PasswordChanged {
        /// When it happened.
        at: Timestamp,
        /// How it was replaced.
        #[serde(rename = "forgotten")]
        // its name in tickets that are on their way, where it is a bool
        how: PasswordReplaced,
        /// From which network, shortened: "192.0.2.x".
        #[serde(default)]
        network: Option<String>,
    },
    /// The security question was replaced.
    QuestionChanged {
        /// When it happened.
        at: Timestamp,
        /// From which network, shortened.
        network: String,
    },
    /// The mailbox and all that was in it is deleted.
    MailboxDeleted {
        /// When it happened.
        at: Timestamp,
        /// From which network, shortened.
        network: String,
        /// By whom, as far as we know.
        #[serde(default)]
        by: DeletedBy,
    },
    /// Support has done something to the mailbox.
    BySupport {
        /// What support did.
        did: SupportDid,
        /// When support did it.
        at: Timestamp,
    },
    /// Somebody logged in from a browser that nobody had logged in from before.
    NewBrowser {
        /// When it happened.
        at: Timestamp,
        /// From which network, shortened.
        network: String,
    },
    /// Too many wrong passwords: from browsers nobody knows, nobody can log in for a while.
    MailboxLocked {
        /// When the wait begins.
        at: Timestamp,
        /// When the wait ends.
        until: Timestamp,
    },
    /// Too many wrong answers: for a while a forgotten password cannot be replaced by the answer.
    AnswersUsedUp {
        /// When the last one was given.
        at: Timestamp,
        /// When that way opens again.
        #[serde(default)]
        until: Option<Timestamp>,
    },
    /// Into the mailbox: what its owner wrote has not reached the operator's server, or not yet.
    #[serde(alias = "answer-returned")] // its name in tickets that are on their way
    ReplyReturned {
        /// Whom it was for.
        recipient: String,
        /// The subject of the reply.
        subject: Option<String>,
        /// When it was sent.
        date: Timestamp,
        /// The reason as a status code (RFC 3463).
        status: EnhancedCode,
        /// What the other mail server said, if one said anything; hostile.
        said: Option<String>,
        /// Whether it is still being tried.
        #[serde(rename = "delayed")] // its name in tickets that are on their way, where it is a bool
        state: ReplyState,
        /// The letter in the mailbox.
        #[serde(with = "secret_text")]
        link: Secret<String>,
    },
    /// To the owner, by ordinary mail: something written in the portal came back. Neither to whom nor what.
    #[serde(alias = "answer-came-back")]
    ReplyCameBack {
        /// When it was sent.
        date: Timestamp,
        /// What the mailbox says of it.
        #[serde(with = "secret_text")]
        link: Secret<String>,
    },
    /// To the operator: keys that letters are exchanged with end soon, or have ended. One mail for all of them.
    KeysEnding {
        /// The first ones to end.
        keys: Vec<EndingKey>,
        /// How many there are in all.
        count: u32,
    },
}

/// When a letter is deleted, and the same in whole days from now.
pub(crate) type Deletion = (Timestamp, u32);

/// A key of which the operator is told that it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EndingKey {
    /// Whose key it is.
    pub owner: KeyOwner,
    /// The domains it is for, or the partner's name.
    pub name: String,
    /// Its kind and what it is known by, as operators see it everywhere.
    pub key: String,
    /// When it ends, or ended.
    pub end: Timestamp,
}

/// Whose key ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyOwner {
    /// The key is the operator's.
    Ourselves,
    /// The key is a partner's.
    Partner,
}

/// Whether what we send to a recipient arrives, as far as we know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reached {
    /// The notice was sent and did not come back.
    #[default]
    Notified,
    /// Mail to the address came back, and no later one stayed.
    CameBack,
}

/// What has become of the letters in a mailbox whose access support has reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "bool", into = "bool")]
pub enum OldMessages {
    /// They stay readable.
    Kept,
    /// Nobody can open them any more.
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

/// How a password was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "bool", into = "bool")]
pub enum PasswordReplaced {
    /// By somebody who had forgotten it: by link and answer.
    Forgotten,
    /// By its owner, signed in.
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

/// What has become of a letter that an owner wrote and that has not reached the operator's server.
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

/// How a letter went that nobody had opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WentUnread {
    /// Its time was over.
    #[default]
    Expired,
    /// Its recipient deleted it.
    Deleted,
    /// The mailbox was deleted, by its owner or by support, and it was in it.
    WithMailbox,
}

/// Whether the time of what is in a mailbox runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LetterClock {
    /// It does, and the day is named.
    #[default]
    Runs,
    /// The operator holds the mailbox: nothing of it goes, so no day is named.
    Stopped,
}

/// Whether an owner gets into a mailbox in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// The owner can log in with the password.
    #[default]
    Open,
    /// Support has locked it.
    Locked,
}

/// What somebody did who wrote to the address our mails come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wrote {
    /// They answered one of them.
    #[default]
    Reply,
    /// They wrote without answering anything.
    Afresh,
}

/// What whoever deleted a mailbox had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeletedBy {
    /// They had the mailbox's password.
    #[default]
    Password,
    /// The link that its owner was sent on a request by mail.
    Link,
}

/// What support does to mailboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SupportDid {
    /// Deleted it, with everything in it.
    Deleted,
    /// Locked it: nobody gets in.
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

/// Secrets have no serialised form of their own, lest they get one by accident.
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
