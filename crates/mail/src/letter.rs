//! The parsed view of a whole letter, for display and never for relaying. Opens nothing, runs nothing.
//!
//! SECURITY: everything in here comes from outside. Names are made safe to show; bytes, text and HTML are returned as
//! they are and are hostile.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use jiff::tz::TimeZone;
use mail_parser::parsers::MessageStream;
use mail_parser::{Addr, Address, Header, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::attached_name::{FileName, Nameless};
use crate::body::{self, Body};
use crate::charset::{Charset, CharsetHint};
use crate::clock::Timestamp;
use crate::display::{file_name, file_name_from_title, one_line};
use crate::flowed;
use crate::letter_error::LetterError;
use crate::parts::{self, Opened, Parsed, Part};
use crate::pictures::{self, Pictures};
use crate::signed_multipart::DetachedSignature;
use crate::transfer::Decoder;
use crate::unpacked::{self, is_cms};
use crate::{container, date, encoded_words, file_type, invitation, preview};

/// A sender or recipient as the letter shows it; unverified.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The display name.
    pub name: Option<String>,
    /// The address as written.
    pub address: Option<String>,
    /// The name of the group that it is a member of (RFC 5322 §3.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox")
    }
}

/// What a list shows of a letter.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// From.
    pub from: Vec<Mailbox>,
    /// To.
    pub to: Vec<Mailbox>,
    /// Cc.
    pub cc: Vec<Mailbox>,
    /// Reply-To.
    pub reply_to: Vec<Mailbox>,
    /// Subject.
    pub subject: Option<String>,
    /// Date.
    pub date: Option<Timestamp>,
    /// Message-ID without its angle brackets.
    pub message_id: Option<String>,
    /// In-Reply-To, each without angle brackets.
    pub in_reply_to: Vec<String>,
    /// References, each without angle brackets.
    pub references: Vec<String>,
    /// The attachments.
    pub attachments: Vec<Attachment>,
    /// Size of the whole letter in bytes.
    pub size: u64,
    /// The first words of the text. `None` for letters of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<String>,
}

impl fmt::Debug for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Summary({} bytes)", self.size)
    }
}

/// One attachment; its bytes come from [`Letter::attachment_bytes`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its number in this letter.
    pub index: usize,
    /// Its name.
    #[serde(flatten)]
    pub name: FileName,
    /// Its type, lower case.
    pub content_type: String,
    /// Size in bytes, decoded.
    pub size: u64,
    /// The Content-ID under which the page shows it inline; `None`: it is listed as a file.
    pub inline_cid: Option<String>,
    /// Its Content-ID, whether the page shows it or not.
    #[serde(default)]
    pub content_id: Option<String>,
    /// Whether it was extracted from a container: a winmail.dat, a signature, a text.
    #[serde(default)]
    pub within: bool,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({}, {} bytes)", self.index, self.size)
    }
}

/// Where an attachment is in the letter's bytes.
#[derive(Clone, Debug)]
pub struct EncodedRange {
    /// The encoded bytes.
    pub range: Range<u64>,
    /// Size in bytes, decoded.
    pub size: u64,
    /// Decodes the range from its first byte.
    pub decoder: Decoder,
}

/// Why nothing of a letter can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unshown {
    /// Encrypted with a key (S/MIME, OpenPGP).
    Encrypted,
    /// It is a fragment of a letter (RFC 2046 §5.2.2).
    Partial,
}

/// A parsed letter.
pub struct Letter<'a> {
    bytes: &'a [u8],
    parts: Vec<Part<'a>>,
    body: Body,
    attached: Vec<usize>,
    pictures: Pictures,
}

