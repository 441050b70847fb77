//! The C functions and the types that own what they return. Knows nothing of what the bytes mean.
//!
//! Rules held here: every pointer that a call may return as null is checked (`owned`, `found`); every pointer with an
//! owner is freed once, by `Drop`; pointers that OpenSSL lends (`get0`) are read at once and never kept; lengths are
//! converted with `try_from`.

use std::ptr::{self, NonNull};

use foreign_types_shared::{ForeignType, ForeignTypeRef};
use libc::{c_char, c_int, c_long, c_uchar, c_uint, c_void};
use openssl::error::ErrorStack;
use openssl::pkey::{PKeyRef, Private};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilderRef;
use openssl::x509::{X509, X509Crl, X509Ref};
use openssl_sys as sys;

enum RecipientInfo {}
enum RecipientEncryptedKey {}
enum SignerInfo {}
enum AnyStack {}
enum Algor {}
enum Attribute {}
enum CmsMethod {}

type CmsPtr = *mut sys::CMS_ContentInfo;
type BioPtr = *mut sys::BIO;

unsafe extern "C" {
    fn d2i_CMS_ContentInfo(to: *mut CmsPtr, from: *mut *const c_uchar, length: c_long) -> CmsPtr;
    fn i2d_CMS_ContentInfo(cms: CmsPtr, to: *mut *mut c_uchar) -> c_int;
    fn CMS_ContentInfo_free(cms: CmsPtr);
    fn CMS_get0_type(cms: CmsPtr) -> *const sys::ASN1_OBJECT;
    fn CMS_get0_content(cms: CmsPtr) -> *mut *mut sys::ASN1_OCTET_STRING;
    fn CMS_is_detached(cms: CmsPtr) -> c_int;
    fn CMS_set_detached(cms: CmsPtr, detached: c_int) -> c_int;
    fn CMS_dataInit(cms: CmsPtr, content: BioPtr) -> BioPtr;
    fn CMS_dataFinal(cms: CmsPtr, chain: BioPtr) -> c_int;
    fn BIO_new_CMS(out: BioPtr, cms: CmsPtr) -> BioPtr;

    fn CMS_encrypt(
        certs: *mut AnyStack,
        data: BioPtr,
        cipher: *const sys::EVP_CIPHER,
        flags: c_uint,
    ) -> CmsPtr;
    fn CMS_add1_recipient_cert(cms: CmsPtr, cert: *mut sys::X509, flags: c_uint) -> *mut RecipientInfo;
    fn CMS_get0_RecipientInfos(cms: CmsPtr) -> *mut AnyStack;
    fn CMS_RecipientInfo_type(info: *mut RecipientInfo) -> c_int;
    fn CMS_RecipientInfo_get0_pkey_ctx(info: *mut RecipientInfo) -> *mut sys::EVP_PKEY_CTX;
    fn CMS_RecipientInfo_ktri_cert_cmp(info: *mut RecipientInfo, cert: *mut sys::X509) -> c_int;
    fn CMS_RecipientInfo_ktri_get0_algs(
        info: *mut RecipientInfo,
        key: *mut *mut sys::EVP_PKEY,
        cert: *mut *mut sys::X509,
        algorithm: *mut *mut Algor,
    ) -> c_int;
    fn CMS_RecipientInfo_kari_get0_alg(
        info: *mut RecipientInfo,
        algorithm: *mut *mut Algor,
        ukm: *mut *mut sys::ASN1_OCTET_STRING,
    ) -> c_int;
    fn CMS_RecipientInfo_kari_get0_reks(info: *mut RecipientInfo) -> *mut AnyStack;
    fn CMS_RecipientEncryptedKey_cert_cmp(key: *mut RecipientEncryptedKey, cert: *mut sys::X509) -> c_int;
    fn CMS_decrypt_set1_pkey(cms: CmsPtr, key: *mut sys::EVP_PKEY, cert: *mut sys::X509) -> c_int;

    fn CMS_sign(
        cert: *mut sys::X509,
        key: *mut sys::EVP_PKEY,
        certs: *mut AnyStack,
        data: BioPtr,
        flags: c_uint,
    ) -> CmsPtr;
    fn CMS_add1_signer(
        cms: CmsPtr,
        cert: *mut sys::X509,
        key: *mut sys::EVP_PKEY,
        digest: *const sys::EVP_MD,
        flags: c_uint,
    ) -> *mut SignerInfo;
    fn CMS_add1_cert(cms: CmsPtr, cert: *mut sys::X509) -> c_int;
    fn CMS_SignerInfo_get0_pkey_ctx(signer: *mut SignerInfo) -> *mut sys::EVP_PKEY_CTX;
    fn CMS_add_simple_smimecap(algorithms: *mut *mut AnyStack, nid: c_int, key_size: c_int) -> c_int;
    fn CMS_add_smimecap(signer: *mut SignerInfo, algorithms: *mut AnyStack) -> c_int;
    fn CMS_get1_certs(cms: CmsPtr) -> *mut AnyStack;
    fn CMS_set1_signers_certs(cms: CmsPtr, certs: *mut AnyStack, flags: c_uint) -> c_int;
    fn CMS_get0_SignerInfos(cms: CmsPtr) -> *mut AnyStack;
    fn CMS_SignerInfo_get0_algs(
        signer: *mut SignerInfo,
        key: *mut *mut sys::EVP_PKEY,
        cert: *mut *mut sys::X509,
        digest: *mut *mut Algor,
        signature: *mut *mut Algor,
    );
    fn CMS_SignerInfo_verify(signer: *mut SignerInfo) -> c_int;
    fn CMS_SignerInfo_verify_content(signer: *mut SignerInfo, chain: BioPtr) -> c_int;
    fn CMS_signed_get_attr_count(signer: *const SignerInfo) -> c_int;
    fn CMS_signed_get_attr_by_NID(signer: *const SignerInfo, nid: c_int, last: c_int) -> c_int;
    fn CMS_signed_get_attr(signer: *const SignerInfo, at: c_int) -> *mut Attribute;

    fn i2d_X509_ALGOR(algorithm: *const Algor, to: *mut *mut c_uchar) -> c_int;
    fn X509_ALGOR_free(algorithm: *mut Algor);
    fn i2d_X509_ATTRIBUTE(attribute: *const Attribute, to: *mut *mut c_uchar) -> c_int;
    fn i2d_ASN1_OBJECT(object: *const sys::ASN1_OBJECT, to: *mut *mut c_uchar) -> c_int;
    fn ASN1_STRING_get0_data(string: *const sys::ASN1_OCTET_STRING) -> *const c_uchar;
    fn ASN1_STRING_length(string: *const sys::ASN1_OCTET_STRING) -> c_int;
    fn OPENSSL_sk_num(stack: *const AnyStack) -> c_int;
    fn OPENSSL_sk_value(stack: *const AnyStack, at: c_int) -> *mut c_void;
    fn OPENSSL_sk_pop_free(stack: *mut AnyStack, free: Option<unsafe extern "C" fn(*mut c_void)>);

    fn BIO_s_mem() -> *const CmsMethod;
    fn BIO_new(method: *const CmsMethod) -> BioPtr;
    fn BIO_new_mem_buf(bytes: *const c_void, length: c_int) -> BioPtr;
    fn BIO_read(bio: BioPtr, to: *mut c_void, length: c_int) -> c_int;
    fn BIO_write(bio: BioPtr, from: *const c_void, length: c_int) -> c_int;
    fn BIO_ctrl(bio: BioPtr, command: c_int, larg: c_long, parg: *mut c_void) -> c_long;
    fn BIO_pop(bio: BioPtr) -> BioPtr;
    fn BIO_free(bio: BioPtr) -> c_int;
    fn BIO_free_all(bio: BioPtr);
    fn BIO_find_type(bio: BioPtr, kind: c_int) -> BioPtr;
    fn BIO_method_type(bio: *const sys::BIO) -> c_int;

    fn EVP_aes_256_cbc() -> *const sys::EVP_CIPHER;
    fn EVP_aes_256_gcm() -> *const sys::EVP_CIPHER;
    fn EVP_sha256() -> *const sys::EVP_MD;
    fn EVP_CIPHER_CTX_get0_cipher(context: *const sys::EVP_CIPHER_CTX) -> *const sys::EVP_CIPHER;
    fn EVP_CIPHER_get0_name(cipher: *const sys::EVP_CIPHER) -> *const c_char;
    fn EVP_PKEY_CTX_set_rsa_padding(context: *mut sys::EVP_PKEY_CTX, padding: c_int) -> c_int;
    fn EVP_PKEY_CTX_set_rsa_oaep_md(context: *mut sys::EVP_PKEY_CTX, digest: *const sys::EVP_MD) -> c_int;
    fn EVP_PKEY_CTX_set_rsa_mgf1_md(context: *mut sys::EVP_PKEY_CTX, digest: *const sys::EVP_MD) -> c_int;
    fn EVP_PKEY_CTX_set_rsa_pss_saltlen(context: *mut sys::EVP_PKEY_CTX, length: c_int) -> c_int;
    fn EVP_PKEY_CTX_set_ecdh_kdf_md(context: *mut sys::EVP_PKEY_CTX, digest: *const sys::EVP_MD) -> c_int;
    fn X509_check_ca(cert: *mut sys::X509) -> c_int;
    fn X509_STORE_add_crl(store: *mut sys::X509_STORE, crl: *mut sys::X509_CRL) -> c_int;
}

