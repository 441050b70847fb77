//! Which key counts for an address at a moment, and why each other one does not. Pure.

use std::fmt;

use sealpost_mail::{Address, Timestamp};
use sealpost_store::PartnerKeyState;

use crate::book::{Found, Partner, PartnerKey, Reach, Standing};
use crate::facts::KeyKind;

/// What one key is good for now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum KeyVerdict {
    /// Letters may be encrypted to it.
    Counts,
    /// They may not.
    Not(Why),
}

/// Why a key does not count, or nothing does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nobody has made this recipient's domain or address a partner.
    NoPartner,
    /// The rule names a partner that the recipient does not belong to.
    OtherPartner,
    /// The partner is out of use.
    PartnerSuspended,
    /// The partner has no key.
    NoKey,
    /// Nobody has confirmed it.
    NotTrusted,
    /// Out of use.
    Suspended,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYet,
    /// Taken back.
    Revoked,
    /// Too weak.
    Weak(String),
    /// It may sign, and not encrypt.
    NotForEncryption,
    /// It is for other addresses.
    OtherAddress,
    /// We have no key of our own of this kind to sign with, for the sender's domain.
    NoOwnKey(KeyKind),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPartner => "the recipient's domain is no partner's",
            Self::OtherPartner => "the recipient does not belong to the partner that the rule names",
            Self::PartnerSuspended => "the partner is suspended",
            Self::NoKey => "the partner has no key",
            Self::NotTrusted => "the partner's key is not confirmed",
            Self::Suspended => "the partner's key is suspended",
            Self::Expired => "the partner's key has expired",
            Self::NotYet => "the partner's key is not valid yet",
            Self::Revoked => "the partner's key is revoked",
            Self::Weak(why) => return write!(f, "the partner's key is too weak: {why}"),
            Self::NotForEncryption => "the partner's key must not be used to encrypt",
            Self::OtherAddress => "the partner's key is for another address",
            Self::NoOwnKey(kind) => {
                return write!(f, "there is no {kind} key of our own for the sender's domain");
            }
        })
    }
}

/// The answer for one recipient.
#[derive(Debug)]
#[must_use]
pub enum Choice<'a> {
    /// This one.
    Use(&'a Partner, &'a PartnerKey),
    /// None; the reason that tells most, for sender and log.
    Nothing(Why),
}

/// What a key of this partner is good for, for this address and now.
pub fn judge(partner: &Partner, key: &PartnerKey, address: &Address, now: Timestamp) -> KeyVerdict {
    let not = KeyVerdict::Not;
    match partner.standing {
        Standing::Suspended => return not(Why::PartnerSuspended),
        Standing::Active => {}
    }
    match key.state {
        PartnerKeyState::Offered => return not(Why::NotTrusted),
        PartnerKeyState::Suspended => return not(Why::Suspended),
        PartnerKeyState::Expired => return not(Why::Expired),
        PartnerKeyState::Revoked => return not(Why::Revoked),
        PartnerKeyState::Trusted => {}
    }
    let facts = &key.facts;
    if facts.revoked {
        return not(Why::Revoked);
    }
    if facts.not_after.is_some_and(|end| now > end) {
        return not(Why::Expired);
    }
    if facts.not_before.is_some_and(|start| now < start) {
        return not(Why::NotYet);
    }
    if let Some(weak) = &facts.weak {
        return not(Why::Weak(weak.clone()));
    }
    if !facts.encrypts {
        return not(Why::NotForEncryption);
    }
    let reaches = match key.reach {
        Reach::Company => partner.covers(address),
        Reach::Named => facts.names_address(address),
    };
    match reaches {
        true => KeyVerdict::Counts,
        false => not(Why::OtherAddress),
    }
}

/// The key for this address: one of its own before the company's, the later one before the earlier one.
pub fn choose<'a>(found: &'a Found, address: &Address, now: Timestamp) -> Choice<'a> {
    let Found { partner, keys } = found;
    if !partner.covers(address) {
        return Choice::Nothing(Why::OtherPartner);
    }
    let counts = |key: &&PartnerKey| judge(partner, key, address, now) == KeyVerdict::Counts;
    let best = keys.iter().filter(counts).max_by_key(|key| {
        (key.reach == Reach::Named, Some(key.facts.kind) == partner.prefers, key.facts.not_before, key.since)
    });
    if let Some(key) = best {
        return Choice::Use(partner, key);
    }
    // The newest key's reason is the one to mend.
    let newest = keys.iter().max_by_key(|key| (key.reach == Reach::Company, key.since));
    match newest.map(|key| judge(partner, key, address, now)) {
        Some(KeyVerdict::Not(why)) => Choice::Nothing(why),
        Some(KeyVerdict::Counts) | None => Choice::Nothing(match partner.standing {
            Standing::Suspended => Why::PartnerSuspended,
            Standing::Active => Why::NoKey,
        }),
    }
}
