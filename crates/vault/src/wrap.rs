//! Wraps of the mailbox's secret key without Argon2: for the activation link (256 random bits need no slow
//! hash) and for escrow. Knows neither rows nor the operator's choice.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_mail::{Random, Secret};
use std::fmt;

use crate::error::VaultError;
use crate::hybrid::{ENCAPSULATED, PUBLIC, Private, Public};
use crate::key_text::{key_text, parse_key_text};
use crate::mailbox::{MailboxSecret, read_public};
use crate::pepper::Pepper;
use crate::primitive::Key;
use crate::record::RowKey;
use crate::salted::{self, Sealed};
use crate::sealed_header::Format;
use crate::token::Token;

/// Result of trying a password, an answer or a token on a well-formed wrap.
#[derive(Debug)]
#[must_use]
pub enum Unwrapped {
    /// The right one.
    Opened(MailboxSecret),
    /// A wrong one. A verdict, not an error: count it.
    Wrong,
}

impl Unwrapped {
    /// From an opened seal, or from an invalid one.
    pub(crate) fn from_plain(plain: Option<Vec<u8>>, format: Format) -> Result<Self, VaultError> {
        let Some(plain) = plain.map(Secret::new) else {
            return Ok(Self::Wrong);
        };
        Key::from_slice(plain.expose())
            .map(|seed| Self::Opened(MailboxSecret::from_seed(seed)))
            .ok_or(VaultError::Damaged(format.name()))
    }
}

/// A wrap of anything but 32 bytes was not made by this program.
pub(crate) const WRAPPED: usize = 32;

impl MailboxSecret {
    /// Wraps the secret key for the bearer of an activation token, while the mailbox is pending.
    #[must_use]
    pub fn wrap_activation(
        &self,
        mailbox_id: &str,
        token: &Token,
        pepper: &Pepper,
        random: &dyn Random,
    ) -> Vec<u8> {
        let format = Format::Activation;
        let key = pepper.mix(format.label(), token.key());
        salted::seal(format, &[pepper.id()], &salted::salt(random), &key, &[mailbox_id], self.seed().expose())
    }

    /// Tries a token on a wrap made by [`MailboxSecret::wrap_activation`].
    pub fn unwrap_activation(
        wrap: &[u8],
        mailbox_id: &str,
        token: &Token,
        pepper: &Pepper,
    ) -> Result<Unwrapped, VaultError> {
        let format = Format::Activation;
        let (pepper, sealed) =
            Sealed::read(format, wrap, |reader| pepper.named(reader.byte()?, format.name()))?;
        sealed.must_hold(WRAPPED)?;
        let key = pepper.mix(format.label(), token.key());
        Unwrapped::from_plain(sealed.open(&key, &[mailbox_id]), format)
    }

    /// Through the link stored ([`Token::keep`]) beside this wrap; returns the link, too.
    pub fn unwrap_kept(
        link: &[u8],
        wrap: &[u8],
        mailbox_id: &str,
        rows: &RowKey,
        pepper: &Pepper,
    ) -> Result<(Token, Self), VaultError> {
        let token = Token::kept(rows, mailbox_id, link)?;
        match Self::unwrap_activation(wrap, mailbox_id, &token, pepper)? {
            Unwrapped::Opened(secret) => Ok((token, secret)),
            Unwrapped::Wrong => Err(VaultError::Damaged(Format::Activation.name())),
        }
    }

    /// Wraps the secret key for the holder of the escrow key.
    pub fn wrap_escrow(
        &self,
        mailbox_id: &str,
        escrow: &EscrowPublic,
        random: &dyn Random,
    ) -> Result<Vec<u8>, VaultError> {
        escrow.key.seal(Format::Escrow, &[escrow.id], &[mailbox_id], self.seed().expose(), random)
    }