// cms.h, bio.h, rsa.h, obj_mac.h of OpenSSL 3.6.
const DETACHED: c_uint = 0x40;
const BINARY: c_uint = 0x80;
const NOSMIMECAP: c_uint = 0x200;
const STREAM: c_uint = 0x1000;
const PARTIAL: c_uint = 0x4000;
const KEY_PARAM: c_uint = 0x4_0000;
const BIO_CTRL_FLUSH: c_int = 11;
const BIO_C_GET_CIPHER_STATUS: c_int = 113;
const BIO_C_GET_CIPHER_CTX: c_int = 129;
const BIO_C_SET_BUF_MEM_EOF_RETURN: c_int = 130;
const BIO_TYPE_CIPHER: c_int = 10 | 0x0200;
const RSA_PKCS1_OAEP_PADDING: c_int = 4;
const RSA_PKCS1_PSS_PADDING: c_int = 6;
const RSA_PSS_SALTLEN_DIGEST: c_int = -1;
const NID_SMIME_CAPABILITIES: c_int = 167;
const NID_AES_256_CBC: c_int = 427;
const NID_AES_256_GCM: c_int = 901;
const NID_AES_128_CBC: c_int = 419;
const NID_RSAES_OAEP: c_int = 919;
const NID_RSASSA_PSS: c_int = 912;

