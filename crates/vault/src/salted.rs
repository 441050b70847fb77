//! The one small seal: header ‖ salt ‖ AES-256-GCM. The key is derived from the salt by HKDF for each seal,
//! so that the nonce may be zero and the number of seals is unlimited. Knows no key's origin.

use sealpost_mail::Random;

use crate::error::VaultError;
use crate::primitive::{Key, TAG, bind};
use crate::sealed_header::{Format, Reader};

/// Length of every salt.
pub(crate) const SALT: usize = 32;

/// The key is used once: the salt that made it is random and new.
const NONCE: [u8; 12] = [0; 12];

/// A salt for one seal.
pub(crate) fn salt(random: &dyn Random) -> [u8; SALT] {
    let mut salt = [0; SALT];
    random.fill(&mut salt);
    salt
}

/// magic ‖ version ‖ `fields` ‖ salt ‖ sealed. Everything before the sealed bytes, together with `bound`, is
/// associated data. `salt` must be new.
pub(crate) fn seal(
    format: Format,
    fields: &[u8],
    salt: &[u8; SALT],
    secret: &Key,
    bound: &[&str],
    plain: &[u8],
) -> Vec<u8> {
    let mut out = format.begin(fields.len() + SALT + plain.len() + TAG);
    out.extend_from_slice(fields);
    out.extend_from_slice(salt);
    let aad = associated(&out, bound);
    let from = out.len();
    out.extend_from_slice(plain);
    secret.derive(salt, format.label()).aead().seal(NONCE, &aad, &mut out, from);
    out
}

/// A parsed salted seal; nothing of it is trusted yet.
pub(crate) struct Sealed<'a> {
    format: Format,
    head: &'a [u8],
    pub(crate) salt: &'a [u8; SALT],
    sealed: &'a [u8],
}

impl<'a> Sealed<'a> {
    /// Splits `bytes`; `fields` parses what is between version and salt.
    pub(crate) fn read<F>(
        format: Format,
        bytes: &'a [u8],
        fields: impl FnOnce(&mut Reader<'a>) -> Result<F, VaultError>,
    ) -> Result<(F, Self), VaultError> {
        let mut reader = format.read(bytes)?;
        let fields = fields(&mut reader)?;
        let salt = reader.take::<SALT>()?;
        let sealed = reader.rest();
        let head = bytes.get(..bytes.len().saturating_sub(sealed.len())).unwrap_or_default();
        if sealed.len() < TAG {
            return Err(VaultError::Format(format.name()));
        }
        Ok((fields, Self { format, head, salt, sealed }))
    }

    /// Checks that exactly this many plaintext bytes are inside; anything else was never written.
    pub(crate) fn must_hold(&self, plain: usize) -> Result<(), VaultError> {
        if self.sealed.len() == plain + TAG { Ok(()) } else { Err(VaultError::Format(self.format.name())) }
    }

    /// The plaintext, or `None` if the seal is invalid under this key and these bounds.
    pub(crate) fn open(&self, secret: &Key, bound: &[&str]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        secret
            .derive(self.salt, self.format.label())
            .aead()
            .open(NONCE, &associated(self.head, bound), self.sealed, &mut out)
            .then_some(out)
    }
}

fn associated(head: &[u8], bound: &[&str]) -> Vec<u8> {
    let mut aad = head.to_vec();
    bind(&mut aad, bound);
    aad
}

/// Reads a key id and compares it with the present one.
pub(crate) fn key_id(reader: &mut Reader<'_>, format: Format, present: u8) -> Result<(), VaultError> {
    let found = reader.byte()?;
    if found == present { Ok(()) } else { Err(VaultError::OtherKey { what: format.name(), found, present }) }
}
