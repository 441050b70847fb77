//! Certificate revocation lists (RFC 5280 §5) from files of the operator: issuer, validity, whether a root
//! has signed them, and which keys they name. Fetches nothing.

use openssl::x509::{X509, X509Crl};
use sealpost_mail::Timestamp;

use crate::error::KeyError;
use crate::key_facts::Method;
use crate::partner_key::PartnerKey;
use crate::smime::certificate::{library, line, moment};
use crate::smime::decoded_lists::DecodedLists;

/// A revocation list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationList {
    der: Vec<u8>,
    /// Its issuer: a distinguished name on one line.
    pub issuer: String,
    /// When it was issued (thisUpdate).
    pub since: Timestamp,
    /// Until when it is valid (nextUpdate); `None`: not stated, and so never valid (RFC 5280 §5.1.2.5).
    pub until: Option<Timestamp>,
}

/// Lists for checking keys, decoded once.
#[derive(Default)]
pub struct RevocationIndex(DecodedLists);

impl RevocationIndex {
    /// From these lists (DER).
    #[must_use]
    pub fn of(ders: &[Vec<u8>]) -> Self {
        Self(DecodedLists::of(ders))
    }

    /// Whether any of them names this key's certificate, by its authority's name.
    #[must_use]
    pub fn names(&self, key: &PartnerKey) -> bool {
        key.method() == Method::Smime && key.certificate().is_ok_and(|certificate| self.0.have(&certificate))
    }
}

/// Who has signed a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListSigner {
    /// The root that it names as its issuer.
    Root,
    /// No root has its issuer's name: an authority below one, whose certificate comes with letters.
    Other,
    /// A root has its issuer's name, but has not signed it.
    NotTheRoot,
}

impl RevocationList {
    /// Every list in a file: PEM or DER.
    ///
    /// # Errors
    /// It contains none.
    pub fn read(bytes: &[u8]) -> Result<Vec<Self>, KeyError> {
        let ders = Self::ders(bytes);
        if ders.is_empty() {
            return Err(KeyError::Unknown);
        }
        ders.into_iter().map(Self::one).collect()
    }

    /// DER of every list in a file, not parsed.
    #[must_use]
    pub fn ders(bytes: &[u8]) -> Vec<Vec<u8>> {
        // 0x30: a SEQUENCE.
        if bytes.first() == Some(&0x30) {
            return vec![bytes.to_vec()];
        }
        crate::keyfile::pem(bytes, "X509 CRL")
    }

    /// The list itself.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether it is valid at this time.
    #[must_use]
    pub fn is_current(&self, now: Timestamp) -> bool {
        self.since <= now && self.until.is_some_and(|until| now < until)
    }

    /// Which of these roots (DER) has signed it.
    #[must_use]
    pub fn signer(&self, roots: &[Vec<u8>]) -> ListSigner {
        let Ok(crl) = X509Crl::from_der(&self.der) else { return ListSigner::NotTheRoot };
        let name = crl.issuer_name().to_der().ok();
        let namesakes: Vec<X509> = roots
            .iter()
            .filter_map(|root| X509::from_der(root).ok())
            .filter(|root| root.subject_name().to_der().ok() == name)
            .collect();
        let signs = |root: &X509| root.public_key().is_ok_and(|key| crl.verify(&key).unwrap_or(false));
        if namesakes.is_empty() {
            ListSigner::Other
        } else if namesakes.iter().any(signs) {
            ListSigner::Root
        } else {
            ListSigner::NotTheRoot
        }
    }

    fn one(der: Vec<u8>) -> Result<Self, KeyError> {
        let crl = X509Crl::from_der(&der).map_err(library)?;
        let issuer = line(crl.issuer_name());
        let until = crl.next_update().map(moment).transpose()?;
        Ok(Self { issuer, since: moment(crl.last_update())?, until, der })
    }
}