/// Why OpenSSL did not do it. Its own words, which hold nothing of the content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CmsError(String);

impl CmsError {
    /// From what OpenSSL left in this thread's list, or `otherwise` where it left nothing (its issue 31632).
    fn last(otherwise: &str) -> Self {
        let stack = ErrorStack::get();
        let reasons: Vec<&str> =
            stack.errors().iter().filter_map(openssl::error::Error::reason).take(3).collect();
        Self(if reasons.is_empty() { otherwise.to_owned() } else { reasons.join(", ") })
    }
}

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

/// A chain of BIOs; freed as a whole.
struct Bio(NonNull<sys::BIO>);

impl Drop for Bio {
    fn drop(&mut self) {
        // SAFETY: this is the chain's one owner.
        unsafe { BIO_free_all(self.0.as_ptr()) }
    }
}

impl Bio {
    fn owned(bio: BioPtr, what: &str) -> Result<Self, CmsError> {
        NonNull::new(bio).map(Self).ok_or_else(|| CmsError::last(what))
    }

    fn memory() -> Result<Self, CmsError> {
        // SAFETY: no arguments that could be wrong; empty reads as ended, not as "try again".
        unsafe {
            let bio = Self::owned(BIO_new(BIO_s_mem()), "no memory")?;
            BIO_ctrl(bio.0.as_ptr(), BIO_C_SET_BUF_MEM_EOF_RETURN, 0, ptr::null_mut());
            Ok(bio)
        }
    }

