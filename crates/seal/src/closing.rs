//! With what and for whom a letter is closed. Closes none.

use sealpost_mail::{Random, Timestamp};

use crate::algorithm_profile::Profile;
use crate::own_key::OwnKey;
use crate::partner_key::PartnerKey;
use crate::token::Tokens;

/// With what and for whom a letter is closed.
pub struct Closing<'a> {
    /// Our key that signs; `None`: only encrypted.
    pub sign_with: Option<&'a OwnKey>,
    /// Every key that shall open it; none: only signed. All of one method.
    pub to: &'a [PartnerKey],
    /// Where our key lies, if it lies in one.
    pub tokens: &'a dyn Tokens,
    /// The algorithms.
    pub profile: Profile,
    /// When.
    pub now: Timestamp,
    /// For the boundaries of parts.
    pub random: &'a dyn Random,
}
