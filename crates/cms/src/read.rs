//! A CMS structure that is read: its kind, its recipients, its content, its signatures. Knows no trust.

use std::ptr::{self, NonNull};

use foreign_types_shared::{ForeignType, ForeignTypeRef};
use libc::{c_int, c_long, c_void};
use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilderRef;
use openssl::x509::{X509, X509Crl, X509Ref};
use openssl_sys as sys;

use crate::ffi::*;

/// What a CMS structure is (RFC 5652 §3), by its outermost type.
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

/// How one recipient of an encrypted structure gets the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecipientKind {
    /// KeyTransRecipientInfo; DER of its keyEncryptionAlgorithm.
    Transport(Vec<u8>),
    /// KeyAgreeRecipientInfo; DER of its keyEncryptionAlgorithm.
    Agreement(Vec<u8>),
    /// Passwords, shared keys and others.
    Other,
}

/// One signer of a SignedData, after its content was read.
#[derive(Clone, Debug)]
pub struct SignerFound {
    /// The certificate in the structure that the SignerInfo itself names; no other one is the signer's.
    pub certificate: Option<X509>,
    /// Whether signature and content fit that certificate.
    pub holds: bool,
    /// DER of its digestAlgorithm.
    pub digest: Vec<u8>,
    /// DER of its signatureAlgorithm.
    pub signature: Vec<u8>,
    /// DER of its SMIMECapabilities attribute.
    pub capabilities: Option<Vec<u8>>,
}

/// A CMS structure.
pub struct Cms(pub(crate) NonNull<sys::CMS_ContentInfo>);

impl Drop for Cms {
    fn drop(&mut self) {
        // SAFETY: this is its one owner.
        unsafe { CMS_ContentInfo_free(self.0.as_ptr()) }
    }
}

impl Cms {
    pub(crate) fn owned(cms: CmsPtr, what: &str) -> Result<Self, CmsError> {
        NonNull::new(cms).map(Self).ok_or_else(|| CmsError::last(what))
    }

    /// Reads DER or BER.
    ///
    /// # Errors
    /// It is none.
    pub fn from_der(bytes: &[u8]) -> Result<Self, CmsError> {
        let length = c_long::try_from(bytes.len()).map_err(|_range| CmsError("too long".to_owned()))?;
        let mut at = bytes.as_ptr();
        // SAFETY: `at` is valid for `length` bytes; d2i copies what it keeps.
        let cms = unsafe { d2i_CMS_ContentInfo(ptr::null_mut(), &raw mut at, length) };
        Self::owned(cms, "this is no CMS structure")
    }

