//! `[[token]]` as written: PKCS#11 tokens that hold private keys.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::units::Span;

/// One `[[token]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Token {
    pub(crate) name: Spanned<String>,
    /// The PKCS#11 library of the token's vendor.
    pub(crate) module: Spanned<PathBuf>,
    /// One of these three selects the token.
    pub(crate) label: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) slot: Option<u64>,
    /// A file, or `credential:NAME` for a systemd credential.
    pub(crate) pin_file: Spanned<String>,
    /// Maximum number of calls at once.
    #[serde(default = "default_sessions")]
    pub(crate) sessions: Spanned<usize>,
    /// How long a letter waits for an answer.
    #[serde(default = "default_deadline")]
    pub(crate) deadline: Spanned<Span>,
}

fn default_sessions() -> Spanned<usize> {
    Spanned::new(0..0, 4)
}

fn default_deadline() -> Spanned<Span> {
    Spanned::new(0..0, Span::secs(10))
}
