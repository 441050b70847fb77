//! When things go. One place decides; everybody else asks it. Pure: the clock is an argument.

use std::time::Duration;

use sealpost_mail::Timestamp;
use sealpost_store::MailboxState;

/// How long the operator keeps what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Letters of a mailbox that nobody has activated, and the link that activates it.
    pub unactivated: Duration,
    /// Letters of a mailbox in use; `None`: until its owner deletes them.
    pub letters: Option<Duration>,
}

impl Retention {
    /// When a letter goes that is deposited now: soon if nobody activates the mailbox, else when letters of its age go.
    #[must_use]
    pub fn letter(&self, mailbox: MailboxState, now: Timestamp) -> Option<Timestamp> {
        match mailbox {
            MailboxState::Pending => Some(now.plus(self.unactivated)),
            MailboxState::Active | MailboxState::Locked | MailboxState::Deleted => {
                self.letters.map(|kept| now.plus(kept))
            }
        }
    }

    /// Until when a link leads into a mailbox that is made now.
    #[must_use]
    pub fn link(&self, now: Timestamp) -> Timestamp {
        now.plus(self.unactivated)
    }
}