    /// As DER.
    ///
    /// # Errors
    /// OpenSSL refused.
    pub fn to_der(&self) -> Result<Vec<u8>, CmsError> {
        // SAFETY: a valid structure.
        der(|to| unsafe { i2d_CMS_ContentInfo(self.0.as_ptr(), to) })
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> CmsKind {
        // SAFETY: the object is lent by the structure and read at once.
        let oid =
            der(|to| unsafe { i2d_ASN1_OBJECT(CMS_get0_type(self.0.as_ptr()), to) }).unwrap_or_default();
        match oid.as_slice() {
            [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2] => CmsKind::Signed,
            [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3] => CmsKind::Enveloped,
            [0x06, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 23] => CmsKind::AuthEnveloped,
            [0x06, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 9] => CmsKind::Compressed,
            _ => CmsKind::Other,
        }
    }

    /// The octets in it, where there are any (CompressedData).
    #[must_use]
    pub fn content(&self) -> Option<Vec<u8>> {
        // SAFETY: lent by the structure and copied at once; every pointer is checked.
        unsafe {
            let at = CMS_get0_content(self.0.as_ptr());
            let string = if at.is_null() { ptr::null_mut() } else { *at };
            if string.is_null() {
                return None;
            }
            let length = usize::try_from(ASN1_STRING_length(string)).ok()?;
            let data = ASN1_STRING_get0_data(string);
            (!data.is_null()).then(|| std::slice::from_raw_parts(data, length).to_vec())
        }
    }

    /// How each recipient gets the key.
    #[must_use]
    pub fn recipients(&self) -> Vec<RecipientKind> {
        self.recipient_infos().map(kind_of).collect()
    }

    /// The recipient, by its number in [`Self::recipients`], that names this certificate.
    #[must_use]
    pub fn recipient_of(&self, certificate: &X509Ref) -> Option<usize> {
        let cert = certificate.as_ptr();
        self.recipient_infos().position(|info| {
            // SAFETY: both are valid; comparing changes neither.
            unsafe {
                match CMS_RecipientInfo_type(info) {
                    0 => CMS_RecipientInfo_ktri_cert_cmp(info, cert) == 0,
                    1 => each(CMS_RecipientInfo_kari_get0_reks(info))
                        .any(|key| CMS_RecipientEncryptedKey_cert_cmp(key.cast(), cert) == 0),
                    _ => false,
                }
            }
        })
    }

    fn recipient_infos(&self) -> impl Iterator<Item = *mut RecipientInfo> {
        // SAFETY: lent by the structure, which outlives the iterator.
        each(unsafe { CMS_get0_RecipientInfos(self.0.as_ptr()) }).map(<*mut c_void>::cast)
    }

    /// Every certificate in it.
    #[must_use]
    pub fn certificates(&self) -> Vec<X509> {
        // SAFETY: get1: a stack of its own, which `Stack` frees with what is in it.
        let stack = unsafe { CMS_get1_certs(self.0.as_ptr()) };
        if stack.is_null() {
            return Vec::new();
        }
        // SAFETY: as above; it is not null.
        let stack: Stack<X509> = unsafe { Stack::from_ptr(stack.cast()) };
        stack.into_iter().collect()
    }

    /// Looks at every signature over the content in it, or over `detached`, and gives the content to `sink`. Says
    /// nothing about trust.
    ///
    /// # Errors
    /// It cannot be read at all.
    pub fn verify(
        &mut self,
        detached: Option<&[u8]>,
        sink: impl FnMut(&[u8]),
    ) -> Result<Vec<SignerFound>, CmsError> {
        let cms = self.0.as_ptr();
        let content = match detached {
            None => None,
            Some(bytes) => {
                let length =
                    c_int::try_from(bytes.len()).map_err(|_range| CmsError("too long".to_owned()))?;
                // SAFETY: a BIO that reads `bytes`, which outlives it: both end in this function.
                Some(Bio::owned(unsafe { BIO_new_mem_buf(bytes.as_ptr().cast(), length) }, "no memory")?)
            }
        };
        // SAFETY: valid; null: only the structure's own certificates are asked, by issuer and serial or key id.
        unsafe { CMS_set1_signers_certs(cms, ptr::null_mut(), 0) };
        let lent = content.as_ref().map_or(ptr::null_mut(), |bio| bio.0.as_ptr());
        // SAFETY: valid; the content BIO is appended to the chain.
        let chain = unsafe { CMS_dataInit(cms, lent) };
        if chain.is_null() {
            return Err(CmsError::last("the signed content cannot be read"));
        }
        // The chain owns it now.
        std::mem::forget(content);
        let chain = Bio::owned(chain, "")?;
        chain.read_all(sink)?;
        // SAFETY: lent by the structure, which lives on.
        let signers = each(unsafe { CMS_get0_SignerInfos(cms) });
        // Each costs a public-key operation; no honest letter has more.
        Ok(signers.take(16).map(|signer| found(signer.cast(), &chain)).collect())
    }
}

fn kind_of(info: *mut RecipientInfo) -> RecipientKind {
    let (mut key, mut cert, mut algorithm) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    let mut ukm = ptr::null_mut();
    // SAFETY: `info` is lent by a structure that lives; what the calls store is lent likewise and read at once.
    unsafe {
        match CMS_RecipientInfo_type(info) {
            0 => {
                let got =
                    CMS_RecipientInfo_ktri_get0_algs(info, &raw mut key, &raw mut cert, &raw mut algorithm);
                let oid = (got > 0).then(|| der(|to| i2d_X509_ALGOR(algorithm, to)));
                oid.and_then(Result::ok).map_or(RecipientKind::Other, RecipientKind::Transport)
            }
            1 => {
                let got = CMS_RecipientInfo_kari_get0_alg(info, &raw mut algorithm, &raw mut ukm);
                let oid = (got > 0).then(|| der(|to| i2d_X509_ALGOR(algorithm, to)));
                oid.and_then(Result::ok).map_or(RecipientKind::Other, RecipientKind::Agreement)
            }
            _ => RecipientKind::Other,
        }
    }
}

fn found(signer: *mut SignerInfo, chain: &Bio) -> SignerFound {
    let (mut key, mut cert) = (ptr::null_mut(), ptr::null_mut());
    let (mut digest, mut signature) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: `signer` is lent by a structure that lives; what the calls store is lent likewise and read at once; the
    // certificate gets a reference of its own.
    unsafe {
        CMS_SignerInfo_get0_algs(signer, &raw mut key, &raw mut cert, &raw mut digest, &raw mut signature);
        let certificate = (!cert.is_null()).then(|| X509Ref::from_ptr(cert).to_owned());
        // As CMS_verify does it: signed attributes by themselves, then the content against their digest; without
        // attributes the signature is over the content.
        let attributes = CMS_signed_get_attr_count(signer) < 0 || CMS_SignerInfo_verify(signer) > 0;
        let holds = certificate.is_some()
            && attributes
            && CMS_SignerInfo_verify_content(signer, chain.0.as_ptr()) > 0;
        let at = CMS_signed_get_attr_by_NID(signer, NID_SMIME_CAPABILITIES, -1);
        let attribute = if at < 0 { ptr::null_mut() } else { CMS_signed_get_attr(signer, at) };
        let capabilities =
            (!attribute.is_null()).then(|| der(|to| i2d_X509_ATTRIBUTE(attribute, to)).ok()).flatten();
        // What failed is said by `holds`; nothing of it may speak for the next call.
        let _ = ErrorStack::get();
        SignerFound {
            certificate,
            holds,
            digest: der(|to| i2d_X509_ALGOR(digest, to)).unwrap_or_default(),
            signature: der(|to| i2d_X509_ALGOR(signature, to)).unwrap_or_default(),
            capabilities,
        }
    }
}

/// Puts a revocation list into a store of trusted certificates.
///
/// # Errors
/// OpenSSL refused.
pub fn crl_in_store(store: &mut X509StoreBuilderRef, crl: &X509Crl) -> Result<(), CmsError> {
    // SAFETY: both valid; the store takes a reference of its own.
    if unsafe { X509_STORE_add_crl(store.as_ptr(), crl.as_ptr()) } > 0 {
        Ok(())
    } else {
        Err(CmsError::last("the revocation list was not taken"))
    }
}

/// Whether a certificate is an authority's.
#[must_use]
pub fn is_authority(certificate: &X509Ref) -> bool {
    // SAFETY: valid; it reads extensions and keeps what it read. 1: basicConstraints say so (RFC 5280 §4.2.1.9).
    unsafe { X509_check_ca(certificate.as_ptr()) == 1 }
}
