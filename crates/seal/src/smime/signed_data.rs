//! Writes a SignedData (RFC 5652 §5) around a signature that is made elsewhere: OpenSSL only signs with keys
//! in its memory, unless C calls back into Rust, which this workspace forbids. Knows no token.

use openssl::sha::{Sha256, sha256};
use openssl::x509::{X509, X509Ref};
use sealpost_mail::Timestamp;

use super::der::{self, INTEGER, OCTET_STRING, OID, SEQUENCE, SET};

/// The signature scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    RsaPkcs1,
    RsaPss,
    Ecdsa,
}

mod oid {
    pub(super) const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    pub(super) const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    pub(super) const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
    pub(super) const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
    pub(super) const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5];
    pub(super) const CAPABILITIES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 15];
    pub(super) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
    pub(super) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    pub(super) const OAEP: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 7];
    pub(super) const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];
    pub(super) const PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
    pub(super) const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    pub(super) const AES_256_GCM: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2e];
    pub(super) const AES_256_CBC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2a];
    pub(super) const AES_128_CBC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 2];
}

/// The end of indefinite-length content (X.690 §8.1.3.6).
const END: [u8; 2] = [0, 0];

/// A structure before its content and signature.
pub(crate) struct SignedData {
    content: Sha256,
}

/// The data to be signed, and the completed part of the structure.
pub(crate) struct Unsigned {
    /// The signed attributes in the form that is signed: with the tag of a SET.
    attributes: Vec<u8>,
}

/// The signing certificate and further certificates to include.
pub(crate) struct Signers<'a> {
    pub(crate) certificate: &'a X509Ref,
    pub(crate) chain: &'a [X509],
    pub(crate) scheme: Scheme,
}

impl SignedData {
    pub(crate) fn new() -> Self {
        Self { content: Sha256::new() }
    }

    /// The beginning of a structure with embedded content, up to the content.
    pub(crate) fn head() -> Vec<u8> {
        let mut head = vec![SEQUENCE, 0x80];
        head.extend(der::of(OID, &[oid::SIGNED_DATA]));
        head.extend([0xa0, 0x80, SEQUENCE, 0x80]);
        head.extend(version());
        head.extend(der::of(SET, &[&algorithm(oid::SHA256, &[])]));
        head.extend([SEQUENCE, 0x80]);
        head.extend(der::of(OID, &[oid::DATA]));
        head.extend([0xa0, 0x80, OCTET_STRING | 0x20, 0x80]);
        head
    }

    /// The next piece of the content.
    pub(crate) fn update(&mut self, content: &[u8]) {
        self.content.update(content);
    }

    /// The same piece in embedded form.
    pub(crate) fn inside(content: &[u8]) -> Vec<u8> {
        if content.is_empty() { Vec::new() } else { der::of(OCTET_STRING, &[content]) }
    }

    /// The end of the content: returns what is to be signed.
    pub(crate) fn ended(self, now: Timestamp) -> Unsigned {
        let capable = |oid| algorithm(oid, &[]);
        // RFC 8551 §2.5.2: by preference, the same as in OpenSSL's signatures (crates/cms).
        let capable =
            [oid::AES_256_GCM, oid::AES_256_CBC, oid::AES_128_CBC, oid::OAEP, oid::PSS].map(capable).concat();
        let attributes = vec![
            attribute(oid::CONTENT_TYPE, &der::of(OID, &[oid::DATA])),
            attribute(oid::SIGNING_TIME, &time(now)),
            attribute(oid::MESSAGE_DIGEST, &der::of(OCTET_STRING, &[&self.content.finish()])),
            attribute(oid::CAPABILITIES, &der::of(SEQUENCE, &[&capable])),
        ];
        Unsigned { attributes: der::set_of(SET, attributes) }
    }
}

impl Unsigned {
    /// The digest to be signed (RFC 5652 §5.4).
    pub(crate) fn digest(&self) -> [u8; 32] {
        sha256(&self.attributes)
    }

    /// The whole structure of a detached signature. `None`: the certificate cannot be parsed.
    pub(crate) fn detached(&self, by: &Signers<'_>, signature: &[u8]) -> Option<Vec<u8>> {
        let content = der::of(SEQUENCE, &[&der::of(OID, &[oid::DATA])]);
        let digests = der::of(SET, &[&algorithm(oid::SHA256, &[])]);
        let signed = der::of(SEQUENCE, &[&version(), &digests, &content, &self.tail(by, signature)?]);
        Some(der::of(SEQUENCE, &[&der::of(OID, &[oid::SIGNED_DATA]), &der::of(0xa0, &[&signed])]))
    }

