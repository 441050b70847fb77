//! `[dkim]` of gateway.toml: the folder of the keys that sign what the gateway writes and changes. `sealpost
//! dkim` manages them.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

/// `[dkim]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Dkim {
    /// A folder; left out: nothing is signed.
    pub(crate) keys: Option<Spanned<PathBuf>>,
    /// Also signs letters of our domains that are relayed unchanged.
    pub(crate) passed: bool,
}
