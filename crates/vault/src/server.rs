//! The server key and what is derived from it. Knows no file: the text comes in as an argument.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_mail::{Random, Secret};
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::letter_signer::LetterSigner;
use crate::lookup::TagKey;
use crate::primitive::Key;
use crate::proof::{DepositAuth, SessionAuth};
use crate::record::{KeyringKey, RowKey, SpoolKey};
use crate::token::TokenKey;
use crate::wrap::EscrowSecret;

/// The first word of a server key file.
const FILE_NAME: &str = "sealpost-server-key-1";

/// HKDF salt of everything derived from a server key.
const SALT: &[u8] = b"sealpost/1/server-key";

/// 32 bytes from which every key of the server follows. Lost means: queue, addresses and every
/// mailbox that was never opened are lost. Stolen together with the database means the same, to others.
#[derive(Clone, Debug)]
pub struct ServerKey(Key);

/// The server's keys, each for one purpose. No part of the program gets all of them: see the roles.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Seals the queue.
    pub spool: SpoolKey,
    /// Seals rows that the server must read.
    pub rows: RowKey,
    /// Makes lookup tags.
    pub tags: TagKey,
    /// Makes and recognises tokens.
    pub tokens: TokenKey,
    /// Mixed into every key that comes from a password, an answer or a token.
    pub pepper: Pepper,
    /// Proves letters in mailboxes.
    pub deposits: DepositAuth,
    /// Proves sessions, newcomers and drafts.
    pub sessions: SessionAuth,
    /// Opens escrow wraps where the operator chose `escrow = "server"`.
    pub escrow: EscrowSecret,
    /// Signs what portal users write.
    pub letters: LetterSigner,
    /// Seals partners' keys and our own for them.
    pub keyring: KeyringKey,
}

/// A secret of the server without which no password can be tried against a stolen database.
#[derive(Clone, Debug)]
pub struct Pepper {
    id: u8,
    key: Key,
}

impl Pepper {
    pub(crate) fn new(id: u8, key: Key) -> Self {
        Self { id, key }
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    pub(crate) fn id(&self) -> u8 {
        self.id
    }

    /// `secret` (an Argon2 output or a token) mixed with the pepper.
    pub(crate) fn mix(&self, label: &str, secret: &Key) -> Key {
        Key::new(self.key.mac(label, secret.expose()))
    }
}

impl ServerKey {
    /// A new key, for `sealpost init`.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        Self(Key::random(random))
    }

    /// From raw bytes, such as a systemd credential.
    #[must_use]
    pub fn from_bytes(bytes: Secret<[u8; 32]>) -> Self {
        Self(Key::new(*bytes.expose()))
    }

    /// From the text of a key file: one line, `sealpost-server-key-1:` and 44 characters of base64.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        parse_key_text(FILE_NAME, text).map(Self)
    }

    /// The text of a key file.
    #[must_use]
    pub fn to_file_text(&self) -> Secret<String> {
        key_text(FILE_NAME, &self.0)
    }

    /// One byte that tells this key from the next one after a rotation; stands in what it sealed.
    #[must_use]
    pub fn id(&self) -> u8 {
        let [id, ..] = *self.derive("key-id").expose();
        id
    }

    /// Everything derived from it.
    #[must_use]
    pub fn keys(&self) -> Keys {
        let id = self.id();
        Keys {
            spool: SpoolKey::new(id, self.derive("spool")),
            rows: RowKey::new(id, self.derive("rows")),
            tags: TagKey::new(self.derive("tags")),
            tokens: TokenKey::new(self.derive("tokens")),
            pepper: Pepper::new(id, self.derive("pepper")),
            deposits: DepositAuth::new(self.derive("deposits")),
            sessions: SessionAuth::new(self.derive("sessions")),
            escrow: EscrowSecret::from_seed(self.derive("escrow")),
            letters: LetterSigner::from_seed(self.derive("letters")),
            keyring: KeyringKey::new(id, self.derive("keyring")),
        }
    }

    fn derive(&self, label: &str) -> Key {
        self.0.derive(SALT, label)
    }
}

/// `name:` and base64 of exactly 32 bytes, white space around it allowed.
pub(crate) fn parse_key_text(name: &'static str, text: &str) -> Result<Key, VaultError> {
    let wrong = VaultError::KeyText(name);
    let encoded = text.trim().strip_prefix(name).and_then(|rest| rest.strip_prefix(':')).ok_or(wrong)?;
    let bytes = STANDARD.decode(encoded).map(Zeroizing::new).map_err(|_not_base64| wrong)?;
    Key::from_slice(&bytes).ok_or(wrong)
}

/// The line that [`parse_key_text`] reads.
pub(crate) fn key_text(name: &str, key: &Key) -> Secret<String> {
    // All of it in one allocation, so that no shorter copy stays behind.
    let mut text = String::with_capacity(name.len() + 1 + 44 + 1);
    text.push_str(name);
    text.push(':');
    STANDARD.encode_string(key.expose(), &mut text);
    text.push('\n');
    Secret::new(text)
}

#[cfg(test)]
mod tests {
    use sealpost_mail::SequenceRandom;

    use super::*;

    #[test]
    fn the_file_text_gives_the_same_key_back() {
        let key = ServerKey::generate(&SequenceRandom::default());
        let text = key.to_file_text();
        assert_eq!(text.expose().lines().count(), 1);
        let back = ServerKey::parse(text.expose()).unwrap();
        assert_eq!(back.0.expose(), key.0.expose());
        assert_eq!(back.id(), key.id());
    }

    #[test]
    fn a_text_that_is_no_key_is_refused_with_its_mend() {
        let short = "sealpost-server-key-1:AAAA";
        for text in ["", "AAAA", "sealpost-server-key-2:AAAA", short, "sealpost-server-key-1:not base64"] {
            let error = ServerKey::parse(text).unwrap_err();
            assert!(error.to_string().contains("44 characters of base64"), "{text}");
        }
    }

    #[test]
    fn every_derived_key_is_its_own() {
        let key = ServerKey::generate(&SequenceRandom::default());
        let labels = [
            "spool", "rows", "tags", "tokens", "pepper", "deposits", "sessions", "escrow", "letters",
            "keyring", "key-id",
        ];
        let mut keys: Vec<_> = labels.iter().map(|label| *key.derive(label).expose()).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), labels.len());
    }

    #[test]
    fn nothing_secret_prints() {
        let keys = ServerKey::from_bytes(Secret::new([0x41; 32])).keys();
        let printed = format!("{keys:?}");
        assert!(!printed.contains("65") && !printed.contains("AAAA"), "{printed}");
    }
}
