//! Content that is signed in clear is first encoded so that nothing in transit needs to change it (RFC 8551 §3.1.3, RFC 3156 §3):
//! parts with lines over 998 octets, with non-ASCII octets or with trailing white space get a transfer encoding, before the
//! signature. The letter is read twice, so that no part of it is kept in memory. Everything else stays unchanged byte by byte.
//! Knows no cryptography.

mod encoders;
mod signed;
mod walk;

use std::collections::BTreeSet;

use encoders::{Encoder, MAX_LINE, folded};
use signed::{Claims, Signed};
use walk::{EntityKind, EntityStart, Visit, Walk};

use crate::error::CloseError;

/// How the signed content is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Way {
    /// Through mail servers: non-ASCII octets may be changed, trailing white space removed, and long lines broken.
    #[default]
    InClear,
    /// Encrypted: not changed in transit, but the recipient may forward it, in lines. Content signed by others stays unchanged (RFC
    /// 1847 §2.1).
    Encrypted,
}

/// What is unsafe about an entity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Unsafe {
    /// It has a line longer than servers must accept.
    long: bool,
    /// It has non-ASCII octets, or control characters.
    octets: bool,
    /// It has a line with trailing white space (RFC 3156 §3).
    blanks: bool,
}

impl Unsafe {
    fn also(&mut self, other: Self) {
        self.long |= other.long;
        self.octets |= other.octets;
        self.blanks |= other.blanks;
    }
}

/// Which entities of a letter must be encoded, in order. The default: none.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    entities: Vec<Unsafe>,
    /// Content signed by others.
    signed: Signed,
    /// Whether anything must be encoded.
    needed: bool,
    /// A line within content signed by others is longer than servers must accept: encoding it breaks that signature, and so does
    /// breaking the line in transit.
    breaks_signature: bool,
}

impl Plan {
    /// Whether the letter can be signed as it is.
    pub(crate) fn is_nothing(&self) -> bool {
        !self.needed
    }

    /// Whether a signature of others would become invalid.
    pub(crate) fn breaks_signature(&self) -> bool {
        self.breaks_signature
    }

    /// Records an over-long line, within content signed by others or not.
    fn long_line(&mut self, by: Option<usize>) {
        self.needed = true;
        self.breaks_signature |= by.is_some();
        if let Some(entity) = by.and_then(|at| self.entities.get_mut(at)) {
            entity.long = true;
        }
    }
}

/// Determines what must be encoded, as a letter streams by.
pub(crate) struct Survey(Walk<Finding>);

impl Survey {
    pub(crate) fn of(way: Way) -> Self {
        Self(Walk::new(Finding { way, ..Finding::default() }))
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), CloseError> {
        self.0.push(bytes)
    }

    pub(crate) fn finish(self) -> Result<Plan, CloseError> {
        Ok(self.0.finish()?.plan())
    }
}

#[derive(Default)]
struct Finding {
    way: Way,
    /// What is unsafe about the body of each entity.
    entities: Vec<Unsafe>,
    /// From which entity on which claim applies. A claim begins and ends once: few entries, whatever the number of entities.
    standing: Vec<(usize, Option<usize>)>,
    /// Where a head, or text around parts, has a line longer than servers must accept.
    long: BTreeSet<Option<usize>>,
    claims: Claims,
    column: usize,
    /// Whether the line so far ends in white space.
    blank: bool,
    /// Whether trailing white space is insignificant, or its meaning unknown.
    blanks_stay: bool,
}

impl Finding {
    fn plan(self) -> Plan {
        let (way, signed) = (self.way, self.claims.settle());
        let mut plan = Plan { entities: vec![Unsafe::default(); self.entities.len()], ..Plan::default() };
        let (mut standing, mut claim) = (self.standing.into_iter().peekable(), None);
        for (at, found) in self.entities.into_iter().enumerate() {
            if let Some((_, within)) = standing.next_if(|(first, _)| *first == at) {
                claim = within;
            }
            let by = signed.by(claim);
            if found == Unsafe::default() || is_kept(way, by) {
                continue;
            }
            if let Some(entity) = plan.entities.get_mut(at) {
                entity.also(found);
            }
            plan.needed = true;
            if found.long {
                plan.long_line(by);
            }
        }
        for by in self.long.into_iter().map(|claim| signed.by(claim)).filter(|by| !is_kept(way, *by)) {
            plan.long_line(by);
        }
        Plan { signed, ..plan }
    }

