//! The server key and what is derived from it. Knows no file: the text is an argument.

use sealpost_mail::{Random, Secret};

use crate::audit::AuditMaster;
use crate::error::VaultError;
use crate::key_text::{key_text, parse_key_text};
use crate::letter_signer::LetterSigner;
use crate::lookup::TagKey;
use crate::pepper::{Earlier, Pepper};
use crate::primitive::Key;
use crate::proof::{DepositAuth, SessionAuth};
use crate::record::{KeyringKey, RowKey, SpoolKey};
use crate::token::TokenKey;
use crate::wrap::EscrowSecret;

/// The first word of a server key file.
const FILE_NAME: &str = "sealpost-server-key-1";

/// HKDF salt of everything derived from a server key.
const SALT: &[u8] = b"sealpost/1/server-key";

/// 32 bytes from which every key of the server is derived. If lost, the queue, addresses and every mailbox that was
/// never opened are lost. If stolen together with the database, an attacker can read the same.
#[derive(Clone, Debug)]
pub struct ServerKey {
    key: Key,
    earlier: Vec<Earlier>,
}

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
    /// Mixed into every key derived from a password, an answer or a token.
    pub pepper: Pepper,
    /// Proves letters in mailboxes.
    pub deposits: DepositAuth,
    /// Proves sessions, newcomers and drafts.
    pub sessions: SessionAuth,
    /// Opens escrow wraps if the operator chose `escrow = "server"`.
    pub escrow: EscrowSecret,
    /// Signs what portal users write.
    pub letters: LetterSigner,
    /// Seals partners' keys and our own for them.
    pub keyring: KeyringKey,
    /// Verifies the audit trail; each writer's key is derived from it.
    pub audit: AuditMaster,
}

impl ServerKey {
    /// A new key, for `sealpost init`.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        Self { key: Key::random(random), earlier: Vec::new() }
    }

    /// The key after this one: it contains what is still needed of this one and former ones. No two have the same id.
    #[must_use]
    pub fn next(&self, random: &dyn Random) -> Self {
        let mut earlier = self.earlier.clone();
        earlier.push(Earlier {
            id: self.id(),
            pepper: self.derive("pepper"),
            tags: self.derive("tags"),
            audit: Some(self.derive("audit")),
        });
        let escrow = self.keys().escrow.public();
        loop {
            let next = Self { key: Key::random(random), earlier: earlier.clone() };
            let taken = earlier.iter().any(|earlier| earlier.id == next.id());
            if !taken && !next.keys().escrow.public().shares_id(&escrow) {
                return next;
            }
        }
    }

    /// Whether it is a successor of `before`.
    #[must_use]
    pub fn follows(&self, before: &Self) -> bool {
        let pepper = before.derive("pepper");
        self.earlier
            .iter()
            .any(|earlier| earlier.id == before.id() && *earlier.pepper.expose() == *pepper.expose())
    }

    /// From raw bytes, such as a systemd credential.
    #[must_use]
    pub fn from_bytes(bytes: Secret<[u8; 32]>) -> Self {
        Self { key: Key::new(*bytes.expose()), earlier: Vec::new() }
    }

    /// From the text of a key file: one line, `sealpost-server-key-1:` and 44 characters of base64; after a change of
    /// keys one more line for each former key.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let (first, rest) = text.trim().split_once('\n').unwrap_or((text, ""));
        let key = parse_key_text(FILE_NAME, first)?;
        let earlier = rest.lines().map(|line| Earlier::parse(line).ok_or(VaultError::KeyText(FILE_NAME)));
        Ok(Self { key, earlier: earlier.collect::<Result<_, _>>()? })
    }

    /// The text of a key file.
    #[must_use]
    pub fn to_file_text(&self) -> Secret<String> {
        let first = key_text(FILE_NAME, &self.key);
        // In one allocation, so that no shorter copy is left behind.
        let mut text = String::with_capacity(first.expose().len() + self.earlier.len() * Earlier::LINE);
        text.push_str(first.expose());
        self.earlier.iter().for_each(|earlier| earlier.write(&mut text));
        Secret::new(text)
    }

    /// One byte that distinguishes this key from its successor; included in what it sealed.
    #[must_use]
    pub fn id(&self) -> u8 {
        let [id, ..] = *self.derive("key-id").expose();
        id
    }

    /// Everything derived from it.
    #[must_use]
    pub fn keys(&self) -> Keys {
        let id = self.id();
        let mut tags = TagKey::new(self.derive("tags"));
        let mut pepper = Pepper::new(id, self.derive("pepper"));
        let mut audit = AuditMaster::new(id, self.derive("audit"));
        for earlier in &self.earlier {
            earlier.remember(&mut tags, &mut pepper);
            if let Some(key) = &earlier.audit {
                audit.remember(earlier.id, key.clone());
            }
        }
        Keys {
            spool: SpoolKey::new(id, self.derive("spool")),
            rows: RowKey::new(id, self.derive("rows")),
            tags,
            tokens: TokenKey::new(self.derive("tokens")),
            pepper,
            deposits: DepositAuth::new(self.derive("deposits")),
            sessions: SessionAuth::new(self.derive("sessions")),
            escrow: EscrowSecret::from_seed(self.derive("escrow")),
            letters: LetterSigner::from_seed(self.derive("letters")),
            keyring: KeyringKey::new(id, self.derive("keyring")),
            audit,
        }
    }

    fn derive(&self, label: &str) -> Key {
        self.key.derive(SALT, label)
    }
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
        assert_eq!(back.key.expose(), key.key.expose());
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
            "keyring", "audit", "key-id",
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
