//! A letter's MIME structure (RFC 2045, 2046) as byte ranges: bounded, lenient, nothing decoded yet.
//!
//! SECURITY: mail-parser reads fields; the tree is walked here, because mail-parser's own walk has no depth limit and
//! decodes every attachment at once. Depth, number of parts, their heads and work are bounded before anything else.

use std::borrow::Cow;
use std::ops::Range;

use mail_parser::{Header, HeaderName, HeaderValue, MessageParser};

use crate::charset::CharsetHint;
use crate::container::uuencode;
use crate::display::file_name;
use crate::encoded_words;
use crate::head::Head;
use crate::letter_error::LetterError;
use crate::params::Params;
use crate::signed_multipart::DetachedSignature;
use crate::transfer::{self, Encoding, Transfer};

/// Nesting depth of multiparts. The most we have seen in honest mail is seven.
const MAX_DEPTH: usize = 20;
/// Parts of all kinds in one letter.
pub(crate) const MAX_PARTS: usize = 2000;
/// Bytes of all heads together; a single one may have [`Head::MAX`]. A parsed field, address or parameter takes many
/// times its size in bytes.
const MAX_HEADS: usize = 2 * 1024 * 1024;
/// Lines of all heads together, and so fields: ten for each of the maximum number of parts.
const MAX_HEAD_LINES: usize = 20_000;

/// Encoded bytes of a picture that are examined.
const MAX_BEGINNING: usize = 64 * 1024;
/// A longer location is ignored.
const MAX_LOCATION: usize = 2000;

/// One entity of the tree. Parts are in byte order, parents before children.
pub(crate) struct Part<'a> {
    pub(crate) fields: Vec<Header<'a>>,
    pub(crate) body: Cow<'a, [u8]>,
    /// Readable text that a mailing list appended to an encoding it cannot decode.
    pub(crate) footer: Cow<'a, [u8]>,
    /// `type/subtype`, lower case, only token characters.
    pub(crate) content_type: String,
    pub(crate) transfer: Transfer,
    pub(crate) children: Vec<usize>,
    /// The kind of signature of a multipart/signed, by its parts.
    pub(crate) signature: Option<DetachedSignature>,
    /// Content-ID without angle brackets.
    pub(crate) content_id: Option<String>,
    location: Option<String>,
    /// Its content was extracted into parts of their own: its children.
    pub(crate) opened: Option<Opened>,
    /// What is known about the charset of unlabelled bytes in it.
    pub(crate) beside: CharsetHint,
    /// Number of containers it was extracted from.
    pub(crate) level: usize,
    type_field: Params,
    disposition: Params,
}

impl<'a> Part<'a> {
    /// Whether there is more than one Content-Type.
    pub(crate) fn has_several_types(&self) -> bool {
        self.fields.iter().filter(|field| field.name == HeaderName::ContentType).count() > 1
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        self.type_field.first(name)
    }

    /// The first field of that name.
    pub(crate) fn value(&self, name: &HeaderName<'_>) -> Option<&HeaderValue<'a>> {
        self.fields.iter().find(|field| field.name == *name).map(|field| &field.value)
    }

    /// RFC 2183: to be saved, not displayed inline.
    pub(crate) fn is_attachment(&self) -> bool {
        self.disposition.value == "attachment"
    }

    /// The file name as the sender gave it (RFC 2231, RFC 2047).
    pub(crate) fn name(&self) -> Option<String> {
        let disposition = self.disposition.file_name("filename", self.beside);
        let other = || self.type_field.file_name("name", self.beside);
        // Characters that a program could not encode became question marks, or nothing printable is left.
        let is_poor = |name: &String| name.contains(['?', '\u{fffd}']) || file_name(name).is_none();
        match disposition {
            Some(name) if is_poor(&name) => other().filter(|other| !is_poor(other)).or(Some(name)),
            Some(name) => Some(name),
            None => other(),
        }
    }

    pub(crate) fn is(&self, content_type: &str) -> bool {
        self.content_type == content_type
    }

    /// Its signature with these children. `all`: every part of the letter.
    fn signed_by(&self, children: &[usize], all: &[Self]) -> Option<DetachedSignature> {
        if !self.is("multipart/signed") {
            return None;
        }
        let types = children.iter().filter_map(|at| all.get(*at));
        let types: Vec<&str> = types.map(|part| part.content_type.as_str()).collect();
        DetachedSignature::of_multipart(self.parameter("protocol").as_deref(), &types)
    }

    pub(crate) fn is_multipart(&self) -> bool {
        !self.children.is_empty() && self.opened.is_none()
    }

    /// Decoded from its transfer encoding.
    pub(crate) fn bytes(&self) -> Cow<'_, [u8]> {
        self.transfer.decode(&self.body)
    }