    /// Writes all of `bytes`.
    fn write(&self, bytes: &[u8]) -> Result<(), CmsError> {
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

    fn flush(&self) -> Result<(), CmsError> {
        // SAFETY: a valid chain; the command takes no argument.
        let flushed = unsafe { BIO_ctrl(self.0.as_ptr(), BIO_CTRL_FLUSH, 0, ptr::null_mut()) };
        if flushed > 0 { Ok(()) } else { Err(CmsError::last("content was not finished")) }
    }

    /// Everything there is to read, by pieces.
    fn read_all(&self, mut sink: impl FnMut(&[u8])) -> Result<(), CmsError> {
        let mut buffer = [0_u8; 16 * 1024];
        loop {
            let most = c_int::try_from(buffer.len()).unwrap_or(c_int::MAX);
            // SAFETY: `buffer` is valid for `most` bytes.
            let got = unsafe { BIO_read(self.0.as_ptr(), buffer.as_mut_ptr().cast(), most) };
            let piece = usize::try_from(got).ok().and_then(|got| buffer.get(..got)).unwrap_or_default();
            if piece.is_empty() {
                // As CMS_verify and CMS_decrypt do it (cms_smime.c): the end of a cipher is where its tag and its
                // padding are looked at.
                // SAFETY: a valid chain; the command takes no argument.
                let broken = unsafe {
                    BIO_method_type(self.0.as_ptr()) == BIO_TYPE_CIPHER
                        && BIO_ctrl(self.0.as_ptr(), BIO_C_GET_CIPHER_STATUS, 0, ptr::null_mut()) <= 0
                };
                return if got < 0 || broken {
                    Err(CmsError::last("the content is damaged"))
                } else {
                    Ok(())
                };
            }
            sink(piece);
        }
    }

    /// The name of the cipher in this chain.
    fn cipher(&self) -> String {
        let mut context: *mut sys::EVP_CIPHER_CTX = ptr::null_mut();
        // SAFETY: the chain is valid; the command stores a pointer that belongs to the BIO; the name is a static
        // string of the cipher, which the context keeps alive.
        unsafe {
            let bio = BIO_find_type(self.0.as_ptr(), BIO_TYPE_CIPHER);
            if bio.is_null() {
                return String::new();
            }
            let to = (&raw mut context).cast();
            if BIO_ctrl(bio, BIO_C_GET_CIPHER_CTX, 0, to) <= 0 || context.is_null() {
                return String::new();
            }
            let cipher = EVP_CIPHER_CTX_get0_cipher(context);
            if cipher.is_null() {
                return String::new();
            }
            let name = EVP_CIPHER_get0_name(cipher);
            if name.is_null() {
                return String::new();
            }
            std::ffi::CStr::from_ptr(name).to_string_lossy().into_owned()
        }
    }
}

/// A CMS structure.
pub struct Cms(NonNull<sys::CMS_ContentInfo>);

impl Drop for Cms {
    fn drop(&mut self) {
        // SAFETY: this is its one owner.
        unsafe { CMS_ContentInfo_free(self.0.as_ptr()) }
    }
}

impl Cms {
    fn owned(cms: CmsPtr, what: &str) -> Result<Self, CmsError> {
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

    /// Whether the signed content is not in it.
    #[must_use]
    pub fn is_detached(&self) -> bool {
        // SAFETY: a valid structure.
        unsafe { CMS_is_detached(self.0.as_ptr()) > 0 }
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

    /// Decrypts for that very certificate (never guessing among recipients) and gives the name of the cipher. What
    /// `sink` got is worth nothing unless this returns `Ok`: the tag is looked at last.
    ///
    /// # Errors
    /// It is damaged, or not for this key.
    pub fn decrypt(
        &mut self,
        key: &PKeyRef<Private>,
        certificate: &X509Ref,
        sink: impl FnMut(&[u8]),
    ) -> Result<String, CmsError> {
        // SAFETY: all are valid; set1 takes references of its own.
        let set = unsafe { CMS_decrypt_set1_pkey(self.0.as_ptr(), key.as_ptr(), certificate.as_ptr()) };
        if set <= 0 {
            return Err(CmsError::last("the key does not fit"));
        }
        // SAFETY: a valid structure; null: its own content.
        let chain = Bio::owned(
            unsafe { CMS_dataInit(self.0.as_ptr(), ptr::null_mut()) },
            "the content cannot be decrypted",
        )?;
        let cipher = chain.cipher();
        chain.read_all(sink)?;
        Ok(cipher)
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

/// The pointers in a stack that somebody else owns; a null stack is empty.
fn each(stack: *mut AnyStack) -> impl Iterator<Item = *mut c_void> {
    // SAFETY: OpenSSL counts a null stack as -1.
    let count = unsafe { OPENSSL_sk_num(stack) };
    let item = move |at| {
        // SAFETY: `at` is below the count, and the stack's owner outlives the iterator.
        unsafe { OPENSSL_sk_value(stack, at) }
    };
    (0..count.max(0)).map(item).filter(|item| !item.is_null())
}

/// What an i2d function writes: asked for its length first.
fn der(mut i2d: impl FnMut(*mut *mut c_uchar) -> c_int) -> Result<Vec<u8>, CmsError> {
    let length = usize::try_from(i2d(ptr::null_mut())).ok().filter(|length| *length > 0);
    let Some(length) = length else { return Err(CmsError::last("it cannot be written")) };
    let mut bytes = vec![0_u8; length];
    let mut to = bytes.as_mut_ptr();
    let written = usize::try_from(i2d(&raw mut to)).unwrap_or(0);
    if written == length { Ok(bytes) } else { Err(CmsError::last("it cannot be written")) }
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
