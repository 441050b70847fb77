//! URLs of revocation lists (RFC 5280 §4.2.1.13), as named by certificates below the operator's roots. Fetches nothing.

use openssl::x509::X509;
use sealpost_mail::Timestamp;

use crate::error::KeyError;
use crate::key_facts::{Fingerprint, Method};
use crate::partner_key::PartnerKey;
use crate::smime::certificate::{crl_urls, fingerprint, moment};
use crate::smime::chain::{self, Anchors};
use crate::smime::chain_verdict::ChainVerdict;

/// Maximum number of certificates sent with a key that are examined; chains have two or three.
const MAX_BETWEEN: usize = 16;
/// The same limit as for chains that are accepted.
const MAX_DEPTH: usize = 8;

/// A revocation list named by a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListSource {
    /// Its URLs, at least one; all of the same list.
    pub addresses: Vec<String>,
    /// DER of the certificate that names them.
    pub certificate: Vec<u8>,
    /// DER of its authority's certificate, which is a root or leads to one.
    pub authority: Vec<u8>,
    /// Fingerprint of that certificate.
    pub authority_print: Fingerprint,
}

impl ListSource {
    /// The list for this key's certificate, then those for the certificates between it and a root. None of an authority that does
    /// not lead to a root: lists are identified by its name, and anybody can make one with that name.
    #[must_use]
    pub fn of_key(key: &PartnerKey, roots: &[Vec<u8>], now: Timestamp) -> Vec<Self> {
        if key.method() != Method::Smime {
            return Vec::new();
        }
        let (Ok(certificate), Ok(mut between)) = (key.certificate(), key.between()) else {
            return Vec::new();
        };
        // The sender of the key chose these, and trying every pair costs a signature verification.
        between.truncate(MAX_BETWEEN);
        let Ok(anchors) = Anchors::without_lists(roots, now) else { return Vec::new() };
        let (mut sources, mut at) = (Vec::new(), certificate);
        for _ in 0..MAX_DEPTH {
            let Some(authority) = authority_of(&at, &between, roots, &anchors) else { break };
            sources.extend(Self::of(&at, &authority, now));
            at = authority;
            if is_root(&at, roots) {
                break;
            }
        }
        sources
    }

    /// The lists that roots name for themselves, and for certificates among the roots that are not roots.
    #[must_use]
    pub fn of_roots(roots: &[Vec<u8>], now: Timestamp) -> Vec<Self> {
        let Ok(anchors) = Anchors::without_lists(roots, now) else { return Vec::new() };
        let read = roots.iter().filter_map(|root| X509::from_der(root).ok());
        read.filter_map(|one| Self::of(&one, &authority_of(&one, &[], roots, &anchors)?, now)).collect()
    }

    fn of(one: &X509, authority: &X509, now: Timestamp) -> Option<Self> {
        if moment(one.not_after()).is_ok_and(|end| end <= now) {
            return None;
        }
        let addresses: Vec<String> = crl_urls(one).into_iter().filter(|url| is_web(url)).collect();
        if addresses.is_empty() {
            return None;
        }
        Some(Self {
            addresses,
            certificate: one.to_der().ok()?,
            authority_print: fingerprint(authority).ok()?,
            authority: authority.to_der().ok()?,
        })
    }
}

/// RFC 5280 §4.2.1.13 also allows directories (ldap), which are not queried.
fn is_web(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// The certificate that has signed this one and is a root or leads to one. There may be others of the same key that do not: issued
/// by an untrusted authority, or expired.
fn authority_of(one: &X509, between: &[X509], roots: &[Vec<u8>], anchors: &Anchors<'_>) -> Option<X509> {
    chain::issuers(one, between, roots)
        .find(|authority| leads_to_a_root(authority, between, roots, anchors).is_ok_and(|leads| leads))
}

fn is_root(one: &X509, roots: &[Vec<u8>]) -> bool {
    one.to_der().is_ok_and(|der| roots.contains(&der))
}

fn leads_to_a_root(
    authority: &X509,
    between: &[X509],
    roots: &[Vec<u8>],
    anchors: &Anchors<'_>,
) -> Result<bool, KeyError> {
    if is_root(authority, roots) {
        return Ok(true);
    }
    Ok(chain::check(authority, between, anchors)? != ChainVerdict::Broken)
}