impl<'a> Letter<'a> {
    /// Parses leniently and bounded.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, LetterError> {
        Self::of(bytes, parts::walk(bytes)?)
    }

    /// Parses as far as the limits allow. For display; never for judging.
    pub fn parse_some(bytes: &'a [u8]) -> Result<(Self, Parsed), LetterError> {
        Self::parse_some_in(bytes, None)
    }

    /// The same, with the charset that the reader has chosen for all parts that are not files.
    pub fn parse_some_in(bytes: &'a [u8], chosen: Option<Charset>) -> Result<(Self, Parsed), LetterError> {
        let (parts, parsed) = parts::walk_some(bytes);
        Ok((Self::read(bytes, parts, chosen)?, parsed))
    }

    fn of(bytes: &'a [u8], parts: Vec<Part<'a>>) -> Result<Self, LetterError> {
        Self::read(bytes, parts, None)
    }

    fn read(bytes: &'a [u8], mut parts: Vec<Part<'a>>, chosen: Option<Charset>) -> Result<Self, LetterError> {
        if parts.first().is_none_or(|root| root.fields.is_empty()) {
            return Err(LetterError::NoHeader);
        }
        unpacked::open(&mut parts, bytes.len());
        let beside = match chosen {
            Some(chosen) => CharsetHint::Chosen(chosen),
            None => body::declared(&parts).map_or(CharsetHint::Nothing, CharsetHint::Declared),
        };
        parts.iter_mut().for_each(|part| part.beside = beside);
        let body = body::choose(&parts);
        let shown: Vec<usize> = body.shown().collect();
        let is_listed = |at: &usize| {
            let Some(part) = parts.get(*at).filter(|part| !part.is_multipart()) else { return false };
            // A letter that is a text file as a whole is shown, and can be saved.
            let saved_too = part.is_attachment() && part.name().is_some();
            // Everything in it is shown or listed; what it came in is in the original.
            let emptied = part.opened == Some(Opened::Winmail(Parsed::Whole));
            !body.left_out.contains(at) && !emptied && (!shown.contains(at) || saved_too)
        };
        // The content of a winmail.dat precedes it.
        let is_container =
            |at: &usize| parts.get(*at).is_some_and(|part| matches!(part.opened, Some(Opened::Winmail(_))));
        let listed = order(&parts).into_iter().filter(is_listed);
        let (containers, files): (Vec<usize>, Vec<usize>) = listed.partition(is_container);
        let attached = [files, containers].concat();
        let pictures = pictures::find(&parts, &body, &attached);
        Ok(Self { bytes, parts, body, attached, pictures })
    }

    /// The data for a list.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let fields = self.parts.first();
        let value = |name: HeaderName<'static>| fields.and_then(|part| part.value(&name));
        Summary {
            from: self.mailboxes(&HeaderName::From),
            to: self.all_mailboxes(&HeaderName::To),
            cc: self.all_mailboxes(&HeaderName::Cc),
            reply_to: self.mailboxes(&HeaderName::ReplyTo),
            subject: fields.and_then(|part| self.subject(part)),
            date: self.date(),
            message_id: ids(value(HeaderName::MessageId)).into_iter().next(),
            in_reply_to: ids(value(HeaderName::InReplyTo)),
            references: ids(value(HeaderName::References)),
            attachments: self.attachments(),
            size: size(self.bytes.len()),
            preview: self.sealed().is_none().then(|| preview::of(&self.parts, &self.body)).flatten(),
        }
    }

    /// Decoded by the same code as [`crate::Head::subject`], so that both always agree.
    fn subject(&self, part: &Part<'_>) -> Option<String> {
        let value = self.raw(part, &HeaderName::Subject)?;
        Some(one_line(&encoded_words::decode_beside(value, part.beside)))
    }

    /// The first field of that name, raw.
    fn raw(&self, part: &Part<'_>, name: &HeaderName<'_>) -> Option<&'a [u8]> {
        self.value_of(part.fields.iter().find(|field| field.name == *name)?)
    }

    fn value_of(&self, field: &Header<'_>) -> Option<&'a [u8]> {
        let (start, end) =
            (usize::try_from(field.offset_start).ok()?, usize::try_from(field.offset_end).ok()?);
        self.bytes.get(start..end)
    }

    fn mailboxes(&self, name: &HeaderName<'_>) -> Vec<Mailbox> {
        let raw = self.parts.first().and_then(|root| self.raw(root, name));
        raw.map(|raw| self.mailboxes_in(raw)).unwrap_or_default()
    }

    /// Of every field of that name: one is allowed (RFC 5322 §3.6), and some programs write one a recipient.
    fn all_mailboxes(&self, name: &HeaderName<'_>) -> Vec<Mailbox> {
        let fields = self.parts.first().map(|root| root.fields.as_slice()).unwrap_or_default();
        let named = fields.iter().filter(|field| field.name == *name);
        named.filter_map(|field| self.value_of(field)).flat_map(|raw| self.mailboxes_in(raw)).collect()
    }

    fn mailboxes_in(&self, raw: &[u8]) -> Vec<Mailbox> {
        let beside = self.parts.first().map(|root| root.beside).unwrap_or_default();
        let (mut line, aside) = encoded_words::set_aside(raw, beside);
        line.extend_from_slice(b"\r\n");
        let value = MessageStream::new(&line).parse_address();
        let shown = |text: Option<&str>| {
            text.map(|text| one_line(&encoded_words::put_back(text, &aside))).filter(|text| !text.is_empty())
        };
        let one = |one: &Addr<'_>, group: Option<String>| Mailbox {
            name: shown(one.name()),
            address: shown(one.address()),
            group,
        };
        match value.as_address() {
            Some(Address::List(list)) => list.iter().map(|addr| one(addr, None)).collect(),
            Some(Address::Group(groups)) => {
                let members = groups.iter().flat_map(|group| {
                    let name = shown(group.name.as_deref());
                    let empty = name.clone().filter(|name| group.addresses.is_empty() && !is_withheld(name));
                    let empty = empty.map(|name| Mailbox { name: Some(name), address: None, group: None });
                    group.addresses.iter().map(move |addr| one(addr, name.clone())).chain(empty)
                });
                members.collect()
            }
            None => Vec::new(),
        }
    }

    /// The date as it was meant.
    fn date(&self) -> Option<Timestamp> {
        let root = self.parts.first()?;
        let text = encoded_words::decode(self.raw(root, &HeaderName::Date)?);
        let parsed = || {
            let date = root.value(&HeaderName::Date).and_then(HeaderValue::as_datetime);
            // Programs write "0001" for an unknown date; the parser takes it for 2001.
            let is_sound = |date: &&mail_parser::DateTime| date.is_valid() && !text.contains(" 000");
            date.filter(is_sound).map(|date| date.to_timestamp())
        };
        // The parser misreads unusual dates: "GMT+0100" as GMT, "27.11.2026" as the year 2000.
        let seconds = date::read(&text).or_else(parsed);
        seconds.map(|seconds| Timestamp(seconds.saturating_mul(1000)))
    }

    /// The best text body; converted from the HTML where there is no text.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let blocks = self.body.blocks.iter().map(|block| {
            let parts = if block.plain.is_empty() { &block.html } else { &block.plain };
            self.joined(parts, |_, part| body::text(part))
        });
        let all: Vec<String> = blocks.collect();
        (!all.is_empty()).then(|| all.join("\n\n"))
    }

    /// The HTML body as sent: hostile. Text between HTML parts is escaped and kept.
    #[must_use]
    pub fn html(&self) -> Option<String> {
        if self.body.blocks.iter().all(|block| block.html.is_empty()) {
            return None;
        }
        let blocks = self.body.blocks.iter().map(|block| {
            if block.html.is_empty() {
                self.joined(&block.plain, |_, part| format!("<pre>{}</pre>", escaped(&body::text(part))))
            } else {
                self.joined(&block.html, |at, part| {
                    let names = self.pictures.renamed.get(&at).map(Vec::as_slice).unwrap_or_default();
                    pictures::renamed(body::page(part), names)
                })
            }
        });
        Some(blocks.collect::<Vec<_>>().join("\n"))
    }

    fn joined(&self, parts: &[usize], said: impl Fn(usize, &Part<'_>) -> String) -> String {
        let texts = parts.iter().filter_map(|at| self.parts.get(*at).map(|part| said(*at, part)));
        texts.collect::<Vec<_>>().join("\n")
    }

    /// The attachments.
    #[must_use]
    pub fn attachments(&self) -> Vec<Attachment> {
        let listed = self.attached.iter().enumerate();
        listed.filter_map(|(index, at)| self.attachment(index, *at)).collect()
    }

    fn attachment(&self, index: usize, at: usize) -> Option<Attachment> {
        let part = self.parts.get(at)?;
        let name = part.name();
        let content_type =
            file_type::meant(&part.content_type, name.as_deref().unwrap_or_default(), &part.start());
        Some(Attachment {
            index,
            name: self.attachment_name(index, part, &content_type),
            content_type,
            size: size(part.transfer.decoded_len(&part.body)),
            inline_cid: self.pictures.shown.get(&at).cloned(),
            content_id: part.content_id.clone(),
            within: part.level > 0,
        })
    }

    fn attachment_name(&self, index: usize, part: &Part<'_>, content_type: &str) -> FileName {
        let given = part.name().and_then(|name| file_name(&name)).or_else(|| title_of(part, content_type));
        given.map_or_else(|| FileName::Nameless(nameless(index + 1, content_type)), FileName::Given)
    }

    fn summary_subject(&self) -> Option<String> {
        self.parts.first().and_then(|part| self.subject(part))
    }

    /// The decoded bytes of one attachment.
    #[must_use]
    pub fn attachment_bytes(&self, index: usize) -> Option<Cow<'_, [u8]>> {
        let part = self.parts.get(*self.attached.get(index)?)?;
        Some(part.bytes())
    }

    /// One attachment as text: as its label says, unless its bytes contradict it, or as the reader has chosen.
    #[must_use]
    pub fn attachment_text(&self, index: usize) -> Option<String> {
        let part = self.parts.get(*self.attached.get(index)?)?;
        let bytes = part.bytes();
        Some(body::characters(part, &bytes))
    }

    /// One attachment as the text of a calendar, its folded lines joined.
    #[must_use]
    pub fn calendar_text(&self, index: usize) -> Option<String> {
        let part = self.parts.get(*self.attached.get(index)?)?;
        Some(calendar_of(part))
    }

    /// Where one attachment's bytes are, if they can be decoded as a stream: it need not be in memory then.
    #[must_use]
    pub fn attachment_place(&self, index: usize) -> Option<EncodedRange> {
        let part = self.parts.get(*self.attached.get(index)?)?;
        let decoder = Decoder::of(part.transfer)?;
        let Cow::Borrowed(body) = part.body else { return None };
        // A part's body is a slice of the letter; an empty one may be anywhere.
        let start =
            if body.is_empty() { 0 } else { body.as_ptr().addr().checked_sub(self.bytes.as_ptr().addr())? };
        let end = start.checked_add(body.len()).filter(|end| *end <= self.bytes.len())?;
        let decoded = size(part.transfer.decoded_len(body));
        Some(EncodedRange { range: size(start)..size(end), size: decoded, decoder })
    }

    /// Type and bytes of the part with that Content-ID (without angle brackets).
    #[must_use]
    pub fn inline(&self, cid: &str) -> Option<(String, Cow<'_, [u8]>)> {
        let mut leaves = self.parts.iter().filter(|part| !part.is_multipart());
        let part = leaves.find(|part| part.content_id.as_deref() == Some(cid))?;
        Some((part.content_type.clone(), part.bytes()))
    }

    /// Whether nothing in the letter can be read without a key (S/MIME, PGP/MIME, inline PGP). Judged by its content,
    /// not by its fields: a wrong "yes" would let clear text pass as encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        let Some(root) = self.parts.first() else { return false };
        // Some programs use the first type, some the last.
        if root.has_several_types() || self.parts.iter().any(says_something_outside) {
            return false;
        }
        if is_cms(root) {
            return cms_kind(root) == Some(Cms::Encrypted);
        }
        if root.is("multipart/encrypted") {
            // RFC 3156 §4: a control part and the encrypted data, nothing else.
            let [control, data] = root.children.as_slice() else { return false };
            let is_control = |part: &Part<'_>| {
                part.is("application/pgp-encrypted")
                    && part.bytes().trim_ascii().eq_ignore_ascii_case(b"Version: 1")
            };
            return self.parts.get(*control).is_some_and(is_control)
                && self.parts.get(*data).is_some_and(is_pgp_message);
        }
        let mut leaves = self.parts.iter().filter(|part| !part.is_multipart() && part.level == 0).peekable();
        leaves.peek().is_some() && leaves.all(is_pgp_message)
    }

    /// Why a letter without text has none, by its own fields: for display, where [`Self::is_encrypted`] judges.
    #[must_use]
    pub fn sealed(&self) -> Option<Unshown> {
        let closed = self.parts.iter().filter(|part| part.opened.is_none());
        let said = closed.filter_map(|part| match part.content_type.as_str() {
            "multipart/encrypted" | "application/pgp-encrypted" => Some(Unshown::Encrypted),
            "message/partial" => Some(Unshown::Partial),
            _ if is_cms(part) => {
                let kind = part.parameter("smime-type").unwrap_or_default().to_ascii_lowercase();
                let encrypted = kind.contains("enveloped") || cms_kind(part) == Some(Cms::Encrypted);
                encrypted.then_some(Unshown::Encrypted)
            }
            _ => None,
        });
        said.min()
    }

    /// The signature over the whole letter, if it is a multipart/signed. Does not verify it.
    #[must_use]
    pub fn detached_signature(&self) -> Option<DetachedSignature> {
        self.parts.first().and_then(|root| root.signature)
    }

    /// Whether the letter is signed (S/MIME, PGP/MIME, inline PGP). Does not verify it.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        let Some(root) = self.parts.first() else { return false };
        if is_cms(root) {
            return cms_kind(root) == Some(Cms::Signed);
        }
        root.signature.is_some()
            || self
                .body
                .blocks
                .iter()
                .flat_map(|block| &block.plain)
                .filter_map(|at| self.parts.get(*at))
                .any(|part| {
                    let bytes = part.bytes();
                    bytes.trim_ascii_start().starts_with(b"-----BEGIN PGP SIGNED MESSAGE-----")
                })
    }
}

