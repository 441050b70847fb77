//! The interface to private keys in tokens (PKCS#11): named and used, never seen. Knows no token; implementations
//! provide [`Tokens`].

use std::fmt;

use sealpost_mail::Secret;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Which private key of which token.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenKey {
    /// The token's name in the configuration.
    pub token: String,
    /// Its identifier there (`CKA_ID`); empty: it has none and is identified by its label.
    #[serde(with = "crate::base64_bytes")]
    pub id: Vec<u8>,
    /// Its label there (`CKA_LABEL`).
    pub label: String,
}

/// The public half of a key pair in a token, as the token returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenPublic {
    /// RSA: big-endian numbers.
    Rsa {
        /// `CKA_MODULUS`.
        modulus: Vec<u8>,
        /// `CKA_PUBLIC_EXPONENT`.
        exponent: Vec<u8>,
    },
    /// A point on a named curve.
    Curve {
        /// DER of the curve's OID (`CKA_EC_PARAMS`).
        curve: Vec<u8>,
        /// The point, in an OCTET STRING or bare (`CKA_EC_POINT`).
        point: Vec<u8>,
    },
}

/// The signature scheme. Always over a SHA-256 digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenSignature {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1,
    /// RSASSA-PSS, MGF1 with SHA-256, a salt of 32 octets.
    RsaPss,
    /// ECDSA: both numbers concatenated, as PKCS#11 returns them.
    Ecdsa,
}

/// A hash in the parameters of OAEP, or of a derivation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sha {
    /// SHA-1.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl fmt::Display for Sha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        })
    }
}

/// How a content key was encrypted to an RSA key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyEncryption {
    /// RSAES-PKCS1-v1_5.
    Pkcs1,
    /// RSAES-OAEP.
    Oaep {
        /// Its hash.
        digest: Sha,
        /// The hash of its mask generation.
        mask: Sha,
        /// Its label.
        #[serde(with = "crate::base64_bytes")]
        label: Vec<u8>,
    },
}

impl fmt::Display for KeyEncryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pkcs1 => f.write_str("RSAES-PKCS1-v1_5"),
            Self::Oaep { digest, mask, .. } if digest == mask => write!(f, "RSAES-OAEP with {digest}"),
            Self::Oaep { digest, mask, .. } => write!(f, "RSAES-OAEP with {digest} and MGF1 with {mask}"),
        }
    }
}

/// Why a token failed. Never because of a letter: the same letter may succeed at another time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TokenError {
    /// There is no token of this name in the configuration.
    #[error("there is no [[token]] {token:?} in gateway.toml")]
    Unknown {
        /// The token's name.
        token: String,
    },
    /// Not present, or no answer in time.
    #[error("the token {token:?} cannot be reached: {why}")]
    Away {
        /// The token's name.
        token: String,
        /// The module's error.
        why: String,
    },
    /// The PIN was rejected, or cannot be read.
    #[error("the token {token:?} cannot be logged in to: {why}")]
    Pin {
        /// The token's name.
        token: String,
        /// The cause. Never the PIN.
        why: String,
    },
    /// There is no such key.
    #[error("the token {token:?} has no private key {key}")]
    NoKey {
        /// The token's name.
        token: String,
        /// The key's name.
        key: String,
    },
    /// It does not support the operation, or not with this key.
    #[error("the token {token:?} cannot do that: {why}")]
    Unable {
        /// The token's name.
        token: String,
        /// The module's error.
        why: String,
    },
}

/// Provides tokens. Its calls wait for hardware, with a deadline: not on the event loop.
pub trait Tokens: Send + Sync + fmt::Debug {
    /// Signs this digest.
    ///
    /// # Errors
    /// See [`TokenError`].
    fn sign(&self, key: &TokenKey, how: TokenSignature, digest: &[u8; 32]) -> Result<Vec<u8>, TokenError>;

    /// Decrypts. `None`: the token works and rejects the data, which must not be disclosed to the sender
    /// (Bleichenbacher).
    ///
    /// # Errors
    /// See [`TokenError`].
    fn decrypt(
        &self,
        key: &TokenKey,
        how: &KeyEncryption,
        encrypted: &[u8],
    ) -> Result<Option<Secret<Vec<u8>>>, TokenError>;

    /// Raw RSA decryption, without removing the padding: for paddings that the token does not support. `None` as above.
    ///
    /// # Errors
    /// See [`TokenError`].
    fn raw(&self, key: &TokenKey, encrypted: &[u8]) -> Result<Option<Secret<Vec<u8>>>, TokenError>;

    /// ECDH with this point, without derivation: the x coordinate. `None`: the token works and rejects the point.
    ///
    /// # Errors
    /// See [`TokenError`].
    fn agree(&self, key: &TokenKey, point: &[u8]) -> Result<Option<Secret<Vec<u8>>>, TokenError>;

    /// Reopens all sessions to the key's token, because its answers are wrong.
    ///
    /// # Errors
    /// See [`TokenError`].
    fn renew(&self, key: &TokenKey) -> Result<(), TokenError>;
}

/// No tokens.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTokens;

impl Tokens for NoTokens {
    fn sign(&self, key: &TokenKey, _: TokenSignature, _: &[u8; 32]) -> Result<Vec<u8>, TokenError> {
        Err(unknown(key))
    }

    fn decrypt(
        &self,
        key: &TokenKey,
        _: &KeyEncryption,
        _: &[u8],
    ) -> Result<Option<Secret<Vec<u8>>>, TokenError> {
        Err(unknown(key))
    }

    fn raw(&self, key: &TokenKey, _: &[u8]) -> Result<Option<Secret<Vec<u8>>>, TokenError> {
        Err(unknown(key))
    }

    fn agree(&self, key: &TokenKey, _: &[u8]) -> Result<Option<Secret<Vec<u8>>>, TokenError> {
        Err(unknown(key))
    }

    fn renew(&self, key: &TokenKey) -> Result<(), TokenError> {
        Err(unknown(key))
    }
}

fn unknown(key: &TokenKey) -> TokenError {
    TokenError::Unknown { token: key.token.clone() }
}