    fn mark(&mut self, what: Unsafe) {
        if let Some(newest) = self.entities.last_mut() {
            newest.also(what);
        }
    }

    fn look(&mut self, bytes: &[u8]) -> Unsafe {
        let mut found = Unsafe::default();
        for byte in bytes {
            match byte {
                b'\n' => {
                    found.blanks |= self.ends_blank();
                    self.column = 0;
                }
                b'\r' => {}
                _ => {
                    self.blank = matches!(byte, b' ' | b'\t');
                    self.column += 1;
                    found.long |= self.column > MAX_LINE;
                    found.octets |= self.way == Way::InClear && (!byte.is_ascii() || *byte == 0);
                }
            }
        }
        found
    }

    /// Whether the line that ends here could lose white space in transit.
    fn ends_blank(&mut self) -> bool {
        std::mem::take(&mut self.blank) && !self.blanks_stay && self.way == Way::InClear
    }
}

/// Whether it stays unchanged, whatever its lines are: signed by others.
fn is_kept(way: Way, by: Option<usize>) -> bool {
    match way {
        Way::InClear => false,
        Way::Encrypted => by.is_some(),
    }
}

impl Visit for Finding {
    fn head(&mut self, start: &EntityStart<'_>) -> Result<(), CloseError> {
        if let Some(of) = start.part_of {
            self.claims.part(of, start.content_type);
        }
        if let Some(content_type) = start.content_type.filter(|_| start.claims_to_be_signed()) {
            self.claims.begins(self.entities.len(), content_type, start.signed);
        }
        if self.standing.last().is_none_or(|(_, within)| *within != start.signed) {
            self.standing.push((self.entities.len(), start.signed));
        }
        self.entities.push(Unsafe::default());
        self.column = 0;
        // Heads are folded, not encoded.
        self.blanks_stay = match start.kind {
            EntityKind::Text | EntityKind::Bytes => false,
            EntityKind::Report => true,
            // RFC 2045 §6.7 (3), §6.8: trailing white space is not content.
            EntityKind::QuotedPrintable | EntityKind::Base64 | EntityKind::Holds | EntityKind::Unknown => {
                true
            }
        };
        if self.look(start.bytes).long {
            self.long.insert(start.signed);
        }
        (self.column, self.blank) = (0, false);
        Ok(())
    }

    fn body(&mut self, bytes: &[u8]) -> Result<(), CloseError> {
        let found = self.look(bytes);
        self.mark(found);
        Ok(())
    }

    fn body_end(&mut self) -> Result<(), CloseError> {
        let blanks = self.ends_blank();
        self.mark(Unsafe { blanks, ..Unsafe::default() });
        self.column = 0;
        Ok(())
    }

    fn around(&mut self, bytes: &[u8], signed: Option<usize>) -> Result<(), CloseError> {
        if self.look(bytes).long {
            self.long.insert(signed);
        }
        Ok(())
    }
}

/// Encodes according to the plan, as the same letter streams by again.
pub(crate) struct Rewriting<T>(Walk<Rewritten<T>>);

impl<T: FnMut(&[u8]) -> Result<(), CloseError>> Rewriting<T> {
    pub(crate) fn new(plan: Plan, take: T) -> Self {
        Self(Walk::new(Rewritten {
            plan,
            take,
            out: Vec::with_capacity(2 * FULL),
            next: 0,
            body: Encoder::as_it_is(),
            around: Encoder::broken(),
        }))
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), CloseError> {
        self.0.push(bytes)
    }

    pub(crate) fn finish(self) -> Result<(), CloseError> {
        let mut rewritten = self.0.finish()?;
        rewritten.around.flush(&mut rewritten.out);
        rewritten.flush()
    }
}

