//! One MIME entity in every way its fields can be read (RFC 2045, 2046). Opens no container.

use std::borrow::Cow;

use super::{HeadEnd, Item, LeafFields, Sealed, Search, Unread, What, heads, line_ends};
use crate::flowed::DelSp;
use crate::head::{Head, bare_name};
use crate::params::Params;
use crate::transfer::{self, Content, Encoding, Transfer};
use crate::{charset, container, encoded_words, parts, word_readings};

/// Readings of one field, and of one boundary.
const MAX_READINGS: usize = 4;

impl<'a> Search<'a> {
    pub(super) fn entity<'b>(
        &mut self,
        bytes: &'b [u8],
        depth: usize,
        default: &'static str,
        head_end: HeadEnd,
        keep: impl Fn(&'b [u8]) -> Cow<'a, [u8]>,
    ) {
        if head_end == HeadEnd::AsMostRead
            && let Some(lines) = line_ends::at_returns(bytes)
        {
            let what = What::Entity { default, head_end };
            self.push(Item { bytes: Cow::Owned(lines), depth: depth + 1, what });
        }
        // A letter that was saved as a text of Windows, in UTF-16.
        if head_end == HeadEnd::AsMostRead
            && depth > 0
            && bytes.contains(&0)
            && let Some(text) = charset::from_sixteen_bits(bytes)
        {
            let what = What::Entity { default, head_end };
            self.push(Item { bytes: Cow::Owned(text.into_bytes()), depth: depth + 1, what });
        }
        let (head, body, split) = split(bytes, head_end);
        match (head_end, split) {
            (HeadEnd::AsMostRead, Split::Doubtful) => self.push(Item {
                bytes: keep(bytes),
                depth: depth + 1,
                what: What::Entity { default, head_end: HeadEnd::EmptyLine },
            }),
            (HeadEnd::AsMostRead, Split::Certain) | (HeadEnd::EmptyLine, _) => {}
        }
        if head.len() > Head::MAX {
            return self.unread(Unread::TooMuch);
        }
        let fields = fields(head);
        let named = |name: &'static str| named(&fields, name);
        let dispositions: Vec<Params> =
            named("content-disposition").take(MAX_READINGS).map(Params::read).collect();
        let mut types: Vec<Params> = named("content-type").take(MAX_READINGS).map(Params::read).collect();
        if named("content-type").count() > MAX_READINGS || named("content-disposition").count() > MAX_READINGS
        {
            self.unread(Unread::TooMuch);
        }
        if types.is_empty() {
            types.push(Params::read(default.as_bytes()));
        }
        // `text/plain, text/html`, and `=?utf-8?Q?text/html?=`: some use the second type, some decode the first.
        let listed = named("content-type").take(MAX_READINGS).filter(|value| {
            let value = value.split(|b| *b == b';').next().unwrap_or_default();
            value.contains(&b',') || value.windows(2).any(|two| two == b"=?")
        });
        let more: Vec<Params> = listed
            .flat_map(|value| {
                let decoded = encoded_words::decode(value);
                decoded
                    .split(',')
                    .take(MAX_READINGS)
                    .map(|one| Params::read(one.as_bytes()))
                    .collect::<Vec<_>>()
            })
            .collect();
        types.extend(more);
        if types.iter().chain(&dispositions).any(Params::is_illegible) {
            self.unread(Unread::Charset);
        }
        let mut said = said(&types, &dispositions);
        for field in ["content-description", "content-location"] {
            said.names.extend(
                named(field).take(MAX_READINGS).map(encoded_words::decode).filter(|name| name.contains('.')),
            );
        }
        let encodings = self.encodings(named("content-transfer-encoding").take(MAX_READINGS));
        if depth > 0 {
            // The subject of an embedded letter is shown, too.
            let subjects = named("subject").take(MAX_READINGS).flat_map(word_readings::readings);
            subjects.for_each(|subject| self.text(subject));
            self.head(heads::of_fields(&fields));
            // RFC 8098 §3.2.5 for receipts; the others as programs write them above forwarded letters.
            for field in [
                "message-id",
                "in-reply-to",
                "references",
                "original-message-id",
                "resent-message-id",
                "x-original-message-id",
                "x-forwarded-message-id",
                "x-ms-exchange-parent-message-id",
                "supersedes",
                "obsoletes",
                "x-references",
                "x-forward-of",
            ] {
                named(field).take(MAX_READINGS).for_each(|ids| self.message_id(encoded_words::decode(ids)));
            }
            let is_known = |name: &str| {
                let name = name.to_ascii_lowercase();
                name.starts_with("content-") || matches!(name.as_str(), "mime-version" | "from" | "received")
            };
            if !head.is_empty() && !fields.iter().any(|(name, _)| is_known(name)) {
                // "Achtung: morgen" is a field to some readers and a sentence to others.
                let said = LeafFields { types: vec!["text/plain".to_owned()], ..LeafFields::default() };
                self.push(Item { bytes: keep(bytes), depth: depth + 1, what: What::Leaf(said) });
            }
        }
        // A line that is not a field ends the header section for some readers, with or without an empty line.
        if let Some(at) = first_line_without_field(head) {
            let said = LeafFields { types: vec!["text/plain".to_owned()], ..said.clone() };
            for encoding in &encodings {
                let rest = bytes.get(at..).unwrap_or_default();
                let bytes = decoded(*encoding, rest).map_or_else(|| keep(rest), Cow::Owned);
                self.push(Item { bytes, depth: depth + 1, what: What::Leaf(said.clone()) });
            }
        }
        let mut leaf_types = Vec::new();
        for one in &types {
            // RFC 2045 §5.2: an invalid type means text. Some readers use its first word all the same.
            let kind = match one.value.split_once('/') {
                Some((kind, sub)) if is_token(kind) && is_token(sub) => one.value.as_str(),
                Some(("multipart", _)) => "multipart/mixed",
                None if one.value == "multipart" => "multipart/mixed",
                Some(("message", _)) => "message/rfc822",
                None if one.value == "message" => "message/rfc822",
                Some((kind, sub)) if !kind.is_empty() && !sub.is_empty() => {
                    leaf_types.push("text/plain".to_owned());
                    one.value.as_str()
                }
                Some(_) | None => "text/plain",
            };
            if kind != one.value && !kind.starts_with("text/") {
                leaf_types.push("text/plain".to_owned());
            }
            // `Content-Type: html`
            if kind == "text/plain" && kind != one.value && one.value.contains("htm") {
                leaf_types.push("text/html".to_owned());
            }
            if kind.starts_with("multipart/") {
                self.multipart(body, depth, one, &keep);
                // RFC 2045 §6.4 forbids it; readers that decode nevertheless find parts in it.
                for decoded in encodings.iter().filter_map(|encoding| decoded(*encoding, body)) {
                    let entity =
                        [b"Content-Type:", one_line(named("content-type")).as_slice(), b"\r\n\r\n", &decoded]
                            .concat();
                    self.push(Item {
                        bytes: Cow::Owned(entity),
                        depth: depth + 1,
                        what: What::Entity { default, head_end },
                    });
                }
            } else if matches!(kind, "message/rfc822" | "message/global" | "message/news" | "text/rfc822") {
                for encoding in &encodings {
                    let bytes = decoded(*encoding, body).map_or_else(|| keep(body), Cow::Owned);
                    let what = What::Entity { default: "text/plain", head_end: HeadEnd::AsMostRead };
                    self.push(Item { bytes, depth: depth + 1, what });
                }
                leaf_types.push(kind.to_owned());
            } else {
                if kind == "message/partial" {
                    self.hides_letters(Unread::Partial);
                }
                leaf_types.push(kind.to_owned());
            }
        }
        if leaf_types.is_empty() {
            return;
        }
        said.types = leaf_types;
        if encodings.contains(&Encoding::Mime(Transfer::Base64))
            && let Some((encoded, footer)) = transfer::footer(body)
        {
            // Others decode it with the rest; that is read below.
            let plain = LeafFields { types: vec!["text/plain".to_owned()], ..said.clone() };
            self.push(Item { bytes: keep(footer), depth: depth + 1, what: What::Leaf(plain) });
            let bytes = Cow::Owned(Transfer::Base64.decode(encoded).into_owned());
            self.push(Item { bytes, depth: depth + 1, what: What::Leaf(said.clone()) });
        }
        // Readers that detect a wrong label ignore it.
        let is_text = said.types.iter().any(|kind| kind.starts_with("text/"));
        let content = if is_text { Content::Text } else { Content::File };
        let mut encodings = encodings;
        for encoding in encodings.clone() {
            if let Encoding::Mime(transfer) = encoding {
                encodings.push(Encoding::Mime(transfer::shown(transfer, body, content)));
            }
        }
        encodings.sort_unstable();
        encodings.dedup();
        for encoding in encodings {
            let bytes = decoded(encoding, body).map_or_else(|| keep(body), Cow::Owned);
            self.push(Item { bytes, depth: depth + 1, what: What::Leaf(said.clone()) });
        }
    }

