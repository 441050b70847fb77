//! Writes CMS structures as a stream. Knows no mail.

#![forbid(unsafe_code)]

use openssl::pkey::{PKeyRef, Private};
use openssl::x509::{X509, X509Ref};

use crate::algorithms::{Cipher, KeyTransport, SignPadding, SignedContent};
use crate::ffi::{CmsError, ContentInfo, Signing, Streamed};

/// Encrypts a stream; the output is BER of indefinite lengths, as all streaming programs write it.
pub struct Encryptor(Streamed);

impl Encryptor {
    /// Encrypts for these certificates: to RSA keys by `transport`, to curves by ECDH with SHA-256 (RFC 5753).
    ///
    /// # Errors
    /// It is impossible to encrypt to a certificate.
    pub fn new(to: &[X509], cipher: Cipher, transport: KeyTransport) -> Result<Self, CmsError> {
        Ok(Self(Streamed::new(ContentInfo::encrypted(to, cipher, transport)?)?))
    }

    /// Encrypts `content` and appends what is ready to `sink`.
    ///
    /// # Errors
    /// OpenSSL refused.
    pub fn write(&mut self, content: &[u8], sink: &mut Vec<u8>) -> Result<(), CmsError> {
        self.0.write(content, sink)
    }

    /// Appends the end to `sink`.
    ///
    /// # Errors
    /// OpenSSL refused.
    pub fn finish(self, sink: &mut Vec<u8>) -> Result<(), CmsError> {
        self.0.finish(sink)
    }
}

/// Signs detached content as a stream.
pub struct Digester(Signing);

impl Digester {
    /// Signs with this certificate and its key; `chain` is included.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn new(
        certificate: &X509Ref,
        key: &PKeyRef<Private>,
        chain: &[X509],
        padding: SignPadding,
    ) -> Result<Self, CmsError> {
        let content = SignedContent::Outside;
        let cms = ContentInfo::signed(certificate, key, chain, padding, content)?;
        Ok(Self(Signing::new(cms, content)?))
    }

    /// Takes a piece of the content.
    ///
    /// # Errors
    /// OpenSSL refused.
    pub fn write(&mut self, content: &[u8]) -> Result<(), CmsError> {
        self.0.write(content)
    }

    /// DER of the signature.
    ///
    /// # Errors
    /// OpenSSL refused.
    pub fn finish(self) -> Result<Vec<u8>, CmsError> {
        self.0.finish()
    }
}

/// Signs embedded content. With PSS all of it is kept in memory: OpenSSL cannot stream that ("illegal zero content").
pub struct OpaqueSigner(Opaque);

enum Opaque {
    Streamed(Streamed),
    Kept(Signing),
}

impl OpaqueSigner {
    /// As [`Digester::new`].
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn new(
        certificate: &X509Ref,
        key: &PKeyRef<Private>,
        chain: &[X509],
        padding: SignPadding,
    ) -> Result<Self, CmsError> {
        Ok(Self(match padding {
            SignPadding::Default => {
                let content = SignedContent::Streamed;
                let cms = ContentInfo::signed(certificate, key, chain, padding, content)?;
                Opaque::Streamed(Streamed::new(cms)?)
            }
            SignPadding::Pss => {
                let content = SignedContent::Kept;
                let cms = ContentInfo::signed(certificate, key, chain, padding, content)?;
                Opaque::Kept(Signing::new(cms, content)?)
            }
        }))
    }

    /// Takes a piece of the content and appends what is ready to `sink`.
    ///
    /// # Errors
    /// OpenSSL refused.
    pub fn write(&mut self, content: &[u8], sink: &mut Vec<u8>) -> Result<(), CmsError> {
        match &mut self.0 {
            Opaque::Streamed(streamed) => streamed.write(content, sink),
            Opaque::Kept(signing) => signing.write(content),
        }
    }

    /// Appends the end to `sink`.
    ///
    /// # Errors
    /// OpenSSL refused.
    pub fn finish(self, sink: &mut Vec<u8>) -> Result<(), CmsError> {
        match self.0 {
            Opaque::Streamed(streamed) => streamed.finish(sink),
            Opaque::Kept(signing) => {
                sink.extend_from_slice(&signing.finish()?);
                Ok(())
            }
        }
    }
}
