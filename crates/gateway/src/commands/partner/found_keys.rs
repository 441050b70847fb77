//! Turns published files into keys: each key once, with every source that has it, and what it may be used for because
//! of that. Pure: makes no requests, stores nothing.

use sealpost_mail::Address;
use sealpost_partner::{DomainOrAddress, Reach};
use sealpost_seal::{KeyFacts, PartnerKey};

/// Who can have put a key where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hands {
    /// The partner, or a party that controls its servers.
    Partners,
    /// Others too: a key server, a directory.
    Anybodys,
}

/// A key, and where it was found.
#[derive(Clone, Debug)]
pub(super) struct FoundKey {
    pub(super) key: PartnerKey,
    pub(super) source: String,
    pub(super) hands: Hands,
    /// The domains and addresses whose signed zones have it.
    pub(super) proven_for: Vec<DomainOrAddress>,
}

impl FoundKey {
    /// What the key may be used for because signed zones vouch for it, without comparing fingerprints: a domain's zone
    /// for that domain, a person's record for that address. `None`: for nothing, or for less than the key would
    /// otherwise cover.
    pub(super) fn by_zones(&self, places: &[DomainOrAddress]) -> Option<Reach> {
        reach(places, &self.proven_for, self.key.facts())
    }

    /// How trustworthy a copy's bytes are.
    fn rank(&self) -> (bool, bool) {
        (!self.proven_for.is_empty(), self.hands == Hands::Partners)
    }
}

/// Adds a key, or another copy of a known one: the better copy's bytes, with the holder's statements from the other.
pub(super) fn take_in(keys: &mut Vec<FoundKey>, mut new: FoundKey) {
    let same = |one: &&mut FoundKey| one.key.facts().fingerprint == new.key.facts().fingerprint;
    let Some(known) = keys.iter_mut().find(same) else {
        keys.push(new);
        return;
    };
    let source = format!("{}; {}", known.source, new.source);
    if new.rank() > known.rank() {
        std::mem::swap(known, &mut new);
    }
    if let Ok(Some(whole)) = known.key.renewed_by(&new.key) {
        known.key = whole;
    }
    known.source = source;
    known.proven_for.append(&mut new.proven_for);
    if new.hands == Hands::Partners {
        known.hands = Hands::Partners;
    }
}

fn reach(places: &[DomainOrAddress], proven: &[DomainOrAddress], facts: &KeyFacts) -> Option<Reach> {
    let by_house =
        |place: &DomainOrAddress| proven.contains(&DomainOrAddress::Domain(place.domain().clone()));
    if !places.is_empty() && places.iter().all(by_house) {
        return Some(Reach::Company);
    }
    // A key that names another address too would be used for them as well.
    let by_person = |address: &Address| {
        proven.iter().any(|place| match place {
            DomainOrAddress::Domain(_) => false,
            DomainOrAddress::Address(_) => place.covers(address),
        })
    };
    let names_them_alone = facts.unreadable_names == 0
        && facts.domains.is_empty()
        && !facts.addresses.is_empty()
        && facts.addresses.iter().all(by_person);
    names_them_alone.then_some(Reach::Named)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sealpost_mail::{Domain, Timestamp};
    use sealpost_seal::{Algorithm, Fingerprint, Method};

    use super::*;

    fn facts(addresses: &[&str], domains: &[&str]) -> KeyFacts {
        KeyFacts {
            method: Method::Smime,
            fingerprint: Fingerprint::parse(&"ab".repeat(32)).unwrap(),
            subject: String::new(),
            issuer: None,
            serial: None,
            addresses: addresses.iter().map(|one| Address::parse(one).unwrap()).collect(),
            unreadable_names: 0,
            domains: domains.iter().map(|one| Domain::parse(one).unwrap()).collect(),
            not_before: Timestamp(0),
            not_after: None,
            algorithm: Algorithm::Rsa(3072),
            signing_algorithm: None,
            signed_by: String::new(),
            encrypts: true,
            signs: true,
            is_authority: false,
            self_issued: true,
            revoked: false,
            capabilities: Vec::new(),
            crl_urls: Vec::new(),
            ocsp_urls: Vec::new(),
        }
    }

    fn found(bytes: &[u8], hands: Hands, proven_for: &[&str]) -> FoundKey {
        let json = serde_json::json!({
            "bytes": STANDARD.encode(bytes), "chain": [], "facts": facts(&["a@clinic.example"], &[]),
        });
        let key = PartnerKey::from_bytes(json.to_string().as_bytes()).unwrap();
        FoundKey { key, source: format!("{hands:?}"), hands, proven_for: places(proven_for) }
    }

    fn places(all: &[&str]) -> Vec<DomainOrAddress> {
        all.iter().map(|one| DomainOrAddress::parse(one).unwrap()).collect()
    }

    fn by_zones(of: &[&str], proven: &[&str], names: &[&str]) -> Option<Reach> {
        reach(&places(of), &places(proven), &facts(names, &[]))
    }

    #[test]
    fn a_domains_zone_speaks_for_that_domain_alone() {
        let (clinic, both) = (["clinic.example"], ["clinic.example", "lab.example"]);
        let gateway = ["securemail@clinic.example"];
        assert_eq!(by_zones(&clinic, &clinic, &gateway), Some(Reach::Company));
        assert_eq!(by_zones(&both, &clinic, &gateway), None, "lab.example has not said so");
        assert_eq!(by_zones(&both, &both, &gateway), Some(Reach::Company));
        assert_eq!(
            by_zones(&["clinic.example", "moor@clinic.example"], &clinic, &gateway),
            Some(Reach::Company)
        );
        assert_eq!(by_zones(&clinic, &[], &gateway), None);
        assert_eq!(by_zones(&[], &[], &gateway), None);
    }

    #[test]
    fn a_persons_record_speaks_for_that_address_alone() {
        let (of, moor) = (["clinic.example", "moor@web.example"], ["moor@web.example"]);
        assert_eq!(by_zones(&of, &moor, &moor), Some(Reach::Named));
        assert_eq!(by_zones(&of, &moor, &["moor@web.example", "chief@clinic.example"]), None);
        assert_eq!(by_zones(&of, &moor, &["chief@clinic.example"]), None);
        assert_eq!(by_zones(&of, &moor, &[]), None);
        assert_eq!(
            by_zones(&moor, &moor, &moor),
            Some(Reach::Named),
            "not for the partner, to which more may come"
        );
        assert_eq!(by_zones(&moor, &["web.example"], &moor), Some(Reach::Company));
        assert_eq!(reach(&places(&of), &places(&moor), &facts(&moor, &["clinic.example"])), None);
    }

    #[test]
    fn of_copies_the_proven_ones_bytes_stay_whatever_came_first() {
        let copies = [
            found(b"uploaded", Hands::Anybodys, &[]),
            found(b"page", Hands::Partners, &[]),
            found(b"zone", Hands::Partners, &["clinic.example"]),
        ];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
            let mut keys = Vec::new();
            for at in order {
                take_in(&mut keys, copies[at].clone());
            }
            let [key] = &keys[..] else { panic!("{keys:?}") };
            assert_eq!((key.key.as_bytes(), key.hands), (&b"zone"[..], Hands::Partners), "{order:?}");
            assert_eq!(key.proven_for, places(&["clinic.example"]));
            assert_eq!(key.source.split("; ").count(), 3, "{}", key.source);
        }
        let mut keys = Vec::new();
        take_in(&mut keys, copies[0].clone());
        take_in(&mut keys, copies[0].clone());
        assert_eq!(keys.iter().map(|key| key.hands).collect::<Vec<_>>(), [Hands::Anybodys]);
    }
}
