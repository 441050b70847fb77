//! Where authorities publish what they have revoked (RFC 5280 §4.2.1.13), as certificates below the operator's roots say. Fetches nothing.

use openssl::x509::X509;
use sealpost_mail::Timestamp;

use crate::error::KeyError;
use crate::key_facts::{Fingerprint, Method};
use crate::partner_key::PartnerKey;
use crate::smime::certificate::{crl_urls, fingerprint, moment};
use crate::smime::chain::{self, Anchors};
use crate::smime::chain_verdict::ChainVerdict;

/// So many certificates that came with a key are looked at; chains have two or three.
const MAX_BETWEEN: usize = 16;
/// As long as chains that are believed.
const MAX_DEPTH: usize = 8;

/// A list, as one certificate names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListSource {
    /// Web addresses of it, one at least; all of the same list.
    pub addresses: Vec<String>,
    /// DER of the certificate that names them.
    pub certificate: Vec<u8>,
    /// DER of its authority's certificate, which is one of the roots or leads to one.
    pub authority: Vec<u8>,
    /// Of that one.
    pub authority_print: Fingerprint,
}

impl ListSource {
    /// The list that tells of this key, then those that tell of the certificates between it and a root. Nothing of an authority that leads
    /// to no root: lists are known by its name, and anybody can make one of that name.
    #[must_use]
    pub fn of_key(key: &PartnerKey, roots: &[Vec<u8>], now: Timestamp) -> Vec<Self> {
        if key.method() != Method::Smime {
            return Vec::new();
        }
        let (Ok(certificate), Ok(mut between)) = (key.certificate(), key.between()) else {
            return Vec::new();
        };
        // Who sent the key chose what came with it, and every pair of them costs a signature to try.
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

    /// The lists that roots name for themselves, and for what is among the roots without being one.
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

/// RFC 5280 §4.2.1.13 knows directories (ldap) as well, which nobody is asked.
fn is_web(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// The certificate that has signed this one and is a root or leads to one. There may be others of the same key that do not: by an
/// authority that nobody here believes, or of a time that is over.
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
