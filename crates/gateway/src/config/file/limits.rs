//! How much may be sent, as gateway.toml says it. Counts nothing.

use serde::Deserialize;

/// `[limits]`: letters on the way in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Limits {
    /// For each reverse-path. Left out: no limit, an insurer's machine sends many.
    pub(crate) sender: Quota,
    /// For each login. Left out: what no mail server needs and a stolen password would.
    pub(crate) login: Quota,
    /// For reports to reverse-paths that somebody outside claims.
    pub(crate) reports: Reports,
}

/// Reports within a day; 0: no limit.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Reports {
    pub(crate) per_address: Option<u32>,
    pub(crate) per_domain: Option<u32>,
    pub(crate) per_day: Option<u32>,
}

/// The most that may be sent; 0: no limit.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Quota {
    pub(crate) letters_per_hour: Option<u32>,
    pub(crate) letters_per_day: Option<u32>,
    pub(crate) recipients_per_hour: Option<u32>,
    pub(crate) recipients_per_day: Option<u32>,
}
