//! Our own key: private part with its certificate, or an OpenPGP secret key. Made, imported, kept as sealed bytes by
//! whoever calls. Never printed.

use sealpost_mail::{Address, Domain, Secret, Timestamp};

use crate::error::KeyError;
use crate::facts::KeyFacts;
use crate::partner::PartnerKey;

/// What kind of key is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// S/MIME, RSA with 3072 bits: what everybody can use.
    SmimeRsa3072,
    /// S/MIME, RSA with 4096 bits.
    SmimeRsa4096,
    /// S/MIME on NIST P-256.
    SmimeP256,
    /// S/MIME on NIST P-384.
    SmimeP384,
    /// OpenPGP, Ed25519 and X25519 (version 4, readable by GnuPG 2.2).
    OpenPgpCurve25519,
    /// OpenPGP, RSA with 3072 bits.
    OpenPgpRsa3072,
    /// OpenPGP, RSA with 4096 bits.
    OpenPgpRsa4096,
}

/// Whose key it is to be.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The house's name, as people know it.
    pub name: String,
    /// The address in the certificate or user id.
    pub address: Address,
    /// The whole domain, for a domain key.
    pub domain: Option<Domain>,
    /// Two letters, such as `DE`.
    pub country: Option<String>,
}

/// A private key with its certificate, or an OpenPGP secret key.
pub struct OwnKey {
    public: PartnerKey,
}

impl OwnKey {
    /// Makes a key. An S/MIME one gets a certificate signed by itself, until a CA's comes ([`Self::with_certificate`]).
    /// Seconds of computing for RSA: not on the event loop.
    ///
    /// # Errors
    /// The library refused.
    pub fn generate(kind: Kind, holder: &Holder, now: Timestamp, years: u32) -> Result<Self, KeyError> {
        let _ = (kind, holder, now, years);
        Err(KeyError::Unsupported("not yet"))
    }

    /// Reads a PKCS#12 file, PEM with key and certificate, or an OpenPGP secret key, whichever it is.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn import(bytes: &[u8], passphrase: Option<&Secret<String>>) -> Result<Self, KeyError> {
        let _ = (bytes, passphrase);
        Err(KeyError::Unsupported("not yet"))
    }

    /// A certificate signing request for a CA, as PEM.
    ///
    /// # Errors
    /// OpenPGP keys have none.
    pub fn signing_request(&self, holder: &Holder) -> Result<String, KeyError> {
        let _ = holder;
        Err(KeyError::Unsupported("not yet"))
    }

    /// The same private key with the certificate that a CA issued for it (PEM, DER or PKCS#7 with its chain).
    ///
    /// # Errors
    /// It is for another key.
    pub fn with_certificate(&self, issued: &[u8]) -> Result<Self, KeyError> {
        let _ = issued;
        Err(KeyError::Unsupported("not yet"))
    }

    /// What may be published.
    #[must_use]
    pub fn public(&self) -> &PartnerKey {
        &self.public
    }

    /// Everything that its public part says.
    #[must_use]
    pub fn facts(&self) -> &KeyFacts {
        self.public.facts()
    }

    /// All of it, private part included, to be sealed before it is kept: what [`Self::from_bytes`] takes.
    ///
    /// # Errors
    /// The library refused.
    pub fn to_bytes(&self) -> Result<Secret<Vec<u8>>, KeyError> {
        Err(KeyError::Unsupported("not yet"))
    }

    /// What [`Self::to_bytes`] gave.
    ///
    /// # Errors
    /// It is something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let _ = bytes;
        Err(KeyError::Unsupported("not yet"))
    }
}

impl std::fmt::Debug for OwnKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OwnKey({:?})", self.facts().fingerprint)
    }
}
