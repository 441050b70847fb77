//! The text of key files: one line, a name and 32 bytes in base64. Knows no file and no key's purpose.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_mail::Secret;
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::primitive::Key;

/// `name:` and base64 of exactly 32 bytes, white space around it allowed.
pub(crate) fn parse_key_text(name: &'static str, text: &str) -> Result<Key, VaultError> {
    let wrong = VaultError::KeyText(name);
    let encoded = text.trim().strip_prefix(name).and_then(|rest| rest.strip_prefix(':')).ok_or(wrong)?;
    let bytes = STANDARD.decode(encoded).map(Zeroizing::new).map_err(|_not_base64| wrong)?;
    Key::from_slice(&bytes).ok_or(wrong)
}

/// The line that [`parse_key_text`] parses.
pub(crate) fn key_text(name: &str, key: &Key) -> Secret<String> {
    // In one allocation, so that no shorter copy is left behind.
    let mut text = String::with_capacity(name.len() + 1 + 44 + 1);
    text.push_str(name);
    text.push(':');
    STANDARD.encode_string(key.expose(), &mut text);
    text.push('\n');
    Secret::new(text)
}