/// The file name that the content of a part without one gives.
fn title_of(part: &Part<'_>, content_type: &str) -> Option<String> {
    match content_type {
        _ if is_letter(content_type) => {
            let bytes = part.bytes();
            let (head, _) = parts::split_entity(&bytes);
            let subject = Letter::parse(head).ok()?.summary_subject()?;
            file_name_from_title(&subject, "eml")
        }
        "text/calendar" => {
            let event = invitation::invitations(&calendar_of(part), &TimeZone::UTC).into_iter().next()?;
            file_name_from_title(&event.title, "ics")
        }
        // The name of such a part by RFC 8551 §3.2.1.
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => Some("smime.p7m".to_owned()),
        _ => None,
    }
}

fn nameless(number: usize, content_type: &str) -> Nameless {
    match content_type {
        _ if is_letter(content_type) => Nameless::Letter { number },
        "text/calendar" => Nameless::Invitation,
        "message/delivery-status" | "message/global-delivery-status" => Nameless::DeliveryStatus,
        "message/disposition-notification" | "message/global-disposition-notification" => Nameless::Receipt,
        "text/rfc822-headers" | "message/global-headers" => Nameless::LetterHead,
        _ => Nameless::File { number, extension: file_type::extension(content_type).to_owned() },
    }
}

