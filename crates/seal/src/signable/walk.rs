//! Parses a letter as it streams by (RFC 2045, RFC 2046): heads as a whole, bodies in pieces, and text around parts. Every byte is
//! passed to the visitor, in order. Ambiguous input is not split. Knows nothing of what the visitor does.

use sealpost_mail::Head;

use crate::error::CloseError;
use crate::mime::{ContentType, Entity};

/// The largest head that is read as a whole.
const MAX_HEAD: usize = Head::MAX;
/// Nesting depth of multiparts and letters.
const MAX_DEPTH: usize = 100;
/// Maximum number of entities of one letter: a boundary begins one with five octets. No honest letter has nearly as many.
pub(super) const MAX_ENTITIES: usize = 100_000;
/// Maximum number of those labelled as signed: the types of their parts are kept.
pub(super) const MAX_CLAIMS: usize = 1000;
/// Lines with a boundary are shorter (RFC 2046 §5.1.1: 70 characters, and white space).
const MAX_BOUNDARY_LINE: usize = 2000;

/// RFC 1847 §2.1.
const SIGNED: &str = "multipart/signed";

/// The kind of an entity, as far as its encoding is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntityKind {
    /// Text without a transfer encoding.
    Text,
    /// A report for programs, which do not decode it (RFC 3464 §2.1, RFC 8098 §3.1): only encoded if it could not be sent
    /// otherwise.
    Report,
    /// Other content without a transfer encoding.
    Bytes,
    QuotedPrintable,
    Base64,
    /// It has parts, or is a letter: these are entities of their own.
    Holds,
    /// The effect of an encoding is unknown.
    Unknown,
}

/// The beginning of an entity.
pub(super) struct EntityStart<'a> {
    pub(super) kind: EntityKind,
    /// Its raw head, with the empty line if it has one.
    pub(super) bytes: &'a [u8],
    /// `None`: several, or an unreadable one.
    pub(super) content_type: Option<&'a ContentType>,
    /// The innermost multipart/signed whose first part contains it, by its number.
    pub(super) signed: Option<usize>,
    /// The multipart/signed that it is a part of.
    pub(super) part_of: Option<usize>,
}

impl EntityStart<'_> {
    /// Whether its first part is claimed to be signed.
    pub(super) fn claims_to_be_signed(&self) -> bool {
        self.kind == EntityKind::Holds && self.content_type.is_some_and(|found| found.essence == SIGNED)
    }
}

/// Receives what is found.
pub(super) trait Visit {
    fn head(&mut self, start: &EntityStart<'_>) -> Result<(), CloseError>;
    /// A piece of the body of the entity that began last.
    fn body(&mut self, bytes: &[u8]) -> Result<(), CloseError>;
    fn body_end(&mut self) -> Result<(), CloseError>;
    /// A boundary with its line ends, or text before, between or after parts. `signed`: as for an entity at that position.
    fn around(&mut self, bytes: &[u8], signed: Option<usize>) -> Result<(), CloseError>;
}

pub(super) struct Walk<V> {
    visit: V,
    /// The current line, until its end, or until it is too long for a boundary.
    line: Vec<u8>,
    /// Whether the beginning of the current line was already passed on.
    within_line: bool,
    /// The end of the previous line: it belongs to a boundary, if one follows.
    line_end: &'static [u8],
    at: Position,
    /// Open multiparts, the innermost last.
    open: Vec<Open>,
    entities: usize,
    /// Number of those labelled as signed.
    claims: usize,
    /// Number of nested letters: they end with the multipart around them.
    letters: usize,
}

/// The kind of a boundary line (RFC 2046 §5.1.1).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Boundary {
    /// Another part begins.
    Opens,
    /// The last part has ended.
    Closes,
}

struct Open {
    /// Including the two hyphens.
    boundary: Vec<u8>,
    /// Whether parts are letters by default (RFC 2046 §5.1.5).
    digest: bool,
    /// The multipart/signed whose first part contains it.
    within: Option<usize>,
    /// Its own number, if it is one itself: its first part is signed, but neither the text around that nor the signature (RFC 1847
    /// §2.1).
    claims: Option<usize>,
    /// Number of parts begun.
    parts: usize,
}

impl Open {
    /// The signed entity around an entity that begins here.
    fn signed_here(&self) -> Option<usize> {
        self.claims.filter(|_| self.parts == 1).or(self.within)
    }
}

#[derive(Debug)]
enum Position {
    /// The head of an entity, as far as it was read.
    Head(Vec<u8>, Untyped),
    Body,
    /// Before the first part, or after the last one.
    Around,
}

/// The default type of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Untyped {
    Text,
    Letter,
}

