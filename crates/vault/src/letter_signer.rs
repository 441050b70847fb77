//! Signs that a letter was written in the portal: Ed25519 over SHA-256 (RFC 8463), with a key derived from
//! the server key. Knows no letter.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{self, SHA256};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::primitive::Key;

/// Signs letters.
#[derive(Clone)]
pub struct LetterSigner {
    pair: Arc<Ed25519KeyPair>,
    seed: Key,
}

impl LetterSigner {
    #[expect(clippy::expect_used, reason = "every 32 bytes are a seed (RFC 8032 §5.1.5)")]
    pub(crate) fn from_seed(seed: Key) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose()).expect("a 32-byte seed");
        Self { pair: Arc::new(pair), seed }
    }

    pub(crate) fn seed(&self) -> &Key {
        &self.seed
    }

    /// The public key for verifying signatures.
    #[must_use]
    pub fn public(&self) -> LetterVerifier {
        let mut public = [0; 32];
        for (to, from) in public.iter_mut().zip(self.pair.public_key().as_ref()) {
            *to = *from;
        }
        LetterVerifier(public)
    }

    /// The signature over the SHA-256 of `input`.
    #[must_use]
    pub fn sign(&self, input: &[u8]) -> Vec<u8> {
        self.pair.sign(digest::digest(&SHA256, input).as_ref()).as_ref().to_vec()
    }
}

impl fmt::Debug for LetterSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LetterSigner")
    }
}

/// The public part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LetterVerifier([u8; 32]);

impl LetterVerifier {
    /// From the 32 bytes of an Ed25519 public key.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// Whether the signature over the SHA-256 of `input` is valid.
    #[must_use]
    pub fn verifies(&self, input: &[u8], signature: &[u8]) -> bool {
        let digest = digest::digest(&SHA256, input);
        UnparsedPublicKey::new(&ED25519, self.0).verify(digest.as_ref(), signature).is_ok()
    }
}

/// SHA-256 of a letter's body while it is streamed.
#[derive(Clone)]
pub struct BodyHash(digest::Context);

impl Default for BodyHash {
    fn default() -> Self {
        Self(digest::Context::new(&SHA256))
    }
}

impl BodyHash {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of everything taken.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        let mut out = [0; 32];
        for (to, from) in out.iter_mut().zip(self.0.finish().as_ref()) {
            *to = *from;
        }
        out
    }
}

impl fmt::Debug for BodyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BodyHash")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_for_its_input_and_key_only() {
        let signer = LetterSigner::from_seed(Key::new([1; 32]));
        let signature = signer.sign(b"letter");
        assert!(signer.public().verifies(b"letter", &signature));
        assert!(!signer.public().verifies(b"latter", &signature));
        assert!(!LetterSigner::from_seed(Key::new([2; 32])).public().verifies(b"letter", &signature));
        assert!(!signer.public().verifies(b"letter", b""));
        assert_eq!(format!("{signer:?}"), "LetterSigner");
    }
}