    /// The end of a structure that began with [`SignedData::head`].
    pub(crate) fn attached(&self, by: &Signers<'_>, signature: &[u8]) -> Option<Vec<u8>> {
        let content = [END; 3].concat();
        let around = [END; 3].concat();
        Some([content, self.tail(by, signature)?, around].concat())
    }

    /// Certificates and SignerInfo.
    fn tail(&self, by: &Signers<'_>, signature: &[u8]) -> Option<Vec<u8>> {
        let own = by.certificate.to_der().ok()?;
        let mut certificates = vec![own.clone()];
        for extra in by.chain {
            certificates.push(extra.to_der().ok()?);
        }
        let attributes = der::of(0xa0, &[der::only(&self.attributes, SET)?]);
        let signer = der::of(
            SEQUENCE,
            &[
                &version(),
                &issuer_and_serial(&own)?,
                &algorithm(oid::SHA256, &[]),
                &attributes,
                &by.scheme.algorithm(),
                &der::of(OCTET_STRING, &[signature]),
            ],
        );
        Some([der::set_of(0xa0, certificates), der::of(SET, &[&signer])].concat())
    }
}

impl Scheme {
    /// RFC 3370 §3.2, RFC 4056 §3, RFC 5753 §7.1.1 with RFC 5758.
    fn algorithm(self) -> Vec<u8> {
        match self {
            Self::RsaPkcs1 => algorithm(oid::RSA, &[5, 0]),
            Self::RsaPss => {
                let sha256 = algorithm(oid::SHA256, &[]);
                let parameters = der::of(
                    SEQUENCE,
                    &[
                        &der::of(0xa0, &[&sha256]),
                        &der::of(0xa1, &[&algorithm(oid::MGF1, &sha256)]),
                        &der::of(0xa2, &[&der::of(INTEGER, &[&[32]])]),
                    ],
                );
                algorithm(oid::PSS, &parameters)
            }
            Self::Ecdsa => algorithm(oid::ECDSA_SHA256, &[]),
        }
    }
}

/// The issuer and serial number of a certificate, in encoded form. `None`: it is not a certificate.
pub(crate) fn issuer_and_serial(certificate: &[u8]) -> Option<Vec<u8>> {
    let (body, _) = der::value(der::only(certificate, SEQUENCE)?)?;
    let mut rest = body.content;
    if rest.first() == Some(&0xa0) {
        (_, rest) = der::element(rest)?;
    }
    let (serial, rest) = der::element(rest)?;
    let (_signature, rest) = der::element(rest)?;
    let (issuer, _) = der::element(rest)?;
    Some(der::of(SEQUENCE, &[issuer, serial]))
}

fn version() -> Vec<u8> {
    der::of(INTEGER, &[&[1]])
}

fn algorithm(oid: &[u8], parameters: &[u8]) -> Vec<u8> {
    der::of(SEQUENCE, &[&der::of(OID, &[oid]), parameters])
}

fn attribute(oid: &[u8], value: &[u8]) -> Vec<u8> {
    der::of(SEQUENCE, &[&der::of(OID, &[oid]), &der::of(SET, &[value])])
}

/// RFC 5652 §11.3: UTCTime up to 2049, GeneralizedTime from 2050.
fn time(now: Timestamp) -> Vec<u8> {
    let (year, month, day) = civil(now.seconds().div_euclid(86_400));
    let second = now.seconds().rem_euclid(86_400);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let rest = format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
    match year {
        1950..=2049 => der::of(0x17, &[format!("{:02}{rest}", year % 100).as_bytes()]),
        _ => der::of(0x18, &[format!("{year:04}{rest}").as_bytes()]),
    }
}

/// The date of this many days after 1970-01-01, in the proleptic Gregorian calendar (Hinnant,
/// `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_certificates_have_it() {
        let written = |seconds: i64| {
            let der = time(Timestamp(seconds * 1000));
            String::from_utf8(der[2..].to_vec()).unwrap()
        };
        assert_eq!(written(0), "700101000000Z");
        assert_eq!(written(951_827_696), "000229123456Z");
        assert_eq!(written(1_795_973_775), "261129173615Z");
        assert_eq!(written(2_524_608_000), "20500101000000Z");
    }
}
