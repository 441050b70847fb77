//! Which subkeys of an OpenPGP key decrypt.

use std::collections::BTreeSet;

use sealpost_mail::{Address, Clock as _, Domain, SystemClock};
use sequoia_openpgp::packet::key::{Key4, SubordinateRole};
use sequoia_openpgp::types::KeyFlags;

use super::*;

fn generated(now: Timestamp) -> Cert {
    let domain = Domain::parse("insurer.example").unwrap();
    let address = Address::from_parts("mail", domain).unwrap();
    let holder = Holder { name: "Insurer".to_owned(), address, domain: None, country: None };
    generate(Kind::OpenPgpCurve25519, &holder, now, 2).unwrap()
}

/// The key with one more decryption subkey, bound at that time.
fn with_subkey(cert: &Cert, bound: SystemTime) -> (Cert, KeyID) {
    let mut key: Key<SecretParts, SubordinateRole> =
        Key4::generate_ecc(false, Curve::Cv25519).unwrap().into();
    key.set_creation_time(bound).unwrap();
    let mut signer = cert.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
    let binding = SignatureBuilder::new(SignatureType::SubkeyBinding)
        .set_signature_creation_time(bound)
        .unwrap()
        .set_key_flags(KeyFlags::empty().set_transport_encryption())
        .unwrap()
        .sign_subkey_binding(&mut signer, None, &key)
        .unwrap();
    let id = key.keyid();
    let packets = [Packet::SecretSubkey(key), Packet::from(binding)];
    (cert.clone().insert_packets(packets).unwrap().0, id)
}

/// The ids by which letters name a key are determined once, and not again while letters come.
#[test]
fn a_subkey_that_was_bound_ahead_of_our_clock_decrypts_at_once() {
    let now = SystemClock.now();
    let first = generated(now);
    let before = decrypting_ids(&first);
    assert_eq!(before.len(), 1);
    let (cert, id) = with_subkey(&first, system_time(now) + Duration::from_secs(3600));
    // In any order within the key.
    let sorted = |ids: Vec<KeyID>| ids.into_iter().collect::<BTreeSet<_>>();
    let both = sorted(before.into_iter().chain([id]).collect());
    assert_eq!(sorted(decrypting_ids(&cert)), both);
    let lent = from_lent(lent(&cert).unwrap().expose()).unwrap();
    assert_eq!(sorted(lent.into_iter().map(|(id, _)| id).collect()), both);
}

/// Old RSA keys have one key for everything.
#[test]
fn a_key_that_decrypts_and_certifies_is_told() {
    let now = SystemClock.now();
    let parted = generated(now);
    assert!(!decrypts_and_more(&parted));
    assert!(!decrypts_and_more(&with_subkey(&parted, system_time(now)).0));
    let build = || CertBuilder::new().add_userid("mail@insurer.example");
    let both = KeyFlags::empty().set_certification().set_signing().set_transport_encryption();
    let (primary, _) =
        build().set_cipher_suite(CipherSuite::RSA2k).set_primary_key_flags(both).generate().unwrap();
    assert!(decrypts_and_more(&primary));
    let both = KeyFlags::empty().set_signing().set_storage_encryption();
    let (subkey, _) = build().add_subkey(both, None, CipherSuite::RSA2k).generate().unwrap();
    assert!(decrypts_and_more(&subkey));
}
