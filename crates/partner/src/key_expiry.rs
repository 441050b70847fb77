//! Which keys expire soon, ours and partners', and which step towards expiry they have reached. Pure:
//! sends nothing. A key with a successor is ignored.

use std::time::Duration;

use sealpost_mail::{Domain, Timestamp};
use sealpost_seal::{Fingerprint, Method};
use sealpost_store::{OwnKeyState, PartnerKeyState};

use crate::own_keys::Published;
use crate::partner_rows::{PartnerKey, PartnerWithKeys, Reach, Standing};

const DAY: u64 = 86_400;

/// How near the expiry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Expired.
    Ended,
    /// Seven days or fewer.
    Week,
    /// Thirty days or fewer.
    Month,
    /// Sixty days or fewer.
    TwoMonths,
}

impl Step {
    /// The step of an expiry; `None`: it is far off, or there is none.
    #[must_use]
    pub fn of(end: Option<Timestamp>, now: Timestamp) -> Option<Self> {
        let end = end?;
        if end <= now {
            return Some(Self::Ended);
        }
        match end.since(now).as_secs() / DAY {
            0..=7 => Some(Self::Week),
            8..=30 => Some(Self::Month),
            31..=60 => Some(Self::TwoMonths),
            _ => None,
        }
    }

    /// Its number of days, as stored.
    #[must_use]
    pub fn days(self) -> u32 {
        match self {
            Self::Ended => 0,
            Self::Week => 7,
            Self::Month => 30,
            Self::TwoMonths => 60,
        }
    }
}

/// The owner of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Ours, for these domains.
    Ours(Vec<Domain>),
    /// A partner's.
    Partner {
        /// Its id, which may be logged.
        id: String,
        /// Its name.
        name: String,
    },
}

/// A key that expires soon, or has expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpiringKey {
    /// The id of its row.
    pub id: String,
    /// Its owner.
    pub whose: Whose,
    /// S/MIME or OpenPGP.
    pub method: Method,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// When it expires.
    pub end: Timestamp,
    /// How near that is.
    pub step: Step,
}

impl ExpiringKey {
    /// Whole days from now; 0 if expired.
    #[must_use]
    pub fn days(&self, now: Timestamp) -> u64 {
        if self.end <= now { 0 } else { self.end.since(now).as_secs() / DAY }
    }
}

/// Our signing keys that expire without a successor.
#[must_use]
pub fn own_expiring(keys: &[Published], now: Timestamp) -> Vec<ExpiringKey> {
    let current = |key: &&Published| match key.state {
        OwnKeyState::Current => true,
        OwnKeyState::Retired => false,
    };
    let mut ending = Vec::new();
    for key in keys.iter().filter(current) {
        let succeeds = |other: &Published| {
            other.id != key.id
                && other.key.method() == key.key.method()
                && key.domains.iter().all(|domain| other.domains.contains(domain))
                && lasts(other.key.facts().not_after, now)
        };
        if !keys.iter().filter(current).any(succeeds) {
            ending.extend(one(&key.id, Whose::Ours(key.domains.clone()), &key.key, now));
        }
    }
    ending
}

/// The trusted keys of a partner in use that expire without a successor.
#[must_use]
pub fn partner_expiring(found: &PartnerWithKeys, now: Timestamp) -> Vec<ExpiringKey> {
    match found.partner.standing {
        Standing::Active | Standing::Waiting => {}
        Standing::Suspended => return Vec::new(),
    }
    let trusted = |key: &&PartnerKey| key.state == PartnerKeyState::Trusted;
    let mut ending = Vec::new();
    for key in found.keys.iter().filter(trusted) {
        let succeeds = |other: &PartnerKey| {
            let for_the_same = match (key.reach, other.reach) {
                (Reach::Company, Reach::Named) => false,
                (Reach::Company | Reach::Named, Reach::Company) => true,
                (Reach::Named, Reach::Named) => {
                    key.key.facts().addresses.iter().all(|address| other.key.facts().names(address))
                }
            };
            other.id != key.id && for_the_same && lasts(other.key.facts().not_after, now)
        };
        if !found.keys.iter().filter(trusted).any(succeeds) {
            let whose = Whose::Partner { id: found.partner.id.clone(), name: found.partner.name.clone() };
            ending.extend(one(&key.id, whose, &key.key, now));
        }
    }
    ending
}

fn one(id: &str, whose: Whose, key: &sealpost_seal::PartnerKey, now: Timestamp) -> Option<ExpiringKey> {
    let facts = key.facts();
    let step = Step::of(facts.not_after, now)?;
    Some(ExpiringKey {
        id: id.to_owned(),
        whose,
        method: facts.method,
        fingerprint: facts.fingerprint.clone(),
        end: facts.not_after?,
        step,
    })
}

/// Whether a key with this expiry can be a successor.
fn lasts(end: Option<Timestamp>, now: Timestamp) -> bool {
    let longest = Duration::from_secs(u64::from(Step::TwoMonths.days()) * DAY);
    end.is_none_or(|end| end > now.plus(longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_begins_at_its_day_and_a_key_without_an_end_has_none() {
        let now = Timestamp(1_800_000_000_000);
        let day = Duration::from_secs(DAY);
        let at = |days: u32| Step::of(Some(now.plus(day * days)), now);
        assert_eq!(Step::of(None, now), None);
        assert_eq!(at(61), None);
        assert_eq!((at(60), at(31)), (Some(Step::TwoMonths), Some(Step::TwoMonths)));
        assert_eq!((at(30), at(8)), (Some(Step::Month), Some(Step::Month)));
        assert_eq!((at(7), at(1)), (Some(Step::Week), Some(Step::Week)));
        assert_eq!(at(0), Some(Step::Ended));
        assert_eq!(Step::of(Some(now.minus(day)), now), Some(Step::Ended));
        assert!(Step::Ended < Step::Week && Step::Month < Step::TwoMonths);
    }
}
