//! OCSP (RFC 6960): the request about a certificate, and the check of the response. Makes no requests.

use openssl::hash::MessageDigest;
use openssl::ocsp::{OcspCertId, OcspCertStatus, OcspFlag, OcspRequest, OcspResponse, OcspResponseStatus};
use openssl::stack::Stack;
use openssl::x509::{X509, X509Ref};
use sealpost_mail::Timestamp;
use serde::{Deserialize, Serialize};

use super::certificate::library;
use super::chain::{self, Anchors};
use crate::error::KeyError;

/// A verified OCSP response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OcspAnswer {
    /// Not revoked; valid until this time.
    Good(Timestamp),
    /// Revoked.
    Revoked,
    /// Not known to the responder.
    Unknown,
    /// Not signed by an authorised responder, not current, an error, or unreadable.
    Unusable,
}

/// Validity of a response without nextUpdate, in milliseconds; an older one says nothing about today.
const WITHOUT_END: i64 = 24 * 3_600_000;
/// Tolerated clock difference, in milliseconds.
const SLACK: i64 = 5 * 60_000;

/// The request, in DER; `None`: its authority's certificate, which is required, is not available.
pub(crate) fn question(certificate: &X509Ref, between: &[X509], roots: &[Vec<u8>]) -> Option<Vec<u8>> {
    let issuer = chain::issuer(certificate, between, roots)?;
    let mut request = OcspRequest::new().ok()?;
    request.add_id(id(certificate, &issuer).ok()?).ok()?;
    request.to_der().ok()
}

/// Verifies a response.
pub(crate) fn answer(
    certificate: &X509Ref,
    between: &[X509],
    roots: &[Vec<u8>],
    response: &[u8],
    now: Timestamp,
) -> Result<OcspAnswer, KeyError> {
    let Some(issuer) = chain::issuer(certificate, between, roots) else { return Ok(OcspAnswer::Unusable) };
    let Ok(response) = OcspResponse::from_der(response) else { return Ok(OcspAnswer::Unusable) };
    if response.status() != OcspResponseStatus::SUCCESSFUL {
        return Ok(OcspAnswer::Unusable);
    }
    let Ok(basic) = response.basic() else { return Ok(OcspAnswer::Unusable) };
    let mut certificates = Stack::new().map_err(library)?;
    certificates.push(issuer.clone()).map_err(library)?;
    for one in between {
        certificates.push(one.clone()).map_err(library)?;
    }
    // By the authority itself, or by a delegated responder (RFC 6960 §4.2.2.2).
    let trusted = Anchors::without_lists(roots, now)?;
    if basic.verify(&certificates, trusted.store(), OcspFlag::empty()).is_err() {
        return Ok(OcspAnswer::Unusable);
    }
    let id = id(certificate, &issuer)?;
    let Some(status) = basic.find_status(&id) else { return Ok(OcspAnswer::Unusable) };
    // A revocation is permanent, whatever the response's time.
    if status.status == OcspCertStatus::REVOKED {
        return Ok(OcspAnswer::Revoked);
    }
    let since = moment(&status.this_update.to_string());
    let until = status.next_update().map(|end| moment(&end.to_string()));
    let (since, until) = match (since, until) {
        (Some(since), None) => (since, Timestamp(since.0.saturating_add(WITHOUT_END))),
        (Some(since), Some(Some(until))) => (since, until),
        (None, _) | (Some(_), Some(None)) => return Ok(OcspAnswer::Unusable),
    };
    if since.0 > now.0.saturating_add(SLACK) || until.0.saturating_add(SLACK) < now.0 {
        return Ok(OcspAnswer::Unusable);
    }
    Ok(match status.status {
        OcspCertStatus::GOOD => OcspAnswer::Good(until),
        _ => OcspAnswer::Unknown,
    })
}

/// RFC 6960 §4.3: every responder must support SHA-1 here. It identifies the certificate and proves nothing.
fn id(certificate: &X509Ref, issuer: &X509Ref) -> Result<OcspCertId, KeyError> {
    OcspCertId::from_cert(MessageDigest::sha1(), certificate, issuer).map_err(library)
}

/// A time as printed by OpenSSL, `Nov 29 09:41:00 2026 GMT`: the binding has no other form.
fn moment(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let words: Vec<&str> = text.split_whitespace().collect();
    let [month, day, clock, year, "GMT"] = words.as_slice() else { return None };
    let month = i64::try_from(MONTHS.iter().position(|one| one == month)?).ok()? + 1;
    let (day, year): (i64, i64) = (day.parse().ok()?, year.parse().ok()?);
    let mut parts = clock.split(':');
    let mut part = || parts.next().and_then(|part| part.split('.').next()?.parse::<i64>().ok());
    let (hour, minute, second) = (part()?, part()?, part()?);
    // Days since 1970, by the civil calendar, with years that begin in March.
    let (year, shifted) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(Timestamp((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_openssl_prints_them() {
        for (text, seconds) in [
            ("Jan  1 00:00:00 1970 GMT", 0),
            ("Feb 29 12:00:01 2024 GMT", 1_709_208_001),
            ("Nov 29 09:41:00 2026 GMT", 1_795_945_260),
            ("Nov 29 09:41:00.5 2026 GMT", 1_795_945_260),
        ] {
            assert_eq!(moment(text), Some(Timestamp(seconds * 1000)), "{text}");
        }
        for none in ["", "Bad time value", "Nov 29 09:41 2026 GMT", "Nov 29 09:41:00 2026"] {
            assert_eq!(moment(none), None, "{none}");
        }
    }

    #[test]
    fn nothing_that_is_no_answer_is_taken_for_one() {
        let key = openssl::pkey::PKey::from_rsa(openssl::rsa::Rsa::generate(2048).unwrap()).unwrap();
        let mut builder = X509::builder().unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        let certificate = builder.build();
        let roots = [certificate.to_der().unwrap()];
        let now = Timestamp(1_800_000_000_000);
        for bytes in [&b""[..], b"\x30\x03\x0a\x01\x03", b"<html>"] {
            let answer = answer(&certificate, &[], &roots, bytes, now).unwrap();
            assert_eq!(answer, OcspAnswer::Unusable);
        }
    }
}