    /// Every encoding that some reader decodes.
    fn encodings<'v>(&mut self, values: impl Iterator<Item = &'v [u8]>) -> Vec<Encoding> {
        let mut all = Vec::new();
        for value in values {
            match Encoding::named(&Params::read(value).value) {
                Some(encoding) => all.push(encoding),
                None => {
                    self.unread(Unread::Encoding);
                    all.extend([
                        Encoding::Mime(Transfer::Identity),
                        Encoding::Mime(Transfer::QuotedPrintable),
                        Encoding::Mime(Transfer::Base64),
                    ]);
                }
            }
            // `"quoted-printable"`: the quotes are part of the name for some readers, not for others.
            if Transfer::named(&encoded_words::decode(value)) == Transfer::Identity {
                all.push(Encoding::Mime(Transfer::Identity));
            }
        }
        if all.is_empty() {
            all.push(Encoding::Mime(Transfer::Identity));
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    fn multipart<'b>(
        &mut self,
        body: &'b [u8],
        depth: usize,
        kind: &Params,
        keep: &impl Fn(&'b [u8]) -> Cow<'a, [u8]>,
    ) {
        if kind.value == "multipart/encrypted" {
            self.unread(Unread::Encrypted);
            self.sealed(Sealed::OpenPgp);
        }
        if kind.value == "multipart/signed" {
            self.sealed(Sealed::Signed);
        }
        let default = if kind.value == "multipart/digest" { "message/rfc822" } else { "text/plain" };
        let mut apart = false;
        let boundaries = kind.values("boundary");
        if boundaries.len() > 2 * MAX_READINGS {
            self.unread(Unread::TooMuch);
        }
        // RFC 2046 §5.1.1: a boundary is not empty. Readers that accept an empty one look for lines of `--`, or guess.
        let none = boundaries.iter().all(String::is_empty);
        let never_comes = |boundary: &String| {
            parts::split_multipart(body, boundary.trim_end().as_bytes()).inside.is_empty()
        };
        let is_lost = boundaries.iter().take(2 * MAX_READINGS).all(never_comes);
        let guessed = if none || is_lost { parts::guessed_boundary(body) } else { None };
        let empty = none.then(String::new);
        for boundary in boundaries.iter().take(2 * MAX_READINGS).chain(&empty).chain(&guessed) {
            for boundary in [boundary.as_str(), boundary.trim_end()] {
                let mut pieces = parts::split_multipart(body, boundary.as_bytes());
                let by_prefix = parts::split_at_prefixes(body, boundary.as_bytes());
                if by_prefix.inside.len() != pieces.inside.len() {
                    pieces.inside.extend(by_prefix.inside);
                }
                if pieces.inside.is_empty() || (boundary.len() != boundary.trim_end().len() && apart) {
                    continue;
                }
                apart = true;
                let mut inside = pieces.inside;
                for outside in pieces.outside {
                    self.ids.look(outside);
                    self.text(charset::decode(outside, None));
                    // It may begin again after its end.
                    inside.extend(parts::split_multipart(outside, boundary.as_bytes()).inside);
                }
                for piece in inside {
                    self.push(Item {
                        bytes: keep(piece),
                        depth: depth + 1,
                        what: What::Entity { default, head_end: HeadEnd::AsMostRead },
                    });
                }
                break;
            }
        }
        if !apart {
            // It cannot be parsed: its source is all there is to show.
            let said = LeafFields {
                types: vec!["text/plain".to_owned()],
                names: kind.values("name"),
                ..LeafFields::default()
            };
            self.push(Item { bytes: keep(body), depth: depth + 1, what: What::Leaf(said) });
        }
    }
}

/// RFC 2045 §5.1
fn is_token(text: &str) -> bool {
    let special = |b: u8| b"()<>@,;:\\\"/[]?=".contains(&b);
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && !special(b))
}

