//! `[[webhook]]` as written: the operator's systems that receive letter events.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

/// One `[[webhook]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Webhook {
    pub(crate) name: Spanned<String>,
    pub(crate) url: Spanned<String>,
    /// A secret per line, the current one first: base64, with or without the prefix `whsec_`.
    pub(crate) secret_file: Spanned<PathBuf>,
    /// Left out: all.
    pub(crate) events: Option<Vec<Spanned<String>>>,
    /// Whether it gets the addresses of sender and recipient.
    #[serde(default)]
    pub(crate) addresses: bool,
    /// PEM file of the authorities that issue its certificate; left out: the public ones.
    pub(crate) ca: Option<Spanned<PathBuf>>,
}
