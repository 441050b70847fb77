//! Whether a chain leads from a certificate to a root that the operator trusts, at a given moment. Fetches nothing.

use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509Crl, X509Ref, X509StoreContext, X509VerifyResult};
use sealpost_mail::Timestamp;

use super::certificate::library;
use crate::error::KeyError;
use crate::worker::ChainVerdict;

// x509_vfy.h
const CERT_REVOKED: i32 = 23;
const UNABLE_TO_GET_CRL: i32 = 3;
const CRL_HAS_EXPIRED: i32 = 12;
const CRL_NOT_YET_VALID: i32 = 11;
const DIFFERENT_CRL_SCOPE: i32 = 44;

/// What chains may end at, and lists of what is revoked.
pub(crate) struct Anchors<'a> {
    pub(crate) roots: &'a [Vec<u8>],
    pub(crate) crls: &'a [Vec<u8>],
}

/// The verdict. Lists of every authority in the chain are asked for; where one is missing or over, the chain is looked
/// at again without lists, and what is done about it is the caller's policy.
pub(crate) fn check(
    certificate: &X509Ref,
    between: &[X509],
    anchors: &Anchors<'_>,
    now: Timestamp,
) -> Result<ChainVerdict, KeyError> {
    if anchors.roots.is_empty() {
        return Ok(ChainVerdict::Broken);
    }
    let mut untrusted = Stack::new().map_err(library)?;
    for certificate in between {
        untrusted.push(certificate.clone()).map_err(library)?;
    }
    let with_lists = if anchors.crls.is_empty() {
        UNABLE_TO_GET_CRL
    } else {
        verify(certificate, &untrusted, &store(anchors, now, Lists::Asked)?)?.as_raw()
    };
    Ok(match with_lists {
        0 => ChainVerdict::Holds,
        CERT_REVOKED => ChainVerdict::Revoked,
        UNABLE_TO_GET_CRL | CRL_HAS_EXPIRED | CRL_NOT_YET_VALID | DIFFERENT_CRL_SCOPE => {
            let without = verify(certificate, &untrusted, &store(anchors, now, Lists::Left)?)?;
            if without == X509VerifyResult::OK {
                ChainVerdict::NoRevocationList
            } else {
                ChainVerdict::Broken
            }
        }
        _ => ChainVerdict::Broken,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lists {
    Asked,
    Left,
}

fn store(anchors: &Anchors<'_>, now: Timestamp, lists: Lists) -> Result<X509Store, KeyError> {
    let mut store = X509StoreBuilder::new().map_err(library)?;
    for root in anchors.roots {
        store.add_cert(X509::from_der(root).map_err(library)?).map_err(library)?;
    }
    let mut parameters = X509VerifyParam::new().map_err(library)?;
    parameters.set_time(now.seconds());
    parameters.set_depth(8);
    // No purpose: what the certificate itself is for is judged by its facts; that those above it are authorities is
    // always asked.
    // Signatures with MD5 and SHA-1, and keys below 112 bits of strength, are nothing.
    parameters.set_auth_level(2);
    let mut flags = X509VerifyFlags::PARTIAL_CHAIN;
    if lists == Lists::Asked {
        for crl in anchors.crls {
            let crl = X509Crl::from_der(crl).map_err(library)?;
            sealpost_cms::crl_in_store(&mut store, &crl)
                .map_err(|error| KeyError::Library(error.to_string()))?;
        }
        flags |= X509VerifyFlags::CRL_CHECK | X509VerifyFlags::CRL_CHECK_ALL;
    }
    parameters.set_flags(flags).map_err(library)?;
    store.set_param(&parameters).map_err(library)?;
    Ok(store.build())
}

fn verify(
    certificate: &X509Ref,
    untrusted: &Stack<X509>,
    store: &X509Store,
) -> Result<X509VerifyResult, KeyError> {
    let mut context = X509StoreContext::new().map_err(library)?;
    context
        .init(store, certificate, untrusted, |context| {
            let holds = context.verify_cert()?;
            Ok(if holds { X509VerifyResult::OK } else { context.error() })
        })
        .map_err(library)
}
