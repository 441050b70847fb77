//! The facts of a certificate. Knows no trust.

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::x509::{X509ExtendedKeyUsage, X509KeyUsage, X509NameRef, X509Ref};
use sealpost_mail::{Address, Domain, Timestamp, one_line};

use super::algorithm;
use crate::error::KeyError;
use crate::key_facts::{Algorithm, Fingerprint, KeyFacts, Method};

/// All facts of a certificate.
pub(crate) fn facts(certificate: &X509Ref) -> Result<KeyFacts, KeyError> {
    let der = certificate.to_der().map_err(library)?;
    let key = certificate.public_key().map_err(library)?;
    let names = Names::of(certificate);
    let issuer = line(certificate.issuer_name());
    let subject = line(certificate.subject_name());
    let (encrypts, signs) = usage(certificate, &key);
    let serial =
        certificate.serial_number().to_bn().and_then(|number| number.to_hex_str().map(|hex| hex.to_string()));
    Ok(KeyFacts {
        method: Method::Smime,
        fingerprint: fingerprint(certificate)?,
        self_issued: certificate
            .issuer_name()
            .try_cmp(certificate.subject_name())
            .is_ok_and(std::cmp::Ordering::is_eq)
            && certificate.verify(&key).unwrap_or(false),
        subject,
        issuer: Some(issuer),
        serial: serial.ok(),
        addresses: names.addresses,
        unreadable_names: names.unreadable,
        domains: names.domains,
        not_before: moment(certificate.not_before())?,
        not_after: Some(moment(certificate.not_after())?),
        algorithm: algorithm_of(&key),
        signing_algorithm: None,
        signed_by: certificate
            .signature_algorithm()
            .object()
            .nid()
            .long_name()
            .unwrap_or("unknown")
            .to_owned(),
        encrypts,
        signs,
        is_authority: is_authority(certificate),
        revoked: false,
        capabilities: algorithm::certificate_capabilities(&der),
        crl_urls: crl_urls(certificate),
        ocsp_urls: certificate
            .ocsp_responders()
            .map(|urls| urls.iter().map(|url| url.to_string()).collect())
            .unwrap_or_default(),
    })
}

/// SHA-256 over the DER.
pub(crate) fn fingerprint(certificate: &X509Ref) -> Result<Fingerprint, KeyError> {
    Ok(Fingerprint::new(certificate.digest(MessageDigest::sha256()).map_err(library)?.to_vec()))
}

/// Whether it may sign certificates, or is of an old version without that extension in which this was the
/// default.
pub(crate) fn is_authority(certificate: &X509Ref) -> bool {
    certificate.key_usage().is_some_and(|usage| usage.contains(X509KeyUsage::KEY_CERT_SIGN))
        || certificate.pathlen().is_some()
        || sealpost_cms::is_authority(certificate)
}

fn usage(certificate: &X509Ref, key: &PKey<Public>) -> (bool, bool) {
    let mail = certificate
        .extended_key_usage()
        .is_none_or(|usage| usage.intersects(X509ExtendedKeyUsage::SMIME | X509ExtendedKeyUsage::ANYEKU));
    let may = |wanted: X509KeyUsage| certificate.key_usage().is_none_or(|usage| usage.intersects(wanted));
    let encrypts = match key.id() {
        Id::RSA => may(X509KeyUsage::KEY_ENCIPHERMENT),
        Id::EC => may(X509KeyUsage::KEY_AGREEMENT),
        _ => false,
    };
    let can_sign = [Id::RSA, Id::EC, Id::RSA_PSS, Id::ED25519].contains(&key.id());
    let signs = can_sign && may(X509KeyUsage::DIGITAL_SIGNATURE | X509KeyUsage::NON_REPUDIATION);
    (mail && encrypts, mail && signs)
}

