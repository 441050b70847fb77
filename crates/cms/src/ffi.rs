//! The C functions, their constants, and the smallest owners of what they return. Knows nothing of what the bytes mean.
//!
//! Rules held in this crate: every pointer that a call may return as null is checked; every pointer with an owner is freed
//! once, by `Drop`; pointers that OpenSSL lends (`get0`) are read at once and never kept; lengths are converted with
//! `try_from`.

use std::ptr::{self, NonNull};

use libc::{c_int, c_long, c_uchar, c_uint, c_void};
use openssl::error::ErrorStack;
use openssl_sys as sys;

pub(crate) enum RecipientInfo {}
pub(crate) enum RecipientEncryptedKey {}
pub(crate) enum SignerInfo {}
pub(crate) enum AnyStack {}
pub(crate) enum Algor {}
pub(crate) enum Attribute {}
pub(crate) enum CmsMethod {}

pub(crate) type CmsPtr = *mut sys::CMS_ContentInfo;
pub(crate) type BioPtr = *mut sys::BIO;

unsafe extern "C" {
    pub(crate) fn d2i_CMS_ContentInfo(to: *mut CmsPtr, from: *mut *const c_uchar, length: c_long) -> CmsPtr;
    pub(crate) fn i2d_CMS_ContentInfo(cms: CmsPtr, to: *mut *mut c_uchar) -> c_int;
    pub(crate) fn CMS_ContentInfo_free(cms: CmsPtr);
    pub(crate) fn CMS_get0_type(cms: CmsPtr) -> *const sys::ASN1_OBJECT;
    pub(crate) fn CMS_get0_content(cms: CmsPtr) -> *mut *mut sys::ASN1_OCTET_STRING;
    pub(crate) fn CMS_set_detached(cms: CmsPtr, detached: c_int) -> c_int;
    pub(crate) fn CMS_dataInit(cms: CmsPtr, content: BioPtr) -> BioPtr;
    pub(crate) fn CMS_dataFinal(cms: CmsPtr, chain: BioPtr) -> c_int;
    pub(crate) fn BIO_new_CMS(out: BioPtr, cms: CmsPtr) -> BioPtr;

    pub(crate) fn CMS_encrypt(
        certs: *mut AnyStack,
        data: BioPtr,
        cipher: *const sys::EVP_CIPHER,
        flags: c_uint,
    ) -> CmsPtr;
    pub(crate) fn CMS_add1_recipient_cert(
        cms: CmsPtr,
        cert: *mut sys::X509,
        flags: c_uint,
    ) -> *mut RecipientInfo;
    pub(crate) fn CMS_get0_RecipientInfos(cms: CmsPtr) -> *mut AnyStack;
    pub(crate) fn CMS_RecipientInfo_type(info: *mut RecipientInfo) -> c_int;
    pub(crate) fn CMS_RecipientInfo_get0_pkey_ctx(info: *mut RecipientInfo) -> *mut sys::EVP_PKEY_CTX;
    pub(crate) fn CMS_RecipientInfo_ktri_cert_cmp(info: *mut RecipientInfo, cert: *mut sys::X509) -> c_int;
    pub(crate) fn CMS_RecipientInfo_ktri_get0_algs(
        info: *mut RecipientInfo,
        key: *mut *mut sys::EVP_PKEY,
        cert: *mut *mut sys::X509,
        algorithm: *mut *mut Algor,
    ) -> c_int;
    pub(crate) fn CMS_RecipientInfo_kari_get0_alg(
        info: *mut RecipientInfo,
        algorithm: *mut *mut Algor,
        ukm: *mut *mut sys::ASN1_OCTET_STRING,
    ) -> c_int;
    pub(crate) fn CMS_RecipientInfo_kari_get0_reks(info: *mut RecipientInfo) -> *mut AnyStack;
    pub(crate) fn CMS_RecipientEncryptedKey_cert_cmp(
        key: *mut RecipientEncryptedKey,
        cert: *mut sys::X509,
    ) -> c_int;

    pub(crate) fn CMS_sign(
        cert: *mut sys::X509,
        key: *mut sys::EVP_PKEY,
        certs: *mut AnyStack,
        data: BioPtr,
        flags: c_uint,
    ) -> CmsPtr;
    pub(crate) fn CMS_add1_signer(
        cms: CmsPtr,
        cert: *mut sys::X509,
        key: *mut sys::EVP_PKEY,
        digest: *const sys::EVP_MD,
        flags: c_uint,
    ) -> *mut SignerInfo;
    pub(crate) fn CMS_add1_cert(cms: CmsPtr, cert: *mut sys::X509) -> c_int;
    pub(crate) fn CMS_SignerInfo_get0_pkey_ctx(signer: *mut SignerInfo) -> *mut sys::EVP_PKEY_CTX;
    pub(crate) fn CMS_add_simple_smimecap(
        algorithms: *mut *mut AnyStack,
        nid: c_int,
        key_size: c_int,
    ) -> c_int;
    pub(crate) fn CMS_add_smimecap(signer: *mut SignerInfo, algorithms: *mut AnyStack) -> c_int;
    pub(crate) fn CMS_get1_certs(cms: CmsPtr) -> *mut AnyStack;
    pub(crate) fn CMS_set1_signers_certs(cms: CmsPtr, certs: *mut AnyStack, flags: c_uint) -> c_int;
    pub(crate) fn CMS_get0_SignerInfos(cms: CmsPtr) -> *mut AnyStack;
    pub(crate) fn CMS_SignerInfo_get0_algs(
        signer: *mut SignerInfo,
        key: *mut *mut sys::EVP_PKEY,
        cert: *mut *mut sys::X509,
        digest: *mut *mut Algor,
        signature: *mut *mut Algor,
    );
    pub(crate) fn CMS_SignerInfo_verify(signer: *mut SignerInfo) -> c_int;
    pub(crate) fn CMS_SignerInfo_verify_content(signer: *mut SignerInfo, chain: BioPtr) -> c_int;
    pub(crate) fn CMS_signed_get_attr_count(signer: *const SignerInfo) -> c_int;
    pub(crate) fn CMS_signed_get_attr_by_NID(signer: *const SignerInfo, nid: c_int, last: c_int) -> c_int;
    pub(crate) fn CMS_signed_get_attr(signer: *const SignerInfo, at: c_int) -> *mut Attribute;

    pub(crate) fn i2d_X509_ALGOR(algorithm: *const Algor, to: *mut *mut c_uchar) -> c_int;
    pub(crate) fn X509_ALGOR_free(algorithm: *mut Algor);
    pub(crate) fn i2d_X509_ATTRIBUTE(attribute: *const Attribute, to: *mut *mut c_uchar) -> c_int;
    pub(crate) fn i2d_ASN1_OBJECT(object: *const sys::ASN1_OBJECT, to: *mut *mut c_uchar) -> c_int;
    pub(crate) fn ASN1_STRING_get0_data(string: *const sys::ASN1_OCTET_STRING) -> *const c_uchar;
    pub(crate) fn ASN1_STRING_length(string: *const sys::ASN1_OCTET_STRING) -> c_int;
    pub(crate) fn OPENSSL_sk_num(stack: *const AnyStack) -> c_int;
    pub(crate) fn OPENSSL_sk_value(stack: *const AnyStack, at: c_int) -> *mut c_void;
    pub(crate) fn OPENSSL_sk_pop_free(stack: *mut AnyStack, free: Option<unsafe extern "C" fn(*mut c_void)>);

    pub(crate) fn BIO_s_mem() -> *const CmsMethod;
    pub(crate) fn BIO_new(method: *const CmsMethod) -> BioPtr;
    pub(crate) fn BIO_new_mem_buf(bytes: *const c_void, length: c_int) -> BioPtr;
    pub(crate) fn BIO_read(bio: BioPtr, to: *mut c_void, length: c_int) -> c_int;
    pub(crate) fn BIO_write(bio: BioPtr, from: *const c_void, length: c_int) -> c_int;
    pub(crate) fn BIO_ctrl(bio: BioPtr, command: c_int, larg: c_long, parg: *mut c_void) -> c_long;
    pub(crate) fn BIO_pop(bio: BioPtr) -> BioPtr;
    pub(crate) fn BIO_free(bio: BioPtr) -> c_int;
    pub(crate) fn BIO_free_all(bio: BioPtr);

    pub(crate) fn EVP_aes_256_cbc() -> *const sys::EVP_CIPHER;
    pub(crate) fn EVP_aes_256_gcm() -> *const sys::EVP_CIPHER;
    pub(crate) fn EVP_sha256() -> *const sys::EVP_MD;
    pub(crate) fn EVP_PKEY_CTX_set_rsa_padding(context: *mut sys::EVP_PKEY_CTX, padding: c_int) -> c_int;
    pub(crate) fn EVP_PKEY_CTX_set_rsa_oaep_md(
        context: *mut sys::EVP_PKEY_CTX,
        digest: *const sys::EVP_MD,
    ) -> c_int;
    pub(crate) fn EVP_PKEY_CTX_set_rsa_mgf1_md(
        context: *mut sys::EVP_PKEY_CTX,
        digest: *const sys::EVP_MD,
    ) -> c_int;
    pub(crate) fn EVP_PKEY_CTX_set_rsa_pss_saltlen(context: *mut sys::EVP_PKEY_CTX, length: c_int) -> c_int;
    pub(crate) fn EVP_PKEY_CTX_set_ecdh_kdf_md(
        context: *mut sys::EVP_PKEY_CTX,
        digest: *const sys::EVP_MD,
    ) -> c_int;
    pub(crate) fn RSA_padding_check_PKCS1_OAEP_mgf1(
        to: *mut c_uchar,
        to_length: c_int,
        from: *const c_uchar,
        from_length: c_int,
        modulus: c_int,
        label: *const c_uchar,
        label_length: c_int,
        digest: *const sys::EVP_MD,
        mask: *const sys::EVP_MD,
    ) -> c_int;
    pub(crate) fn X509_check_ca(cert: *mut sys::X509) -> c_int;
    pub(crate) fn X509_STORE_add_crl(store: *mut sys::X509_STORE, crl: *mut sys::X509_CRL) -> c_int;
}

