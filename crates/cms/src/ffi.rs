//! Safe wrappers around OpenSSL's C types: the only file of the workspace in which C is called. Knows nothing of what the bytes
//! mean.
//!
//! Rules: every pointer that a call may return as null is checked; every pointer with an owner is freed once, by `Drop`; pointers
//! that OpenSSL lends (`get0`) are read at once, or carry the lifetime of their owner; lengths are converted with `try_from`.
//! Nothing that leaves this file is a pointer.

use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use foreign_types_shared::{ForeignType, ForeignTypeRef};
use libc::{c_int, c_long, c_uchar, c_void};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKeyRef, Private};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilderRef;
use openssl::x509::{X509, X509Crl, X509Ref};
use openssl_sys as sys;

use crate::algorithms::{Cipher, KeyTransport, SignPadding, SignedContent};
use crate::c_calls::*;

/// OpenSSL's error text, which contains nothing of the content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CmsError(String);

impl CmsError {
    /// From OpenSSL's error queue of this thread, or `otherwise` if that is empty (its issue 31632).
    pub(crate) fn last(otherwise: &str) -> Self {
        let stack = ErrorStack::get();
        let reasons: Vec<&str> =
            stack.errors().iter().filter_map(openssl::error::Error::reason).take(3).collect();
        Self(if reasons.is_empty() { otherwise.to_owned() } else { reasons.join(", ") })
    }

    /// What was read is not all there is.
    pub(crate) fn junk() -> Self {
        Self("something stands behind the structure".to_owned())
    }
}

/// A chain of BIOs; freed as a whole.
struct Bio(NonNull<sys::BIO>);

