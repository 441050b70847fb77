//! What an announcement is about: the mailbox as the notice sees it, and the letter. Knows no wording and queues nothing.

use sealpost_mail::{ActivateBy, Address, ReversePath, Secret, Summary, Timestamp};
use sealpost_mailbox::{Going, Retention, RetentionRequest};
use sealpost_notice::LetterClock;
use sealpost_store::{MailboxState, ReachedMailbox};
use sealpost_vault::{InitialPassword, RowKey, Token};

use super::notice_timing::Pacing;
use crate::settings::Announcer;

/// The mailbox as the notice sees it.
pub(super) enum MailboxStage {
    /// Made just now: the notice carries the activation link.
    New { link: Secret<String> },
    /// Made just now: the notice carries nothing, the sender is told the password.
    NewByPassword { initial: InitialPassword },
    /// Not activated yet: the same link again, if it is still kept.
    Pending { link: Option<Secret<String>> },
    /// Not activated yet, and somebody has been told the password.
    PendingByPassword,
    /// Its owner has set it up.
    Active,
    /// In use, and closed by support for a while: nobody can log in.
    Locked,
}

/// A letter of which a recipient is to be told.
pub(super) struct Announcement<'a> {
    pub(super) mailbox_id: &'a str,
    pub(super) deposit_id: &'a str,
    pub(super) recipient: &'a Address,
    pub(super) sender: &'a ReversePath,
    pub(super) listing: &'a Summary,
    pub(super) stage: &'a MailboxStage,
    /// When the letter will be deleted.
    pub(super) going: Going,
    /// Whether that time runs, or the mailbox is held.
    pub(super) clock: LetterClock,
    /// So many notices came back that no further one is sent.
    pub(super) is_unreachable: bool,
    pub(super) pacing: Pacing,
}

impl MailboxStage {
    /// What an existing mailbox's state means for its next notice.
    pub(super) fn of(keys: &RowKey, announcer: &Announcer, row: &ReachedMailbox) -> Self {
        match (row.state, row.activate_by) {
            // A mailbox keeps the way it was made with, whatever the operator has chosen since.
            (MailboxState::Pending, ActivateBy::InitialPassword) => Self::PendingByPassword,
            (MailboxState::Pending, ActivateBy::Link) => {
                let sealed = row.link_sealed.as_ref();
                let token = sealed.and_then(|sealed| Token::kept(keys, &row.id, sealed).ok());
                Self::Pending { link: token.map(|token| announcer.activation_link(&token)) }
            }
            (MailboxState::Active | MailboxState::Deleted, _) => Self::Active,
            (MailboxState::Locked, _) => Self::Locked,
        }
    }

    /// When the letter goes: soon if nobody activates the mailbox, else when letters of its age go.
    pub(super) fn going(&self, retention: &Retention, now: Timestamp, request: RetentionRequest) -> Going {
        let state = match self {
            Self::New { .. }
            | Self::NewByPassword { .. }
            | Self::Pending { .. }
            | Self::PendingByPassword => MailboxState::Pending,
            Self::Active => MailboxState::Active,
            Self::Locked => MailboxState::Locked,
        };
        retention.letter(state, now, request)
    }
}
