//! Keyed hashes by which rows are found without revealing what they stand for. Knows no row.

use std::fmt;

use sealpost_mail::{Random, Secret};
use subtle::ConstantTimeEq as _;

use crate::primitive::{Key, Mac, bind_bytes};
use crate::token;

/// Makes tags: equal values have equal tags, and without the key nothing can be guessed from them.
#[derive(Clone, Debug)]
pub struct TagKey {
    key: Key,
    /// Of former server keys: Message-IDs were tagged under them, and are not stored.
    earlier: Vec<Key>,
}

impl TagKey {
    pub(crate) fn new(key: Key) -> Self {
        Self { key, earlier: Vec::new() }
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    pub(crate) fn earlier(&self) -> &[Key] {
        &self.earlier
    }

    pub(crate) fn remember(&mut self, earlier: Key) {
        self.earlier.push(earlier);
    }

    /// The tag of a mail address, given in the normal form that makes two spellings one mailbox.
    #[must_use]
    pub fn address_tag(&self, identity: &str) -> [u8; 32] {
        self.key.mac("sealpost/1/tag-address", identity.as_bytes())
    }

    /// The tag of a Message-ID, without angle brackets, for recognising replies to portal messages.
    #[must_use]
    pub fn thread_tag(&self, message_id: &str) -> [u8; 32] {
        self.key.mac("sealpost/1/tag-thread", message_id.as_bytes())
    }

    /// The tags under which a Message-ID may have been stored before the server key was changed.
    pub fn earlier_thread_tags(&self, message_id: &str) -> impl Iterator<Item = [u8; 32]> {
        self.earlier.iter().map(move |key| key.mac("sealpost/1/tag-thread", message_id.as_bytes()))
    }

    /// The tag of a Message-ID, without angle brackets, for recognising replies to letters that arrived encrypted.
    #[must_use]
    pub fn closed_thread_tag(&self, message_id: &str) -> [u8; 32] {
        self.key.mac("sealpost/1/tag-closed-thread", message_id.as_bytes())
    }

    /// The same under former server keys.
    pub fn earlier_closed_thread_tags(&self, message_id: &str) -> impl Iterator<Item = [u8; 32]> {
        self.earlier.iter().map(move |key| key.mac("sealpost/1/tag-closed-thread", message_id.as_bytes()))
    }

    /// The tag of a partner's name, domain or address; `kind` says which.
    #[must_use]
    pub fn partner_tag(&self, kind: &str, of: &str) -> [u8; 32] {
        let mut bound = Vec::new();
        bind_bytes(&mut bound, &[kind.as_bytes(), of.as_bytes()]);
        self.key.mac("sealpost/1/tag-partner", &bound)
    }

    /// The tag of a counter without a tag of its own: `kind` is the kind, letters only, `of` the counted object.
    #[must_use]
    pub fn count_tag(&self, kind: &str, of: &[u8]) -> [u8; 32] {
        self.key.mac("sealpost/1/tag-count", &[kind.as_bytes(), b" ", of].concat())
    }

    /// The proof of a row of this kind: the lengths of the first fields are bound, and `rest` is the remainder.
    #[must_use]
    pub fn row_proof(&self, kind: &str, fields: &[&[u8]], rest: &[u8]) -> [u8; 32] {
        let mut bound = Vec::new();
        bind_bytes(&mut bound, fields);
        bound.extend_from_slice(rest);
        self.count_tag(kind, &bound)
    }

    /// What a device's cookie is bound to: this key pair, and this password and answer.
    #[must_use]
    pub fn device_word(&self, public_key: &[u8], epochs: &str) -> [u8; 32] {
        let mut bound = Vec::new();
        bind_bytes(&mut bound, &[public_key, epochs.as_bytes()]);
        self.key.mac("sealpost/1/device-word", &bound)
    }

    /// The text of a cookie that marks a browser as known for the mailbox of that address, as long as the mailbox's
    /// word is unchanged. It opens nothing: it only separates this browser's wrong passwords from strangers'.
    #[must_use]
    pub fn know_device(
        &self,
        address_tag: &[u8; 32],
        word: &[u8; 32],
        random: &dyn Random,
    ) -> Secret<String> {
        let name = Key::random(random);
        let proof = Key::new(self.device_tag(address_tag, &name, word));
        let [name, word, proof] = [&name, &Key::new(*word), &proof].map(token::encode);
        Secret::new(format!("{}.{}.{}", name.expose(), word.expose(), proof.expose()))
    }

    /// The device of a genuine cookie for that address. Its word tells whether it is still valid.
    #[must_use]
    pub fn known_device(&self, address_tag: &[u8; 32], cookie: &str) -> Option<KnownDevice> {
        let (name, rest) = cookie.split_once('.')?;
        let (word, proof) = rest.split_once('.')?;
        let (name, word, proof) = (token::decode(name)?, token::decode(word)?, token::decode(proof)?);
        let tag = self.device_tag(address_tag, &name, word.expose());
        bool::from(proof.ct_eq(&Key::new(tag))).then_some(KnownDevice { tag, word: *word.expose() })
    }

    fn device_tag(&self, address_tag: &[u8; 32], name: &Key, word: &[u8; 32]) -> [u8; 32] {
        self.key.mac("sealpost/1/tag-device", &[*address_tag, *name.expose(), *word].concat())
    }

    /// A keyed hash of an arrival, fed piece by piece, to recognise a retransmission. Under the first server key ever,
    /// so that a retry is recognised after a change of keys.
    #[must_use]
    pub fn fingerprint_of_arrival(&self) -> Fingerprinter {
        Fingerprinter(Mac::new(self.earlier.first().unwrap_or(&self.key), "sealpost/1/fingerprint"))
    }

    /// The same for what happens once in all roles alike, some of which do not have former keys.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprinter {
        Fingerprinter(Mac::new(&self.key, "sealpost/1/fingerprint"))
    }
}

/// A browser from which an owner has logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownDevice {
    /// The tag under which its tries are counted.
    pub tag: [u8; 32],
    /// The mailbox's word when the cookie was given.
    pub word: [u8; 32],
}

/// A running [`TagKey::fingerprint`]. Pieces are concatenated: add lengths where boundaries matter.
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
        let word = key.device_word(b"public", "p.a");
        let cookie = key.know_device(&mine, &word, &random).expose().clone();
        let again = key.know_device(&mine, &word, &random).expose().clone();
        let device = key.known_device(&mine, &cookie);
        assert!(
            device.is_some_and(|device| device.word == word) && device != key.known_device(&mine, &again)
        );
        assert_eq!(key.known_device(&yours, &cookie), None);
        assert_eq!(other.known_device(&mine, &cookie), None);
        for changed in [key.device_word(b"public", "q.a"), key.device_word(b"other", "p.a")] {
            assert_ne!(changed, word);
        }
        let [name, said, proof] = cookie.split('.').collect::<Vec<_>>()[..] else { panic!("{cookie}") };
        let (strange, _) = again.split_once('.').unwrap();
        let another = token::encode(&Key::new(key.device_word(b"public", "q.a"))).expose().clone();
        for forged in [
            "",
            ".",
            "..",
            name,
            &format!("{name}.{proof}"),
            &format!("{strange}.{said}.{proof}"),
            &format!("{name}.{another}.{proof}"),
            &format!("{proof}.{said}.{name}"),
        ] {
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
