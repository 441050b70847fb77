//! The C functions of OpenSSL that `ffi.rs` calls, as declared by its headers, with their constants. Calls
//! nothing.

use libc::{c_int, c_long, c_uchar, c_uint, c_void};
use openssl_sys as sys;

pub(crate) enum CmsRecipientInfo {}
pub(crate) enum RecipientEncryptedKey {}
pub(crate) enum CmsSignerInfo {}
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
    ) -> *mut CmsRecipientInfo;
    pub(crate) fn CMS_get0_RecipientInfos(cms: CmsPtr) -> *mut AnyStack;
    pub(crate) fn CMS_RecipientInfo_type(info: *mut CmsRecipientInfo) -> c_int;
    pub(crate) fn CMS_RecipientInfo_get0_pkey_ctx(info: *mut CmsRecipientInfo) -> *mut sys::EVP_PKEY_CTX;
    pub(crate) fn CMS_RecipientInfo_ktri_cert_cmp(info: *mut CmsRecipientInfo, cert: *mut sys::X509)
    -> c_int;
    pub(crate) fn CMS_RecipientInfo_kari_get0_reks(info: *mut CmsRecipientInfo) -> *mut AnyStack;
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
    ) -> *mut CmsSignerInfo;
    pub(crate) fn CMS_add1_cert(cms: CmsPtr, cert: *mut sys::X509) -> c_int;
    pub(crate) fn CMS_SignerInfo_get0_pkey_ctx(signer: *mut CmsSignerInfo) -> *mut sys::EVP_PKEY_CTX;
    pub(crate) fn CMS_add_simple_smimecap(
        algorithms: *mut *mut AnyStack,
        nid: c_int,
        key_size: c_int,
    ) -> c_int;
    pub(crate) fn CMS_add_smimecap(signer: *mut CmsSignerInfo, algorithms: *mut AnyStack) -> c_int;
    pub(crate) fn CMS_get1_certs(cms: CmsPtr) -> *mut AnyStack;
    pub(crate) fn CMS_set1_signers_certs(cms: CmsPtr, certs: *mut AnyStack, flags: c_uint) -> c_int;
    pub(crate) fn CMS_get0_SignerInfos(cms: CmsPtr) -> *mut AnyStack;
    pub(crate) fn CMS_SignerInfo_get0_algs(
        signer: *mut CmsSignerInfo,
        key: *mut *mut sys::EVP_PKEY,
        cert: *mut *mut sys::X509,
        digest: *mut *mut Algor,
        signature: *mut *mut Algor,
    );
    pub(crate) fn CMS_SignerInfo_verify(signer: *mut CmsSignerInfo) -> c_int;
    pub(crate) fn CMS_SignerInfo_verify_content(signer: *mut CmsSignerInfo, chain: BioPtr) -> c_int;
    pub(crate) fn CMS_signed_get_attr_count(signer: *const CmsSignerInfo) -> c_int;
    pub(crate) fn CMS_signed_get_attr_by_NID(signer: *const CmsSignerInfo, nid: c_int, last: c_int) -> c_int;
    pub(crate) fn CMS_signed_get_attr(signer: *const CmsSignerInfo, at: c_int) -> *mut Attribute;

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
