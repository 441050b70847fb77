//! CMS structures that are written while their content comes. Knows no mail.

use std::ptr::{self, NonNull};

use foreign_types_shared::{ForeignType, ForeignTypeRef};
use libc::{c_uint, c_void};
use openssl::error::ErrorStack;
use openssl::pkey::{PKeyRef, Private};
use openssl::x509::{X509, X509Ref};

use crate::ffi::*;
use crate::read::Cms;

/// How an RSA recipient gets the content key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyTransport {
    /// RSAES-PKCS1-v1_5.
    Pkcs1,
    /// RSAES-OAEP with SHA-256 for both.
    OaepSha256,
}

/// How an RSA key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignPadding {
    /// RSASSA-PKCS1-v1_5, or ECDSA.
    Default,
    /// RSASSA-PSS with a salt as long as the digest.
    Pss,
}

/// Which cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// EnvelopedData with AES-256-CBC.
    Aes256Cbc,
    /// AuthEnvelopedData with AES-256-GCM.
    Aes256Gcm,
}

/// A structure that is written while its content comes: header first, end last.
struct Streamed {
    // Dropped first: it points into the two below. `None` once taken apart.
    chain: Option<BioPtr>,
    out: Bio,
    _cms: Cms,
}

impl Streamed {
    fn new(cms: Cms) -> Result<Self, CmsError> {
        let out = Bio::memory()?;
        // SAFETY: both are valid and live as long as the chain, which ends in `out`.
        let chain = unsafe { BIO_new_CMS(out.0.as_ptr(), cms.0.as_ptr()) };
        if chain.is_null() {
            return Err(CmsError::last("the structure cannot be begun"));
        }
        Ok(Self { chain: Some(chain), out, _cms: cms })
    }

    fn write(&mut self, content: &[u8], sink: &mut Vec<u8>) -> Result<(), CmsError> {
        let Some(chain) = self.chain.and_then(NonNull::new) else {
            return Err(CmsError("it has ended".to_owned()));
        };
        // Not dropped: the chain stays ours.
        std::mem::ManuallyDrop::new(Bio(chain)).write(content)?;
        self.drain(sink)
    }

    fn finish(mut self, sink: &mut Vec<u8>) -> Result<(), CmsError> {
        let Some(chain) = self.chain.and_then(NonNull::new) else {
            return Err(CmsError("it has ended".to_owned()));
        };
        std::mem::ManuallyDrop::new(Bio(chain)).flush()?;
        self.take_apart();
        self.drain(sink)
    }

    fn drain(&self, sink: &mut Vec<u8>) -> Result<(), CmsError> {
        self.out.read_all(|piece| sink.extend_from_slice(piece))
    }

    /// As i2d_ASN1_bio_stream does it (asn_mime.c): every BIO before `out` is popped and freed.
    fn take_apart(&mut self) {
        let Some(mut bio) = self.chain.take() else { return };
        while !bio.is_null() && bio != self.out.0.as_ptr() {
            // SAFETY: `bio` is in our chain and not `out`, which its owner frees.
            unsafe {
                let next = BIO_pop(bio);
                BIO_free(bio);
                bio = next;
            }
        }
    }
}

impl Drop for Streamed {
    fn drop(&mut self) {
        self.take_apart();
    }
}

/// Encrypts while the content comes; what it writes is BER with lengths unknown at first, as every streaming program
/// writes it.
pub struct Encryptor(Streamed);

impl Encryptor {
    /// For these certificates. RSA ones get the key as `transport` says, curves by ECDH with SHA-256 (RFC 5753).
    ///
    /// # Errors
    /// A certificate that cannot be encrypted to.
    pub fn new(to: &[X509], cipher: Cipher, transport: KeyTransport) -> Result<Self, CmsError> {
        // SAFETY: static tables; nulls where the call allows them (CMS_PARTIAL).
        let cms = unsafe {
            let cipher = match cipher {
                Cipher::Aes256Cbc => EVP_aes_256_cbc(),
                Cipher::Aes256Gcm => EVP_aes_256_gcm(),
            };
            CMS_encrypt(ptr::null_mut(), ptr::null_mut(), cipher, PARTIAL | STREAM | BINARY)
        };
        let cms = Cms::owned(cms, "encryption cannot be begun")?;
        for certificate in to {
            // SAFETY: valid; add1 takes a reference of its own. The contexts are lent and used at once.
            let set = unsafe {
                let info = CMS_add1_recipient_cert(cms.0.as_ptr(), certificate.as_ptr(), KEY_PARAM | BINARY);
                if info.is_null() {
                    return Err(CmsError::last("this certificate cannot be encrypted to"));
                }
                let context = CMS_RecipientInfo_get0_pkey_ctx(info);
                match (CMS_RecipientInfo_type(info), transport) {
                    (0, KeyTransport::Pkcs1) => true,
                    (0, KeyTransport::OaepSha256) => {
                        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0
                            && EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) > 0
                            && EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0
                    }
                    (1, KeyTransport::Pkcs1 | KeyTransport::OaepSha256) => {
                        EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha256()) > 0
                    }
                    (_, KeyTransport::Pkcs1 | KeyTransport::OaepSha256) => false,
                }
            };
            if !set {
                return Err(CmsError::last("this certificate cannot be encrypted to"));
            }
        }
        Ok(Self(Streamed::new(cms)?))
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