    /// The first bytes, decoded.
    pub(crate) fn start(&self) -> Cow<'_, [u8]> {
        self.transfer.decode(self.body.get(..4096).unwrap_or(&self.body))
    }

    /// More of the first bytes, decoded: enough to check whether a picture is one.
    pub(crate) fn beginning(&self) -> Cow<'_, [u8]> {
        self.transfer.decode(self.body.get(..MAX_BEGINNING).unwrap_or(&self.body))
    }

    /// Whether [`Self::beginning`] is the whole part.
    pub(crate) fn beginning_is_all(&self) -> bool {
        self.body.len() <= MAX_BEGINNING
    }

    /// Content-Location, without folding white space (RFC 2557 §4.4).
    pub(crate) fn location(&self) -> Option<String> {
        self.location.clone()
    }

    /// Text without any fields.
    fn of_text(bytes: &'a [u8]) -> Self {
        Self {
            fields: Vec::new(),
            body: Cow::Borrowed(bytes),
            footer: Cow::Borrowed(b""),
            content_type: "text/plain".to_owned(),
            transfer: Transfer::Identity,
            children: Vec::new(),
            signature: None,
            content_id: None,
            location: None,
            opened: None,
            beside: CharsetHint::Nothing,
            level: 0,
            type_field: Params::default(),
            disposition: Params::default(),
        }
    }

    /// The same with bytes of its own, as a part extracted from a container. Only the first part of a letter is asked
    /// for its fields.
    pub(crate) fn taken_out(self, first: usize, level: usize) -> Part<'static> {
        Part {
            fields: Vec::new(),
            body: Cow::Owned(self.body.into_owned()),
            footer: Cow::Owned(self.footer.into_owned()),
            content_type: self.content_type,
            transfer: self.transfer,
            children: self.children.into_iter().map(|child| child + first).collect(),
            signature: self.signature,
            content_id: self.content_id,
            location: self.location,
            opened: self.opened,
            beside: self.beside,
            level,
            type_field: self.type_field,
            disposition: self.disposition,
        }
    }
}

/// The kind of container a part turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// winmail.dat, and how much of it could be taken out.
    Winmail(Parsed),
    /// S/MIME, signed or compressed.
    Signature,
    /// Uuencoded files, and their positions in the text.
    Text(Vec<Range<usize>>),
}

/// Parses the tree.
pub(crate) fn walk(bytes: &[u8]) -> Result<Vec<Part<'_>>, LetterError> {
    match walk_some(bytes) {
        (parts, Parsed::Whole) => Ok(parts),
        (_, Parsed::Partly) => Err(LetterError::TooComplex),
    }
}

/// Whether a letter was parsed completely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// All of it.
    Whole,
    /// A limit was reached: the rest was not examined.
    Partly,
}

/// Parses the tree as far as the limits allow.
pub(crate) fn walk_some(bytes: &[u8]) -> (Vec<Part<'_>>, Parsed) {
    let mut parts = Vec::new();
    let mut room = HeadBudget { bytes: MAX_HEADS, lines: MAX_HEAD_LINES };
    let parsed = match add(bytes, 0, "text/plain", &mut parts, &mut room) {
        Ok(_end) => Parsed::Whole,
        Err(_too_complex) => Parsed::Partly,
    };
    (parts, parsed)
}

/// Limits left for the heads of further parts.
struct HeadBudget {
    bytes: usize,
    lines: usize,
}

impl HeadBudget {
    /// To be called before the head is parsed.
    fn take(&mut self, head: &[u8]) -> Result<(), LetterError> {
        if head.len() > Head::MAX {
            return Err(LetterError::TooComplex);
        }
        // Lines, not fields: what counts as a field is up to the parser, and each needs a line.
        let lines = head.split_inclusive(|b| *b == b'\n').count();
        self.bytes = self.bytes.checked_sub(head.len()).ok_or(LetterError::TooComplex)?;
        self.lines = self.lines.checked_sub(lines).ok_or(LetterError::TooComplex)?;
        Ok(())
    }
}

