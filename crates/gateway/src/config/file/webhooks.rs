//! `[[webhook]]` as it is written: systems of the operator's that are told what happens to letters.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

/// One `[[webhook]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Webhook {
    pub(crate) name: Spanned<String>,
    pub(crate) url: Spanned<String>,
    /// A secret a line, the present one first: base64, with `whsec_` in front or without.
    pub(crate) secret_file: Spanned<PathBuf>,
    /// Left out: all.
    pub(crate) events: Option<Vec<Spanned<String>>>,
    /// Whether it is told the addresses of sender and recipient.
    #[serde(default)]
    pub(crate) addresses: bool,
    /// PEM of the authorities that vouch for it; left out: the world's.
    pub(crate) ca: Option<Spanned<PathBuf>>,
}
