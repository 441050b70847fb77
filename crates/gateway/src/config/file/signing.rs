//! `[dkim]` of gateway.toml: where the keys lie that sign what the gateway writes and changes. `sealpost dkim` makes them.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

/// `[dkim]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Dkim {
    /// A folder; left out: nothing is signed.
    pub(crate) keys: Option<Spanned<PathBuf>>,
    /// Also letters of our domains that pass through as they came.
    pub(crate) passed: bool,
}
