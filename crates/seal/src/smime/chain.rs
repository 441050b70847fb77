//! Verifies that a chain leads from a certificate to a root that the operator trusts, at a given time. Fetches nothing.

use std::cmp::Ordering;

use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509Ref, X509StoreContext, X509VerifyResult};
use sealpost_mail::Timestamp;

use super::certificate::library;
use super::decoded_lists::DecodedLists;
use crate::error::KeyError;
use crate::smime::chain_verdict::ChainVerdict;

// x509_vfy.h
const CERT_REVOKED: i32 = 23;
const UNABLE_TO_GET_CRL: i32 = 3;
const DIFFERENT_CRL_SCOPE: i32 = 44;

/// Trusted roots and revocation lists, prepared once for everything in a job.
pub(crate) struct Anchors<'a> {
    roots: &'a [Vec<u8>],
    lists: DecodedLists,
    /// For verifying that a chain leads to a root.
    chains: X509Store,
    /// For checking the first certificate of a chain with complete lists.
    listed: X509Store,
}

impl<'a> Anchors<'a> {
    /// As of `now`.
    pub(crate) fn new(roots: &'a [Vec<u8>], lists: DecodedLists, now: Timestamp) -> Result<Self, KeyError> {
        let certificates = roots.iter().map(|root| X509::from_der(root));
        let certificates = certificates.collect::<Result<Vec<X509>, _>>().map_err(library)?;
        let chains = store(&certificates, now)?.build();
        let mut listed = store(&certificates, now)?;
        for crl in lists.complete() {
            sealpost_cms::crl_in_store(&mut listed, crl)
                .map_err(|error| KeyError::Library(error.to_string()))?;
        }
        listed.set_flags(X509VerifyFlags::CRL_CHECK).map_err(library)?;
        Ok(Self { roots, lists, chains, listed: listed.build() })
    }

    /// Without revocation checks.
    pub(crate) fn without_lists(roots: &'a [Vec<u8>], now: Timestamp) -> Result<Self, KeyError> {
        Self::new(roots, DecodedLists::default(), now)
    }

    /// The lists.
    pub(crate) fn lists(&self) -> &DecodedLists {
        &self.lists
    }

    /// The store for building chains.
    pub(crate) fn store(&self) -> &X509Store {
        &self.chains
    }
}

/// The verdict. The chain is built without lists; then each certificate in it except roots is checked separately: a
/// missing list of one authority must not hide that another one's list names a certificate.
pub(crate) fn check(
    certificate: &X509Ref,
    between: &[X509],
    anchors: &Anchors<'_>,
) -> Result<ChainVerdict, KeyError> {
    if anchors.roots.is_empty() {
        return Ok(ChainVerdict::Broken);
    }
    let untrusted = stack(between)?;
    let (result, chain) = verify(certificate, &untrusted, &anchors.chains)?;
    if result != X509VerifyResult::OK {
        return Ok(ChainVerdict::Broken);
    }
    if anchors.lists.is_empty() {
        return Ok(ChainVerdict::NoRevocationList);
    }
    let mut worst = ChainVerdict::Holds;
    for link in chain {
        let der = link.to_der().map_err(library)?;
        if anchors.roots.contains(&der) {
            continue;
        }
        worst = worse(worst, by_lists(&link, &untrusted, anchors)?);
    }
    Ok(worst)
}

/// Whether the lists say of a certificate that one of the anchors has issued whether it was revoked.
pub(crate) fn lists_speak_of(certificate: &X509Ref, anchors: &Anchors<'_>) -> Result<bool, KeyError> {
    let (result, _chain) = verify(certificate, &stack(&[])?, &anchors.listed)?;
    Ok(match result.as_raw() {
        // OpenSSL asks no list about a root.
        0 => !may_have_signed_itself(certificate) || anchors.lists.complete().next().is_some(),
        CERT_REVOKED => true,
        _ => false,
    })
}

/// A certificate that has signed this one.
pub(crate) fn issuer(certificate: &X509Ref, between: &[X509], roots: &[Vec<u8>]) -> Option<X509> {
    issuers(certificate, between, roots).next()
}