impl Drop for Bio {
    fn drop(&mut self) {
        // SAFETY: this is the only owner of the chain.
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

    /// Reads everything, in pieces.
    fn read_all(&self, mut sink: impl FnMut(&[u8])) -> Result<(), CmsError> {
        let mut buffer = [0_u8; 4 * 1024];
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

/// A CMS structure.
pub(crate) struct ContentInfo(NonNull<sys::CMS_ContentInfo>);

impl Drop for ContentInfo {
    fn drop(&mut self) {
        // SAFETY: this is its only owner.
        unsafe { CMS_ContentInfo_free(self.0.as_ptr()) }
    }
}

impl ContentInfo {
    fn owned(cms: CmsPtr, what: &str) -> Result<Self, CmsError> {
        NonNull::new(cms).map(Self).ok_or_else(|| CmsError::last(what))
    }

    /// Reads DER or BER, and how many of the bytes it is.
    pub(crate) fn from_der(bytes: &[u8]) -> Result<(Self, usize), CmsError> {
        let length = c_long::try_from(bytes.len()).map_err(|_range| CmsError("too long".to_owned()))?;
        let mut at = bytes.as_ptr();
        // SAFETY: `at` is valid for `length` bytes; d2i copies what it keeps.
        let cms = unsafe { d2i_CMS_ContentInfo(ptr::null_mut(), &raw mut at, length) };
        let cms = Self::owned(cms, "this is no CMS structure")?;
        Ok((cms, at.addr().saturating_sub(bytes.as_ptr().addr())))
    }

    pub(crate) fn to_der(&self) -> Result<Vec<u8>, CmsError> {
        // SAFETY: a valid structure.
        der(|to| unsafe { i2d_CMS_ContentInfo(self.0.as_ptr(), to) })
    }

    /// DER of the OID of its type.
    pub(crate) fn kind(&self) -> Vec<u8> {
        // SAFETY: the object is lent by the structure and read at once.
        der(|to| unsafe { i2d_ASN1_OBJECT(CMS_get0_type(self.0.as_ptr()), to) }).unwrap_or_default()
    }

    /// The content octets, if there are any.
    pub(crate) fn content(&self) -> Option<Vec<u8>> {
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

    pub(crate) fn recipients(&self) -> impl Iterator<Item = RecipientInfo<'_>> {
        // SAFETY: lent by the structure, which outlives the iterator.
        let infos = each(unsafe { CMS_get0_RecipientInfos(self.0.as_ptr()) });
        infos.map(|info| RecipientInfo { info: info.cast(), _of: PhantomData })
    }

    pub(crate) fn certificates(&self) -> Vec<X509> {
        // SAFETY: get1: a stack of its own, which `Stack` frees with what is in it.
        let stack = unsafe { CMS_get1_certs(self.0.as_ptr()) };
        if stack.is_null() {
            return Vec::new();
        }
        // SAFETY: as above; it is not null.
        let stack: Stack<X509> = unsafe { Stack::from_ptr(stack.cast()) };
        stack.into_iter().collect()
    }

    /// Reads the embedded content, or `detached`, into `sink`; then returns up to `most` signatures over it.
    pub(crate) fn verify<T>(
        &mut self,
        detached: Option<&[u8]>,
        most: usize,
        sink: impl FnMut(&[u8]),
        found: impl Fn(&SignerInfo<'_>) -> T,
    ) -> Result<Vec<T>, CmsError> {
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
        // SAFETY: lent by the structure, which stays alive.
        let signers = each(unsafe { CMS_get0_SignerInfos(cms) }).take(most);
        Ok(signers.map(|signer| found(&SignerInfo { signer: signer.cast(), chain: &chain })).collect())
    }

    /// An EnvelopedData or AuthEnvelopedData for these certificates, before its content.
    pub(crate) fn encrypted(to: &[X509], cipher: Cipher, transport: KeyTransport) -> Result<Self, CmsError> {
        // SAFETY: static tables; nulls where the call allows them (CMS_PARTIAL).
        let cms = unsafe {
            let cipher = match cipher {
                Cipher::Aes256Cbc => EVP_aes_256_cbc(),
                Cipher::Aes256Gcm => EVP_aes_256_gcm(),
            };
            CMS_encrypt(ptr::null_mut(), ptr::null_mut(), cipher, PARTIAL | STREAM | BINARY)
        };
        let cms = Self::owned(cms, "encryption cannot be begun")?;
        for certificate in to {
            // SAFETY: valid; add1 takes a reference of its own. The contexts are lent and used at once.
            let set = unsafe {
                let info = CMS_add1_recipient_cert(cms.0.as_ptr(), certificate.as_ptr(), KEY_PARAM | BINARY);
                if info.is_null() {
                    return Err(CmsError::last("this certificate cannot be encrypted to"));
                }
                let context = CMS_RecipientInfo_get0_pkey_ctx(info);
                match (RecipientInfo { info, _of: PhantomData }.choice(), transport) {
                    (RecipientChoice::Transport, KeyTransport::Pkcs1) => true,
                    (RecipientChoice::Transport, KeyTransport::OaepSha256) => {
                        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0
                            && EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) > 0
                            && EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0
                    }
                    (RecipientChoice::Agreement, KeyTransport::Pkcs1 | KeyTransport::OaepSha256) => {
                        EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha256()) > 0
                    }
                    (RecipientChoice::Other, KeyTransport::Pkcs1 | KeyTransport::OaepSha256) => false,
                }
            };
            if !set {
                return Err(CmsError::last("this certificate cannot be encrypted to"));
            }
        }
        Ok(cms)
    }

    /// A SignedData with one signer and our capabilities, before its content.
    pub(crate) fn signed(
        certificate: &X509Ref,
        key: &PKeyRef<Private>,
        chain: &[X509],
        padding: SignPadding,
        content: SignedContent,
    ) -> Result<Self, CmsError> {
        let flags = PARTIAL
            | BINARY
            | NOSMIMECAP
            | match content {
                SignedContent::Outside => DETACHED,
                SignedContent::Kept => 0,
                SignedContent::Streamed => STREAM,
            };
        let nothing = ptr::null_mut;
        // SAFETY: nulls where the call allows them (CMS_PARTIAL).
        let cms = unsafe { CMS_sign(ptr::null_mut(), ptr::null_mut(), nothing(), ptr::null_mut(), flags) };
        let cms = Self::owned(cms, "signing cannot be begun")?;
        let (param, pss) = match padding {
            SignPadding::Default => (0, false),
            SignPadding::Pss => (KEY_PARAM, true),
        };
        // SAFETY: all valid; add1 takes references of its own; the context is lent and used at once; the stack of
        // capabilities is copied by CMS_add_smimecap and freed here.
        unsafe {
            let cms = cms.0.as_ptr();
            let signer =
                CMS_add1_signer(cms, certificate.as_ptr(), key.as_ptr(), EVP_sha256(), flags | param);
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
            // A certificate that is already included is not an error; its entry in OpenSSL's error queue is dropped.
            let _ = ErrorStack::get();
        }
        Ok(cms)
    }
}

unsafe extern "C" fn free_algorithm(algorithm: *mut c_void) {
    // SAFETY: called for each element of a stack that CMS_add_simple_smimecap made.
    unsafe { X509_ALGOR_free(algorithm.cast()) }
}

/// How a recipient gets the content key, by the number of the choice in RFC 5652 §6.2.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RecipientChoice {
    Transport,
    Agreement,
    Other,
}

/// One recipient of a structure, which outlives it.
pub(crate) struct RecipientInfo<'c> {
    info: *mut CmsRecipientInfo,
    _of: PhantomData<&'c ContentInfo>,
}

