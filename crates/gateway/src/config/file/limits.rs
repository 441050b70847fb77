//! `[limits]` as written: how much may be sent. Counts nothing.

use serde::Deserialize;

/// `[limits]`: letters coming in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Limits {
    /// Per reverse-path. Left out: no limit, because an insurer's machine sends many.
    pub(crate) sender: Quota,
    /// Per login. Left out: more than any mail server needs, and what a stolen password would be used for.
    pub(crate) login: Quota,
    /// For reports to reverse-paths claimed by outsiders.
    pub(crate) reports: Reports,
}

/// Reports per day; 0: no limit.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Reports {
    pub(crate) per_address: Option<u32>,
    pub(crate) per_domain: Option<u32>,
    pub(crate) per_day: Option<u32>,
}

/// Limits on sending; 0: none.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Quota {
    pub(crate) letters_per_hour: Option<u32>,
    pub(crate) letters_per_day: Option<u32>,
    pub(crate) recipients_per_hour: Option<u32>,
    pub(crate) recipients_per_day: Option<u32>,
}