// cms.h, bio.h, rsa.h, obj_mac.h of OpenSSL 3.6.
pub(crate) const DETACHED: c_uint = 0x40;
pub(crate) const BINARY: c_uint = 0x80;
pub(crate) const NOSMIMECAP: c_uint = 0x200;
pub(crate) const STREAM: c_uint = 0x1000;
pub(crate) const PARTIAL: c_uint = 0x4000;
pub(crate) const KEY_PARAM: c_uint = 0x4_0000;
pub(crate) const BIO_CTRL_FLUSH: c_int = 11;
pub(crate) const BIO_C_SET_BUF_MEM_EOF_RETURN: c_int = 130;
pub(crate) const RSA_PKCS1_OAEP_PADDING: c_int = 4;
pub(crate) const RSA_PKCS1_PSS_PADDING: c_int = 6;
pub(crate) const RSA_PSS_SALTLEN_DIGEST: c_int = -1;
pub(crate) const NID_SMIME_CAPABILITIES: c_int = 167;
pub(crate) const NID_AES_256_CBC: c_int = 427;
pub(crate) const NID_AES_256_GCM: c_int = 901;
pub(crate) const NID_AES_128_CBC: c_int = 419;
pub(crate) const NID_RSAES_OAEP: c_int = 919;
pub(crate) const NID_RSASSA_PSS: c_int = 912;