impl RecipientInfo<'_> {
    fn choice(&self) -> RecipientChoice {
        // SAFETY: lent by a structure that is alive.
        match unsafe { CMS_RecipientInfo_type(self.info) } {
            0 => RecipientChoice::Transport,
            1 => RecipientChoice::Agreement,
            _ => RecipientChoice::Other,
        }
    }

    /// Whether it names this certificate.
    pub(crate) fn names(&self, certificate: &X509Ref) -> bool {
        let cert = certificate.as_ptr();
        // SAFETY: both are valid, and of that choice; the comparison changes neither.
        unsafe {
            match self.choice() {
                RecipientChoice::Transport => CMS_RecipientInfo_ktri_cert_cmp(self.info, cert) == 0,
                RecipientChoice::Agreement => each(CMS_RecipientInfo_kari_get0_reks(self.info))
                    .any(|key| CMS_RecipientEncryptedKey_cert_cmp(key.cast(), cert) == 0),
                RecipientChoice::Other => false,
            }
        }
    }
}

/// One signer of a structure, which outlives it, after its content was read.
pub(crate) struct SignerInfo<'c> {
    signer: *mut CmsSignerInfo,
    chain: &'c Bio,
}

impl SignerInfo<'_> {
    /// The certificate that it names, if the structure contains it; DER of its digest algorithm and of its signature algorithm.
    pub(crate) fn algorithms(&self) -> (Option<X509>, Vec<u8>, Vec<u8>) {
        let (mut key, mut cert) = (ptr::null_mut(), ptr::null_mut());
        let (mut digest, mut signature) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: lent by a structure that is alive; what the call stores is lent likewise and read at once; the certificate gets a
        // reference of its own.
        unsafe {
            CMS_SignerInfo_get0_algs(
                self.signer,
                &raw mut key,
                &raw mut cert,
                &raw mut digest,
                &raw mut signature,
            );
            let certificate = (!cert.is_null()).then(|| X509Ref::from_ptr(cert).to_owned());
            let digest = der(|to| i2d_X509_ALGOR(digest, to)).unwrap_or_default();
            let signature = der(|to| i2d_X509_ALGOR(signature, to)).unwrap_or_default();
            (certificate, digest, signature)
        }
    }

    /// Whether signature and content match the certificate that it names.
    pub(crate) fn holds(&self) -> bool {
        // SAFETY: lent by a structure that is alive, with the chain that read its content.
        unsafe {
            // As CMS_verify does it: the signed attributes first, then the content against their digest; without attributes the
            // signature is over the content.
            let attributes =
                CMS_signed_get_attr_count(self.signer) < 0 || CMS_SignerInfo_verify(self.signer) > 0;
            attributes && CMS_SignerInfo_verify_content(self.signer, self.chain.0.as_ptr()) > 0
        }
    }

    /// DER of its SMIMECapabilities attribute.
    pub(crate) fn capabilities(&self) -> Option<Vec<u8>> {
        // SAFETY: lent by a structure that is alive; the attribute is lent likewise and read at once.
        unsafe {
            let at = CMS_signed_get_attr_by_NID(self.signer, NID_SMIME_CAPABILITIES, -1);
            let attribute = if at < 0 { ptr::null_mut() } else { CMS_signed_get_attr(self.signer, at) };
            (!attribute.is_null()).then(|| der(|to| i2d_X509_ATTRIBUTE(attribute, to)).ok()).flatten()
        }
    }
}

/// A structure written as a stream: header first, end last.
pub(crate) struct Streamed {
    // Dropped first: it points into the two below. `None` once dismantled.
    chain: Option<BioPtr>,
    out: Bio,
    _cms: ContentInfo,
}

impl Streamed {
    pub(crate) fn new(cms: ContentInfo) -> Result<Self, CmsError> {
        let out = Bio::memory()?;
        // SAFETY: both are valid and live as long as the chain, which ends in `out`.
        let chain = unsafe { BIO_new_CMS(out.0.as_ptr(), cms.0.as_ptr()) };
        if chain.is_null() {
            return Err(CmsError::last("the structure cannot be begun"));
        }
        Ok(Self { chain: Some(chain), out, _cms: cms })
    }