/// A SignedData with one signer and our capabilities, before its content came.
fn signed(
    certificate: &X509Ref,
    key: &PKeyRef<Private>,
    chain: &[X509],
    padding: SignPadding,
    flags: c_uint,
) -> Result<Cms, CmsError> {
    let flags = PARTIAL | BINARY | NOSMIMECAP | flags;
    let nothing = ptr::null_mut;
    // SAFETY: nulls where the call allows them (CMS_PARTIAL).
    let cms = unsafe { CMS_sign(ptr::null_mut(), ptr::null_mut(), nothing(), ptr::null_mut(), flags) };
    let cms = Cms::owned(cms, "signing cannot be begun")?;
    let (param, pss) = match padding {
        SignPadding::Default => (0, false),
        SignPadding::Pss => (KEY_PARAM, true),
    };
    // SAFETY: all valid; add1 takes references of its own; the context is lent and used at once; the stack of
    // capabilities is copied by CMS_add_smimecap and freed here.
    unsafe {
        let cms = cms.0.as_ptr();
        let signer = CMS_add1_signer(cms, certificate.as_ptr(), key.as_ptr(), EVP_sha256(), flags | param);
        if signer.is_null() {
            return Err(CmsError::last("this key cannot sign"));
        }
        if pss {
            let context = CMS_SignerInfo_get0_pkey_ctx(signer);
            if EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) <= 0
                || EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) <= 0
            {
                return Err(CmsError::last("this key cannot sign with PSS"));
            }
        }
        for extra in chain {
            CMS_add1_cert(cms, extra.as_ptr());
        }
        // RFC 8551 §2.5.2: by preference.
        let mut able: *mut AnyStack = ptr::null_mut();
        for nid in [NID_AES_256_GCM, NID_AES_256_CBC, NID_AES_128_CBC, NID_RSAES_OAEP, NID_RSASSA_PSS] {
            CMS_add_simple_smimecap(&raw mut able, nid, -1);
        }
        let added = CMS_add_smimecap(signer, able);
        OPENSSL_sk_pop_free(able, Some(free_algorithm));
        if added <= 0 {
            return Err(CmsError::last("the capabilities cannot be added"));
        }
        // Certificates that were added twice are no error; what they left in the list is nobody's.
        let _ = ErrorStack::get();
    }
    Ok(cms)
}

unsafe extern "C" fn free_algorithm(algorithm: *mut c_void) {
    // SAFETY: called for each element of a stack that CMS_add_simple_smimecap made.
    unsafe { X509_ALGOR_free(algorithm.cast()) }
}

/// Signs content that stays outside, while it passes by.
pub struct Digester {
    // Dropped first.
    chain: Bio,
    cms: Cms,
}

impl Digester {
    /// With this certificate and its key; `chain` goes along.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn new(
        certificate: &X509Ref,
        key: &PKeyRef<Private>,
        chain: &[X509],
        padding: SignPadding,
    ) -> Result<Self, CmsError> {
        let cms = signed(certificate, key, chain, padding, DETACHED)?;
        // SAFETY: valid; null: detached content goes nowhere, only its digest is kept.
        let chain = unsafe {
            CMS_set_detached(cms.0.as_ptr(), 1);
            CMS_dataInit(cms.0.as_ptr(), ptr::null_mut())
        };
        Ok(Self { chain: Bio::owned(chain, "signing cannot be begun")?, cms })
    }

    /// Takes a piece of the content.
    ///
    /// # Errors
    /// OpenSSL refused.
    pub fn write(&mut self, content: &[u8]) -> Result<(), CmsError> {
        self.chain.write(content)
    }

    /// DER of the signature.
    ///
    /// # Errors
    /// OpenSSL refused.
    pub fn finish(self) -> Result<Vec<u8>, CmsError> {
        self.chain.flush()?;
        // SAFETY: both valid; the chain is the structure's own.
        if unsafe { CMS_dataFinal(self.cms.0.as_ptr(), self.chain.0.as_ptr()) } <= 0 {
            return Err(CmsError::last("the content was not signed"));
        }
        self.cms.to_der()
    }
}

/// Signs content that goes inside. With PSS all of it is kept in memory: OpenSSL cannot stream that ("illegal zero
/// content").
pub struct OpaqueSigner(Opaque);

enum Opaque {
    Streamed(Streamed),
    Kept { chain: Bio, cms: Cms },
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
                Opaque::Streamed(Streamed::new(signed(certificate, key, chain, padding, STREAM)?)?)
            }
            SignPadding::Pss => {
                let cms = signed(certificate, key, chain, padding, 0)?;
                // SAFETY: valid; null: the content is kept in memory.
                let chain = unsafe { CMS_dataInit(cms.0.as_ptr(), ptr::null_mut()) };
                Opaque::Kept { chain: Bio::owned(chain, "signing cannot be begun")?, cms }
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
            Opaque::Kept { chain, .. } => chain.write(content),
        }
    }

    /// Appends the end to `sink`.
    ///
    /// # Errors
    /// OpenSSL refused.
    pub fn finish(self, sink: &mut Vec<u8>) -> Result<(), CmsError> {
        match self.0 {
            Opaque::Streamed(streamed) => streamed.finish(sink),
            Opaque::Kept { chain, cms } => {
                chain.flush()?;
                // SAFETY: both valid; the chain is the structure's own.
                if unsafe { CMS_dataFinal(cms.0.as_ptr(), chain.0.as_ptr()) } <= 0 {
                    return Err(CmsError::last("the content was not signed"));
                }
                drop(chain);
                sink.extend_from_slice(&cms.to_der()?);
                Ok(())
            }
        }
    }
}