fn add<'a>(
    entity: &'a [u8],
    depth: usize,
    default_type: &str,
    parts: &mut Vec<Part<'a>>,
    room: &mut HeadBudget,
) -> Result<usize, LetterError> {
    if depth > MAX_DEPTH || parts.len() >= MAX_PARTS {
        return Err(LetterError::TooComplex);
    }
    let (head, body) = split_entity(entity);
    room.take(head)?;
    let fields = fields(head);
    let structured = |name: HeaderName<'static>| raw(head, &fields, &name).map(Params::read);
    let type_field = structured(HeaderName::ContentType);
    let disposition = structured(HeaderName::ContentDisposition).unwrap_or_default();
    let named = type_field.as_ref().map_or_else(|| default_type.to_owned(), content_type);
    let encoding = structured(HeaderName::ContentTransferEncoding);
    let (transfer, undone) = match encoding.and_then(|encoding| Encoding::named(&encoding.value)) {
        Some(Encoding::Mime(transfer)) => (transfer, None),
        Some(Encoding::Uuencode) => (Transfer::Identity, uuencode::decode(body)),
        None => (Transfer::Identity, None),
    };
    let transfer = if undone.is_some() || named.starts_with("multipart/") || named.starts_with("message/") {
        transfer
    } else {
        transfer::shown(transfer, body, transfer::Content::of_type(&named))
    };
    let split = if transfer == Transfer::Base64 { transfer::footer(body) } else { None };
    let (kept, footer) = split.unwrap_or((body, b""));
    let part = Part {
        type_field: type_field.unwrap_or_default(),
        disposition,
        content_id: content_id(&fields),
        location: raw(head, &fields, &HeaderName::ContentLocation).map(location),
        fields,
        body: undone.map_or(Cow::Borrowed(kept), Cow::Owned),
        footer: Cow::Borrowed(footer),
        content_type: named,
        transfer,
        children: Vec::new(),
        signature: None,
        opened: None,
        beside: CharsetHint::Nothing,
        level: 0,
    };
    let pieces = part.content_type.starts_with("multipart/").then(|| taken_apart(&part, body)).flatten();
    let child_default = if part.is("multipart/digest") { "message/rfc822" } else { "text/plain" };
    let index = parts.len();
    parts.push(part);
    let Some(pieces) = pieces else {
        if let Some(part) = parts.get_mut(index) {
            part.content_type = meant(part);
        }
        return Ok(index);
    };
    let mut children = Vec::new();
    let mut all = Ok(index);
    for child in pieces.inside {
        let next = parts.len();
        let added = add(child, depth + 1, child_default, parts, room);
        // A part that was begun counts, although not all of its content was found.
        if parts.len() > next {
            children.push(next);
        }
        if let Err(error) = added {
            all = Err(error);
            break;
        }
    }
    let signature = parts.get(index).and_then(|part| part.signed_by(&children, parts));
    if let Some(part) = parts.get_mut(index) {
        (part.children, part.signature) = (children, signature);
    }
    // The preamble is the only text there is.
    let preamble = pieces.outside.first().copied().unwrap_or_default();
    let silent = depth == 0 && all.is_ok() && is_silent(parts, index);
    if silent && is_worth_reading(preamble) && parts.len() < MAX_PARTS {
        let at = parts.len();
        parts.push(Part::of_text(preamble));
        if let Some(part) = parts.get_mut(index) {
            part.children.insert(0, at);
        }
    }
    all
}

/// Whether a multipart that should have content has none.
fn is_silent(parts: &[Part<'_>], index: usize) -> bool {
    let is_meant_to_be = |part: &Part<'_>| {
        part.is("multipart/encrypted") || part.is("multipart/report") || part.signature.is_some()
    };
    let within = parts.get(index..).unwrap_or_default();
    !within.first().is_some_and(is_meant_to_be) && !within.iter().any(has_words)
}

/// A multipart's body, split at the boundary of its field; where that is missing or does not occur, at a guessed one.
fn taken_apart<'a>(part: &Part<'_>, body: &'a [u8]) -> Option<Pieces<'a>> {
    let boundary = part.parameter("boundary").map(|b| b.trim_end().to_owned()).filter(|b| !b.is_empty());
    let pieces = boundary.map(|boundary| split_multipart(body, boundary.as_bytes()));
    if let Some(pieces) = pieces.filter(|pieces| !pieces.inside.is_empty()) {
        return Some(pieces);
    }
    let pieces = split_multipart(body, guessed_boundary(body)?.as_bytes());
    let begins = |piece: &&[u8]| piece.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"));
    pieces.inside.iter().any(begins).then_some(pieces)
}