    /// Opens a wrap made by [`MailboxSecret::wrap_escrow`] for this mailbox.
    pub fn unwrap_escrow(wrap: &[u8], mailbox_id: &str, escrow: &EscrowSecret) -> Result<Self, VaultError> {
        let format = Format::Escrow;
        let mut reader = format.read(wrap)?;
        salted::key_id(&mut reader, format, escrow.id)?;
        let encapsulated = reader.take::<ENCAPSULATED>()?;
        let seed = escrow.key.open(format, &[escrow.id], &[mailbox_id], encapsulated, reader.rest())?;
        let seed = Secret::new(seed);
        Key::from_slice(seed.expose()).map(Self::from_seed).ok_or(VaultError::Damaged(format.name()))
    }
}

/// The first word of an escrow key file, and of the public part in the configuration.
const SECRET_NAME: &str = "sealpost-escrow-key-1";
const PUBLIC_NAME: &str = "sealpost-escrow-public-1";

/// Opens escrow wraps: derived from the server key, or kept in a safe.
#[derive(Clone)]
pub struct EscrowSecret {
    id: u8,
    key: Private,
}

impl EscrowSecret {
    pub(crate) fn from_seed(seed: Key) -> Self {
        let key = Private::new(seed);
        Self { id: escrow_id(&key.public()), key }
    }

    /// A new key for `escrow = "offline"`: its file goes into the safe, its public part to the server.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        Self::from_seed(Key::random(random))
    }

    /// From the text of a key file: one line, `sealpost-escrow-key-1:` and 44 characters of base64.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        parse_key_text(SECRET_NAME, text).map(Self::from_seed)
    }

    /// The text of a key file.
    #[must_use]
    pub fn to_file_text(&self) -> Secret<String> {
        key_text(SECRET_NAME, self.key.seed())
    }

    /// The public part.
    #[must_use]
    pub fn public(&self) -> EscrowPublic {
        EscrowPublic { id: self.id, key: self.key.public() }
    }
}

impl fmt::Debug for EscrowSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EscrowSecret")
    }
}

/// Makes escrow wraps.
#[derive(Clone, PartialEq, Eq)]
pub struct EscrowPublic {
    id: u8,
    key: Public,
}

impl EscrowPublic {
    /// As a row or a file of bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Format::EscrowPublic.begin(PUBLIC);
        out.extend_from_slice(&self.key.to_bytes());
        out
    }

    /// From a row or a file of bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VaultError> {
        let key = read_public(Format::EscrowPublic, bytes)?;
        Ok(Self { id: escrow_id(&key), key })
    }

    /// The byte by which wraps name it.
    #[must_use]
    pub fn id(&self) -> u8 {
        self.id
    }

    /// Whether wraps to the two could not be told apart by their ids.
    pub(crate) fn shares_id(&self, other: &Self) -> bool {
        self.id == other.id
    }

    /// As one line of text: `sealpost-escrow-public-1:` and base64.
    #[must_use]
    pub fn to_file_text(&self) -> String {
        format!("{PUBLIC_NAME}:{}\n", STANDARD.encode(self.key.to_bytes()))
    }

    /// From that line.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let wrong = VaultError::Format(Format::EscrowPublic.name());
        let line = text.trim().strip_prefix(PUBLIC_NAME).and_then(|rest| rest.strip_prefix(':'));
        let bytes = STANDARD.decode(line.ok_or(wrong)?).map_err(|_not_base64| wrong)?;
        let key = bytes.as_slice().try_into().ok().and_then(Public::from_bytes).ok_or(wrong)?;
        Ok(Self { id: escrow_id(&key), key })
    }
}

impl fmt::Debug for EscrowPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EscrowPublic({:#04x})", self.id)
    }
}

/// One byte that distinguishes escrow keys.
fn escrow_id(public: &Public) -> u8 {
    // Not secret: a fixed key makes HMAC a plain hash with a label.
    let [id, ..] = Key::new([0; 32]).mac("sealpost/1/escrow-id", &public.to_bytes());
    id
}
