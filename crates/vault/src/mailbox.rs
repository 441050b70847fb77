//! A mailbox's key pair: anyone may seal to it, only its owner can open. Does not know how the secret key is wrapped
//! (see `wrap`, `password_wrap`, `session`).

use sealpost_mail::{Random, Secret, hex};
use std::fmt;

use crate::error::VaultError;
use crate::hybrid::{ENCAPSULATED, PUBLIC, Private, Public};
use crate::message::MessageKey;
use crate::primitive::Key;
use crate::salted::{self, Sealed};
use crate::sealed_header::Format;

const WRAPPING: &str = "sealpost/1/mailbox-wrapping";

/// Generates key pairs.
#[derive(Clone, Copy, Debug)]
pub struct MailboxKeys;

impl MailboxKeys {
    /// A new pair. The secret key must be wrapped at least once before it is dropped.
    #[must_use]
    pub fn generate(random: &dyn Random) -> (MailboxPublic, MailboxSecret) {
        let secret = MailboxSecret(Private::new(Key::random(random)));
        (secret.public(), secret)
    }
}

/// The public key, stored unsealed in the mailbox's row.
#[derive(Clone, PartialEq, Eq)]
pub struct MailboxPublic(Public);

impl MailboxPublic {
    /// The bytes stored in the row.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Format::MailboxPublic.begin(PUBLIC);
        out.extend_from_slice(&self.0.to_bytes());
        out
    }

    /// From the bytes in the row.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VaultError> {
        read_public(Format::MailboxPublic, bytes).map(Self)
    }

    /// The mailbox's id combined with this key: the id under which the mailbox's address is sealed. An attacker who can
    /// write rows but lacks the server key cannot replace the public key unnoticed.
    #[must_use]
    pub fn bound_to(&self, mailbox_id: &str) -> String {
        // Not secret: a fixed key makes HMAC a plain hash with a label.
        let hash = Key::new([0; 32]).mac("sealpost/1/public-binding", &self.0.to_bytes());
        format!("{mailbox_id}:{}", hex(&hash))
    }

    /// The same, also combined with the epochs, which identify the current password and answer. If empty:
    /// [`Self::bound_to`].
    #[must_use]
    pub fn bound_at(&self, mailbox_id: &str, epochs: &str) -> String {
        let bound = self.bound_to(mailbox_id);
        if epochs.is_empty() { bound } else { format!("{bound}:{epochs}") }
    }

    /// Seals a message's key to this mailbox.
    pub fn seal_key(
        &self,
        mailbox_id: &str,
        message_id: &str,
        key: &MessageKey,
        random: &dyn Random,
    ) -> Result<Vec<u8>, VaultError> {
        let plain = key.key().expose();
        self.0.seal(Format::MailboxKey, &[], &[mailbox_id, message_id], plain, random)
    }
}

impl fmt::Debug for MailboxPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailboxPublic")
    }
}

/// The secret key. Exists only in memory, and only for its owner.
#[derive(Clone)]
pub struct MailboxSecret(Private);

impl MailboxSecret {
    pub(crate) fn from_seed(seed: Key) -> Self {
        Self(Private::new(seed))
    }

    pub(crate) fn seed(&self) -> &Key {
        self.0.seed()
    }

    /// The public key that belongs to it.
    #[must_use]
    pub fn public(&self) -> MailboxPublic {
        MailboxPublic(self.0.public())
    }

    /// Opens what [`MailboxPublic::seal_key`] or [`Self::wrap_key`] sealed for these two ids.
    pub fn open_key(
        &self,
        mailbox_id: &str,
        message_id: &str,
        sealed: &[u8],
    ) -> Result<MessageKey, VaultError> {
        let bound = [mailbox_id, message_id];
        let (format, plain) = match KeySeal::of(sealed) {
            KeySeal::Wrapped => (Format::WrappedKey, self.unwrap_key(&bound, sealed)?),
            KeySeal::Exchanged => (Format::MailboxKey, open(&self.0, Format::MailboxKey, &bound, sealed)?),
        };
        let plain = Secret::new(plain);
        Key::from_slice(plain.expose()).map(MessageKey::from_key).ok_or(VaultError::Damaged(format.name()))
    }

    /// Seals a message's key so that its owner can open it without a key exchange. Only the owner can do this.
    #[must_use]
    pub fn wrap_key(
        &self,
        mailbox_id: &str,
        message_id: &str,
        key: &MessageKey,
        random: &dyn Random,
    ) -> Vec<u8> {
        let (salt, bound) = (salted::salt(random), [mailbox_id, message_id]);
        salted::seal(Format::WrappedKey, &[], &salt, &self.wrapping(), &bound, key.key().expose())
    }

    fn unwrap_key(&self, bound: &[&str], sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let ((), sealed) = Sealed::read(Format::WrappedKey, sealed, |_reader| Ok(()))?;
        sealed.open(&self.wrapping(), bound).ok_or(VaultError::Damaged(Format::WrappedKey.name()))
    }

    fn wrapping(&self) -> Key {
        Key::new(self.seed().mac(WRAPPING, b""))
    }
}

/// How a message's key is sealed for a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySeal {
    /// To its public key, when the letter was deposited: opening it costs a hybrid key exchange.
    Exchanged,
    /// Under a key of the mailbox, by its owner: microseconds.
    Wrapped,
}

impl KeySeal {
    /// The kind according to the bytes.
    #[must_use]
    pub fn of(sealed: &[u8]) -> Self {
        if sealed.starts_with(&Format::WrappedKey.magic()) { Self::Wrapped } else { Self::Exchanged }
    }
}

impl fmt::Debug for MailboxSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailboxSecret")
    }
}

fn open(private: &Private, format: Format, bound: &[&str], bytes: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut reader = format.read(bytes)?;
    let encapsulated = reader.take::<ENCAPSULATED>()?;
    private.open(format, &[], bound, encapsulated, reader.rest())
}

/// Parses a framed public key of exact length.
pub(crate) fn read_public(format: Format, bytes: &[u8]) -> Result<Public, VaultError> {
    let mut reader = format.read(bytes)?;
    let key = reader.take::<PUBLIC>()?;
    if !reader.rest().is_empty() {
        return Err(VaultError::Format(format.name()));
    }
    Public::from_bytes(key).ok_or(VaultError::Damaged(format.name()))
}
