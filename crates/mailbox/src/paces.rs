//! How often owners are told of new letters, where operator and owner both have a say. Sends nothing.

use sealpost_store::{MailboxState, Pace};

/// How often owners are told of new letters, as the operator says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paces {
    /// Of mailboxes in use, unless their owners request otherwise.
    pub in_use: Pace,
    /// Of mailboxes that nobody has activated.
    pub pending: Pace,
}

impl Paces {
    /// Of one mailbox: as its owner wants once there is one, else as the operator says.
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