/// Whether it contains text that is not a file.
fn has_words(part: &Part<'_>) -> bool {
    let is_text = part.content_type.starts_with("text/") && part.children.is_empty();
    is_text && !part.is_attachment() && !part.body.trim_ascii().is_empty()
}

/// Whether a preamble is more than the usual text for readers without MIME.
fn is_worth_reading(preamble: &[u8]) -> bool {
    let text = preamble.trim_ascii();
    memchr::memmem::find(&text.to_ascii_lowercase(), b"mime").is_none()
        && text.iter().any(u8::is_ascii_alphanumeric)
}

/// The actual type of a leaf with another label: a calendar, or a page that was not labelled as one.
fn meant(part: &Part<'_>) -> String {
    let is_unnamed = !part.is_attachment() && part.name().is_none();
    let is_bare = part.is("text/plain") || part.content_type.starts_with("multipart/");
    if is_bare && is_unnamed {
        let start = part.start();
        let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start).trim_ascii_start();
        let begins = |with: &[u8]| start.get(..with.len()).is_some_and(|one| one.eq_ignore_ascii_case(with));
        if begins(b"BEGIN:VCALENDAR") {
            return "text/calendar".to_owned();
        }
        if begins(b"<!doctype html") || begins(b"<html") {
            return "text/html".to_owned();
        }
    }
    part.content_type.clone()
}

/// Content-ID without angle brackets; the field may be repeated.
fn content_id(fields: &[Header<'_>]) -> Option<String> {
    let value = &fields.iter().find(|field| field.name == HeaderName::ContentId)?.value;
    let text = match value {
        HeaderValue::Text(one) => one.as_ref(),
        HeaderValue::TextList(list) => list.first()?.as_ref(),
        _ => return None,
    };
    let id: String = text.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let id = id.trim_matches(['<', '>']);
    (!id.is_empty() && id.len() <= 998).then(|| id.to_owned())
}

fn location(raw: &[u8]) -> String {
    let text = encoded_words::decode(raw);
    text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).take(MAX_LOCATION).collect()
}

/// `type/subtype`, whatever was written.
fn content_type(field: &Params) -> String {
    let is_token = |text: &str| {
        (1..=127).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
    };
    match field.value.split_once('/') {
        Some((kind, sub)) if is_token(kind) && is_token(sub) => field.value.clone(),
        // RFC 2045 §5.2 requires text/plain for malformed types; old senders mean that too.
        None if matches!(
            field.value.as_str(),
            "html" | "htm" | "xhtml" | "text-html" | "text_html" | "texthtml"
        ) =>
        {
            "text/html".to_owned()
        }
        None if matches!(
            field.value.as_str(),
            "text" | "" | "plain" | "text-plain" | "textplain" | "ascii" | "utf-8"
        ) =>
        {
            "text/plain".to_owned()
        }
        None if matches!(field.value.as_str(), "multipart" | "mixed") => "multipart/mixed".to_owned(),
        None if field.value == "alternative" => "multipart/alternative".to_owned(),
        Some(("text", sub)) if sub.starts_with("html") => "text/html".to_owned(),
        Some(("text", _) | ("", "plain" | "")) => "text/plain".to_owned(),
        Some(("", "html")) => "text/html".to_owned(),
        Some(("multipart", _)) => "multipart/mixed".to_owned(),
        Some(_) | None => "application/octet-stream".to_owned(),
    }
}

/// The first field of that name, raw.
fn raw<'a>(head: &'a [u8], fields: &[Header<'_>], name: &HeaderName<'_>) -> Option<&'a [u8]> {
    let field = fields.iter().find(|field| field.name == *name)?;
    let (start, end) = (usize::try_from(field.offset_start).ok()?, usize::try_from(field.offset_end).ok()?);
    head.get(start..end)
}

/// The fields of an entity, as mail-parser reads them.
fn fields(head: &[u8]) -> Vec<Header<'_>> {
    let parsed = MessageParser::new().parse_headers(head);
    parsed.and_then(|message| message.parts.into_iter().next()).map(|part| part.headers).unwrap_or_default()
}

