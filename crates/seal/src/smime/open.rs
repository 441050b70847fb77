//! Opens CMS: decrypts it with one of our certificates, verifies signatures. In the worker only. Knows no MIME.

use std::io::Read as _;

use openssl::x509::X509;
use sealpost_cms::{Cms, SignerFound};

use super::algorithm::{self, Authenticates, Strength};
use super::certificate::is_authority;
use super::der;
use super::enveloped::{Enveloped, Fit, Names, Transported};
use crate::key_facts::Fingerprint;
use crate::key_operations::ContentKeyTask;
use crate::lend::{ContentKey, Keys};
use crate::open_result::NotOpened;
use crate::token::KeyEncryption;

/// The result of decrypting.
pub(crate) struct Decrypted {
    pub(crate) content: Vec<u8>,
    pub(crate) cipher: String,
    pub(crate) transport: String,
    pub(crate) by: Fingerprint,
    pub(crate) authenticates: Authenticates,
}

/// Decrypts for the first of our certificates that is among the recipients; only its key is used. The content is in
/// memory until its tag or padding was verified.
pub(crate) fn decrypt(cms: &Cms, own: &mut dyn Keys, most: usize) -> Result<Decrypted, NotOpened> {
    let der = cms.to_der().map_err(|_cms| NotOpened::Malformed)?;
    let enveloped = Enveloped::read(&der);
    let certificates = own.recipients().iter().enumerate();
    let certificates = certificates.filter_map(|(at, key)| Some((at, key.certificate()?)));
    let named: Vec<(usize, Names)> = certificates
        .filter_map(|(at, certificate)| {
            let names = Names::of(certificate)?;
            let is_for_us = match enveloped.as_ref().map(|enveloped| enveloped.names(&names)) {
                Some(Fit::Exactly) => true,
                Some(Fit::Not) => false,
                // Of two names that are written in other octets, OpenSSL knows whether they are the same.
                Some(Fit::Perhaps) | None => cms.is_for(X509::from_der(certificate).ok()?.as_ref()),
            };
            is_for_us.then_some((at, names))
        })
        .collect();
    if named.is_empty() {
        return Err(NotOpened::NoKey);
    }
    let enveloped = enveloped.ok_or(NotOpened::Algorithm)?;
    let mut refused = NotOpened::NoKey;
    for (at, names) in named {
        let (task, way) = match enveloped.transported(&names) {
            Some(Transported { algorithm, encrypted }) => match algorithm::transport(&algorithm) {
                Some(how) => {
                    let (encrypted, length) = (encrypted.to_vec(), enveloped.key_length());
                    (ContentKeyTask::Decrypt { how: how.clone(), encrypted, length }, Way::Transport(how))
                }
                None => {
                    refused = NotOpened::Algorithm;
                    continue;
                }
            },
            None => match enveloped.agreed(&names) {
                Some((agreement, called)) => (ContentKeyTask::Agree(agreement), Way::Agreement(called)),
                None => {
                    refused = NotOpened::Algorithm;
                    continue;
                }
            },
        };
        let key = match (own.content_key(at, &task), &way) {
            (ContentKey::Given(key), _) => key,
            // A key always comes back, unless the private key is not available.
            (ContentKey::None, Way::Transport(_)) => continue,
            (ContentKey::None, Way::Agreement(_)) => return Err(NotOpened::Tampered),
            (ContentKey::TooOften, _) => return Err(NotOpened::TooMuch),
        };
        if key.expose().len() != enveloped.key_length() {
            return Err(NotOpened::Tampered);
        }
        let content = enveloped.decrypt(key.expose(), most)?;
        let by = own.recipients().get(at).map(|key| key.fingerprint().clone());
        let (cipher, authenticates) = enveloped.cipher();
        return Ok(Decrypted {
            content,
            cipher: cipher.to_owned(),
            transport: way.to_string(),
            by: by.ok_or(NotOpened::NoKey)?,
            authenticates,
        });
    }
    Err(refused)
}

/// How the content key is obtained.
enum Way {
    Transport(KeyEncryption),
    Agreement(String),
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Transport(how) => how.fmt(f),
            Self::Agreement(how) => how.fmt(f),
        }
    }
}

/// One signature, judged by cryptography.
pub(crate) struct Signer {
    pub(crate) certificate: Option<X509>,
    /// Certificates of authorities sent along.
    pub(crate) between: Vec<X509>,
    pub(crate) holds: bool,
    pub(crate) strength: Strength,
    pub(crate) algorithm: String,
    pub(crate) capabilities: Vec<crate::key_facts::Capability>,
}

/// The result of verifying a SignedData.
pub(crate) struct Verified {
    pub(crate) content: Vec<u8>,
    pub(crate) signers: Vec<Signer>,
    /// Number of certificates of other people sent along.
    pub(crate) strangers: usize,
}

/// Verifies the signatures over the embedded content, or over `detached`.
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
    // OpenSSL writes the content octets; other programs may leave them in their OCTET STRING.
    let folded = der::only(&folded, 0x04).unwrap_or(&folded);
    let mut content = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    flate2::read::ZlibDecoder::new(folded)
        .take(limit)
        .read_to_end(&mut content)
        .map_err(|_zlib| NotOpened::Malformed)?;
    if content.len() > most { Err(NotOpened::TooMuch) } else { Ok(content) }
}
