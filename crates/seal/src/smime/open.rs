//! CMS taken apart: decrypted for one of our certificates, signatures looked at. In the worker only. Knows no MIME.

use std::io::Read as _;

use openssl::x509::X509;
use sealpost_cms::{Cms, RecipientKind, SignerFound};

use super::algorithm::{self, Authenticates, Strength};
use super::certificate::is_authority;
use super::der;
use super::make::SmimeKey;
use crate::key_facts::{Fingerprint, KeyFacts, Method};
use crate::lend::Keys;
use crate::open_result::NotOpened;
use crate::own_key::PrivatePart;

/// What decrypting gave.
pub(crate) struct Decrypted {
    pub(crate) content: Vec<u8>,
    pub(crate) cipher: String,
    pub(crate) transport: String,
    pub(crate) by: Fingerprint,
    pub(crate) authenticates: Authenticates,
}

/// Decrypts for the first of our certificates that is among the recipients; only its private key is asked for. The
/// content is in memory until its tag or padding was looked at: OpenSSL gives it out before.
pub(crate) fn decrypt(cms: &mut Cms, own: &mut dyn Keys, most: usize) -> Result<Decrypted, NotOpened> {
    let named = own.public().iter().enumerate().filter(|(_, key)| key.method() == Method::Smime);
    let named: Vec<(usize, usize)> = named
        .filter_map(|(at, key)| Some((at, cms.recipient_of(key.certificate().ok()?.as_ref())?)))
        .collect();
    let recipients = cms.recipients();
    let mut refused = NotOpened::NoKey;
    for (at, recipient) in named {
        let transport = match recipients.get(recipient) {
            Some(RecipientKind::Transport(algorithm)) => algorithm::transport(algorithm),
            Some(RecipientKind::Agreement(algorithm)) => algorithm::agreement(algorithm),
            Some(RecipientKind::Other) | None => None,
        };
        let Some(transport) = transport else {
            refused = NotOpened::Algorithm;
            continue;
        };
        let Some(own) = own.private(at) else { continue };
        match own.private() {
            PrivatePart::Smime(key) => return run(cms, key, own.facts(), transport, most),
            PrivatePart::OpenPgp(_) => continue,
        }
    }
    Err(refused)
}

fn run(
    cms: &mut Cms,
    key: &SmimeKey,
    facts: &KeyFacts,
    transport: String,
    most: usize,
) -> Result<Decrypted, NotOpened> {
    let mut content = Vec::new();
    let mut too_much = false;
    let name = cms.decrypt(&key.key, &key.certificate, |piece| {
        too_much |= content.len() + piece.len() > most;
        if !too_much {
            content.extend_from_slice(piece);
        }
    });
    if too_much {
        return Err(NotOpened::TooMuch);
    }
    let name = name.map_err(|_cms| NotOpened::Tampered)?;
    let (cipher, authenticates) = algorithm::cipher(&name).ok_or(NotOpened::Algorithm)?;
    Ok(Decrypted {
        content,
        cipher: cipher.to_owned(),
        transport,
        by: facts.fingerprint.clone(),
        authenticates,
    })
}

/// One signature, as far as cryptography goes.
pub(crate) struct Signer {
    pub(crate) certificate: Option<X509>,
    /// Certificates of authorities that came along.
    pub(crate) between: Vec<X509>,
    pub(crate) holds: bool,
    pub(crate) strength: Strength,
    pub(crate) algorithm: String,
    pub(crate) capabilities: Vec<crate::key_facts::Capability>,
}

/// What looking at a SignedData gave.
pub(crate) struct Verified {
    pub(crate) content: Vec<u8>,
    pub(crate) signers: Vec<Signer>,
    /// Certificates of other people that came along.
    pub(crate) strangers: usize,
}

/// Looks at the signatures over the content inside, or over `detached`.
pub(crate) fn verify(cms: &mut Cms, detached: Option<&[u8]>, most: usize) -> Result<Verified, NotOpened> {
    let certificates = cms.certificates();
    let mut content = Vec::new();
    let mut too_much = false;
    let found = cms.verify(detached, |piece| {
        too_much |= content.len() + piece.len() > most;
        if detached.is_none() && !too_much {
            content.extend_from_slice(piece);
        }
    });
    if too_much {
        return Err(NotOpened::TooMuch);
    }
    let found = found.map_err(|_cms| NotOpened::Malformed)?;
    let (between, people): (Vec<X509>, Vec<X509>) =
        certificates.into_iter().partition(|certificate| is_authority(certificate));
    let is_signer = |certificate: &X509| {
        found.iter().filter_map(|signer| signer.certificate.as_ref()).any(|signer| same(signer, certificate))
    };
    let strangers = people.iter().filter(|certificate| !is_signer(certificate)).count();
    Ok(Verified {
        content,
        strangers,
        signers: found.into_iter().map(|found| signer(found, &between)).collect(),
    })
}

fn same(one: &X509, other: &X509) -> bool {
    matches!((one.to_der(), other.to_der()), (Ok(one), Ok(other)) if one == other)
}

fn signer(found: SignerFound, between: &[X509]) -> Signer {
    let (algorithm, strength) = algorithm::signature(&found.digest, &found.signature);
    Signer {
        certificate: found.certificate,
        between: between.to_vec(),
        holds: found.holds,
        strength,
        algorithm,
        capabilities: found
            .capabilities
            .map(|der| algorithm::attribute_capabilities(&der))
            .unwrap_or_default(),
    }
}

/// CompressedData (RFC 3274) with zlib.
pub(crate) fn unfold(cms: &Cms, most: usize) -> Result<Vec<u8>, NotOpened> {
    let folded = cms.content().ok_or(NotOpened::Malformed)?;
    // OpenSSL gives the octets of the content; other programs' may still be in their wrapping.
    let folded = der::only(&folded, 0x04).unwrap_or(&folded);
    let mut content = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    flate2::read::ZlibDecoder::new(folded)
        .take(limit)
        .read_to_end(&mut content)
        .map_err(|_zlib| NotOpened::Malformed)?;
    if content.len() > most { Err(NotOpened::TooMuch) } else { Ok(content) }
}
