//! The parameters for signing and encrypting a letter. Does neither.

use sealpost_mail::{Random, Timestamp};

use crate::algorithm_profile::Profile;
use crate::own_key::OwnKey;
use crate::partner_key::PartnerKey;
use crate::token::Tokens;

/// The parameters for signing and encrypting a letter.
pub struct Closing<'a> {
    /// Our signing key; `None`: encrypted only.
    pub sign_with: Option<&'a OwnKey>,
    /// The keys to encrypt to; empty: signed only. All of one method.
    pub to: &'a [PartnerKey],
    /// The tokens, one of which may have our key.
    pub tokens: &'a dyn Tokens,
    /// The algorithms.
    pub profile: Profile,
    /// The current time.
    pub now: Timestamp,
    /// Source of randomness for boundaries.
    pub random: &'a dyn Random,
}
