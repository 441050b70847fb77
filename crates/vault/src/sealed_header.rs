//! The first bytes of everything sealed: four letters and a version. Knows names, no keys.

use crate::error::VaultError;

/// The version of most formats; changing the meaning of any byte requires a new one.
pub(crate) const VERSION: u8 = 1;

/// Everything this crate writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Record,
    Stream,
    Part,
    MailboxPublic,
    MailboxKey,
    WrappedKey,
    Activation,
    Initial,
    Password,
    Answer,
    Escrow,
    EscrowPublic,
    Session,
    Proof,
    SessionProof,
}

impl Format {
    /// The four letters.
    pub(crate) const fn magic(self) -> [u8; 4] {
        *match self {
            Self::Record => b"SPRC",
            Self::Stream => b"SPST",
            Self::Part => b"SPPT",
            Self::MailboxPublic => b"SPMP",
            Self::MailboxKey => b"SPMK",
            Self::WrappedKey => b"SPMW",
            Self::Activation => b"SPWA",
            Self::Initial => b"SPWI",
            Self::Password => b"SPWP",
            Self::Answer => b"SPWQ",
            Self::Escrow => b"SPWE",
            Self::EscrowPublic => b"SPEP",
            Self::Session => b"SPSS",
            Self::Proof | Self::SessionProof => b"SPAU",
        }
    }

    const fn version(self) -> u8 {
        match self {
            Self::Record
            | Self::Stream
            | Self::Part
            | Self::MailboxPublic
            | Self::MailboxKey
            | Self::WrappedKey
            | Self::Activation
            | Self::Initial
            | Self::Password
            | Self::Answer
            | Self::Escrow
            | Self::EscrowPublic
            | Self::Session
            | Self::Proof => VERSION,
            // Includes the mailbox's epochs among its bounds.
            Self::SessionProof => 2,
        }
    }

    /// The HKDF label of the sealing key, and the first part of HPKE's `info`.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Record => "sealpost/1/record",
            Self::Stream => "sealpost/1/stream",
            Self::Part => "sealpost/1/part",
            Self::MailboxPublic => "sealpost/1/mailbox-public",
            Self::MailboxKey => "sealpost/1/mailbox-key",
            Self::WrappedKey => "sealpost/1/wrapped-key",
            Self::Activation => "sealpost/1/wrap-activation",
            Self::Initial => "sealpost/1/wrap-initial",
            Self::Password => "sealpost/1/wrap-password",
            Self::Answer => "sealpost/1/wrap-answer",
            Self::Escrow => "sealpost/1/wrap-escrow",
            Self::EscrowPublic => "sealpost/1/escrow-public",
            Self::Session => "sealpost/1/session",
            Self::Proof | Self::SessionProof => "sealpost/1/proof",
        }
    }

    /// Its name in errors.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Record => "sealed record",
            Self::Stream => "sealed body",
            Self::Part => "sealed part of a letter",
            Self::MailboxPublic => "public key of a mailbox",
            Self::MailboxKey => "message key sealed to a mailbox",
            Self::WrappedKey => "message key wrapped by a mailbox",
            Self::Activation => "activation wrap",
            Self::Initial => "initial password wrap",
            Self::Password => "password wrap",
            Self::Answer => "answer wrap",
            Self::Escrow => "escrow wrap",
            Self::EscrowPublic => "public escrow key",
            Self::Session => "session's mailbox key",
            Self::Proof => "proof of who wrote a row",
            Self::SessionProof => "proof of a session",
        }
    }

    /// A new buffer that begins with magic and version.
    pub(crate) fn begin(self, capacity: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(capacity.saturating_add(5));
        out.extend_from_slice(&self.magic());
        out.push(self.version());
        out
    }

    /// Checks magic and version and returns a reader for the rest.
    pub(crate) fn read(self, bytes: &[u8]) -> Result<Reader<'_>, VaultError> {
        let mut reader = Reader { format: self, rest: bytes };
        if reader.take::<4>()? != &self.magic() || reader.take::<1>()? != &[self.version()] {
            return Err(VaultError::Format(self.name()));
        }
        Ok(reader)
    }
}

/// Reads fixed fields from the front of a slice; never past its end.
pub(crate) struct Reader<'a> {
    format: Format,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], VaultError> {
        let (field, rest) =
            self.rest.split_first_chunk::<N>().ok_or(VaultError::Format(self.format.name()))?;
        self.rest = rest;
        Ok(field)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, VaultError> {
        self.take::<1>().map(|[byte]| *byte)
    }

    pub(crate) fn number(&mut self) -> Result<u32, VaultError> {
        self.take::<4>().map(|bytes| u32::from_be_bytes(*bytes))
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.rest
    }
}
