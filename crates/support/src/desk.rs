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
    /// Nothing.
    Never,
    /// What nobody has opened.
    Unread,
    /// Also what has been opened, where that is said expressly.
    Always,
}

/// All of it.
pub struct Desk<'a> {
    /// The store.
    pub store: &'a Store,
    /// Support's keys.
    pub keys: &'a SupportRole,
    /// Who sits there, as the trail names them.
    pub actor: Actor,
    /// Notices.
    pub announcer: &'a Announcer,
    /// The gateway's name in Message-IDs.
    pub name: &'a str,
    /// How long a mail is tried.
    pub give_up: Duration,
    /// From so many mails on that came back none is sent.
    pub most_bounces: u32,
    /// What becomes of unread letters.
    pub unread: Unread,
    /// When things go.
    pub retention: &'a Retention,
    /// Which letters may be taken back.
    pub recall: Recall,
    /// Randomness.
    pub random: &'a dyn Random,
}