fn algorithm_of(key: &PKey<Public>) -> Algorithm {
    match key.id() {
        Id::RSA | Id::RSA_PSS => Algorithm::Rsa(key.bits()),
        Id::DSA => Algorithm::Dsa(key.bits()),
        Id::ED25519 => Algorithm::Curve("Ed25519".to_owned()),
        Id::ED448 => Algorithm::Curve("Ed448".to_owned()),
        Id::X25519 => Algorithm::Curve("X25519".to_owned()),
        Id::X448 => Algorithm::Curve("X448".to_owned()),
        Id::EC => {
            let curve = key.ec_key().ok().and_then(|key| key.group().curve_name());
            match curve {
                Some(Nid::X9_62_PRIME256V1) => Algorithm::Curve("P-256".to_owned()),
                Some(Nid::SECP384R1) => Algorithm::Curve("P-384".to_owned()),
                Some(Nid::SECP521R1) => Algorithm::Curve("P-521".to_owned()),
                // OpenSSL has the same names for brainpoolP256r1 and the like.
                Some(other) => Algorithm::Curve(other.short_name().unwrap_or("unknown").to_owned()),
                None => Algorithm::Other("a curve without a name".to_owned()),
            }
        }
        other => Algorithm::Other(Nid::from_raw(other.as_raw()).short_name().unwrap_or("unknown").to_owned()),
    }
}

/// Addresses and domains in subjectAltName and in the subject's emailAddress (RFC 8550 §3).
#[derive(Default)]
struct Names {
    addresses: Vec<Address>,
    domains: Vec<Domain>,
    unreadable: usize,
}

impl Names {
    fn of(certificate: &X509Ref) -> Self {
        let mut names = Self::default();
        let subject = certificate.subject_name();
        let in_subject = subject.entries_by_nid(Nid::PKCS9_EMAILADDRESS);
        for entry in in_subject {
            names.address(std::str::from_utf8(entry.data().as_slice()).ok());
        }
        for name in certificate.subject_alt_names().iter().flat_map(|stack| stack.iter()) {
            if let Some(domain) = name.dnsname() {
                names.domain(domain);
            } else if let Some(address) = name.email() {
                names.address(Some(address));
            }
        }
        names
    }

    fn address(&mut self, text: Option<&str>) {
        match text.and_then(|text| Address::parse(text).ok()) {
            Some(address) => {
                // RFC 3183 §4: addresses that stand for their whole domain.
                let local = address.local().to_ascii_lowercase();
                if matches!(local.as_str(), "domain-confidentiality-authority" | "domain-signing-authority") {
                    push_new(&mut self.domains, address.domain().clone());
                }
                push_new(&mut self.addresses, address);
            }
            None => self.unreadable += 1,
        }
    }

    fn domain(&mut self, text: &str) {
        // A name below a domain is not that domain.
        if text.starts_with("*.") {
            return;
        }
        match Domain::parse(text) {
            Ok(domain) => push_new(&mut self.domains, domain),
            Err(_refused) => self.unreadable += 1,
        }
    }
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// A name as `CN=…, O=…` on one line, short enough for display.
pub(crate) fn line(name: &X509NameRef) -> String {
    let entries = name.entries().map(|entry| {
        let key = entry.object().nid().short_name().unwrap_or("OID");
        let value = entry.data().to_string().unwrap_or_default();
        format!("{key}={}", one_line(&value))
    });
    entries.collect::<Vec<_>>().join(", ").chars().take(400).collect()
}

/// A time of OpenSSL as ours.
pub(crate) fn moment(time: &Asn1TimeRef) -> Result<Timestamp, KeyError> {
    let start = Asn1Time::from_unix(0).map_err(library)?;
    let since = start.diff(time).map_err(library)?;
    Ok(Timestamp((i64::from(since.days) * 86_400 + i64::from(since.secs)) * 1000))
}

pub(crate) fn crl_urls(certificate: &X509Ref) -> Vec<String> {
    let points = certificate.crl_distribution_points();
    let points = points.iter().flat_map(|stack| stack.iter());
    let names = points.filter_map(|point| point.distpoint()).filter_map(|name| name.fullname());
    let urls = names.flat_map(|names| names.iter().filter_map(|name| name.uri().map(str::to_owned)));
    urls.take(8).collect()
}

pub(crate) fn library(error: openssl::error::ErrorStack) -> KeyError {
    let reasons: Vec<&str> =
        error.errors().iter().filter_map(openssl::error::Error::reason).take(3).collect();
    KeyError::Library(if reasons.is_empty() { "no reason given".to_owned() } else { reasons.join(", ") })
}