/// Output is passed on in pieces of this size.
const FULL: usize = 64 * 1024;

struct Rewritten<T> {
    plan: Plan,
    take: T,
    out: Vec<u8>,
    /// Number of the next entity.
    next: usize,
    body: Encoder,
    around: Encoder,
}

impl<T: FnMut(&[u8]) -> Result<(), CloseError>> Rewritten<T> {
    fn flush(&mut self) -> Result<(), CloseError> {
        let done = (self.take)(&self.out);
        self.out.clear();
        done
    }

    fn hand_on(&mut self) -> Result<(), CloseError> {
        if self.out.len() >= FULL { self.flush() } else { Ok(()) }
    }

    fn of(&self, at: usize) -> Unsafe {
        self.plan.entities.get(at).copied().unwrap_or_default()
    }

    /// Changing content signed by others breaks that signature; so does a line that is broken in transit.
    fn stays(&self, claim: Option<usize>) -> bool {
        self.plan.signed.by(claim).is_some_and(|by| !self.of(by).long)
    }

    /// The encoder for the entity's body, and the new transfer encoding if it differs.
    fn encoder(&self, at: usize, start: &EntityStart<'_>) -> (Encoder, Option<&'static str>) {
        if self.of(at) == Unsafe::default() || self.stays(start.signed) {
            return (Encoder::as_it_is(), None);
        }
        match start.kind {
            EntityKind::Text | EntityKind::Report => (Encoder::quoted_printable(), Some("quoted-printable")),
            EntityKind::Bytes => (Encoder::base64(), Some("base64")),
            EntityKind::QuotedPrintable => (Encoder::quoted_printable_anew(), None),
            EntityKind::Base64 => (Encoder::base64_anew(), None),
            EntityKind::Unknown => (Encoder::broken(), None),
            EntityKind::Holds => (Encoder::as_it_is(), None),
        }
    }
}

impl<T: FnMut(&[u8]) -> Result<(), CloseError>> Visit for Rewritten<T> {
    fn head(&mut self, start: &EntityStart<'_>) -> Result<(), CloseError> {
        let (encoder, named) = self.encoder(self.next, start);
        self.next += 1;
        self.body = encoder;
        self.around.flush(&mut self.out);
        match named {
            _ if self.stays(start.signed) => self.out.extend_from_slice(start.bytes),
            Some(named) => folded(&relabelled(start.bytes, named), MAX_LINE, &mut self.out),
            None => folded(start.bytes, MAX_LINE, &mut self.out),
        }
        self.hand_on()
    }

    fn body(&mut self, bytes: &[u8]) -> Result<(), CloseError> {
        self.around.flush(&mut self.out);
        self.body.push(bytes, &mut self.out);
        self.hand_on()
    }

    fn body_end(&mut self) -> Result<(), CloseError> {
        std::mem::replace(&mut self.body, Encoder::as_it_is()).finish(&mut self.out);
        Ok(())
    }

    fn around(&mut self, bytes: &[u8], signed: Option<usize>) -> Result<(), CloseError> {
        if self.stays(signed) {
            self.around.flush(&mut self.out);
            self.out.extend_from_slice(bytes);
        } else {
            self.around.push(bytes, &mut self.out);
        }
        self.hand_on()
    }
}

/// The head of an entity with this transfer encoding, and no other.
fn relabelled(head: &[u8], encoding: &str) -> Vec<u8> {
    const NAME: &str = "Content-Transfer-Encoding";
    let mut out = Vec::with_capacity(head.len() + NAME.len() + encoding.len() + 4);
    let mut left_out = false;
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        if line.trim_ascii().is_empty() && !line.starts_with(b" ") && !line.starts_with(b"\t") {
            break;
        }
        if !matches!(line.first(), Some(b' ' | b'\t')) {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii_end();
            left_out = name.eq_ignore_ascii_case(NAME.as_bytes());
        }
        if !left_out {
            out.extend_from_slice(line);
        }
    }
    out.extend_from_slice(NAME.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(encoding.as_bytes());
    out.extend_from_slice(b"\r\n\r\n");
    out
}

#[cfg(test)]
mod tests;
