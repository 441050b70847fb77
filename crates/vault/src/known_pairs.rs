//! Caches which secret keys belong to which public keys, so that a pair is not derived again for every page.
//! In memory only; must never know what a mailbox is for.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use sealpost_mail::Random;

use crate::mailbox::MailboxSecret;
use crate::primitive::{Key, Mac};

const PAIR: &str = "sealpost/1/known-pair";

/// 32 bytes each; with more active owners pairs are derived again.
const MAX_KNOWN: usize = 16 * 1024;

/// Known pairs. Deriving a public key costs a key generation of both halves of the hybrid.
pub struct KnownPairs {
    /// Key of this process: the entries reveal nothing of the secrets.
    key: Key,
    known: Mutex<HashSet<[u8; 32]>>,
}

impl KnownPairs {
    /// An empty cache.
    #[must_use]
    pub fn new(random: &dyn Random) -> Self {
        Self { key: Key::random(random), known: Mutex::default() }
    }

    /// Whether this public key, as a row has it, is the secret's own.
    #[must_use]
    pub fn belong(&self, secret: &MailboxSecret, public: &[u8]) -> bool {
        // The secret's length is fixed: no two pairs have the same bytes.
        let mut pair = Mac::new(&self.key, PAIR);
        pair.update(secret.seed().expose());
        pair.update(public);
        let pair = pair.finish();
        if self.known().contains(&pair) {
            return true;
        }
        let belongs = secret.public().to_bytes() == public;
        if belongs {
            let mut known = self.known();
            if known.len() >= MAX_KNOWN {
                known.clear();
            }
            known.insert(pair);
        }
        belongs
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<[u8; 32]>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for KnownPairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KnownPairs")
    }
}

#[cfg(test)]
mod tests {
    use sealpost_mail::SystemRandom;

    use super::{KnownPairs, MAX_KNOWN};
    use crate::mailbox::MailboxKeys;

    #[test]
    fn a_pair_stays_a_pair_and_another_never_becomes_one() {
        let pairs = KnownPairs::new(&SystemRandom);
        let (public, secret) = MailboxKeys::generate(&SystemRandom);
        let (other_public, other_secret) = MailboxKeys::generate(&SystemRandom);
        for _again in 0..2 {
            assert!(pairs.belong(&secret, &public.to_bytes()));
            assert!(!pairs.belong(&other_secret, &public.to_bytes()));
            assert!(!pairs.belong(&secret, &other_public.to_bytes()));
            assert!(!pairs.belong(&secret, b""));
        }
        assert_eq!(pairs.known().len(), 1);
    }

    #[test]
    fn what_is_known_is_bounded() {
        let pairs = KnownPairs::new(&SystemRandom);
        pairs.known().extend((0..MAX_KNOWN).map(|number| {
            let mut known = [0; 32];
            known[..8].copy_from_slice(&number.to_be_bytes());
            known
        }));
        let (public, secret) = MailboxKeys::generate(&SystemRandom);
        assert!(pairs.belong(&secret, &public.to_bytes()));
        assert_eq!(pairs.known().len(), 1);
    }
}
