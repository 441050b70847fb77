//! Private keys that lie in a token (PKCS#11), as letters need them: named, asked, never seen. Knows no token; whoever has
//! one implements [`Tokens`].

use std::fmt;

use sealpost_mail::Secret;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Which private key of which token.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenKey {
    /// The token's name in the configuration.
    pub token: String,
    /// Its identifier there (`CKA_ID`); empty: it has none, and its label names it.
    #[serde(with = "crate::base64_bytes")]
    pub id: Vec<u8>,
    /// What it is called there (`CKA_LABEL`).
    pub label: String,
}

/// The public half of a key pair in a token, as the token gives it.
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

/// How a key signs. Always a SHA-256 digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenSignature {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1,
    /// RSASSA-PSS, MGF1 with SHA-256, a salt of 32 octets.
    RsaPss,
    /// ECDSA: both numbers in a row, as PKCS#11 gives them.
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

/// Why a token did not do its work. Never a letter's fault: the same letter may go well at another time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TokenError {
    /// The configuration has none of this name.
    #[error("there is no [[token]] {token:?} in gateway.toml")]
    Unknown {
        /// Which.
        token: String,
    },
    /// It is not there, or does not answer, or not in time.
    #[error("the token {token:?} cannot be reached: {why}")]
    Away {
        /// Which.
        token: String,
        /// What its module says.
        why: String,
    },
    /// It does not take the PIN, or it cannot be read.
    #[error("the token {token:?} cannot be logged in to: {why}")]
    Pin {
        /// Which.
        token: String,
        /// Why. Never the PIN.
        why: String,
    },
    /// It has no such key.
    #[error("the token {token:?} has no private key {key}")]
    NoKey {
        /// Which token.
        token: String,
        /// Which key.
        key: String,
    },
    /// It cannot do that, or not with this key.
    #[error("the token {token:?} cannot do that: {why}")]
    Unable {
        /// Which.
        token: String,
        /// What its module says.
        why: String,
    },
}

/// Whoever has tokens. Its calls wait for hardware, with a deadline: not on the event loop.
pub trait Tokens: Send + Sync + fmt::Debug {
    /// A signature over this digest.
    ///
    /// # Errors
    /// See [`TokenError`].
    fn sign(&self, key: &TokenKey, how: TokenSignature, digest: &[u8; 32]) -> Result<Vec<u8>, TokenError>;

    /// What was encrypted to the key. `None`: the token worked and says that it is no such thing, which nobody may hear who
    /// sent it (Bleichenbacher).
    ///
    /// # Errors
    /// See [`TokenError`].
    fn decrypt(
        &self,
        key: &TokenKey,
        how: &KeyEncryption,
        encrypted: &[u8],
    ) -> Result<Option<Secret<Vec<u8>>>, TokenError>;

    /// The block that was encrypted to an RSA key, its padding left on: for paddings that the token does not know. `None` as
    /// above.
    ///
    /// # Errors
    /// See [`TokenError`].
    fn raw(&self, key: &TokenKey, encrypted: &[u8]) -> Result<Option<Secret<Vec<u8>>>, TokenError>;

    /// The secret shared with the holder of this point, by ECDH without a derivation: the x coordinate. `None`: the token
    /// worked and does not take the point.
    ///
    /// # Errors
    /// See [`TokenError`].
    fn agree(&self, key: &TokenKey, point: &[u8]) -> Result<Option<Secret<Vec<u8>>>, TokenError>;

    /// Whatever is open to the token that has the key is opened anew: it answers, and not as it should.
    ///
    /// # Errors
    /// See [`TokenError`].
    fn renew(&self, key: &TokenKey) -> Result<(), TokenError>;
}

/// Where there are none.
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
