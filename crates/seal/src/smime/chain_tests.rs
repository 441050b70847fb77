//! The verdict on a chain with lists that OpenSSL accepts as more complete than they are.

use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1Time};
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use openssl::x509::extension::{AuthorityKeyIdentifier, BasicConstraints, KeyUsage, SubjectKeyIdentifier};
use openssl::x509::{X509CrlBuilder, X509Extension, X509Name, X509RevokedBuilder};

use super::*;
use crate::smime::der::{self, BIT_STRING, SEQUENCE};
use crate::smime::fetched_list::{self, FetchedList, ListFor};

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const DELTA: (&str, bool, &[u8]) = ("2.5.29.27", true, &[2, 1, 1]);
/// onlyContainsUserCerts, onlyContainsCACerts, onlySomeReasons, indirectCRL.
const USERS: (&str, bool, &[u8]) = ("2.5.29.28", true, &[0x30, 3, 0x81, 1, 0xff]);
const AUTHORITIES: (&str, bool, &[u8]) = ("2.5.29.28", true, &[0x30, 3, 0x82, 1, 0xff]);
const REASONS: (&str, bool, &[u8]) = ("2.5.29.28", true, &[0x30, 4, 0x83, 2, 1, 0x40]);
const INDIRECT: (&str, bool, &[u8]) = ("2.5.29.28", true, &[0x30, 3, 0x84, 1, 0xff]);
const UNREADABLE_POINT: (&str, bool, &[u8]) = ("2.5.29.28", true, &[0x04, 0]);
const UNKNOWN: (&str, bool, &[u8]) = ("1.2.3.4.5", true, &[5, 0]);
/// What no list is without (RFC 5280 §5.2.1, §5.2.3).
const COMMON: [(&str, bool, &[u8]); 2] = [("2.5.29.35", false, &[0x30, 0]), ("2.5.29.20", false, &[2, 1, 1])];

struct Authority {
    key: PKey<Private>,
    certificate: X509,
}

fn key() -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
}

fn name(text: &str) -> X509Name {
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_text("CN", text).unwrap();
    name.build()
}

fn moment(day: i64) -> Asn1Time {
    Asn1Time::from_unix(NOW.seconds() + day * 86_400).unwrap()
}

/// Whether a certificate has key identifiers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyIds {
    There,
    Missing,
}

fn issued(subject: &str, serial: u32, own: &PKey<Private>, by: Option<&Authority>, ids: KeyIds) -> X509 {
    let mut certificate = X509::builder().unwrap();
    certificate.set_version(2).unwrap();
    certificate.set_subject_name(&name(subject)).unwrap();
    let issuer = by.map_or_else(|| name(subject), |by| by.certificate.subject_name().to_owned().unwrap());
    certificate.set_issuer_name(&issuer).unwrap();
    certificate.set_serial_number(&BigNum::from_u32(serial).unwrap().to_asn1_integer().unwrap()).unwrap();
    certificate.set_not_before(&moment(-1)).unwrap();
    certificate.set_not_after(&moment(9)).unwrap();
    certificate.set_pubkey(own).unwrap();
    if subject.contains("Authority") {
        certificate.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
        let usage = KeyUsage::new().critical().key_cert_sign().crl_sign().build().unwrap();
        certificate.append_extension(usage).unwrap();
    }
    if ids == KeyIds::There {
        let context = certificate.x509v3_context(by.map(|by| by.certificate.as_ref()), None);
        let own_id = SubjectKeyIdentifier::new().build(&context).unwrap();
        let issuer_id = by.map(|_| AuthorityKeyIdentifier::new().keyid(true).build(&context).unwrap());
        certificate.append_extension(own_id).unwrap();
        if let Some(id) = issuer_id {
            certificate.append_extension(id).unwrap();
        }
    }
    certificate.sign(by.map_or(own, |by| &by.key), MessageDigest::sha256()).unwrap();
    certificate.build()
}

fn root() -> Authority {
    let key = key();
    Authority { certificate: issued("An Authority", 1, &key, None, KeyIds::There), key }
}

/// Until this number of days from now; `None`: it does not say.
fn list(by: &Authority, until: Option<i64>, names: Option<u32>, limits: &[(&str, bool, &[u8])]) -> Vec<u8> {
    let mut list = X509CrlBuilder::new().unwrap();
    list.set_issuer_name(by.certificate.subject_name()).unwrap();
    list.set_last_update(&moment(-1)).unwrap();
    list.set_next_update(&moment(until.unwrap_or(9))).unwrap();
    if let Some(serial) = names {
        let mut revoked = X509RevokedBuilder::new().unwrap();
        let serial = BigNum::from_u32(serial).unwrap().to_asn1_integer().unwrap();
        revoked.set_serial_number(&serial).unwrap();
        revoked.set_revocation_date(&moment(-1)).unwrap();
        list.add_revoked(revoked.build()).unwrap();
    }
    for (oid, critical, value) in limits.iter().chain(&COMMON) {
        let (oid, value) =
            (Asn1Object::from_str(oid).unwrap(), Asn1OctetString::new_from_bytes(value).unwrap());
        list.append_extension2(&X509Extension::new_from_der(&oid, *critical, &value).unwrap()).unwrap();
    }
    list.sign(&by.key, MessageDigest::sha256()).unwrap();
    let list = list.build().unwrap().to_der().unwrap();
    if until.is_some() { list } else { without_end(&list, by) }
}

