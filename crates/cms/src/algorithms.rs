//! What can be chosen when a structure is written. Knows no call.

#![forbid(unsafe_code)]

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

/// Where signed content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignedContent {
    /// Outside: its digest alone is taken.
    Outside,
    /// Inside, and kept in memory until the end.
    Kept,
    /// Inside, written as it comes.
    Streamed,
}
