//! Tokens in links: 256 random bits, shown once, stored only as a keyed hash. Knows neither the link nor the
//! row, nor when a token is spent.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sealpost_mail::{Random, Secret};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::label::Label;
use crate::primitive::{Key, bind_bytes};
use crate::record::RowKey;

/// The permitted act. The same text for another purpose is another token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenPurpose {
    /// To activate a pending mailbox; also opens its activation wrap.
    Activation,
    /// To begin setting a new password.
    Reset,
    /// To delete a mailbox whose owner requested it by mail.
    Deletion,
}

impl TokenPurpose {
    const fn label(self) -> &'static str {
        match self {
            Self::Activation => "sealpost/1/token-activation",
            Self::Reset => "sealpost/1/token-reset",
            Self::Deletion => "sealpost/1/token-deletion",
        }
    }
}

const RESET: &str = "sealpost/1/reset-token";

/// What a mailed reset token is valid for. It is derived from these, so that its row is useless with others:
/// moved to another mailbox, prolonged, or from before the mailbox got another key pair.
#[derive(Clone, Copy, Debug)]
pub struct ResetBound<'a> {
    /// The mailbox.
    pub mailbox_id: &'a str,
    /// Its key pair.
    pub public_key: &'a [u8],
    /// When the token was made, in milliseconds since 1970.
    pub created_at: i64,
    /// When it expires.
    pub expires_at: i64,
}

/// The stored form of a token.
pub type TokenHash = [u8; 32];

/// A token as its bearer knows it.
#[derive(Clone, Debug)]
pub struct Token(Key);

impl Token {
    /// From the text in a link; `None` if it cannot be a token.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        decode(text).map(Self)
    }

    /// The text for the link: 43 characters of URL-safe base64.
    #[must_use]
    pub fn text(&self) -> Secret<String> {
        encode(&self.0)
    }

    /// Sealed for the row of a pending mailbox, so that further notices can carry the same link.
    #[must_use]
    pub fn keep(&self, rows: &RowKey, mailbox_id: &str, random: &dyn Random) -> Vec<u8> {
        rows.seal(Label::ActivationLink, mailbox_id, self.text().expose().as_bytes(), random)
    }

    /// The token stored by [`Token::keep`] for this mailbox.
    pub fn kept(rows: &RowKey, mailbox_id: &str, sealed: &[u8]) -> Result<Self, VaultError> {
        let text = rows.open(Label::ActivationLink, mailbox_id, sealed)?;
        let token = std::str::from_utf8(text.expose()).ok().and_then(Self::parse);
        token.ok_or(VaultError::Damaged("kept link"))
    }

    pub(crate) fn key(&self) -> &Key {
        &self.0
    }
}

/// Issues tokens and recognises them.
#[derive(Clone, Debug)]
pub struct TokenKey(Key);

impl TokenKey {
    pub(crate) fn new(key: Key) -> Self {
        Self(key)
    }

    pub(crate) fn key(&self) -> &Key {
        &self.0
    }

    /// A new token, and the hash under which it is stored.
    #[must_use]
    pub fn issue(&self, purpose: TokenPurpose, random: &dyn Random) -> (Token, TokenHash) {
        let token = Token(Key::random(random));
        let hash = self.hash_of(purpose, &token);
        (token, hash)
    }

    /// The token that leads to setting a new password, and the hash under which it is stored.
    #[must_use]
    pub fn issue_reset(&self, bound: &ResetBound<'_>) -> (Token, TokenHash) {
        let token = Token(self.reset_key(bound));
        let hash = self.hash_of(TokenPurpose::Reset, &token);
        (token, hash)
    }

    /// Whether it is that token.
    #[must_use]
    pub fn is_reset(&self, token: &Token, bound: &ResetBound<'_>) -> bool {
        token.0.ct_eq(&self.reset_key(bound)).into()
    }

    fn reset_key(&self, bound: &ResetBound<'_>) -> Key {
        let mut bytes = Vec::new();
        let (from, until) = (bound.created_at.to_be_bytes(), bound.expires_at.to_be_bytes());
        bind_bytes(&mut bytes, &[bound.mailbox_id.as_bytes(), bound.public_key, &from, &until]);
        Key::new(self.0.mac(RESET, &bytes))
    }

    /// The hash under which a token with this text would be stored; `None` if it cannot be a token.
    #[must_use]
    pub fn hash(&self, purpose: TokenPurpose, text: &str) -> Option<TokenHash> {
        Token::parse(text).map(|token| self.hash_of(purpose, &token))
    }

    /// The hash under which this token is stored.
    #[must_use]
    pub fn hash_of(&self, purpose: TokenPurpose, token: &Token) -> TokenHash {
        self.0.mac(purpose.label(), token.0.expose())
    }
}

/// 43 characters of URL-safe base64, in one allocation.
pub(crate) fn encode(key: &Key) -> Secret<String> {
    let mut text = String::with_capacity(43);
    URL_SAFE_NO_PAD.encode_string(key.expose(), &mut text);
    Secret::new(text)
}

/// Parses the only valid text of a key: no padding, no stray bits, nothing around it.
pub(crate) fn decode(text: &str) -> Option<Key> {
    if text.len() != 43 {
        return None;
    }
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
    Key::from_slice(&bytes)
}

#[cfg(test)]
mod tests {
    use sealpost_mail::SequenceRandom;

    use super::*;

    #[test]
    fn a_token_is_recognised_for_its_purpose_only() {
        let random = SequenceRandom::default();
        let key = TokenKey::new(Key::random(&random));
        let (token, hash) = key.issue(TokenPurpose::Activation, &random);
        let text = token.text();
        assert_eq!(key.hash(TokenPurpose::Activation, text.expose()), Some(hash));
        assert_ne!(key.hash(TokenPurpose::Reset, text.expose()), Some(hash));
        assert_ne!(hash, *token.0.expose());
    }

    #[test]
    fn a_reset_token_is_good_for_one_mailbox_one_key_pair_and_one_time() {
        let key = TokenKey::new(Key::new([1; 32]));
        let bound = ResetBound { mailbox_id: "m1", public_key: b"public", created_at: 1, expires_at: 9 };
        let (token, hash) = key.issue_reset(&bound);
        assert_eq!(key.hash_of(TokenPurpose::Reset, &token), hash);
        assert!(key.is_reset(&token, &bound));
        for other in [
            ResetBound { mailbox_id: "m2", ..bound },
            ResetBound { public_key: b"other", ..bound },
            ResetBound { created_at: 2, ..bound },
            ResetBound { expires_at: 10, ..bound },
        ] {
            assert!(!key.is_reset(&token, &other), "{other:?}");
        }
        assert!(!TokenKey::new(Key::new([2; 32])).is_reset(&token, &bound));
    }

    #[test]
    fn a_token_has_one_text() {
        let (token, _) =
            TokenKey::new(Key::new([0; 32])).issue(TokenPurpose::Reset, &SequenceRandom::default());
        let text = token.text().expose().clone();
        assert_eq!(text.len(), 43);
        assert!(Token::parse(&text).is_some());
        let longer = format!("{text}=");
        let spaced = format!(" {text}");
        // The last character carries four bits; its two spare bits must be zero.
        let short = text.get(..42).unwrap();
        let stray = format!("{short}B");
        for other in ["", short, &longer, &spaced, &stray] {
            assert!(Token::parse(other).is_none(), "{other}");
        }
    }
}
