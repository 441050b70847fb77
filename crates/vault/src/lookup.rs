//! Keyed hashes by which rows are found without saying what they stand for. Knows no row.

use std::fmt;

use crate::primitive::{Key, Mac};

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
        assert_ne!(key.address_tag("a@b"), other.address_tag("a@b"));
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
