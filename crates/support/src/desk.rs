//! What support works with.

use std::time::Duration;

use sealpost_arrival::Announcer;
use sealpost_mail::Random;
use sealpost_mailbox::Retention;
use sealpost_mailbox::audit::Actor;
use sealpost_store::{Store, Unread};
use sealpost_vault::SupportRole;

/// What may be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recall {
    /// No letter can be recalled.
    Never,
    /// What nobody has opened.
    Unread,
    /// Also what has been opened, where that is said expressly.
    Always,
}

/// What support works with.
pub struct Desk<'a> {
    /// The store.
    pub store: &'a Store,
    /// The keys of support.
    pub keys: &'a SupportRole,
    /// Who sits there, as the trail names them.
    pub actor: Actor,
    /// How notices look and where they go.
    pub announcer: &'a Announcer,
    /// The gateway's name in Message-IDs.
    pub name: &'a str,
    /// How long a mail is tried.
    pub give_up: Duration,
    /// From so many mails on that came back none is sent.
    pub most_bounces: u32,
    /// What becomes of unread letters.
    pub unread: Unread,
    /// The terms after which letters and mailboxes are deleted.
    pub retention: &'a Retention,
    /// Which letters may be taken back.
    pub recall: Recall,
    /// Source of randomness.
    pub random: &'a dyn Random,
}
