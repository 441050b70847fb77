//! Letters closed for and opened from partner domains. For now the seam only: nothing can be closed
//! yet, and saying so is an answer that can never be mistaken for a closed letter.
//!
//! SECURITY: this crate will hold partners' keys as arguments and nothing else; it knows no SMTP, no
//! HTTP, no SQL, no rules and not where keys live. A letter counts as closed only as a [`Closed`],
//! which has no public constructor: what goes to a partner must have come through [`close`].

use sealpost_mail::Domain;
use thiserror::Error;

/// A letter closed for a partner: the only thing that may be sent to one.
#[derive(Debug)]
pub struct Closed {
    bytes: Vec<u8>,
}

impl Closed {
    /// The bytes to send.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Why a letter could not be closed. All of them mean: refuse or defer, never send in clear.
#[derive(Debug, Error)]
pub enum CloseError {
    /// No method (S/MIME or OpenPGP) is set up for this partner.
    #[error("no encryption method is set up for the partner domain {0}")]
    NoMethod(Domain),
}

/// Closes a letter (head and rest) for a partner's domain.
pub fn close(partner: &Domain, _letter: &[u8]) -> Result<Closed, CloseError> {
    Err(CloseError::NoMethod(partner.clone()))
}
