//! Who is told by the clock, as it is written: `[reminders]` for owners, `[senders]` for senders; and what owners may request
//! by mail: `[wishes]`.

use std::net::SocketAddr;

use sealpost_mail::Term;
use serde::Deserialize;
use toml::Spanned;

/// `[reminders]`: on which days owners are reminded; nothing said: never.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Reminders {
    /// After a letter came into a mailbox that nobody has activated.
    pub(crate) unactivated: Vec<Spanned<Term>>,
    /// Before an unread letter goes from a mailbox in use.
    pub(crate) unread: Vec<Spanned<Term>>,
    /// Before a mailbox goes that nobody uses.
    pub(crate) mailbox: Vec<Spanned<Term>>,
    /// When people are awake: `"08:00-18:00"`.
    pub(crate) hours: Spanned<String>,
    /// After so many notices that came back for good nothing more is sent there; 0: always.
    pub(crate) hard_bounces: u32,
}

impl Default for Reminders {
    fn default() -> Self {
        Self {
            unactivated: Vec::new(),
            unread: Vec::new(),
            mailbox: Vec::new(),
            hours: Spanned::new(0..0, "08:00-18:00".to_owned()),
            hard_bounces: 3,
        }
    }
}

/// `[senders]`: what senders are told of letters nobody opens; nothing said: nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Senders {
    /// That nobody has fetched it for so long.
    pub(crate) unfetched: Option<Spanned<Term>>,
    /// That it was deleted unread: when its time was over, or by its recipient.
    pub(crate) expired_unread: bool,
}

/// `[wishes]`: what an owner may request by mail to the address of the notices; nothing said: nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct MailRequests {
    /// That the mailbox be deleted: asked once more by mail.
    pub(crate) deletion: Option<Spanned<bool>>,
    /// Name servers for DKIM, SPF and DMARC; nothing said: the system's.
    pub(crate) resolvers: Vec<SocketAddr>,
    /// A server whose `Authentication-Results` are believed, by the name in them ...
    pub(crate) upstream: Option<Spanned<String>>,
    /// ... in mail from these networks.
    pub(crate) upstream_networks: Vec<Spanned<String>>,
}
