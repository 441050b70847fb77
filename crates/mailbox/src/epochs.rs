//! Identifies the current password and answer of a mailbox: wraps are bound to it, so that an old one does
//! not open again when its row is restored. Sessions are bound to all of it. Knows no wrap.
//!
//! A lock is one of these words too: the state in the row alone could be changed by an attacker who writes rows.
//!
//! A new key pair starts with none. The words are sealed together with the mailbox's address.

use sealpost_mail::Random;
use sealpost_store::{MailboxRow, WrapKind};

/// The epochs after a new wrap of some kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epochs {
    /// The value in the mailbox's row.
    pub row: String,
    /// What the new wrap is bound to.
    pub wrap_id: String,
}

impl Epochs {
    /// If nothing is rewrapped but every session is to end: adds a third word.
    #[must_use]
    pub fn left_everywhere(mailbox: &MailboxRow, random: &dyn Random) -> String {
        let (password, answer) = split(&mailbox.epochs);
        format!("{password}.{answer}.{}", random.id())
    }

    /// If support locks the mailbox: every session ends, and the lock is covered by the address's seal.
    #[must_use]
    pub fn locked(mailbox: &MailboxRow, random: &dyn Random) -> String {
        format!("{}.{LOCKED}", Self::left_everywhere(mailbox, random))
    }

    /// If support unlocks it. Earlier sessions stay ended.
    #[must_use]
    pub fn unlocked(mailbox: &MailboxRow, random: &dyn Random) -> String {
        Self::left_everywhere(mailbox, random)
    }

    /// If a wrap of this kind is replaced.
    #[must_use]
    pub fn next(mailbox: &MailboxRow, kind: WrapKind, random: &dyn Random) -> Self {
        let (password, answer) = split(&mailbox.epochs);
        let row = match kind {
            WrapKind::Password => format!("{}.{answer}", random.id()),
            WrapKind::Answer => format!("{password}.{}", random.id()),
            WrapKind::Activation | WrapKind::Link | WrapKind::Initial | WrapKind::Escrow => {
                mailbox.epochs.clone()
            }
        };
        let wrap_id = bound(&mailbox.id, &row, kind);
        Self { row, wrap_id }
    }
}

/// The word after the three others.
const LOCKED: &str = "locked";

/// Whether these are the epochs of a locked mailbox.
pub(crate) fn is_locked(epochs: &str) -> bool {
    epochs.split('.').nth(3) == Some(LOCKED)
}

/// What a wrap of this kind is bound to.
#[must_use]
pub fn wrap_id(mailbox: &MailboxRow, kind: WrapKind) -> String {
    bound(&mailbox.id, &mailbox.epochs, kind)
}

fn bound(mailbox_id: &str, epochs: &str, kind: WrapKind) -> String {
    let (password, answer) = split(epochs);
    let epoch = match kind {
        WrapKind::Password => password,
        WrapKind::Answer => answer,
        WrapKind::Activation | WrapKind::Link | WrapKind::Initial | WrapKind::Escrow => "",
    };
    if epoch.is_empty() { mailbox_id.to_owned() } else { format!("{mailbox_id}:{epoch}") }
}

/// The words of the current password and answer. Sessions alone are bound to the rest.
fn split(epochs: &str) -> (&str, &str) {
    let mut words = epochs.split('.');
    (words.next().unwrap_or_default(), words.next().unwrap_or_default())
}