/// Why OpenSSL did not do it. Its own words, which hold nothing of the content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CmsError(pub(crate) String);

impl CmsError {
    /// From what OpenSSL left in this thread's list, or `otherwise` where it left nothing (its issue 31632).
    pub(crate) fn last(otherwise: &str) -> Self {
        let stack = ErrorStack::get();
        let reasons: Vec<&str> =
            stack.errors().iter().filter_map(openssl::error::Error::reason).take(3).collect();
        Self(if reasons.is_empty() { otherwise.to_owned() } else { reasons.join(", ") })
    }
}

/// A chain of BIOs; freed as a whole.
pub(crate) struct Bio(pub(crate) NonNull<sys::BIO>);

impl Drop for Bio {
    fn drop(&mut self) {
        // SAFETY: this is the chain's one owner.
        unsafe { BIO_free_all(self.0.as_ptr()) }
    }
}

impl Bio {
    pub(crate) fn owned(bio: BioPtr, what: &str) -> Result<Self, CmsError> {
        NonNull::new(bio).map(Self).ok_or_else(|| CmsError::last(what))
    }

    pub(crate) fn memory() -> Result<Self, CmsError> {
        // SAFETY: no arguments that could be wrong; empty reads as ended, not as "try again".
        unsafe {
            let bio = Self::owned(BIO_new(BIO_s_mem()), "no memory")?;
            BIO_ctrl(bio.0.as_ptr(), BIO_C_SET_BUF_MEM_EOF_RETURN, 0, ptr::null_mut());
            Ok(bio)
        }
    }

