//! The dependencies of support's operations. Decides nothing.

use std::time::Duration;

use sealpost_arrival::Announcer;
use sealpost_mail::Random;
use sealpost_mailbox::Retention;
use sealpost_mailbox::audit::Actor;
use sealpost_store::{Store, Unread};
use sealpost_vault::SupportRole;

/// Which letters may be recalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recall {
    /// None.
    Never,
    /// Letters that have not been opened.
    Unread,
    /// Also opened letters, if explicitly requested.
    Always,
}

/// The dependencies of support's operations.
pub struct SupportDesk<'a> {
    /// The store.
    pub store: &'a Store,
    /// The keys of support.
    pub keys: &'a SupportRole,
    /// Who acts, as the audit trail names them.
    pub actor: Actor,
    /// Writes notices and their sender.
    pub announcer: &'a Announcer,
    /// The gateway's name in Message-IDs.
    pub name: &'a str,
    /// How long a mail is retried.
    pub give_up: Duration,
    /// From this number of bounced mails on, no mail is sent to the address.
    pub most_bounces: u32,
    /// What happens to unread letters.
    pub unread: Unread,
    /// The retention periods of letters and mailboxes.
    pub retention: &'a Retention,
    /// Which letters may be recalled.
    pub recall: Recall,
    /// Source of randomness.
    pub random: &'a dyn Random,
}
