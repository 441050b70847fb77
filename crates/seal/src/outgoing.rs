//! A letter on its way out, in two: the head that stays outside, and the entity that goes inside (RFC 8551 §3.1, RFC
//! 3156 §4, RFC 9788). Knows no cryptography.

use std::io::Read;

use sealpost_mail::{Head, Random};

use crate::close::Closing;
use crate::error::CloseError;
use crate::profile::HeaderProtection;

/// What stands for a withheld subject (RFC 9788 §3.2.1).
const WITHHELD: &[u8] = b" [...]";

/// Fields that describe the body and go inside with it.
const ABOUT_BODY: &[&str] = &["MIME-Version"];
/// Fields of which a copy goes inside where the head is protected: what the sender wrote, nothing of the way.
const PROTECTED: &[&str] = &[
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Keywords",
    "Comments",
    "Importance",
    "Priority",
    "X-Priority",
    "Sensitivity",
    "Auto-Submitted",
];
/// Fields that are left out outside where the head is protected (`hcp_baseline`).
const NOT_OUTSIDE: &[&str] = &["Keywords", "Comments"];
/// Fields that prove a body which is no longer there.
const PROOFS: &[&str] =
    &["DKIM-Signature", "ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"];

/// A letter being closed.
pub(crate) struct Outgoing<'a> {
    /// Fields that stay outside, each with its CRLF; then MIME-Version.
    pub(crate) outside: Vec<u8>,
    /// Fields of the entity, each with its CRLF, and the empty line.
    pub(crate) inside: Vec<u8>,
    /// The first bytes of the body, read along with the head.
    pub(crate) begun: Vec<u8>,
    /// The rest of it.
    pub(crate) rest: &'a mut dyn Read,
}

impl<'a> Outgoing<'a> {
    pub(crate) fn read(letter: &'a mut dyn Read, closing: &Closing<'_>) -> Result<Self, CloseError> {
        let (head, begun) = read_head(letter)?;
        let hidden = closing.profile.headers == HeaderProtection::Subject;
        let encrypted = !closing.to.is_empty();
        let mut outside = Vec::new();
        let mut inside = Vec::new();
        let mut protected = Vec::new();
        let mut content_type = None;
        for (name, value) in head.fields() {
            if name.to_ascii_lowercase().starts_with("content-") {
                if name.eq_ignore_ascii_case("Content-Type") {
                    content_type.get_or_insert_with(|| value.to_vec());
                } else {
                    push(&mut inside, name, value);
                }
            } else if is_in(name, PROOFS) || is_in(name, ABOUT_BODY) {
                // Their body is no longer there; the version is said anew.
            } else {
                let kept: Option<&[u8]> = match hidden && encrypted {
                    true if is_in(name, NOT_OUTSIDE) => None,
                    true if name.eq_ignore_ascii_case("Subject") => Some(WITHHELD),
                    _ => Some(value),
                };
                if let Some(kept) = kept {
                    push(&mut outside, name, kept);
                }
                if hidden && is_in(name, PROTECTED) {
                    push(&mut protected, name, value);
                    if let Some(kept) = kept.filter(|_| encrypted) {
                        // RFC 9788 §2.2: what was there outside, so that changes on the way can be told.
                        let outer = [name.as_bytes(), b":", kept].concat();
                        push(&mut protected, "HP-Outer", &[b" ".as_slice(), &outer].concat());
                    }
                }
            }
        }
        let mut content_type = content_type.unwrap_or_else(|| b" text/plain; charset=us-ascii".to_vec());
        if hidden {
            while content_type.last().is_some_and(|last| last.is_ascii_whitespace() || *last == b';') {
                content_type.pop();
            }
            let how: &[u8] = if encrypted { b";\r\n\thp=\"cipher\"" } else { b";\r\n\thp=\"clear\"" };
            content_type.extend_from_slice(how);
        }
        let mut entity = protected;
        push(&mut entity, "Content-Type", &content_type);
        entity.extend_from_slice(&inside);
        entity.extend_from_slice(b"\r\n");
        outside.extend_from_slice(b"MIME-Version: 1.0\r\n");
        Ok(Self { outside, inside: entity, begun, rest: letter })
    }

    /// The entity, piece by piece.
    pub(crate) fn entity(
        self,
        mut take: impl FnMut(&[u8]) -> Result<(), CloseError>,
    ) -> Result<(), CloseError> {
        take(&self.inside)?;
        take(&self.begun)?;
        let mut buffer = vec![0_u8; 64 * 1024];
        loop {
            let got = match self.rest.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(got) => got,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(CloseError::Io(error)),
            };
            take(buffer.get(..got).unwrap_or_default())?;
        }
    }
}

fn read_head(letter: &mut dyn Read) -> Result<(Head, Vec<u8>), CloseError> {
    let mut bytes = Vec::new();
    let mut buffer = [0_u8; 16 * 1024];
    let end = loop {
        if let Some(end) = Head::split(&bytes) {
            break end;
        }
        if bytes.len() > Head::MAX {
            return Err(CloseError::Letter);
        }
        match letter.read(&mut buffer) {
            Ok(0) => break bytes.len(),
            Ok(got) => bytes.extend_from_slice(buffer.get(..got).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(CloseError::Io(error)),
        }
    };
    let begun = bytes.split_off(end);
    Ok((Head::new(bytes).map_err(|_head| CloseError::Letter)?, begun))
}

fn push(to: &mut Vec<u8>, name: &str, value: &[u8]) {
    to.extend_from_slice(name.as_bytes());
    to.push(b':');
    to.extend_from_slice(value);
    to.extend_from_slice(b"\r\n");
}

fn is_in(name: &str, list: &[&str]) -> bool {
    list.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// A boundary that no content has.
pub(crate) fn boundary(random: &dyn Random) -> String {
    let mut raw = [0_u8; 16];
    random.fill(&mut raw);
    raw.iter().fold("=_seal_".to_owned(), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}