    /// Writes all of `bytes`.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), CmsError> {
        for piece in bytes.chunks(1 << 20) {
            let length = c_int::try_from(piece.len()).map_err(|_range| CmsError("too long".to_owned()))?;
            // SAFETY: `piece` is valid for `length` bytes during the call.
            let written = unsafe { BIO_write(self.0.as_ptr(), piece.as_ptr().cast(), length) };
            if written != length {
                return Err(CmsError::last("content was not taken"));
            }
        }
        Ok(())
    }

    pub(crate) fn flush(&self) -> Result<(), CmsError> {
        // SAFETY: a valid chain; the command takes no argument.
        let flushed = unsafe { BIO_ctrl(self.0.as_ptr(), BIO_CTRL_FLUSH, 0, ptr::null_mut()) };
        if flushed > 0 { Ok(()) } else { Err(CmsError::last("content was not finished")) }
    }

    /// Everything there is to read, by pieces.
    pub(crate) fn read_all(&self, mut sink: impl FnMut(&[u8])) -> Result<(), CmsError> {
        let mut buffer = [0_u8; 16 * 1024];
        loop {
            let most = c_int::try_from(buffer.len()).unwrap_or(c_int::MAX);
            // SAFETY: `buffer` is valid for `most` bytes.
            let got = unsafe { BIO_read(self.0.as_ptr(), buffer.as_mut_ptr().cast(), most) };
            let piece = usize::try_from(got).ok().and_then(|got| buffer.get(..got)).unwrap_or_default();
            if piece.is_empty() {
                return if got < 0 { Err(CmsError::last("the content is damaged")) } else { Ok(()) };
            }
            sink(piece);
        }
    }
}

/// The pointers in a stack that somebody else owns; a null stack is empty.
pub(crate) fn each(stack: *mut AnyStack) -> impl Iterator<Item = *mut c_void> {
    // SAFETY: OpenSSL counts a null stack as -1.
    let count = unsafe { OPENSSL_sk_num(stack) };
    let item = move |at| {
        // SAFETY: `at` is below the count, and the stack's owner outlives the iterator.
        unsafe { OPENSSL_sk_value(stack, at) }
    };
    (0..count.max(0)).map(item).filter(|item| !item.is_null())
}

/// What an i2d function writes: asked for its length first.
pub(crate) fn der(mut i2d: impl FnMut(*mut *mut c_uchar) -> c_int) -> Result<Vec<u8>, CmsError> {
    let length = usize::try_from(i2d(ptr::null_mut())).ok().filter(|length| *length > 0);
    let Some(length) = length else { return Err(CmsError::last("it cannot be written")) };
    let mut bytes = vec![0_u8; length];
    let mut to = bytes.as_mut_ptr();
    let written = usize::try_from(i2d(&raw mut to)).unwrap_or(0);
    if written == length { Ok(bytes) } else { Err(CmsError::last("it cannot be written")) }
}
