//! The parameters for opening a letter: our keys, trusted keys, and what chains need. Opens none.

use sealpost_mail::Timestamp;
use serde::{Deserialize, Serialize};

use crate::lend::Lends;
use crate::open_result::{Distrust, SpeaksFor};
use crate::partner_key::PartnerKey;

/// A trusted key, and whom it speaks for.
#[derive(Clone, Debug)]
pub struct TrustedKey {
    /// The key.
    pub key: PartnerKey,
    /// Whom it speaks for.
    pub speaks_for: SpeaksFor,
}

/// A distrusted key: no chain to a root makes its signatures valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistrustedKey {
    /// The key. Also covers another certificate for it, or a subkey of it under another key.
    pub key: PartnerKey,
    /// The reason.
    pub why: Distrust,
}

/// The parameters for opening a letter.
pub struct Opening<'a> {
    /// Our keys, including old ones.
    pub own: &'a dyn Lends,
    /// Keys whose signatures are trusted.
    pub trusted: &'a [TrustedKey],
    /// Keys whose signatures are not trusted, whatever their chain.
    pub distrusted: &'a [DistrustedKey],
    /// DER of the trusted root certificates.
    pub roots: &'a [Vec<u8>],
    /// DER of revocation lists, for chains.
    pub crls: &'a [Vec<u8>],
    /// Which lists a chain requires.
    pub lists: Lists,
    /// Whose address From is.
    pub sender: Sender,
    /// The current time.
    pub now: Timestamp,
}

/// Which revocation lists a chain requires to be accepted. A list that names a certificate always wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lists {
    /// A current list of every authority in it.
    #[default]
    Require,
    /// A current list of every authority that has any list.
    WhenKnown,
    /// None: lists are not checked.
    Off,
}

/// Whose address From is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sender {
    /// A partner's that is in use.
    Partner,
    /// None known to the operator.
    Stranger,
}
