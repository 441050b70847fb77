//! `[[partners.ldap]]` as written: directories that are asked for partners' certificates.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::units::Span;

/// One `[[partners.ldap]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Ldap {
    /// `ldaps://NAME`, or `ldap://NAME` with StartTLS.
    pub(crate) url: Spanned<String>,
    /// Whether TLS is used with an `ldap://` server.
    #[serde(default)]
    pub(crate) tls: LdapTls,
    /// PEM file of the authorities that issue its certificate; left out: the public ones.
    pub(crate) ca: Option<Spanned<PathBuf>>,
    /// Networks that are not public in which it may be.
    #[serde(default)]
    pub(crate) networks: Vec<Spanned<String>>,
    /// Whose addresses it is asked about; `"*"`: everybody's.
    pub(crate) domains: Spanned<Vec<Spanned<String>>>,
    /// Base entry of the search.
    pub(crate) base: String,
    /// The search filter, with `{address}` or `{domain}` in a value.
    #[serde(default = "default_filter")]
    pub(crate) filter: Spanned<String>,
    /// Bind DN; left out: anonymous.
    pub(crate) bind_dn: Option<Spanned<String>>,
    /// A file, or `credential:NAME` for a systemd credential.
    pub(crate) password_file: Option<Spanned<String>>,
    /// Timeout of a query.
    #[serde(default = "default_deadline")]
    pub(crate) deadline: Spanned<Span>,
}

/// Whether StartTLS is used with an `ldap://` server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LdapTls {
    /// Required; without it nothing is asked.
    #[default]
    Required,
    /// Queries are sent in clear.
    Off,
}

fn default_filter() -> Spanned<String> {
    Spanned::new(0..0, "(mail={address})".to_owned())
}

fn default_deadline() -> Spanned<Span> {
    Spanned::new(0..0, Span::secs(20))
}