    pub(crate) fn write(&mut self, content: &[u8], sink: &mut Vec<u8>) -> Result<(), CmsError> {
        let Some(chain) = self.chain.and_then(NonNull::new) else {
            return Err(CmsError("it has ended".to_owned()));
        };
        // Not dropped: the chain stays ours.
        std::mem::ManuallyDrop::new(Bio(chain)).write(content)?;
        self.drain(sink)
    }

    pub(crate) fn finish(mut self, sink: &mut Vec<u8>) -> Result<(), CmsError> {
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

/// A SignedData whose content is digested as a stream, or kept, until the end.
pub(crate) struct Signing {
    // Dropped first.
    chain: Bio,
    cms: ContentInfo,
}

impl Signing {
    /// For a structure from [`ContentInfo::signed`] whose content is detached or kept.
    pub(crate) fn new(cms: ContentInfo, content: SignedContent) -> Result<Self, CmsError> {
        // SAFETY: valid; null: detached content is only digested; other content is kept in memory.
        let chain = unsafe {
            if content == SignedContent::Outside {
                CMS_set_detached(cms.0.as_ptr(), 1);
            }
            CMS_dataInit(cms.0.as_ptr(), ptr::null_mut())
        };
        Ok(Self { chain: Bio::owned(chain, "signing cannot be begun")?, cms })
    }

    pub(crate) fn write(&mut self, content: &[u8]) -> Result<(), CmsError> {
        self.chain.write(content)
    }

    /// The whole structure as DER.
    pub(crate) fn finish(self) -> Result<Vec<u8>, CmsError> {
        self.chain.flush()?;
        // SAFETY: both valid; the chain is the structure's own.
        if unsafe { CMS_dataFinal(self.cms.0.as_ptr(), self.chain.0.as_ptr()) } <= 0 {
            return Err(CmsError::last("the content was not signed"));
        }
        let Self { chain, cms } = self;
        drop(chain);
        cms.to_der()
    }
}

/// Removes RSAES-OAEP padding (RFC 8017 §7.1.2) from a block that was decrypted elsewhere, in constant time whatever is wrong with
/// it. `None`: it is not such a block. `modulus`: octets of the key's modulus.
#[must_use]
pub fn oaep_unpadded(
    block: &[u8],
    modulus: usize,
    label: &[u8],
    digest: MessageDigest,
    mask: MessageDigest,
) -> Option<Vec<u8>> {
    let length = |octets: usize| c_int::try_from(octets).ok();
    let mut clear = vec![0_u8; modulus];
    // SAFETY: each pointer is valid for the length next to it during the call; the digests are static tables.
    let written = unsafe {
        RSA_padding_check_PKCS1_OAEP_mgf1(
            clear.as_mut_ptr(),
            length(modulus)?,
            block.as_ptr(),
            length(block.len())?,
            length(modulus)?,
            label.as_ptr(),
            length(label.len())?,
            digest.as_ptr(),
            mask.as_ptr(),
        )
    };
    // The cause must not be disclosed.
    let _ = ErrorStack::get();
    let written = usize::try_from(written).ok()?;
    clear.truncate(written);
    Some(clear)
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

/// Whether a certificate is an authority's by its basicConstraints (RFC 5280 §4.2.1.9).
#[must_use]
pub fn is_authority(certificate: &X509Ref) -> bool {
    // SAFETY: valid; reads extensions and caches the result.
    unsafe { X509_check_ca(certificate.as_ptr()) == 1 }
}

/// The pointers in a stack that is owned elsewhere; a null stack is empty.
fn each(stack: *mut AnyStack) -> impl Iterator<Item = *mut c_void> {
    // SAFETY: OpenSSL counts a null stack as -1.
    let count = unsafe { OPENSSL_sk_num(stack) };
    let item = move |at| {
        // SAFETY: `at` is below the count, and the stack's owner outlives the iterator.
        unsafe { OPENSSL_sk_value(stack, at) }
    };
    (0..count.max(0)).map(item).filter(|item| !item.is_null())
}

/// The output of an i2d function, which is asked for its length first.
fn der(mut i2d: impl FnMut(*mut *mut c_uchar) -> c_int) -> Result<Vec<u8>, CmsError> {
    let length = usize::try_from(i2d(ptr::null_mut())).ok().filter(|length| *length > 0);
    let Some(length) = length else { return Err(CmsError::last("it cannot be written")) };
    let mut bytes = vec![0_u8; length];
    let mut to = bytes.as_mut_ptr();
    let written = usize::try_from(i2d(&raw mut to)).unwrap_or(0);
    if written == length { Ok(bytes) } else { Err(CmsError::last("it cannot be written")) }
}
