//! Signs a letter to a partner with our key and encrypts it to theirs. The only way to a [`Closed`]. Knows no storage, no envelope,
//! no rules.

use std::io::{Read, Write};

use crate::algorithm_profile::{Form, Profile};
use crate::closing::Closing;
use crate::error::CloseError;
use crate::judge::{Purpose, judge};
use crate::key_facts::Method;
use crate::outgoing::Outgoing;
use crate::own_key::{OwnKey, PrivatePart};
use crate::partner_key::PartnerKey;
use crate::signable::{Plan, Way};
use crate::{pgp, smime};

/// Proof that `out` was given a letter that is signed and encrypted as requested. Only [`close`] can make one.
#[derive(Debug)]
pub struct Closed<W> {
    out: W,
    method: Method,
    bytes: u64,
    others: OtherSignatures,
}

/// What happened to content in a letter that was signed by others (RFC 1847 §2.1: it must not be changed).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherSignatures {
    /// There is none, or it is unchanged.
    Kept,
    /// It has a line longer than servers must accept, so the letter was signed in the opaque form, which nothing in transit breaks
    /// (RFC 8551 §3.5.2).
    KeptInOpaqueForm,
    /// Such a line was encoded: OpenPGP has no form that preserves it without encryption.
    Broken,
}

impl<W> Closed<W> {
    /// The method used.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// Number of bytes written.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What happened to signatures of others in it.
    #[must_use]
    pub fn other_signatures(&self) -> OtherSignatures {
        self.others
    }

    /// The underlying writer.
    #[must_use]
    pub fn into_inner(self) -> W {
        self.out
    }
}

/// A letter (head and body, lines ending in CRLF) that can be read from its start more than once: content to be signed in clear is
/// examined first.
pub trait Source {
    /// All of it, from the start.
    ///
    /// # Errors
    /// It cannot be read.
    fn rewound(&mut self) -> std::io::Result<Box<dyn Read + '_>>;
}

impl Source for &[u8] {
    fn rewound(&mut self) -> std::io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(*self))
    }
}

/// Signs and encrypts `letter` into `out`. Blocking: not on the event loop. Needs a few MiB whatever the letter's size
/// (OpenPGP about thirty); only an opaque PSS signature keeps the letter in memory. What is signed is encoded so that no relay
/// has to change it (RFC 8551 §3.1.3). Parts that another party has signed are changed only as [`OtherSignatures`] allows.
///
/// # Errors
/// See [`CloseError`]: the letter is not sent in clear, and the output is to be discarded.
pub fn close<W: Write>(
    letter: &mut dyn Source,
    closing: &Closing<'_>,
    out: W,
) -> Result<Closed<W>, CloseError> {
    let method = method(closing)?;
    usable(closing)?;
    let plan = match signed_beside(method, closing) {
        Some(way) => Outgoing::read(&mut *letter.rewound()?, closing)?.survey(way)?,
        None => Plan::default(),
    };
    let (plan, form, others) = match method {
        _ if !plan.breaks_signature() => (plan, closing.profile.form, OtherSignatures::Kept),
        Method::Smime => (Plan::default(), Form::Opaque, OtherSignatures::KeptInOpaqueForm),
        Method::OpenPgp => (plan, closing.profile.form, OtherSignatures::Broken),
    };
    let closing = &Closing { profile: Profile { form, ..closing.profile }, ..*closing };
    let mut letter = letter.rewound()?;
    let outgoing = Outgoing { plan, ..Outgoing::read(&mut *letter, closing)? };
    let mut counted = Counted { out, bytes: 0 };
    match (method, closing.sign_with.map(OwnKey::private)) {
        (Method::Smime, None) => smime::close::close(outgoing, closing, None, &mut counted)?,
        (Method::Smime, Some(PrivatePart::Smime(own))) => {
            smime::close::close(outgoing, closing, Some(own), &mut counted)?;
        }
        (Method::OpenPgp, None) => pgp::close::close(outgoing, closing, None, &mut counted)?,
        (Method::OpenPgp, Some(PrivatePart::OpenPgp(own))) => {
            pgp::close::close(outgoing, closing, Some(own), &mut counted)?;
        }
        (Method::Smime, Some(PrivatePart::OpenPgp(_))) | (Method::OpenPgp, Some(PrivatePart::Smime(_))) => {
            return Err(CloseError::MixedMethods);
        }
    }
    counted.flush()?;
    Ok(Closed { out: counted.out, method, bytes: counted.bytes, others })
}

/// In which way the letter is sent if its signature is beside the content, whose lines may have to be changed. `None`: the
/// signature is around the content, as in an OpenPGP message (RFC 3156 §6.2).
fn signed_beside(method: Method, closing: &Closing<'_>) -> Option<Way> {
    let way = if closing.to.is_empty() { Way::InClear } else { Way::Encrypted };
    match (method, closing.profile.form) {
        _ if closing.sign_with.is_none() => None,
        (Method::Smime, Form::Detached) => Some(way),
        (Method::Smime, Form::Opaque) => None,
        (Method::OpenPgp, Form::Detached | Form::Opaque) => Some(way).filter(|way| *way == Way::InClear),
    }
}

fn method(closing: &Closing<'_>) -> Result<Method, CloseError> {
    let methods = closing.to.iter().map(PartnerKey::method);
    let mut all = methods.chain(closing.sign_with.map(|own| own.public().method()));
    let first = all.next().ok_or(CloseError::NoKey)?;
    if all.all(|other| other == first) { Ok(first) } else { Err(CloseError::MixedMethods) }
}

/// The last check, whatever was decided before: nothing is encrypted to a key that is expired, revoked, weak or not intended for
/// it.
fn usable(closing: &Closing<'_>) -> Result<(), CloseError> {
    let to = closing.to.iter().map(|key| (key.facts(), Purpose::Encrypt));
    let by = closing.sign_with.map(|own| (own.facts(), Purpose::Sign));
    for (facts, purpose) in to.chain(by) {
        if let Some(objection) = judge(facts, purpose, None, closing.now).first() {
            return Err(CloseError::Key {
                fingerprint: facts.fingerprint.to_string(),
                why: objection.to_string(),
            });
        }
    }
    Ok(())
}

struct Counted<W> {
    out: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes = self.bytes.saturating_add(u64::try_from(written).unwrap_or(0));
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
