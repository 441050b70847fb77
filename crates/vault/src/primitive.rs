//! The primitives everything is built on: a 32-byte key, HKDF, HMAC, AES-256-GCM (all aws-lc-rs). Knows no
//! format and no label.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use sealpost_mail::Random;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Length of an AES-GCM tag.
pub(crate) const TAG: usize = 16;

/// 32 secret bytes: not printable, compared in constant time, erased when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Key([u8; 32]);

impl Key {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn random(random: &dyn Random) -> Self {
        let mut key = Self([0; 32]);
        random.fill(&mut key.0);
        key
    }

    /// Fills the key in place, so that no copy is left on the stack.
    pub(crate) fn filled<E>(fill: impl FnOnce(&mut [u8; 32]) -> Result<(), E>) -> Result<Self, E> {
        let mut key = Self([0; 32]);
        fill(&mut key.0)?;
        Ok(key)
    }

    /// From a slice of exactly 32 bytes.
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// HKDF-SHA-256 (RFC 5869) with this key as input keying material.
    #[expect(clippy::expect_used, reason = "32 bytes of output are always allowed (RFC 5869 §2.3)")]
    pub(crate) fn derive(&self, salt: &[u8], info: &str) -> Self {
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(&self.0);
        let mut out = Self([0; 32]);
        secret
            .expand(&[info.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut out.0))
            .expect("HKDF of one block");
        out
    }

    /// HMAC-SHA-256 over `label`, preceded by its length, and `value`.
    pub(crate) fn mac(&self, label: &str, value: &[u8]) -> [u8; 32] {
        let mut mac = Mac::new(self, label);
        mac.update(value);
        mac.finish()
    }

    /// An AES-256-GCM key schedule.
    #[expect(clippy::expect_used, reason = "the length is right by type")]
    pub(crate) fn aead(&self) -> Aead {
        Aead(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.0).expect("a 32-byte key")))
    }
}

impl ConstantTimeEq for Key {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// A running HMAC-SHA-256 that started with a label.
#[derive(Clone)]
pub(crate) struct Mac(hmac::Context);

impl Mac {
    pub(crate) fn new(key: &Key, label: &str) -> Self {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key.0));
        context.update(&length(label.len()));
        context.update(label.as_bytes());
        Self(context)
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        let mut out = [0; 32];
        for (to, from) in out.iter_mut().zip(self.0.sign().as_ref()) {
            *to = *from;
        }
        out
    }
}

/// AES-256-GCM ready for use. The caller is responsible for the nonce.
pub(crate) struct Aead(LessSafeKey);

impl Aead {
    /// Seals `out[from..]` in place and appends the tag.
    #[expect(clippy::expect_used, reason = "AES-GCM refuses only plaintext beyond 64 GiB")]
    pub(crate) fn seal(&self, nonce: [u8; 12], aad: &[u8], out: &mut Vec<u8>, from: usize) {
        let plain = out.get_mut(from..).unwrap_or_default();
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), plain)
            .expect("less than 64 GiB");
        out.extend_from_slice(tag.as_ref());
    }

    /// Opens `sealed`, which ends with its tag, and appends the plaintext; on `false` nothing is in `out`.
    /// Not in place: room for the tag after the plaintext would make `out` grow, and copy a whole letter.
    #[must_use]
    pub(crate) fn open(&self, nonce: [u8; 12], aad: &[u8], sealed: &[u8], out: &mut Vec<u8>) -> bool {
        let Some((sealed, tag)) = sealed.split_last_chunk::<TAG>() else { return false };
        let from = out.len();
        out.resize(from.saturating_add(sealed.len()), 0);
        let plain = out.get_mut(from..).unwrap_or_default();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let holds = self.0.open_separate_gather(nonce, Aad::from(aad), sealed, tag, plain).is_ok();
        if !holds {
            plain.zeroize();
            out.truncate(from);
        }
        holds
    }
}

/// `parts`, each preceded by its length: no two different lists give the same bytes.
pub(crate) fn bind(out: &mut Vec<u8>, parts: &[&str]) {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    bind_bytes(out, &parts);
}

/// [`bind`] for bytes.
pub(crate) fn bind_bytes(out: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        out.extend_from_slice(&length(part.len()));
        out.extend_from_slice(part);
    }
}

fn length(len: usize) -> [u8; 8] {
    u64::try_from(len).unwrap_or(u64::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derive_is_hkdf() {
        // RFC 5869 §2 computed with HMAC (its test cases have inputs of other lengths than ours): extract,
        // then expand one block.
        let key = Key::new([0x0b; 32]);
        let sign = |key: &[u8], data: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data);
        let extracted = sign(b"salt", &[0x0b; 32]);
        let expected = sign(extracted.as_ref(), b"label\x01");
        assert_eq!(key.derive(b"salt", "label").expose(), expected.as_ref());
    }

    #[test]
    fn bound_parts_cannot_be_shifted_into_each_other() {
        let bound = |parts: &[&str]| {
            let mut out = Vec::new();
            bind(&mut out, parts);
            out
        };
        assert_ne!(bound(&["ab", "c"]), bound(&["a", "bc"]));
        assert_ne!(bound(&["abc"]), bound(&["abc", ""]));
    }

    #[test]
    fn a_key_does_not_print() {
        assert_eq!(format!("{:?}", Key::new([7; 32])), "Key");
    }

    #[test]
    fn a_failed_open_leaves_nothing() {
        let aead = Key::new([1; 32]).aead();
        let mut sealed = b"plain".to_vec();
        aead.seal([0; 12], b"", &mut sealed, 0);
        let mut out = b"kept".to_vec();
        assert!(!aead.open([0; 12], b"other", &sealed, &mut out));
        assert!(!aead.open([0; 12], b"", b"too short", &mut out));
        assert_eq!(out, b"kept");
    }

    #[test]
    fn opening_takes_no_more_room_than_the_plaintext() {
        let aead = Key::new([1; 32]).aead();
        let mut sealed = vec![7; 1000];
        aead.seal([0; 12], b"", &mut sealed, 0);
        let mut out = Vec::with_capacity(1000);
        assert!(aead.open([0; 12], b"", &sealed, &mut out));
        assert_eq!((out.len(), out.capacity()), (1000, 1000));
    }
}