/// Head and body, at the first empty line.
pub(crate) fn split_entity(entity: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    for line in entity.split_inclusive(|b| *b == b'\n') {
        let next = at + line.len();
        if line.trim_ascii_end().is_empty() {
            // RFC 5322 §4.2: a line of only white space may occur between fields; further fields confirm it.
            if at > 0 && line.starts_with(b" ") | line.starts_with(b"\t") && begins_field(entity.get(next..))
            {
                at = next;
                continue;
            }
            return entity.split_at_checked(next).unwrap_or((entity, b""));
        }
        // A part without fields and without an empty line, as some scripts write it.
        if at == 0 && !line.contains(&b':') {
            return (b"", entity);
        }
        at = next;
    }
    (entity, b"")
}

/// Whether a well-known field begins here.
fn begins_field(rest: Option<&[u8]>) -> bool {
    const KNOWN: [&[u8]; 12] = [
        b"content-",
        b"mime-version",
        b"from",
        b"to",
        b"cc",
        b"subject",
        b"date",
        b"message-id",
        b"received",
        b"reply-to",
        b"x-",
        b"references",
    ];
    let mut rest = rest.unwrap_or_default();
    // More such lines.
    while let Some(end) = rest.iter().position(|b| *b == b'\n') {
        let line = rest.get(..end).unwrap_or_default().trim_ascii_end();
        if !line.is_empty() || !rest.starts_with(b" ") && !rest.starts_with(b"\t") {
            break;
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    let Some(colon) = rest.iter().take(80).position(|b| *b == b':') else { return false };
    let name = rest.get(..colon).unwrap_or_default().to_ascii_lowercase();
    let is_name = name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
    is_name
        && KNOWN
            .iter()
            .any(|known| if known.ends_with(b"-") { name.starts_with(known) } else { name == *known })
}

/// A multipart's body, split.
#[derive(Default)]
pub(crate) struct Pieces<'a> {
    pub(crate) inside: Vec<&'a [u8]>,
    /// Preamble and epilogue: not meant to be shown (RFC 2046 §5.1.1), but some programs do.
    pub(crate) outside: Vec<&'a [u8]>,
}

/// The bodies between the delimiter lines (RFC 2046 §5.1.1); lenient about a missing end.
pub(crate) fn split_multipart<'a>(body: &'a [u8], boundary: &[u8]) -> Pieces<'a> {
    split_at_delimiters(body, boundary, |tail| tail.is_empty() || tail == b"--")
}

/// The same by the letter of the standard: "an exact match of the entire candidate line is not required".
pub(crate) fn split_at_prefixes<'a>(body: &'a [u8], boundary: &[u8]) -> Pieces<'a> {
    split_at_delimiters(body, boundary, |_tail| true)
}

/// A replacement for a missing boundary: some readers take the first line that looks like one.
pub(crate) fn guessed_boundary(body: &[u8]) -> Option<String> {
    let mut lines = body.split(|b| *b == b'\n').take(MAX_GUESSED).map(<[u8]>::trim_ascii_end);
    let line = lines.find_map(|line| line.strip_prefix(b"--").filter(|rest| !rest.is_empty()))?;
    std::str::from_utf8(line).ok().map(str::to_owned)
}

/// Lines in which a missing boundary is searched for.
const MAX_GUESSED: usize = 1000;

fn split_at_delimiters<'a>(
    body: &'a [u8],
    boundary: &[u8],
    is_delimiter: impl Fn(&[u8]) -> bool,
) -> Pieces<'a> {
    let mut found = Pieces::default();
    let mut open: Option<usize> = None;
    let mut at = 0;
    for line in body.split_inclusive(|b| *b == b'\n') {
        let start = at;
        at += line.len();
        let Some(tail) = line.strip_prefix(b"--").and_then(|l| l.strip_prefix(boundary)) else { continue };
        let tail = tail.trim_ascii_end();
        if !is_delimiter(tail) {
            continue;
        }
        match open.take() {
            Some(from) => found.inside.push(without_line_end(body.get(from..start).unwrap_or_default())),
            None => found.outside.push(body.get(..start).unwrap_or_default()),
        }
        if found.inside.len() > MAX_PARTS || tail == b"--" {
            found.outside.push(body.get(at..).unwrap_or_default());
            return found;
        }
        open = Some(at);
    }
    if let Some(from) = open {
        found.inside.push(body.get(from..).unwrap_or_default());
    }
    found
}

