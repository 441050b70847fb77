//! How often owners get notices of new letters, combining the operator's setting and the owner's choice.
//! Sends nothing.

use sealpost_store::{MailboxState, Pace};

/// The operator's settings for notices of new letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paces {
    /// For active mailboxes, unless their owners choose otherwise.
    pub in_use: Pace,
    /// For pending mailboxes.
    pub pending: Pace,
}

impl Paces {
    /// For one mailbox: the owner's choice if it is active, otherwise the operator's setting.
    #[must_use]
    pub fn of(self, state: MailboxState, request: Option<Pace>) -> Pace {
        match state {
            MailboxState::Pending => self.pending,
            MailboxState::Active | MailboxState::Locked | MailboxState::Deleted => {
                request.unwrap_or(self.in_use)
            }
        }
    }
}
