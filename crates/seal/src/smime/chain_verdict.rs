//! What is said of a certificate's chain. Checks none.

use serde::{Deserialize, Serialize};

/// Whether a chain leads from a certificate to a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChainVerdict {
    /// It does, and nothing in it is revoked by the lists given.
    Holds,
    /// It does, but of an authority in it there is no list to say whether it is revoked.
    NoRevocationList,
    /// It does, but of an authority in it there is only a list whose time is over, or that cannot be used.
    StaleList,
    /// It is revoked.
    Revoked,
    /// There is no chain, or something in it does not hold.
    Broken,
}