/// The line end before a delimiter belongs to the delimiter.
fn without_line_end(part: &[u8]) -> &[u8] {
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    part.strip_suffix(b"\r").unwrap_or(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shape(text: &str) -> Vec<(String, String)> {
        let text = text.replace('\n', "\r\n");
        let parts = walk(text.as_bytes()).unwrap();
        parts
            .iter()
            .map(|p| (p.content_type.clone(), String::from_utf8_lossy(&p.body).into_owned()))
            .collect()
    }

    #[test]
    fn a_tree_is_walked_in_order() {
        let seen = shape(
            "Content-Type: multipart/mixed; boundary=a\n\npreamble\n--a\n\nfirst\n--a\nContent-Type: \
             Multipart/Alternative;\n boundary=\"ab\"\n\n--ab\nContent-Type: TEXT/Html\n\n<p>\n--ab--\n--a--\nepilogue\n",
        );
        let kinds: Vec<&str> = seen.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["multipart/mixed", "text/plain", "multipart/alternative", "text/html"]);
        assert_eq!(seen[1].1, "first");
        assert_eq!(seen[3].1, "<p>");
    }

    #[test]
    fn broken_structure_still_shows_something() {
        // no closing delimiter
        assert_eq!(shape("Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n")[1].1, "x\r\n");
        // no boundary parameter, and a boundary that never comes
        assert_eq!(shape("Content-Type: multipart/mixed\n\nx").len(), 1);
        assert_eq!(shape("Content-Type: multipart/mixed; boundary=b\n\nx").len(), 1);
        // invalid types
        assert_eq!(shape("Content-Type: text\n\nx")[0].0, "text/plain");
        assert_eq!(shape("Content-Type: a/b<script>\n\nx")[0].0, "application/octet-stream");
        assert_eq!(shape("no header at all")[0].1, "no header at all");
    }

    #[test]
    fn depth_and_number_are_limited() {
        let mut deep = String::new();
        for level in 0..=MAX_DEPTH + 1 {
            deep.push_str(&format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"));
        }
        assert!(matches!(walk(deep.as_bytes()), Err(LetterError::TooComplex)));
        let wide = format!(
            "Content-Type: multipart/mixed; boundary=a\r\n\r\n{}",
            "--a\r\n\r\n".repeat(MAX_PARTS + 1)
        );
        assert!(matches!(walk(wide.as_bytes()), Err(LetterError::TooComplex)));
    }

    fn mixed(parts: impl IntoIterator<Item = String>) -> String {
        let mut letter = "Content-Type: multipart/mixed; boundary=a\r\n\r\n".to_owned();
        parts.into_iter().for_each(|part| letter.push_str(&format!("--a\r\n{part}\r\nx\r\n")));
        letter
    }

    #[test]
    fn the_heads_of_parts_are_limited_one_by_one_and_together() {
        let too_complex = |letter: &str| matches!(walk(letter.as_bytes()), Err(LetterError::TooComplex));
        // Few bytes to a field: many fields.
        assert!(too_complex(&mixed(["a:b\r\n".repeat(2_000_000)])));
        assert!(too_complex(&mixed(["a:b\r\n".repeat(MAX_HEAD_LINES)])));
        assert!(too_complex(&mixed(vec!["a:b\r\n".repeat(1000); 21])));
        // One field with very many addresses.
        assert!(too_complex(&mixed([format!("To: {}\r\n", "a,".repeat(Head::MAX / 2))])));
        let large = format!("To: {}\r\n", "a,".repeat(Head::MAX / 2 - 10));
        assert!(!too_complex(&mixed([large.clone()])));
        assert!(too_complex(&mixed(vec![large; 9])));
    }

    #[test]
    fn honest_heads_are_within_the_limits() {
        let recipients = " somebody.with.a.long.name@department.authority.example,\r\n".repeat(4000);
        assert_eq!(walk(format!("To: {recipients}Subject: x\r\n\r\nx").as_bytes()).unwrap().len(), 1);
        let scan = "Content-Type: image/jpeg;\r\n name=\"a scan.jpg\"\r\nContent-Disposition: attachment;\r\n \
                    filename=\"a scan.jpg\"\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <1@a>\r\n";
        let letter = mixed(vec![scan.to_owned(); MAX_PARTS - 1]);
        assert_eq!(walk(letter.as_bytes()).unwrap().len(), MAX_PARTS);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = walk(&bytes);
        }

        #[test]
        fn arbitrary_structure_never_panics(lines in proptest::collection::vec("(--a|--a--|--b|Content-Type: multipart/(mixed|digest); boundary=[ab]|Content-Type: [a-z/;=\"* ]{0,20}|)", 0..30)) {
            let text = lines.join("\r\n");
            let parts = walk(text.as_bytes()).unwrap();
            prop_assert!(parts.iter().all(|part| part.body.len() <= text.len()));
        }
    }
}
