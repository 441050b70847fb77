//! Derives and unwraps the content key of an ECDH recipient (RFC 5753) from the shared secret. Knows no letter and no
//! token.

use openssl::aes::{AesKey, unwrap_key};
use openssl::hash::{Hasher, MessageDigest};
use sealpost_mail::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::der::{self, OCTET_STRING, SEQUENCE};
use crate::token::Sha;

/// How a letter's content key was wrapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Agreement {
    /// The sender's point.
    #[serde(with = "crate::base64_bytes")]
    pub(crate) point: Vec<u8>,
    /// The hash of the derivation.
    pub(crate) hash: Sha,
    /// Octets of the wrapping key.
    pub(crate) wrap: usize,
    /// DER of ECC-CMS-SharedInfo.
    #[serde(with = "crate::base64_bytes")]
    pub(crate) shared_info: Vec<u8>,
    /// The wrapped key.
    #[serde(with = "crate::base64_bytes")]
    pub(crate) wrapped: Vec<u8>,
}

/// Octets of the longest hash.
const MAX_HASH: usize = 64;
/// Size limit of each field; longer than in any honest letter.
const MAX_FIELD: usize = 4096;

/// ECC-CMS-SharedInfo (RFC 5753 §7.2): the wrapping algorithm as in the letter, the sender's additional data, the
/// length.
pub(crate) fn shared_info(algorithm: &[u8], added: Option<&[u8]>, wrap: usize) -> Vec<u8> {
    let added = added.map(|added| der::of(0xa0, &[&der::of(OCTET_STRING, &[added])])).unwrap_or_default();
    let bits = u32::try_from(wrap * 8).unwrap_or(0).to_be_bytes();
    der::of(SEQUENCE, &[algorithm, &added, &der::of(0xa2, &[&der::of(OCTET_STRING, &[&bits])])])
}

impl Agreement {
    /// The content key. `None`: it was changed in transit, or is for another key.
    pub(crate) fn content_key(&self, secret: &[u8]) -> Option<Secret<Vec<u8>>> {
        if !matches!(self.wrap, 16 | 24 | 32)
            || self.shared_info.len() > MAX_FIELD
            || self.wrapped.len() > MAX_FIELD
        {
            return None;
        }
        let kek = self.derived(secret)?;
        let key = AesKey::new_decrypt(kek.get(..self.wrap)?).ok()?;
        // RFC 3394: includes a check of eight octets.
        let mut clear = Zeroizing::new(vec![0; self.wrapped.len().checked_sub(8)?]);
        let length = unwrap_key(&key, None, &mut clear, &self.wrapped).ok()?;
        clear.truncate(length);
        Some(Secret::new(std::mem::take(&mut *clear)))
    }

    /// ANSI X9.63 key derivation, as many octets as needed.
    fn derived(&self, secret: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        // A growing buffer would leave copies in memory.
        let mut octets = Zeroizing::new(Vec::with_capacity(self.wrap + MAX_HASH));
        let mut count = 1_u32;
        while octets.len() < self.wrap {
            let mut hasher = Hasher::new(message_digest(self.hash)).ok()?;
            for part in [secret, &count.to_be_bytes(), &self.shared_info] {
                hasher.update(part).ok()?;
            }
            octets.extend_from_slice(&hasher.finish().ok()?);
            count += 1;
        }
        Some(octets)
    }
}

/// The hash in OpenSSL's type.
pub(crate) fn message_digest(hash: Sha) -> MessageDigest {
    match hash {
        Sha::Sha1 => MessageDigest::sha1(),
        Sha::Sha224 => MessageDigest::sha224(),
        Sha::Sha256 => MessageDigest::sha256(),
        Sha::Sha384 => MessageDigest::sha384(),
        Sha::Sha512 => MessageDigest::sha512(),
    }
}
