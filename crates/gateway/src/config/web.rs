//! The recipients' side of gateway.toml: portal, notices, brand.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use sealpost_mail::Address;
use serde::Deserialize;
use toml::Spanned;

use super::units::Span;

/// `[portal]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Portal {
    pub(crate) addresses: Spanned<Vec<SocketAddr>>,
    pub(crate) public_url: Spanned<String>,
    pub(crate) certificate: Option<Spanned<PathBuf>>,
    pub(crate) key: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub(crate) trusted_proxies: Vec<IpAddr>,
    #[serde(default = "session_idle")]
    pub(crate) session_idle: Span,
    #[serde(default = "session_total")]
    pub(crate) session_total: Span,
    #[serde(default = "activation")]
    pub(crate) activation: Span,
    #[serde(default = "yes")]
    pub(crate) show_subject: bool,
    #[serde(default)]
    pub(crate) password: Password,
}

/// `[portal.password]`: the KBS seed's rules by default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Password {
    pub(crate) minimum_length: usize,
    pub(crate) digit: bool,
    pub(crate) upper: bool,
    pub(crate) special: bool,
}

impl Default for Password {
    fn default() -> Self {
        Self { minimum_length: 8, digit: true, upper: true, special: true }
    }
}

/// `[notices]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Notices {
    pub(crate) from: Address,
    #[serde(default = "yes")]
    pub(crate) show_subject: bool,
    #[serde(default)]
    pub(crate) language: Language,
    #[serde(default)]
    pub(crate) languages: BTreeMap<String, Language>,
    pub(crate) bounces: Option<Address>,
    /// Next hop for notices; left out: the delivery route.
    pub(crate) hop: Option<Spanned<String>>,
}

/// A language that everything a recipient sees exists in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Language {
    #[default]
    De,
    En,
}

/// `[brand]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Brand {
    pub(crate) name: String,
    #[serde(default = "portal_name")]
    pub(crate) portal_name: String,
    #[serde(default = "colour")]
    pub(crate) colour: Spanned<String>,
    pub(crate) contact: Address,
    pub(crate) imprint: Option<String>,
    pub(crate) privacy: Option<String>,
    pub(crate) logo: Option<Spanned<PathBuf>>,
}

fn yes() -> bool {
    true
}
fn session_idle() -> Span {
    Span::secs(20 * 60)
}
fn session_total() -> Span {
    Span::secs(12 * 3600)
}
fn activation() -> Span {
    Span::secs(40 * 86_400)
}
fn portal_name() -> String {
    "SecureMail".to_owned()
}
fn colour() -> Spanned<String> {
    Spanned::new(0..0, "#0b5c74".to_owned())
}
