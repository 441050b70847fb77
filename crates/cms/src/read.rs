//! Reads a CMS structure: its kind, its recipients, its content, its signatures. Knows no trust.

#![forbid(unsafe_code)]

use openssl::error::ErrorStack;
use openssl::x509::{X509, X509Ref};

use crate::ffi::{CmsError, ContentInfo, SignerInfo};

/// Limit on signers that are verified: each costs a public-key operation; no honest letter has more.
const MAX_SIGNERS: usize = 16;

/// The kind of a CMS structure (RFC 5652 §3), by its outermost type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CmsKind {
    /// SignedData.
    Signed,
    /// EnvelopedData.
    Enveloped,
    /// AuthEnvelopedData (RFC 5083).
    AuthEnveloped,
    /// CompressedData (RFC 3274).
    Compressed,
    /// Anything else.
    Other,
}

/// One signer of a SignedData, after its content was read.
#[derive(Clone, Debug)]
pub struct SignerFound {
    /// The certificate in the structure that the SignerInfo itself names; no other one counts.
    pub certificate: Option<X509>,
    /// Whether signature and content match that certificate.
    pub holds: bool,
    /// DER of its digestAlgorithm.
    pub digest: Vec<u8>,
    /// DER of its signatureAlgorithm.
    pub signature: Vec<u8>,
    /// DER of its SMIMECapabilities attribute.
    pub capabilities: Option<Vec<u8>>,
}

/// A CMS structure.
pub struct Cms(ContentInfo);

impl Cms {
    /// Reads DER or BER, with nothing but blanks behind it: anything else there is unsigned, and OpenSSL skips it.
    ///
    /// # Errors
    /// It is none, or not alone.
    pub fn from_der(bytes: &[u8]) -> Result<Self, CmsError> {
        let (read, length) = ContentInfo::from_der(bytes)?;
        let behind = bytes.get(length..).unwrap_or_default();
        if behind.trim_ascii().is_empty() { Ok(Self(read)) } else { Err(CmsError::junk()) }
    }

    /// As DER.
    ///
    /// # Errors
    /// OpenSSL refused.
    pub fn to_der(&self) -> Result<Vec<u8>, CmsError> {
        self.0.to_der()
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> CmsKind {
        match self.0.kind().as_slice() {
            [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2] => CmsKind::Signed,
            [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3] => CmsKind::Enveloped,
            [0x06, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 23] => CmsKind::AuthEnveloped,
            [0x06, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 9] => CmsKind::Compressed,
            _ => CmsKind::Other,
        }
    }

    /// The content octets, if there are any (CompressedData).
    #[must_use]
    pub fn content(&self) -> Option<Vec<u8>> {
        self.0.content()
    }

    /// Whether one of its recipients is named as this certificate is.
    #[must_use]
    pub fn is_for(&self, certificate: &X509Ref) -> bool {
        self.0.recipients().any(|info| info.names(certificate))
    }

    /// All certificates in it.
    #[must_use]
    pub fn certificates(&self) -> Vec<X509> {
        self.0.certificates()
    }

    /// Verifies every signature over the embedded content, or over `detached`, and passes the content to
    /// `sink`. Says nothing about trust.
    ///
    /// # Errors
    /// It cannot be read at all.
    pub fn verify(
        &mut self,
        detached: Option<&[u8]>,
        sink: impl FnMut(&[u8]),
    ) -> Result<Vec<SignerFound>, CmsError> {
        self.0.verify(detached, MAX_SIGNERS, sink, found)
    }
}

fn found(signer: &SignerInfo<'_>) -> SignerFound {
    let (certificate, digest, signature) = signer.algorithms();
    let holds = certificate.is_some() && signer.holds();
    let capabilities = signer.capabilities();
    // Failures are reported by `holds`; they must not remain in the error queue for the next call.
    let _ = ErrorStack::get();
    SignerFound { certificate, holds, digest, signature, capabilities }
}
