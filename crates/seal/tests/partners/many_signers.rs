//! The cost of the largest revocation lists: a letter with as many signatures as are judged, all below
//! authorities with lists of 8 MiB, stays well below the limits of one letter. The lists are decoded once for
//! all of them.

use std::path::PathBuf;
use std::time::Duration;

use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1Time};
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{BasicConstraints, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509CrlBuilder, X509Extension, X509Name, X509RevokedBuilder};
use sealpost_seal::{Limits, Opening, OwnKey, SignatureVerdict, Trust, Worker};

use crate::lab::{crlf, folder, opening, run, runtime, text};

/// Entries of a list, 35 octets each.
const ENTRIES: u32 = 230_000;
const SIGNERS: u32 = 16;
const FROM: &str = "info@clinic.example";

fn name(text: &str) -> X509Name {
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_text("CN", text).unwrap();
    name.build()
}

/// A certificate for this key.
fn issued(subject: &str, serial: u32, key: &PKey<Private>, by: (&str, &PKey<Private>)) -> X509 {
    let mut certificate = X509::builder().unwrap();
    certificate.set_version(2).unwrap();
    certificate.set_subject_name(&name(subject)).unwrap();
    certificate.set_issuer_name(&name(by.0)).unwrap();
    certificate.set_serial_number(&BigNum::from_u32(serial).unwrap().to_asn1_integer().unwrap()).unwrap();
    certificate.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    certificate.set_not_after(&Asn1Time::days_from_now(30).unwrap()).unwrap();
    certificate.set_pubkey(key).unwrap();
    if subject.contains("Authority") {
        certificate.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
        certificate
            .append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build().unwrap())
            .unwrap();
    } else {
        let names = SubjectAlternativeName::new().email(FROM).build(&certificate.x509v3_context(None, None));
        certificate.append_extension(names.unwrap()).unwrap();
    }
    certificate.sign(by.1, MessageDigest::sha256()).unwrap();
    certificate.build()
}

/// The authority's list, with unused serial numbers.
fn list(by: &str, key: &PKey<Private>) -> Vec<u8> {
    let now = Asn1Time::days_from_now(0).unwrap();
    let mut list = X509CrlBuilder::new().unwrap();
    list.set_issuer_name(&name(by)).unwrap();
    list.set_last_update(&now).unwrap();
    list.set_next_update(&Asn1Time::days_from_now(9).unwrap()).unwrap();
    for entry in 0..ENTRIES {
        let mut number = [0x40_u8; 16];
        number[12..].copy_from_slice(&entry.to_be_bytes());
        let mut revoked = X509RevokedBuilder::new().unwrap();
        let number = BigNum::from_slice(&number).unwrap().to_asn1_integer().unwrap();
        revoked.set_serial_number(&number).unwrap();
        revoked.set_revocation_date(&now).unwrap();
        list.add_revoked(revoked.build()).unwrap();
    }
    // RFC 5280 §5.2.1, §5.2.3: every list has these two.
    for (nid, der) in [(Nid::AUTHORITY_KEY_IDENTIFIER, &[0x30, 0][..]), (Nid::CRL_NUMBER, &[2, 1, 1])] {
        let oid = Asn1Object::from_str(nid.short_name().unwrap()).unwrap();
        let der = Asn1OctetString::new_from_bytes(der).unwrap();
        list.append_extension2(&X509Extension::new_from_der(&oid, false, &der).unwrap()).unwrap();
    }
    list.sign(key, MessageDigest::sha256()).unwrap();
    list.build().unwrap().to_der().unwrap()
}

#[test]
fn a_letter_of_many_signers_with_the_largest_lists_is_judged_in_time() {
    let key = || PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let (root_key, between_key, signer_key) = (key(), key(), key());
    let root = issued("Root Authority", 1, &root_key, ("Root Authority", &root_key));
    let between = issued("House Authority", 2, &between_key, ("Root Authority", &root_key));
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("key.pem"), signer_key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    std::fs::write(at("between.pem"), between.to_pem().unwrap()).unwrap();
    let mut sign: Vec<PathBuf> = Vec::new();
    for serial in 0..SIGNERS {
        let signer = issued("Somebody", 100 + serial, &signer_key, ("House Authority", &between_key));
        std::fs::write(at(&format!("{serial}.pem")), signer.to_pem().unwrap()).unwrap();
        let (certificate, key) = (at(&format!("{serial}.pem")), at("key.pem"));
        sign.extend([PathBuf::from("-signer"), certificate, PathBuf::from("-inkey"), key]);
    }
    let between = at("between.pem");
    let sign: Vec<&str> = sign.iter().map(|word| text(word)).collect();
    let fixed = ["cms", "-sign", "-certfile", text(&between)];
    let sign = |entity: &[u8]| crlf(&run("openssl", &[&fixed[..], &sign].concat(), entity).unwrap());
    let twice = sign(&sign(b"Content-Type: text/plain\r\n\r\nHi\r\n"));
    let head = format!("From: {FROM}\r\nTo: mail@insurer.example\r\n");
    let letter = [head.as_bytes(), &twice].concat();

    let crls = [list("Root Authority", &root_key), list("House Authority", &between_key)];
    assert!(crls.iter().all(|list| list.len() > 7 << 20), "{:?}", crls.each_ref().map(Vec::len));
    let roots = [root.to_der().unwrap()];
    let limits =
        Limits { cpu: Duration::from_secs(CPU), wall: Duration::from_secs(600), ..Limits::default() };
    let worker = Worker::find(Some(&PathBuf::from(env!("CARGO_BIN_EXE_sealpost-seal"))), limits).unwrap();
    let none: &[&OwnKey] = &[];
    let opening = Opening { roots: &roots, crls: &crls, ..opening(&none, &[]) };
    let length = u64::try_from(letter.len()).unwrap();
    let opened = runtime().block_on(worker.open(letter.as_slice(), length, &opening, Vec::new())).unwrap();
    let verdicts: Vec<SignatureVerdict> = opened.signatures.iter().map(|found| found.verdict).collect();
    assert_eq!(verdicts, [SignatureVerdict::Valid(Trust::Chain); 2 * SIGNERS as usize]);
}

/// Seconds; a sixth of a letter's limit, and several times what this one takes.
const CPU: u64 = 5;
