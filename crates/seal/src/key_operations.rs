//! Content keys by an S/MIME key of ours in memory, for the worker, which has none. OpenSSL gets one number of the key's size, or
//! one point: nothing from outside is parsed here. Knows no letter and no pipe.

use openssl::bn::BigNumContext;
use openssl::derive::Deriver;
use openssl::ec::{EcKey, EcPoint};
use openssl::encrypt::Decrypter;
use openssl::error::ErrorStack;
use openssl::pkey::{Id, PKey, PKeyRef, Private};
use openssl::rsa::Padding;
use sealpost_mail::Secret;
use serde::{Deserialize, Serialize};

use crate::smime::agreement::{Agreement, message_digest};
use crate::token::KeyEncryption;

/// A request to an S/MIME key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ContentKeyTask {
    /// Decrypts a content key; always returns `length` octets.
    Decrypt {
        how: KeyEncryption,
        #[serde(with = "crate::base64_bytes")]
        encrypted: Vec<u8>,
        length: usize,
    },
    /// Unwraps a content key.
    Agree(Agreement),
}

/// The longest OAEP label. No program is known to use one.
pub(crate) const MAX_LABEL: usize = 64;

/// Decrypts. `None`: not encrypted to this key, which must not be disclosed to the sender. For invalid PKCS#1 v1.5 padding OpenSSL
/// returns a substitute (implicit rejection).
pub(crate) fn decrypt(
    key: &PKeyRef<Private>,
    how: &KeyEncryption,
    encrypted: &[u8],
) -> Option<Secret<Vec<u8>>> {
    if key.id() != Id::RSA || encrypted.len() > key.size() || label(how) > MAX_LABEL {
        return None;
    }
    decrypted(key, how, encrypted).ok()
}

fn decrypted(
    key: &PKeyRef<Private>,
    how: &KeyEncryption,
    encrypted: &[u8],
) -> Result<Secret<Vec<u8>>, ErrorStack> {
    let mut decrypter = Decrypter::new(key)?;
    match how {
        KeyEncryption::Pkcs1 => decrypter.set_rsa_padding(Padding::PKCS1)?,
        KeyEncryption::Oaep { digest, mask, label } => {
            decrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
            decrypter.set_rsa_oaep_md(message_digest(*digest))?;
            decrypter.set_rsa_mgf1_md(message_digest(*mask))?;
            if !label.is_empty() {
                decrypter.set_rsa_oaep_label(label)?;
            }
        }
    }
    let mut clear = vec![0; key.size()];
    let length = decrypter.decrypt(encrypted, &mut clear)?;
    clear.truncate(length);
    Ok(Secret::new(clear))
}

/// Unwraps a content key; `None`: it is damaged, or not for this key.
pub(crate) fn agree(key: &PKeyRef<Private>, agreement: &Agreement) -> Option<Secret<Vec<u8>>> {
    if key.id() != Id::EC {
        return None;
    }
    let secret = shared(key, &agreement.point).ok()?;
    agreement.content_key(secret.expose())
}

/// ECDH without derivation. A point off the curve would disclose a key bit by bit: it is rejected.
fn shared(key: &PKeyRef<Private>, point: &[u8]) -> Result<Secret<Vec<u8>>, ErrorStack> {
    let own = key.ec_key()?;
    let mut context = BigNumContext::new()?;
    let point = EcPoint::from_bytes(own.group(), point, &mut context)?;
    let other = EcKey::from_public_key(own.group(), &point)?;
    other.check_key()?;
    let other = PKey::from_ec_key(other)?;
    let mut deriver = Deriver::new(key)?;
    deriver.set_peer(&other)?;
    deriver.derive_to_vec().map(Secret::new)
}

pub(crate) fn label(how: &KeyEncryption) -> usize {
    match how {
        KeyEncryption::Pkcs1 => 0,
        KeyEncryption::Oaep { label, .. } => label.len(),
    }
}
