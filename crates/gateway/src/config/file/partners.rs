//! `[partners]` of gateway.toml: letters from the world, and what is believed of them. Partners themselves and their
//! keys are no configuration: `sealpost partner` manages them.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

/// `[partners]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Partners {
    /// The hop that letters from the world go to; left out: `delivery.reports`.
    pub(crate) hop: Option<Spanned<String>>,
    /// What happens to an encrypted letter that cannot be opened.
    pub(crate) unopened: Unopened,
    /// In front of the subject of a letter that a partner encrypted and signed.
    pub(crate) subject_tag: Option<Spanned<String>>,
    /// PEM files of authorities whose certificates are believed.
    pub(crate) roots: Vec<Spanned<PathBuf>>,
    /// The program `sealpost-seal`; left out: the one beside `sealpost`.
    pub(crate) worker: Option<Spanned<PathBuf>>,
}

/// What happens to an encrypted letter that cannot be opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Unopened {
    /// It goes on as it came, with a note in its head.
    #[default]
    Pass,
    /// It is held until an operator has looked.
    Hold,
}
