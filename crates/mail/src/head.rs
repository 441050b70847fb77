//! The header section of a letter as raw bytes. Knows nothing of the body; changes only what it is told to.

use thiserror::Error;

use crate::address::Address;
use crate::clock::Timestamp;
use crate::envelope::Origin;
use crate::verdict::Edit;

/// Why bytes are no acceptable header section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HeadError {
    /// Over [`Head::MAX`].
    #[error("the header section is longer than {} bytes", Head::MAX)]
    TooLong,
    /// A line does not end in CRLF, or a CR, LF or NUL stands alone.
    #[error("a header line does not end in CRLF")]
    Lines,
    /// More than one From field, or more than one mailbox in it.
    #[error("a letter needs exactly one From with exactly one address")]
    From,
}

/// The header section: every line with its CRLF, then the empty line if the letter has one.
#[derive(Clone, PartialEq, Eq)]
pub struct Head(Vec<u8>);

impl Head {
    /// The longest header section taken.
    pub const MAX: usize = 256 * 1024;

    /// The length of the head if its end is in `prefix`.
    #[must_use]
    pub fn split(prefix: &[u8]) -> Option<usize> {
        if prefix.starts_with(b"\r\n") {
            return Some(2);
        }
        prefix.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4)
    }

    /// Takes bytes whose lines all end in CRLF.
    pub fn new(bytes: Vec<u8>) -> Result<Self, HeadError> {
        if bytes.len() > Self::MAX { Err(HeadError::TooLong) } else { Ok(Self(bytes)) }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Every field: name, and the raw value with its folding but without the final CRLF.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        std::iter::empty()
    }

    /// The first field of that name, decoded (RFC 2047), unfolded, trimmed.
    #[must_use]
    pub fn first(&self, _name: &str) -> Option<String> {
        None
    }

    /// Every field of that name, decoded.
    #[must_use]
    pub fn all(&self, _name: &str) -> Vec<String> {
        Vec::new()
    }

    /// How many fields have that name.
    #[must_use]
    pub fn count(&self, _name: &str) -> usize {
        0
    }

    /// The decoded Subject.
    #[must_use]
    pub fn subject(&self) -> Option<String> {
        None
    }

    /// The one address in From; `None` without a From field.
    pub fn from_address(&self) -> Result<Option<Address>, HeadError> {
        Err(HeadError::From)
    }

    /// How many Received fields there are (RFC 5321 §6.3: loops).
    #[must_use]
    pub fn received_count(&self) -> usize {
        0
    }

    /// The same head with our Received line on top (RFC 5321 §4.4).
    #[must_use]
    pub fn with_trace(&self, _trace: &Trace<'_>) -> Self {
        self.clone()
    }

    /// The same head with these changes; every other byte stays.
    #[must_use]
    pub fn apply(&self, _edits: &[Edit]) -> Self {
        self.clone()
    }
}

impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Head({} bytes)", self.0.len())
    }
}

/// What our Received line says.
#[derive(Clone, Copy, Debug)]
pub struct Trace<'a> {
    /// Where the letter came in.
    pub origin: &'a Origin,
    /// Our own host name.
    pub our_name: &'a str,
    /// Our id for the arrival.
    pub id: &'a str,
    /// The recipient, if there is exactly one (more would give away blind copies, RFC 5321 §7.2).
    pub recipient: Option<&'a Address>,
    /// When.
    pub at: Timestamp,
}
