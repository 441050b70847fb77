//! The subject of an announcement: the mailbox as the notice sees it, and the letter. Knows no wording and
//! queues nothing.

use sealpost_mail::{ActivateBy, Address, ReversePath, Secret, Summary, Timestamp};
use sealpost_mailbox::{Going, Retention, RetentionRequest};
use sealpost_notice::LetterClock;
use sealpost_store::{MailboxState, ReachedMailbox};
use sealpost_vault::{InitialPassword, RowKey, Token};

use super::notice_timing::Pacing;
use crate::settings::Announcer;

/// The mailbox as the notice sees it.
pub(super) enum MailboxStage {
    /// Just created: the notice carries the activation link.
    New { link: Secret<String> },
    /// Just created: the notice carries nothing, the sender is told the password.
    NewByPassword { initial: InitialPassword },
    /// Not activated yet: the same link again, if it is still stored.
    Pending { link: Option<Secret<String>> },
    /// Not activated yet, and somebody has been told the password.
    PendingByPassword,
    /// Activated by its owner.
    Active,
    /// Locked by support: nobody can log in.
    Locked,
}

/// A letter that a recipient is notified of.
pub(super) struct Announcement<'a> {
    pub(super) mailbox_id: &'a str,
    pub(super) deposit_id: &'a str,
    pub(super) recipient: &'a Address,
    pub(super) sender: &'a ReversePath,
    pub(super) listing: &'a Summary,
    pub(super) stage: &'a MailboxStage,
    /// When the letter expires.
    pub(super) going: Going,
    /// Whether that time runs, or the mailbox is under a hold.
    pub(super) clock: LetterClock,
    /// So many notices bounced that no further one is sent.
    pub(super) is_unreachable: bool,
    pub(super) pacing: Pacing,
}

impl MailboxStage {
    /// What an existing mailbox's state means for its next notice.
    pub(super) fn of(keys: &RowKey, announcer: &Announcer, row: &ReachedMailbox) -> Self {
        match (row.state, row.activate_by) {
            // A mailbox keeps the way in it was created with, whatever the operator has chosen since.
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

    /// When the letter expires: soon if the mailbox is not activated, otherwise by the general term.
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
