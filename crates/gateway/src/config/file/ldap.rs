//! `[[partners.ldap]]` as it is written: directories that are asked for partners' certificates.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::units::Span;

/// One `[[partners.ldap]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Ldap {
    /// `ldaps://NAME`, or `ldap://NAME`, which begins TLS by StartTLS.
    pub(crate) url: Spanned<String>,
    /// How an `ldap://` server is spoken to.
    #[serde(default)]
    pub(crate) tls: LdapTls,
    /// PEM of the authorities that vouch for it; left out: the world's.
    pub(crate) ca: Option<Spanned<PathBuf>>,
    /// Networks that are not public, and it may be in.
    #[serde(default)]
    pub(crate) networks: Vec<Spanned<String>>,
    /// Of whose addresses it is asked; `"*"`: of everybody's.
    pub(crate) domains: Spanned<Vec<Spanned<String>>>,
    /// Below which entry it looks.
    pub(crate) base: String,
    /// For what, with `{address}` or `{domain}` in a value.
    #[serde(default = "default_filter")]
    pub(crate) filter: Spanned<String>,
    /// As whom it is asked; left out: as nobody.
    pub(crate) bind_dn: Option<Spanned<String>>,
    /// A file, or `credential:NAME` for what systemd hands over.
    pub(crate) password_file: Option<Spanned<String>>,
    /// So long it is waited for.
    #[serde(default = "default_deadline")]
    pub(crate) deadline: Spanned<Span>,
}

/// Whether TLS is begun with an `ldap://` server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LdapTls {
    /// It is, or nothing is asked.
    #[default]
    Required,
    /// Everything is asked in clear.
    Off,
}

fn default_filter() -> Spanned<String> {
    Spanned::new(0..0, "(mail={address})".to_owned())
}

fn default_deadline() -> Spanned<Span> {
    Spanned::new(0..0, Span::secs(20))
}
