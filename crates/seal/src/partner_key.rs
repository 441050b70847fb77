//! A partner's public key or certificate: its bytes in one canonical form, and its facts. Knows no private key.

use openssl::x509::X509;
use sequoia_openpgp::Cert;
use serde::{Deserialize, Serialize};

use crate::algorithm_profile::Profile;
use crate::error::KeyError;
use crate::key_facts::{Capability, KeyFacts, Method};
use crate::pgp;
use crate::smime::certificate::{self, library};
use crate::smime::ocsp;

/// A public key or certificate that was read once and found well-formed. Says nothing about trust.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerKey {
    /// DER of the certificate, or the binary OpenPGP key without anything secret.
    #[serde(with = "crate::base64_bytes")]
    bytes: Vec<u8>,
    /// DER of certificates that came with it and may lead to a root.
    #[serde(with = "crate::base64_list", default)]
    chain: Vec<Vec<u8>>,
    facts: KeyFacts,
}

impl PartnerKey {
    /// The facts of its public part.
    #[must_use]
    pub fn facts(&self) -> &KeyFacts {
        &self.facts
    }

    /// Certificate or OpenPGP key.
    #[must_use]
    pub fn method(&self) -> Method {
        self.facts.method
    }

    /// DER of the certificate, or the binary OpenPGP key: for publishing and comparing.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// DER of the certificates that came with it.
    #[must_use]
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// PEM, or ASCII armour: for publishing as text.
    ///
    /// # Errors
    /// The library failed.
    pub fn to_text(&self) -> Result<String, KeyError> {
        match self.method() {
            Method::Smime => {
                let pem = self.certificate()?.to_pem().map_err(library)?;
                String::from_utf8(pem).map_err(|error| KeyError::Library(error.to_string()))
            }
            Method::OpenPgp => pgp::key::public_text(&self.bytes),
        }
    }

    /// Serialises it for a row in the store, as JSON; the input of [`Self::from_bytes`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Deserialises the result of [`Self::to_bytes`].
    ///
    /// # Errors
    /// It is not such a result.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        serde_json::from_slice(bytes).map_err(|error| KeyError::Library(error.to_string()))
    }

    /// This OpenPGP key with its holder's later signatures in `newer`: another expiry, more subkeys, a revocation. `None`: `newer`
    /// is another key, a certificate (which never changes), or contains nothing new.
    ///
    /// # Errors
    /// The library failed.
    pub fn renewed_by(&self, newer: &Self) -> Result<Option<Self>, KeyError> {
        if self.method() != Method::OpenPgp || self.facts.fingerprint != newer.facts.fingerprint {
            return Ok(None);
        }
        // Only the holder's own signatures count when a key's facts are read.
        let merged =
            self.cert()?.merge_public(newer.cert()?).map_err(|error| KeyError::Library(error.to_string()))?;
        let renewed = Self::of_cert(&merged)?;
        Ok((renewed.bytes != self.bytes).then_some(renewed))
    }

    /// This certificate with the capabilities that its holder's programs declare in a signature by it, as in `signed`; never fewer
    /// than before. `None`: `signed` is another key, an OpenPGP key (which declares them itself, see [`Self::renewed_by`]), or
    /// declares nothing that makes encryption stronger.
    #[must_use]
    pub fn raised_by(&self, signed: &Self) -> Option<Self> {
        if self.method() != Method::Smime || self.facts.fingerprint != signed.facts.fingerprint {
            return None;
        }
        let raised = self.clone().with_capabilities(&signed.facts.capabilities);
        let profile = |key: &Self| Profile::default().raised_by(&key.facts);
        (profile(&raised) != profile(self)).then_some(raised)
    }

    pub(crate) fn of_certificate(certificate: &X509, chain: &[X509]) -> Result<Self, KeyError> {
        Ok(Self {
            bytes: certificate.to_der().map_err(library)?,
            chain: chain.iter().map(|one| one.to_der()).collect::<Result<_, _>>().map_err(library)?,
            facts: certificate::facts(certificate)?,
        })
    }

    /// The same certificate, with others that came along.
    pub(crate) fn with_chain(&self, chain: &[X509]) -> Result<Self, KeyError> {
        let chain = chain.iter().map(|one| one.to_der()).collect::<Result<_, _>>().map_err(library)?;
        Ok(Self { bytes: self.bytes.clone(), chain, facts: self.facts.clone() })
    }

    pub(crate) fn of_cert(cert: &Cert) -> Result<Self, KeyError> {
        Ok(Self { bytes: pgp::key::public_bytes(cert)?, chain: Vec::new(), facts: pgp::key::facts(cert)? })
    }

    /// The same with further declared capabilities.
    pub(crate) fn with_capabilities(mut self, more: &[Capability]) -> Self {
        self.facts.capabilities.extend_from_slice(more);
        self.facts.capabilities.sort_unstable();
        self.facts.capabilities.dedup();
        self
    }

    /// Certificates that came with it.
    pub(crate) fn between(&self) -> Result<Vec<X509>, KeyError> {
        self.chain.iter().map(|der| X509::from_der(der).map_err(library)).collect()
    }

    /// Whether its decryption key also signs, certifies or authenticates: of such an OpenPGP key of ours the worker is lent more
    /// than what decrypts.
    #[must_use]
    pub fn decrypts_and_more(&self) -> bool {
        match self.method() {
            Method::Smime => false,
            Method::OpenPgp => self.cert().is_ok_and(|cert| pgp::key::decrypts_and_more(&cert)),
        }
    }

    /// The OCSP question about it (RFC 6960): the responder's URL and the request in DER. `None`: the certificate names no
    /// responder, or its authority's certificate is neither among `roots` nor was sent along.
    #[must_use]
    pub fn ocsp_question(&self, roots: &[Vec<u8>]) -> Option<(String, Vec<u8>)> {
        let web = |url: &&String| url.starts_with("http://") || url.starts_with("https://");
        let url = self.facts.ocsp_urls.iter().find(web)?;
        let (certificate, between) = (self.certificate().ok()?, self.between().ok()?);
        let request = ocsp::question(&certificate, &between, roots)?;
        Some((url.clone(), request))
    }

    /// The certificate, for S/MIME.
    pub(crate) fn certificate(&self) -> Result<X509, KeyError> {
        X509::from_der(&self.bytes).map_err(library)
    }

    /// The OpenPGP key.
    pub(crate) fn cert(&self) -> Result<Cert, KeyError> {
        pgp::key::public_key(&self.bytes)
    }
}

impl std::fmt::Debug for PartnerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PartnerKey({:?})", self.facts.fingerprint)
    }
}