/// The list without its nextUpdate, which nothing here makes.
fn without_end(list: &[u8], by: &Authority) -> Vec<u8> {
    let whole = der::all(der::only(list, SEQUENCE).unwrap()).unwrap();
    let mut times = 0;
    let fields: Vec<Vec<u8>> = der::all(whole[0].content)
        .unwrap()
        .iter()
        .filter(|field| {
            times += usize::from(matches!(field.tag, 0x17 | 0x18));
            times != 2 || !matches!(field.tag, 0x17 | 0x18)
        })
        .map(|field| der::of(field.tag, &[field.content]))
        .collect();
    let body = der::of(SEQUENCE, &[&fields.concat()]);
    let mut signer = Signer::new(MessageDigest::sha256(), &by.key).unwrap();
    signer.update(&body).unwrap();
    let signature = der::of(BIT_STRING, &[&[0], &signer.sign_to_vec().unwrap()]);
    der::of(SEQUENCE, &[&body, &der::of(SEQUENCE, &[whole[1].content]), &signature])
}

fn verdict(certificate: &X509Ref, between: &[X509], root: &Authority, lists: &[Vec<u8>]) -> ChainVerdict {
    let roots = [root.certificate.to_der().unwrap()];
    check(certificate, between, &Anchors::new(&roots, DecodedLists::of(lists), NOW).unwrap()).unwrap()
}

#[test]
fn a_list_that_is_limited_or_has_no_end_vouches_for_nobody() {
    let root = root();
    let house = issued("A house", 7, &key(), Some(&root), KeyIds::There);
    let of = |list: Vec<u8>| verdict(&house, &[], &root, &[list]);
    assert_eq!(verdict(&house, &[], &root, &[]), ChainVerdict::NoRevocationList);
    for limits in [&[][..], &[USERS], &[("1.2.3.4.5", false, &[5, 0])]] {
        assert_eq!(of(list(&root, Some(9), None, limits)), ChainVerdict::Holds, "{limits:?}");
        assert_eq!(of(list(&root, Some(9), Some(7), limits)), ChainVerdict::Revoked, "{limits:?}");
        assert_eq!(of(list(&root, Some(9), Some(8), limits)), ChainVerdict::Holds, "{limits:?}");
    }
    for (what, until, limits) in [
        ("without an end", None, &[][..]),
        ("over", Some(0), &[]),
        ("changes", Some(9), &[DELTA]),
        ("of authorities", Some(9), &[AUTHORITIES]),
        ("by reason", Some(9), &[REASONS]),
        ("indirect", Some(9), &[INDIRECT]),
        ("two places", Some(9), &[USERS, USERS]),
        ("a place that nobody can read", Some(9), &[UNREADABLE_POINT]),
        ("nobody knows", Some(9), &[UNKNOWN]),
    ] {
        let verdict = of(list(&root, until, None, limits));
        assert_eq!(verdict, ChainVerdict::StaleList, "{what}: there is a list, and it says nothing");
        // What it names is taken back all the same.
        assert_eq!(of(list(&root, until, Some(7), limits)), ChainVerdict::Revoked, "{what}");
    }
    // Beside a whole one it hides nothing.
    let (whole, changes) = (list(&root, Some(9), None, &[]), list(&root, Some(9), Some(7), &[DELTA]));
    assert_eq!(verdict(&house, &[], &root, &[whole, changes]), ChainVerdict::Revoked);
}

/// OpenSSL asks no list about a certificate that it takes for its own signer's, by names and key identifiers: an authority's new key, under
/// its old one, must not look so and count.
#[test]
fn an_authority_s_certificate_for_itself_is_held_against_its_list_or_leads_nowhere() {
    let old = root();
    for ids in [KeyIds::There, KeyIds::Missing] {
        let key = key();
        let new = Authority { certificate: issued("An Authority", 2, &key, Some(&old), ids), key };
        let house = issued("A house", 7, &self::key(), Some(&new), ids);
        let between = [new.certificate.clone()];
        let of = |lists: &[Vec<u8>]| verdict(&house, &between, &old, lists);
        let (by_old, by_new) = (|names| list(&old, Some(9), names, &[]), list(&new, Some(9), None, &[]));
        let expected = match ids {
            KeyIds::There => [ChainVerdict::NoRevocationList, ChainVerdict::StaleList, ChainVerdict::Revoked],
            KeyIds::Missing => [ChainVerdict::Broken; 3],
        };
        let seen = [of(&[]), of(std::slice::from_ref(&by_new)), of(&[by_new, by_old(Some(2))])];
        assert_eq!(seen, expected);
    }
}

#[test]
fn a_fetched_list_that_is_limited_does_not_take_the_place_of_one_that_counts() {
    let root = root();
    let house = issued("A house", 7, &key(), Some(&root), KeyIds::There);
    let read = |list: &[u8], certificate: &X509| {
        let certificates = std::slice::from_ref(certificate);
        let asked = ListFor { certificates, authority: &root.certificate, held: None, now: NOW };
        fetched_list::read(list, &asked).unwrap()
    };
    for certificate in [&house, &root.certificate] {
        let whole = read(&list(&root, Some(9), None, &[]), certificate);
        assert!(matches!(whole, FetchedList::Good { .. }), "{whole:?}");
        for limits in [[DELTA], [REASONS], [INDIRECT], [UNREADABLE_POINT]] {
            for names in [None, Some(7)] {
                let read = read(&list(&root, Some(9), names, &limits), certificate);
                assert_eq!(read, FetchedList::Unusable, "{limits:?}");
            }
        }
        assert_eq!(read(&list(&root, None, None, &[]), certificate), FetchedList::NotOfToday);
    }
}