/// The parts in reading order: extracted parts directly follow their container.
fn order(parts: &[Part<'_>]) -> Vec<usize> {
    let mut out = Vec::with_capacity(parts.len());
    let mut open = vec![0];
    while let Some(at) = open.pop() {
        out.push(at);
        open.extend(parts.get(at).iter().flat_map(|part| part.children.iter().rev()));
    }
    out
}

/// A calendar's lines put together.
fn calendar_of(part: &Part<'_>) -> String {
    let bytes = flowed::unfolded_bytes(&part.bytes());
    body::characters(part, &bytes)
}

/// "undisclosed-recipients:;" contains no address.
fn is_withheld(group: &str) -> bool {
    let lower = group.to_ascii_lowercase();
    lower.starts_with("undisclosed") || lower.starts_with("unlisted")
}

fn is_letter(content_type: &str) -> bool {
    content_type == "message/rfc822" || content_type == "message/global"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn size(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

fn ids(value: Option<&HeaderValue<'_>>) -> Vec<String> {
    let all: Vec<&str> = match value {
        Some(HeaderValue::Text(one)) => vec![one.as_ref()],
        Some(HeaderValue::TextList(list)) => list.iter().map(AsRef::as_ref).collect(),
        _ => Vec::new(),
    };
    let clean =
        all.into_iter().map(|id| id.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect());
    clean.filter(|id: &String| !id.is_empty() && id.len() <= 998).collect()
}

#[derive(PartialEq, Eq)]
enum Cms {
    Encrypted,
    Signed,
}

/// RFC 5652 §3: the content type's OID is in the first bytes.
fn cms_kind(part: &Part<'_>) -> Option<Cms> {
    const ENVELOPED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
    const SIGNED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
    const AUTH_ENVELOPED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17];
    let bytes = part.start();
    // SEQUENCE and its length (2 to 6 bytes), then OBJECT IDENTIFIER and its length.
    let rest = (2..=6).filter_map(|at| bytes.get(at..)).find(|rest| matches!(rest, [6, 9 | 11, ..]))?;
    let oid = rest.get(2..)?;
    if bytes.first() != Some(&0x30) {
        None
    } else if oid.starts_with(ENVELOPED) || oid.starts_with(AUTH_ENVELOPED) {
        Some(Cms::Encrypted)
    } else if oid.starts_with(SIGNED) {
        Some(Cms::Signed)
    } else {
        None
    }
}

/// Preambles that programs write for readers without MIME.
const PREAMBLES: [&[u8]; 3] = [
    b"this is an openpgp/mime encrypted message",
    b"this is a multi-part message in mime format",
    b"this is a multipart message in mime format",
];

/// Whether there are words before, between or after the parts of a multipart, where disclaimers are put: those are not
/// encrypted.
fn says_something_outside(part: &Part<'_>) -> bool {
    if !part.is_multipart() {
        return false;
    }
    let boundary = part.parameter("boundary").unwrap_or_default();
    let pieces = parts::split_multipart(&part.body, boundary.trim_end().as_bytes());
    // Split at a guessed boundary: other readers see all of it as one text.
    if boundary.trim_end().is_empty() || pieces.inside.is_empty() {
        return true;
    }
    let outside = pieces.outside;
    outside.into_iter().any(|words| {
        let words = words.trim_ascii().to_ascii_lowercase();
        let known = PREAMBLES.iter().any(|one| words.starts_with(one) && words.len() < one.len() + 40);
        !words.is_empty() && !known
    })
}

/// One armoured PGP message and nothing around it, or the binary form from first to last octet, which is not text.
fn is_pgp_message(part: &Part) -> bool {
    let bytes = part.bytes();
    let text = bytes.trim_ascii();
    if text.starts_with(b"-----BEGIN PGP MESSAGE-----") {
        let end: &[u8] = b"-----END PGP MESSAGE-----";
        return text.ends_with(end) && text.windows(end.len()).filter(|w| *w == end).count() == 1;
    }
    !part.content_type.starts_with("text/") && container::openpgp::is_encrypted(&bytes)
}

#[cfg(test)]
#[path = "letter_tests.rs"]
mod tests;