fn said(types: &[Params], dispositions: &[Params]) -> LeafFields {
    let mut said = LeafFields::default();
    for one in dispositions.iter().chain(types) {
        for name in ["filename", "name"] {
            said.names.extend(one.values(name));
        }
    }
    for one in types {
        said.charsets.extend(one.values("charset"));
        said.smime_types.extend(one.values("smime-type"));
        if one.values("format").iter().any(|format| format.eq_ignore_ascii_case("flowed")) {
            said.flowed = Some(DelSp::read(one.values("delsp")));
        }
    }
    said.is_file = dispositions.iter().any(|one| one.value == "attachment");
    said
}

/// `None`: not encoded.
fn decoded(encoding: Encoding, body: &[u8]) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Mime(Transfer::Identity) => None,
        Encoding::Mime(transfer) => Some(transfer.decode(body).into_owned()),
        Encoding::Uuencode => container::uuencode::decode(body),
    }
}

fn one_line<'v>(mut values: impl Iterator<Item = &'v [u8]>) -> Vec<u8> {
    values.next().unwrap_or_default().iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect()
}

/// Whether all readers end the header section at the same line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Split {
    Certain,
    /// Another reader may end it elsewhere.
    Doubtful,
}

/// Head and body.
fn split(entity: &[u8], head_end: HeadEnd) -> (&[u8], &[u8], Split) {
    if head_end == HeadEnd::AsMostRead {
        let (head, body) = parts::split_entity(entity);
        let last = head.strip_suffix(b"\n").unwrap_or(head);
        let last = last.strip_suffix(b"\r").unwrap_or(last);
        let blank_ends_it =
            matches!(last.last(), Some(b' ' | b'\t' | b'\x0b' | b'\x0c' | b'\r')) && !body.is_empty();
        let headless = head.is_empty() && !entity.is_empty();
        let split = if blank_ends_it || headless { Split::Doubtful } else { Split::Certain };
        return (head, body, split);
    }
    let mut at = 0;
    for line in entity.split_inclusive(|b| *b == b'\n') {
        at += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            break;
        }
    }
    let (head, body) = entity.split_at_checked(at).unwrap_or((entity, b""));
    (head, body, Split::Certain)
}

