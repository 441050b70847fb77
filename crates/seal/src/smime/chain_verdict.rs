//! The verdict on a certificate's chain. Checks none.

use serde::{Deserialize, Serialize};

/// Whether a chain leads from a certificate to a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChainVerdict {
    /// Yes, and nothing in it is revoked by the lists given.
    Holds,
    /// Yes, but an authority in it has no list to check revocation.
    NoRevocationList,
    /// Yes, but an authority in it has only an expired or unusable list.
    StaleList,
    /// A certificate in it is revoked.
    Revoked,
    /// There is no chain, or it is invalid.
    Broken,
}
