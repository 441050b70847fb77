//! Scheduled notices as written: `[reminders]` for owners, `[senders]` for senders; and what owners may
//! request by mail: `[wishes]`.

use std::net::SocketAddr;

use sealpost_mail::Term;
use serde::Deserialize;
use toml::Spanned;

/// `[reminders]`: when owners are reminded; default: never.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Reminders {
    /// Times after a letter arrived in a mailbox that is not activated.
    pub(crate) unactivated: Vec<Spanned<Term>>,
    /// Times before an unread letter in an active mailbox expires.
    pub(crate) unread: Vec<Spanned<Term>>,
    /// Times before an unused mailbox is deleted.
    pub(crate) mailbox: Vec<Spanned<Term>>,
    /// Hours in which reminders are sent: `"08:00-18:00"`.
    pub(crate) hours: Spanned<String>,
    /// After this many permanent bounces nothing more is sent there; 0: always send.
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

/// `[senders]`: what senders are told about unopened letters; default: nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Senders {
    /// That it has not been fetched for this long.
    pub(crate) unfetched: Option<Spanned<Term>>,
    /// That it was deleted unread: when it expired, or by its recipient.
    pub(crate) expired_unread: bool,
}

/// `[wishes]`: what an owner may request by mail to the address of the notices; default: nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct MailRequests {
    /// Deletion of the mailbox: confirmed once more by mail.
    pub(crate) deletion: Option<Spanned<bool>>,
    /// Name servers for DKIM, SPF and DMARC; left out: the system's.
    pub(crate) resolvers: Vec<SocketAddr>,
    /// A server whose `Authentication-Results` are trusted, by the name in them ...
    pub(crate) upstream: Option<Spanned<String>>,
    /// ... in mail from these networks.
    pub(crate) upstream_networks: Vec<Spanned<String>>,
}