/// The certificates that have signed this one, roots first: an authority has several for one key if it is cross-signed.
pub(crate) fn issuers<'a>(
    certificate: &'a X509Ref,
    between: &'a [X509],
    roots: &'a [Vec<u8>],
) -> impl Iterator<Item = X509> + 'a {
    let roots = roots.iter().filter_map(|root| X509::from_der(root).ok());
    roots.chain(between.iter().cloned()).filter(|one| {
        one.issued(certificate) == X509VerifyResult::OK
            && one.public_key().is_ok_and(|key| certificate.verify(&key).unwrap_or(false))
    })
}

/// A chain leads from it to a root: what is wrong now is the list.
fn by_lists(
    certificate: &X509,
    untrusted: &Stack<X509>,
    anchors: &Anchors<'_>,
) -> Result<ChainVerdict, KeyError> {
    // A revocation is permanent, also when the list has expired (RFC 5280 §5.3.1 knows no way back but removeFromCRL).
    if anchors.lists.have(certificate) {
        return Ok(ChainVerdict::Revoked);
    }
    let (result, _chain) = verify(certificate, untrusted, &anchors.listed)?;
    let unlisted = if anchors.lists.know_its_authority(certificate) {
        ChainVerdict::StaleList
    } else {
        ChainVerdict::NoRevocationList
    };
    Ok(match result.as_raw() {
        0 => ChainVerdict::Holds,
        CERT_REVOKED => ChainVerdict::Revoked,
        // There is none, or none that covers this certificate on its own.
        UNABLE_TO_GET_CRL | DIFFERENT_CRL_SCOPE => unlisted,
        // Expired, not yet valid, signed by another party, or with unknown critical extensions.
        _ => ChainVerdict::StaleList,
    })
}

/// As OpenSSL sees it (v3_purp.c, EXFLAG_SS): by its names and key identifiers alone.
fn may_have_signed_itself(certificate: &X509Ref) -> bool {
    let same_name = certificate.issuer_name().try_cmp(certificate.subject_name()).is_ok_and(Ordering::is_eq);
    let other_key = match (certificate.authority_key_id(), certificate.subject_key_id()) {
        (Some(by), Some(own)) => by.as_slice() != own.as_slice(),
        (None, _) | (_, None) => false,
    };
    same_name && !other_key
}

fn stack(certificates: &[X509]) -> Result<Stack<X509>, KeyError> {
    let mut stack = Stack::new().map_err(library)?;
    for certificate in certificates {
        stack.push(certificate.clone()).map_err(library)?;
    }
    Ok(stack)
}

fn worse(one: ChainVerdict, other: ChainVerdict) -> ChainVerdict {
    let rank = |verdict: &ChainVerdict| match verdict {
        ChainVerdict::Holds => 0,
        ChainVerdict::NoRevocationList => 1,
        ChainVerdict::StaleList => 2,
        ChainVerdict::Revoked => 3,
        ChainVerdict::Broken => 4,
    };
    if rank(&other) > rank(&one) { other } else { one }
}

/// A store with the roots and verification parameters.
fn store(roots: &[X509], now: Timestamp) -> Result<X509StoreBuilder, KeyError> {
    let mut store = X509StoreBuilder::new().map_err(library)?;
    for root in roots {
        store.add_cert(root.clone()).map_err(library)?;
    }
    let mut parameters = X509VerifyParam::new().map_err(library)?;
    parameters.set_time(now.seconds());
    parameters.set_depth(8);
    // No purpose: the certificate itself is judged by its facts; that those above it are authorities is always checked.
    // Signatures with MD5 and SHA-1, and keys below 112 bits of strength, are rejected.
    parameters.set_auth_level(2);
    parameters.set_flags(X509VerifyFlags::PARTIAL_CHAIN).map_err(library)?;
    store.set_param(&parameters).map_err(library)?;
    Ok(store)
}

/// The verification error, and the chain from it to the root.
fn verify(
    certificate: &X509Ref,
    untrusted: &Stack<X509>,
    store: &X509Store,
) -> Result<(X509VerifyResult, Vec<X509>), KeyError> {
    let mut context = X509StoreContext::new().map_err(library)?;
    context
        .init(store, certificate, untrusted, |context| {
            let holds = context.verify_cert()?;
            let result = if holds { X509VerifyResult::OK } else { context.error() };
            let chain = context.chain().map(|chain| chain.iter().map(ToOwned::to_owned).collect());
            Ok((result, chain.unwrap_or_default()))
        })
        .map_err(library)
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
