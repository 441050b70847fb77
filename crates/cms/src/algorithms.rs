//! Choices when writing a structure. Knows no call.

#![forbid(unsafe_code)]

/// How the content key is encrypted to an RSA recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyTransport {
    /// RSAES-PKCS1-v1_5.
    Pkcs1,
    /// RSAES-OAEP with SHA-256 for both.
    OaepSha256,
}

/// The signature scheme of an RSA key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignPadding {
    /// RSASSA-PKCS1-v1_5, or ECDSA.
    Default,
    /// RSASSA-PSS with a salt as long as the digest.
    Pss,
}

/// The content cipher.
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
    /// Detached: only its digest is computed.
    Outside,
    /// Inside, and kept in memory until the end.
    Kept,
    /// Inside, written as a stream.
    Streamed,
}
