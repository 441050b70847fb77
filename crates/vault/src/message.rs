//! The key of one message: seals its body once (see `stream`) and its parts. Never leaves the process
//! unsealed.

use sealpost_mail::{Random, Secret};

use crate::error::VaultError;
use crate::label::Part;
use crate::primitive::Key;
use crate::salted::{self, Sealed};
use crate::sealed_header::Format;

/// A random 256-bit key for one message. Body and parts are sealed under keys derived from it with different
/// labels and fresh salts, so no two seals share key and nonce.
#[derive(Clone, Debug)]
pub struct MessageKey(Key);

impl MessageKey {
    /// A new key.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        Self(Key::random(random))
    }

    /// From the bytes returned by [`MessageKey::to_bytes`].
    #[must_use]
    pub fn from_bytes(bytes: &Secret<[u8; 32]>) -> Self {
        Self(Key::new(*bytes.expose()))
    }

    /// The key itself, to be put into a sealed record and nowhere else.
    #[must_use]
    pub fn to_bytes(&self) -> Secret<[u8; 32]> {
        Secret::new(*self.0.expose())
    }

    pub(crate) fn key(&self) -> &Key {
        &self.0
    }

    pub(crate) fn from_key(key: Key) -> Self {
        Self(key)
    }

    /// Seals a part of the letter, such as its head, under the message's own key.
    #[must_use]
    pub fn seal_part(&self, part: Part<'_>, plain: &[u8], random: &dyn Random) -> Vec<u8> {
        salted::seal(Format::Part, &[], &salted::salt(random), &self.0, &[&part.bound()], plain)
    }

    /// Opens what [`MessageKey::seal_part`] sealed for this part.
    pub fn open_part(&self, part: Part<'_>, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let ((), sealed) = Sealed::read(Format::Part, sealed, |_reader| Ok(()))?;
        sealed.open(&self.0, &[&part.bound()]).ok_or(VaultError::Damaged(Format::Part.name()))
    }
}
