//! Keyed hashes by which rows are found without saying what they stand for. Knows no row.

use std::fmt;

use sealpost_mail::{Random, Secret};
use subtle::ConstantTimeEq as _;

use crate::primitive::{Key, Mac};
use crate::token;

/// Makes tags: equal things have equal tags, and without the key nothing can be guessed from them.
#[derive(Clone, Debug)]
pub struct TagKey(Key);

impl TagKey {
    pub(crate) fn new(key: Key) -> Self {
        Self(key)
    }

    /// The tag of a mail address, given as the identity that makes two spellings one mailbox.
    #[must_use]
    pub fn address_tag(&self, identity: &str) -> [u8; 32] {
        self.0.mac("sealpost/1/tag-address", identity.as_bytes())
    }

    /// The tag of a Message-ID, without angle brackets: is this an answer to a portal message?
    #[must_use]
    pub fn thread_tag(&self, message_id: &str) -> [u8; 32] {
        self.0.mac("sealpost/1/tag-thread", message_id.as_bytes())
    }

    /// The tag under which something is counted that has no tag of its own: `kind` says of what sort, in letters
    /// only, `of` which one.
    #[must_use]
    pub fn count_tag(&self, kind: &str, of: &[u8]) -> [u8; 32] {
        self.0.mac("sealpost/1/tag-count", &[kind.as_bytes(), b" ", of].concat())
    }

    /// The text of a cookie by which a browser shows that somebody has logged in from it, to the mailbox of
    /// that address. It opens nothing: it only keeps strangers' wrong passwords apart from this browser's.
    #[must_use]
    pub fn know_device(&self, address_tag: &[u8; 32], random: &dyn Random) -> Secret<String> {
        let name = Key::random(random);
        let proof = Key::new(self.device_tag(address_tag, &name));
        Secret::new(format!("{}.{}", token::encode(&name).expose(), token::encode(&proof).expose()))
    }

    /// The tag of a device whose cookie is genuine and was given for that address.
    #[must_use]
    pub fn known_device(&self, address_tag: &[u8; 32], cookie: &str) -> Option<[u8; 32]> {
        let (name, proof) = cookie.split_once('.')?;
        let (name, proof) = (token::decode(name)?, token::decode(proof)?);
        let tag = self.device_tag(address_tag, &name);
        bool::from(proof.ct_eq(&Key::new(tag))).then_some(tag)
    }

    fn device_tag(&self, address_tag: &[u8; 32], name: &Key) -> [u8; 32] {
        self.0.mac("sealpost/1/tag-device", &[address_tag.as_slice(), name.expose().as_slice()].concat())
    }

    /// A keyed hash of an arrival, fed piece by piece: has this very letter just been accepted?
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprinter {
        Fingerprinter(Mac::new(&self.0, "sealpost/1/fingerprint"))
    }
}

/// A running [`TagKey::fingerprint`]. Pieces run together: put lengths between what must not.
#[derive(Clone)]
pub struct Fingerprinter(Mac);

impl Fingerprinter {
    /// Takes the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The fingerprint of everything taken.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finish()
    }
}

impl fmt::Debug for Fingerprinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprinter")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_different_kinds_and_keys_differ() {
        let key = TagKey::new(Key::new([1; 32]));
        let other = TagKey::new(Key::new([2; 32]));
        assert_eq!(key.address_tag("a@b"), key.address_tag("a@b"));
        assert_ne!(key.address_tag("a@b"), key.address_tag("a@c"));
        assert_ne!(key.address_tag("a@b"), key.thread_tag("a@b"));
        assert_ne!(key.address_tag("a@b"), key.count_tag("client", b"a@b"));
        assert_ne!(key.count_tag("client", b"a"), key.count_tag("reminder", b"a"));
        assert_ne!(key.address_tag("a@b"), other.address_tag("a@b"));
    }

    #[test]
    fn a_device_is_known_for_one_address_and_under_one_key() {
        let random = sealpost_mail::SequenceRandom::default();
        let (key, other) = (TagKey::new(Key::new([1; 32])), TagKey::new(Key::new([2; 32])));
        let (mine, yours) = (key.address_tag("a@b"), key.address_tag("a@c"));
        let cookie = key.know_device(&mine, &random).expose().clone();
        let again = key.know_device(&mine, &random).expose().clone();
        let tag = key.known_device(&mine, &cookie);
        assert!(tag.is_some() && tag != key.known_device(&mine, &again));
        assert_eq!(key.known_device(&yours, &cookie), None);
        assert_eq!(other.known_device(&mine, &cookie), None);
        let (name, proof) = cookie.split_once('.').unwrap();
        let (strange, _) = again.split_once('.').unwrap();
        for forged in ["", ".", name, &format!("{strange}.{proof}"), &format!("{proof}.{name}")] {
            assert_eq!(key.known_device(&mine, forged), None, "{forged}");
        }
    }

    #[test]
    fn a_fingerprint_does_not_depend_on_the_pieces() {
        let key = TagKey::new(Key::new([1; 32]));
        let print = |pieces: &[&[u8]]| {
            let mut fingerprinter = key.fingerprint();
            pieces.iter().for_each(|piece| fingerprinter.update(piece));
            fingerprinter.finish()
        };
        assert_eq!(print(&[b"one two"]), print(&[b"one", b" ", b"two"]));
        assert_ne!(print(&[b"one two"]), print(&[b"one twO"]));
    }
}
