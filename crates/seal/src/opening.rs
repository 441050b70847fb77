//! With what a letter is opened: our keys, whose signatures are believed, and what chains need. Opens none.

use sealpost_mail::Timestamp;
use serde::{Deserialize, Serialize};

use crate::lend::Lends;
use crate::open_result::{Distrust, SpeaksFor};
use crate::partner_key::PartnerKey;

/// A trusted key, and for whom it speaks.
#[derive(Clone, Debug)]
pub struct TrustedKey {
    /// The key.
    pub key: PartnerKey,
    /// For whom.
    pub speaks_for: SpeaksFor,
}

/// A key that the operator has put out of use: no chain to a root makes its signatures good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistrustedKey {
    /// The key. Another certificate for it, or a subkey of it under another key, is meant too.
    pub key: PartnerKey,
    /// Why.
    pub why: Distrust,
}

/// With what a letter is opened.
pub struct Opening<'a> {
    /// Our keys, old ones too.
    pub own: &'a dyn Lends,
    /// Keys whose signatures are believed.
    pub trusted: &'a [TrustedKey],
    /// Keys whose signatures are not believed, whoever vouches for them.
    pub distrusted: &'a [DistrustedKey],
    /// DER of certificates that chains may end at.
    pub roots: &'a [Vec<u8>],
    /// DER of revocation lists, for chains.
    pub crls: &'a [Vec<u8>],
    /// What a chain needs of them.
    pub lists: Lists,
    /// Whose the address in From is.
    pub sender: Sender,
    /// When.
    pub now: Timestamp,
}

/// What a chain needs of revocation lists before it counts. A list that names a certificate wins in either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lists {
    /// A current list of every authority in it.
    #[default]
    Require,
    /// A current list of every authority of which there is one at all.
    WhenKnown,
    /// Nothing: lists are not looked at.
    Off,
}

/// Whose the address in From is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sender {
    /// A partner's that is in use.
    Partner,
    /// Nobody's whom the operator knows.
    Stranger,
}