impl<V: Visit> Walk<V> {
    pub(super) fn new(visit: V) -> Self {
        Self {
            visit,
            line: Vec::new(),
            within_line: false,
            line_end: b"",
            at: Position::Head(Vec::new(), Untyped::Text),
            open: Vec::new(),
            entities: 0,
            claims: 0,
            letters: 0,
        }
    }

    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<(), CloseError> {
        while !bytes.is_empty() {
            let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
            let (piece, rest) = bytes.split_at_checked(end).unwrap_or((bytes, b""));
            bytes = rest;
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.line_is_here()?;
            } else if self.line.len() > MAX_BOUNDARY_LINE && !matches!(self.at, Position::Head(..)) {
                self.part_of_line()?;
            } else if self.line.len() > MAX_HEAD {
                self.give_up_head()?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<V, CloseError> {
        if !self.line.is_empty() {
            self.line_is_here()?;
        }
        if let Some((head, default)) = self.head_so_far() {
            self.begin(&head, default)?;
        }
        let line_end = std::mem::take(&mut self.line_end);
        self.give(line_end)?;
        self.end_body()?;
        Ok(self.visit)
    }

    /// Passes on part of a line that is too long for a boundary; a CR at its end may belong to the line end.
    fn part_of_line(&mut self) -> Result<(), CloseError> {
        let line_end = std::mem::take(&mut self.line_end);
        self.give(line_end)?;
        let keep = usize::from(self.line.ends_with(b"\r"));
        let kept = self.line.split_off(self.line.len().saturating_sub(keep));
        let line = std::mem::replace(&mut self.line, kept);
        self.within_line = true;
        self.give(&line)
    }

    fn line_is_here(&mut self) -> Result<(), CloseError> {
        let line = std::mem::take(&mut self.line);
        let within = std::mem::take(&mut self.within_line);
        let (content, end) = split_end(&line);
        if !within && let Some((at, boundary)) = self.boundary(content) {
            return self.boundary_is_here(&line, at, boundary);
        }
        if let Position::Head(head, default) = &mut self.at {
            let default = *default;
            head.extend_from_slice(&line);
            if content.is_empty() {
                let head = std::mem::take(head);
                return self.begin(&head, default);
            }
            if head.len() > MAX_HEAD {
                return self.give_up_head();
            }
            return Ok(());
        }
        let before = std::mem::replace(&mut self.line_end, end);
        self.give(before)?;
        self.give(content)
    }

    /// Which multipart the line is a boundary of, and its kind.
    fn boundary(&self, line: &[u8]) -> Option<(usize, Boundary)> {
        // After the maximum number of entities everything is the body of the last one.
        if !line.starts_with(b"--") || self.entities >= MAX_ENTITIES {
            return None;
        }
        self.open.iter().enumerate().rev().find_map(|(at, open)| {
            let rest = line.strip_prefix(open.boundary.as_slice())?.trim_ascii_end();
            match rest {
                b"" => Some((at, Boundary::Opens)),
                b"--" => Some((at, Boundary::Closes)),
                _ => None,
            }
        })
    }

    fn boundary_is_here(&mut self, line: &[u8], at: usize, boundary: Boundary) -> Result<(), CloseError> {
        if let Some((head, default)) = self.head_so_far() {
            // No empty line: everything is the head, and the body is empty.
            self.begin(&head, default)?;
            self.open.truncate(at + 1);
        }
        self.end_body()?;
        let line_end = std::mem::take(&mut self.line_end);
        let signed = self.open.get(at).and_then(|open| open.within);
        self.visit.around(line_end, signed)?;
        self.visit.around(line, signed)?;
        self.open.truncate(match boundary {
            Boundary::Opens => at + 1,
            Boundary::Closes => at,
        });
        if let Some(open) = self.open.get_mut(at) {
            open.parts += 1;
        }
        self.letters = 0;
        self.at = match self.open.get(at) {
            Some(open) if boundary == Boundary::Opens => {
                let default = if open.digest { Untyped::Letter } else { Untyped::Text };
                Position::Head(Vec::new(), default)
            }
            Some(_) | None => Position::Around,
        };
        Ok(())
    }

    /// The head is complete.
    fn begin(&mut self, head: &[u8], default: Untyped) -> Result<(), CloseError> {
        let number = self.entities;
        self.entities += 1;
        let signed = self.open.last().and_then(Open::signed_here);
        let part_of = self.part_of();
        let content_type = content_type(head, default);
        let kind = match &content_type {
            Some(content_type) if !self.is_too_much(content_type) => kind(head, content_type),
            Some(_) | None => EntityKind::Unknown,
        };
        let start = EntityStart { kind, bytes: head, content_type: content_type.as_ref(), signed, part_of };
        let claims = start.claims_to_be_signed().then_some(number);
        self.claims += usize::from(claims.is_some());
        self.visit.head(&start)?;
        let boundary = content_type.as_ref().and_then(|content_type| content_type.parameter("boundary"));
        self.at = match (kind, boundary, content_type.as_ref()) {
            (EntityKind::Holds, Some(boundary), Some(content_type)) if content_type.is_multipart() => {
                self.open.push(Open {
                    boundary: [b"--", boundary.as_bytes()].concat(),
                    digest: content_type.essence == "multipart/digest",
                    within: signed,
                    claims,
                    parts: 0,
                });
                Position::Around
            }
            (EntityKind::Holds, _, _) => {
                self.letters += 1;
                Position::Head(Vec::new(), Untyped::Text)
            }
            (
                EntityKind::Text
                | EntityKind::Report
                | EntityKind::Bytes
                | EntityKind::QuotedPrintable
                | EntityKind::Base64
                | EntityKind::Unknown,
                _,
                _,
            ) => Position::Body,
        };
        Ok(())
    }

    /// Whether an entity is not split any further: it is nested too deeply, or there are too many.
    fn is_too_much(&self, content_type: &ContentType) -> bool {
        self.open.len() + self.letters >= MAX_DEPTH
            || self.entities >= MAX_ENTITIES
            || (self.claims >= MAX_CLAIMS && content_type.essence == SIGNED)
    }

    /// The multipart/signed that the beginning entity is a direct part of, not one within a letter in it.
    fn part_of(&self) -> Option<usize> {
        self.open.last().filter(|_| self.letters == 0).and_then(|open| open.claims)
    }

    /// The head is too long: from here on it is a body in an unknown format.
    fn give_up_head(&mut self) -> Result<(), CloseError> {
        if let Some((head, _)) = self.head_so_far() {
            self.at = Position::Body;
            self.entities += 1;
            let signed = self.open.last().and_then(Open::signed_here);
            let (kind, part_of) = (EntityKind::Unknown, self.part_of());
            self.visit.head(&EntityStart { kind, bytes: b"", content_type: None, signed, part_of })?;
            self.visit.body(&head)?;
        }
        if self.line.is_empty() { Ok(()) } else { self.part_of_line() }
    }

    /// The head being read, if any.
    fn head_so_far(&mut self) -> Option<(Vec<u8>, Untyped)> {
        match &mut self.at {
            Position::Head(head, default) => Some((std::mem::take(head), *default)),
            Position::Body | Position::Around => None,
        }
    }

    fn give(&mut self, bytes: &[u8]) -> Result<(), CloseError> {
        if bytes.is_empty() {
            return Ok(());
        }
        match &mut self.at {
            Position::Head(head, _) => {
                head.extend_from_slice(bytes);
                Ok(())
            }
            Position::Body => self.visit.body(bytes),
            Position::Around => {
                // Text after a multipart within the first part belongs to that part.
                let signed = self.open.last().and_then(Open::signed_here);
                self.visit.around(bytes, signed)
            }
        }
    }

    fn end_body(&mut self) -> Result<(), CloseError> {
        match self.at {
            Position::Body => self.visit.body_end(),
            Position::Head(..) | Position::Around => Ok(()),
        }
    }
}

/// Splits off the line end.
fn split_end(line: &[u8]) -> (&[u8], &'static [u8]) {
    if let Some(content) = line.strip_suffix(b"\r\n") {
        (content, b"\r\n")
    } else if let Some(content) = line.strip_suffix(b"\n") {
        (content, b"\n")
    } else {
        (line, b"")
    }
}

/// `None`: several, or an unreadable one.
fn content_type(head: &[u8], default: Untyped) -> Option<ContentType> {
    let entity = Entity::parse(head)?;
    let is_said = entity.head.fields().any(|(name, _)| name.eq_ignore_ascii_case("Content-Type"));
    match (is_said, default) {
        (true, _) => Some(entity.content_type()).filter(|found| !found.essence.is_empty()),
        (false, Untyped::Text) => Some(ContentType::of("text/plain")),
        (false, Untyped::Letter) => Some(ContentType::of("message/rfc822")),
    }
}

fn kind(head: &[u8], content_type: &ContentType) -> EntityKind {
    let Some(encoding) = Entity::parse(head).and_then(|entity| entity.encoding()) else {
        return EntityKind::Unknown;
    };
    let plain = matches!(encoding.as_str(), "7bit" | "8bit" | "binary");
    let essence = content_type.essence.as_str();
    match encoding.as_str() {
        _ if content_type.is_multipart() => {
            let whole =
                plain && content_type.parameter("boundary").is_some_and(|boundary| !boundary.is_empty());
            if whole { EntityKind::Holds } else { EntityKind::Unknown }
        }
        _ if plain && matches!(essence, "message/rfc822" | "message/global") => EntityKind::Holds,
        // RFC 2046 §5.2: these allow no other encoding.
        _ if matches!(essence, "message/partial" | "message/external-body") => EntityKind::Unknown,
        "quoted-printable" => EntityKind::QuotedPrintable,
        "base64" => EntityKind::Base64,
        _ if plain && essence.starts_with("text/") => EntityKind::Text,
        _ if plain && essence.starts_with("message/") => EntityKind::Report,
        _ if plain => EntityKind::Bytes,
        _ => EntityKind::Unknown,
    }
}