/// The position of the first line that is neither a field nor a continuation. The separator line of mbox does not
/// count.
fn first_line_without_field(head: &[u8]) -> Option<usize> {
    let mut at = 0;
    for line in head.split_inclusive(|b| *b == b'\n') {
        let start = at;
        at += line.len();
        let goes_on = matches!(line.first(), Some(b' ' | b'\t'));
        let is_mbox = start == 0 && (line.starts_with(b"From ") || line.starts_with(b">From "));
        if !goes_on && !is_mbox && !line.contains(&b':') && !line.trim_ascii().is_empty() {
            return Some(start);
        }
    }
    None
}

/// Every field: name and raw value. White space before the colon is obsolete (RFC 5322 §4.5.8).
pub(super) fn fields(head: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
    for line in head.split_inclusive(|b| *b == b'\n') {
        if let (Some(b' ' | b'\t'), Some((_, value))) = (line.first(), fields.last_mut()) {
            value.extend_from_slice(line);
            continue;
        }
        let Some(colon) = line.iter().position(|b| *b == b':') else { continue };
        let (name, value) = line.split_at_checked(colon).unwrap_or((line, b""));
        let name = bare_name(name);
        if !name.is_empty() && name.len() <= 100 && name.iter().all(u8::is_ascii_graphic) {
            let value = value.get(1..).unwrap_or_default().to_vec();
            fields.push((String::from_utf8_lossy(name).into_owned(), value));
        }
    }
    fields
}

fn named<'f>(fields: &'f [(String, Vec<u8>)], name: &'static str) -> impl Iterator<Item = &'f [u8]> {
    fields
        .iter()
        .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_slice())
}
