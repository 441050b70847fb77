//! Which recipient of a letter is taken for ours.

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509, X509Builder, X509NameBuilder};
use sealpost_cms::{Cipher, Cms, Encryptor, KeyTransport};
use sealpost_mail::{Address, Timestamp};

use super::{Enveloped, Fit, Names};
use crate::key_operations;
use crate::key_request::{Holder, Kind};
use crate::own_key::OwnKey;
use crate::smime::make;

/// The certificate that this authority has issued with serial number 4096.
fn certificate(key: &PKey<Private>, authority: &str) -> X509 {
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_nid(Nid::COMMONNAME, authority).unwrap();
    let name = name.build();
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    let serial = Asn1Integer::from_bn(&BigNum::from_u32(0x1000).unwrap()).unwrap();
    builder.set_serial_number(&serial).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(1_790_000_000).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(1_890_000_000).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.sign(key, MessageDigest::sha256()).unwrap();
    builder.build()
}

fn names(certificate: &X509) -> Names {
    Names::of(&certificate.to_der().unwrap()).unwrap()
}

fn encrypted_to(recipients: &[X509]) -> Vec<u8> {
    let mut encryptor = Encryptor::new(recipients, Cipher::Aes256Cbc, KeyTransport::Pkcs1).unwrap();
    let mut sent = Vec::new();
    encryptor.write(b"vertraulich", &mut sent).unwrap();
    encryptor.finish(&mut sent).unwrap();
    Cms::from_der(&sent).unwrap().to_der().unwrap()
}

/// Small authorities often use the same serial numbers.
#[test]
fn another_recipient_with_our_serial_number_is_not_us() {
    let [other, own] = [0, 1].map(|_| make::curve(Nid::X9_62_PRIME256V1).unwrap());
    // In a SET OF the shorter one comes first (X.690 §11.6): once it is ours, once theirs.
    for [our_authority, their_authority] in [["First", "A second one"], ["A second one", "First"]] {
        let ours = certificate(&own, our_authority);
        let der = encrypted_to(&[certificate(&other, their_authority), ours.clone()]);
        let letter = Enveloped::read(&der).unwrap();
        let key = key_operations::agree(&own, &letter.agreed(&names(&ours)).unwrap().0)
            .expect("wrapped for our key");
        assert_eq!(letter.decrypt(key.expose(), 1000).unwrap(), b"vertraulich");
    }
}

/// Some programs encode the issuer differently from the certificate.
#[test]
fn our_serial_number_alone_is_ours_where_nothing_names_us_better() {
    let own = make::curve(Nid::X9_62_PRIME256V1).unwrap();
    let der = encrypted_to(&[certificate(&own, "Our authority")]);
    let written_otherwise = certificate(&own, "OUR AUTHORITY");
    let letter = Enveloped::read(&der).unwrap();
    assert!(letter.names(&names(&written_otherwise)) == Fit::Perhaps);
    let (agreement, _) = letter.agreed(&names(&written_otherwise)).unwrap();
    assert!(key_operations::agree(&own, &agreement).is_some());
}

#[test]
fn a_certificate_is_known_by_what_openssl_reads_off_it() {
    let holder = Holder {
        name: "B".to_owned(),
        address: Address::parse("a@b.example").unwrap(),
        domain: None,
        country: None,
    };
    let own = OwnKey::generate(Kind::SmimeP256, &holder, Timestamp(1_790_000_000_000), 2).unwrap();
    let certificate = own.public().certificate().unwrap();
    let names = names(&certificate);
    assert_eq!(names.key_id.as_deref(), certificate.subject_key_id().map(|id| id.as_slice()));
    assert!(names.key_id.is_some());
    let letter = encrypted_to(std::slice::from_ref(&certificate));
    let letter = Enveloped::read(&letter).unwrap();
    assert!(letter.names(&names) == Fit::Exactly && letter.transported(&names).is_none());
    let other = self::certificate(&make::curve(Nid::X9_62_PRIME256V1).unwrap(), "Somebody");
    assert!(letter.names(&self::names(&other)) == Fit::Not);
}
