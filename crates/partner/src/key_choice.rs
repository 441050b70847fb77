//! Which key is used for an address at a given time, and why each other one is not. Pure.

use std::fmt;

use sealpost_mail::{Address, Timestamp};
use sealpost_seal::{Covers, Method, Objection, Purpose};
use sealpost_store::PartnerKeyState;

use crate::partner_rows::{Partner, PartnerKey, PartnerWithKeys, Reach, Standing};

/// Whether one key can be used now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum KeyVerdict {
    /// Letters may be encrypted to it.
    Counts,
    /// They may not, for this reason.
    Not(Why),
}

/// Why a key cannot be used, or none can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The recipient's domain or address belongs to no partner.
    NoPartner,
    /// The recipient does not belong to the partner named by the rule.
    OtherPartner,
    /// The partner is suspended.
    PartnerSuspended,
    /// The partner has not replied to a test letter yet.
    Untested,
    /// The partner has no key.
    NoKey,
    /// It has not been confirmed.
    NotTrusted,
    /// It is suspended.
    Suspended,
    /// It was found expired.
    Expired,
    /// It is revoked.
    Revoked,
    /// By its own content it is not for this use.
    Objection(Objection),
    /// It is for other addresses.
    OtherAddress,
    /// It is vouched for only by zones of the partner's other domains.
    NotVouchedFor,
    /// The letter's sender is ambiguous.
    NoSender,
    /// Its Sender is in another domain than its From, or is ambiguous.
    OtherSender,
    /// The client may not write for the domain in From.
    NotTheirs,
    /// It came from outside, so its author is not one of ours.
    FromWorld,
    /// We have no signing key of this kind for the sender's domain.
    NoOwnKey(Method),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPartner => "the recipient's domain is no partner's",
            Self::OtherPartner => "the recipient does not belong to the partner that the rule names",
            Self::PartnerSuspended => "the partner is suspended",
            Self::Untested => "the connection to the partner has not been tested yet",
            Self::NoKey => "the partner has no key",
            Self::NotTrusted => "the partner's key is not confirmed",
            Self::Suspended => "the partner's key is suspended",
            Self::Expired => "the partner's key has expired",
            Self::Revoked => "the partner's key is revoked",
            Self::Objection(objection) => return f.write_str(said(*objection)),
            Self::OtherAddress => "the partner's key is for another address",
            Self::NotVouchedFor => {
                "nobody has compared the partner's key, and the signed zone that has it does not speak for this address"
            }
            Self::NoSender => "the message does not say in one way whose it is",
            Self::OtherSender => {
                "the message's Sender is of another domain than its From, so it is not signed for either"
            }
            Self::NotTheirs => {
                "whoever handed the message in may not write for the domain in From ([partners] writers)"
            }
            Self::FromWorld => "the message came from outside, and nothing from outside is signed",
            Self::NoOwnKey(method) => {
                return write!(f, "there is no {method} key of our own for the sender's domain");
            }
        })
    }
}

/// For a sender: the problem, without the operator's remedy.
fn said(objection: Objection) -> &'static str {
    match objection {
        Objection::Expired => "the partner's key has expired",
        Objection::NotYetValid => "the partner's key is not valid yet",
        Objection::Revoked => "the partner's key is revoked",
        Objection::WeakKey => "the partner's key is too weak",
        Objection::WeakHash => "the partner's certificate was issued with a broken hash",
        Objection::WrongUsage => "the partner's key must not be used to encrypt",
        Objection::Authority => "the partner's key is a certificate authority's",
        Objection::AddressMismatch | Objection::DomainMismatch => "the partner's key is for another address",
        Objection::UnreadableName => {
            "the partner's key names an address that is not written as addresses are"
        }
    }
}

/// The choice for one recipient.
#[derive(Debug)]
#[must_use]
pub enum Choice<'a> {
    /// This one.
    Use(&'a Partner, &'a PartnerKey),
    /// None; with the most informative reason.
    Nothing(Why),
}

/// Whether this partner's key can be used for this address now.
pub fn judge(partner: &Partner, key: &PartnerKey, address: &Address, now: Timestamp) -> KeyVerdict {
    let not = KeyVerdict::Not;
    match partner.standing {
        Standing::Suspended => return not(Why::PartnerSuspended),
        Standing::Waiting => return not(Why::Untested),
        Standing::Active => {}
    }
    match key.state {
        PartnerKeyState::Offered => return not(Why::NotTrusted),
        PartnerKeyState::Suspended => return not(Why::Suspended),
        PartnerKeyState::Expired => return not(Why::Expired),
        PartnerKeyState::Revoked => return not(Why::Revoked),
        PartnerKeyState::Trusted => {}
    }
    let facts = key.key.facts();
    if !key.reaches(partner, address) {
        let vouched = key.reach == Reach::Company && partner.covers(address);
        return not(if vouched { Why::NotVouchedFor } else { Why::OtherAddress });
    }
    let covers = match key.reach {
        // That it speaks for the whole partner was decided when it was added; it may name another of its
        // domains.
        Reach::Company => None,
        Reach::Named => Some(Covers::Address(address)),
    };
    match sealpost_seal::judge(facts, Purpose::Encrypt, covers, now).first() {
        None => KeyVerdict::Counts,
        Some(objection) => not(Why::Objection(*objection)),
    }
}

/// The key for this address: a personal one before the company's, a later one before an earlier one.
/// `can_sign`: whether we have a signing key of that kind, because nothing is sent unsigned.
pub fn choose<'a>(
    found: &'a PartnerWithKeys,
    address: &Address,
    can_sign: &dyn Fn(Method) -> bool,
    now: Timestamp,
) -> Choice<'a> {
    let PartnerWithKeys { partner, keys, .. } = found;
    if !partner.covers(address) {
        return Choice::Nothing(Why::OtherPartner);
    }
    let counts = |key: &&PartnerKey| judge(partner, key, address, now) == KeyVerdict::Counts;
    let signed = |key: &&PartnerKey| can_sign(key.key.method());
    let best = keys.iter().filter(counts).filter(signed).max_by_key(|key| {
        let facts = key.key.facts();
        (key.reach == Reach::Named, Some(facts.method) == partner.prefers, facts.not_before, key.since)
    });
    if let Some(key) = best {
        return Choice::Use(partner, key);
    }
    if let Some(key) = keys.iter().find(counts) {
        return Choice::Nothing(Why::NoOwnKey(key.key.method()));
    }
    // The newest key's reason is the one to fix.
    let newest = keys.iter().max_by_key(|key| (key.reach == Reach::Company, key.since));
    match newest.map(|key| judge(partner, key, address, now)) {
        Some(KeyVerdict::Not(why)) => Choice::Nothing(why),
        Some(KeyVerdict::Counts) | None => Choice::Nothing(match partner.standing {
            Standing::Suspended => Why::PartnerSuspended,
            Standing::Waiting => Why::Untested,
            Standing::Active => Why::NoKey,
        }),
    }
}
