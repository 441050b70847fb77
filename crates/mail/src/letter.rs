//! The one parsed view of a whole letter, for looking and never for relaying. Opens nothing, runs nothing.
//!
//! SECURITY: everything in here was written by a stranger. Names are made safe to show; bytes, text and
//! HTML are handed out as they are and are hostile.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use mail_parser::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::clock::Timestamp;
use crate::display::{file_name, file_name_from_title, one_line};
use crate::html::html_to_text;
use crate::parts::{self, Part};
use crate::transfer::Decoder;
use crate::{charset, kind, words};

/// Why a letter is not looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LetterError {
    /// No header field at all.
    #[error("there is no header field in it")]
    NoHeader,
    /// More parts, parts nested deeper, or larger heads of parts, than any honest letter has.
    #[error("it has too many parts, parts nested too deeply, or too large header sections")]
    TooComplex,
}

/// A sender or recipient as the letter shows it; nothing in it is proven.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The display name.
    pub name: Option<String>,
    /// The address as written.
    pub address: Option<String>,
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox")
    }
}

/// What a list of letters shows of one.
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
    /// Bytes of the whole letter.
    pub size: u64,
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
    /// A file name safe to show and to save under: never a path.
    pub name: String,
    /// Its type, lower case.
    pub content_type: String,
    /// Decoded bytes.
    pub size: u64,
    /// Content-ID without angle brackets, if the HTML part can point to it.
    pub inline_cid: Option<String>,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({}, {} bytes)", self.index, self.size)
    }
}

/// Where an attachment lies in the letter's bytes.
#[derive(Clone, Debug)]
pub struct Place {
    /// The encoded bytes.
    pub range: Range<u64>,
    /// Decoded bytes.
    pub size: u64,
    /// What decodes them, from the first one on.
    pub decoder: Decoder,
}

/// A parsed letter.
pub struct Letter<'a> {
    bytes: &'a [u8],
    parts: Vec<Part<'a>>,
    body: Vec<Block>,
    attached: Vec<usize>,
}

/// A stretch of the body: the same words as text, as HTML, or as both.
#[derive(Default)]
struct Block {
    plain: Vec<usize>,
    html: Vec<usize>,
}

impl<'a> Letter<'a> {
    /// Parses leniently and bounded.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, LetterError> {
        Self::of(bytes, parts::walk(bytes)?)
    }

    /// Parses as far as the bounds allow. `false`: there is more in it that nobody has looked at. For showing
    /// what can be shown; never for judging.
    pub fn parse_some(bytes: &'a [u8]) -> Result<(Self, bool), LetterError> {
        let (parts, whole) = parts::walk_some(bytes);
        Ok((Self::of(bytes, parts)?, whole))
    }

    fn of(bytes: &'a [u8], parts: Vec<Part<'a>>) -> Result<Self, LetterError> {
        if parts.first().is_none_or(|root| root.fields.is_empty()) {
            return Err(LetterError::NoHeader);
        }
        let mut letter = Self { bytes, parts, body: Vec::new(), attached: Vec::new() };
        letter.body = letter.blocks(0);
        if letter.body.is_empty() {
            // A first part with a file name is still the best text there is.
            let first = letter.parts.iter().position(|part| !part.is_multipart());
            if let Some(at) =
                first.filter(|at| letter.parts.get(*at).is_some_and(|p| is_text(p) && !p.is_attachment()))
            {
                letter.body = vec![letter.block(at)];
            }
        }
        let shown: Vec<usize> =
            letter.body.iter().flat_map(|block| block.plain.iter().chain(&block.html)).copied().collect();
        letter.attached = (0..letter.parts.len())
            .filter(|at| !shown.contains(at) && letter.parts.get(*at).is_some_and(|p| !p.is_multipart()))
            .collect();
        Ok(letter)
    }

    /// Which parts under `at` are the body (RFC 2046 §5.1).
    fn blocks(&self, at: usize) -> Vec<Block> {
        let Some(part) = self.parts.get(at) else { return Vec::new() };
        if !part.is_multipart() {
            let root = at == 0;
            let wanted = is_shown_text(part) || (root && is_text(part));
            let kept_apart = !root && (part.is_attachment() || part.name().is_some());
            return if wanted && !kept_apart { vec![self.block(at)] } else { Vec::new() };
        }
        match part.content_type.as_str() {
            "multipart/alternative" => {
                let mut all = Block::default();
                for block in part.children.iter().flat_map(|child| self.blocks(*child)) {
                    all.plain.extend(block.plain);
                    all.html.extend(block.html);
                }
                if all.plain.is_empty() && all.html.is_empty() { Vec::new() } else { vec![all] }
            }
            // RFC 2387 §3.1: the root is the first part. RFC 1847: the first part is what is signed.
            "multipart/related" | "multipart/signed" => {
                part.children.first().map(|child| self.blocks(*child)).unwrap_or_default()
            }
            "multipart/encrypted" => Vec::new(),
            _ => part.children.iter().flat_map(|child| self.blocks(*child)).collect(),
        }
    }

    fn block(&self, at: usize) -> Block {
        if self.parts.get(at).is_some_and(|part| part.is("text/html")) {
            Block { plain: Vec::new(), html: vec![at] }
        } else {
            Block { plain: vec![at], html: Vec::new() }
        }
    }

    /// What a list shows.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let fields = self.parts.first();
        let value = |name: HeaderName<'static>| fields.and_then(|part| part.value(&name));
        Summary {
            from: mailboxes(value(HeaderName::From)),
            to: mailboxes(value(HeaderName::To)),
            cc: mailboxes(value(HeaderName::Cc)),
            reply_to: mailboxes(value(HeaderName::ReplyTo)),
            subject: fields.and_then(|part| self.subject(part)),
            date: value(HeaderName::Date)
                .and_then(HeaderValue::as_datetime)
                .filter(|date| date.is_valid())
                .map(|date| Timestamp(date.to_timestamp().saturating_mul(1000))),
            message_id: ids(value(HeaderName::MessageId)).into_iter().next(),
            in_reply_to: ids(value(HeaderName::InReplyTo)),
            references: ids(value(HeaderName::References)),
            attachments: self.attachments(),
            size: size(self.bytes.len()),
        }
    }

    /// Decoded by the same code as [`crate::Head::subject`], so that both always agree.
    fn subject(&self, part: &Part<'_>) -> Option<String> {
        let field = part.fields.iter().find(|field| field.name == HeaderName::Subject)?;
        let (start, end) =
            (usize::try_from(field.offset_start).ok()?, usize::try_from(field.offset_end).ok()?);
        Some(one_line(&words::decode(self.bytes.get(start..end)?)))
    }

    /// The best text body; made from the HTML where there is no text.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let blocks = self.body.iter().map(|block| {
            if block.plain.is_empty() {
                self.joined(&block.html, |html| html_to_text(&html))
            } else {
                self.joined(&block.plain, |plain| plain)
            }
        });
        let all: Vec<String> = blocks.collect();
        (!all.is_empty()).then(|| all.join("\n\n"))
    }

    /// The HTML body as sent: hostile. Text between HTML parts is escaped and kept.
    #[must_use]
    pub fn html(&self) -> Option<String> {
        if self.body.iter().all(|block| block.html.is_empty()) {
            return None;
        }
        let blocks = self.body.iter().map(|block| {
            if block.html.is_empty() {
                self.joined(&block.plain, |plain| format!("<pre>{}</pre>", escaped(&plain)))
            } else {
                self.joined(&block.html, |html| html)
            }
        });
        Some(blocks.collect::<Vec<_>>().join("\n"))
    }

    fn joined(&self, parts: &[usize], as_shown: impl Fn(String) -> String) -> String {
        let texts =
            parts.iter().filter_map(|at| self.parts.get(*at)).map(|part| as_shown(decoded_text(part)));
        texts.collect::<Vec<_>>().join("\n")
    }

    /// The attachments.
    #[must_use]
    pub fn attachments(&self) -> Vec<Attachment> {
        let listed = self.attached.iter().enumerate();
        listed.filter_map(|(index, at)| Some(self.attachment(index, self.parts.get(*at)?))).collect()
    }

    fn attachment(&self, index: usize, part: &Part<'_>) -> Attachment {
        let inline_cid = if part.is_attachment() && !part.content_type.starts_with("image/") {
            None
        } else {
            content_id(part)
        };
        Attachment {
            index,
            name: self.attachment_name(index, part),
            content_type: part.content_type.clone(),
            size: size(part.transfer.decoded_len(part.body)),
            inline_cid,
        }
    }

    fn attachment_name(&self, index: usize, part: &Part<'_>) -> String {
        if let Some(name) = part.name().and_then(|name| file_name(&name)) {
            return name;
        }
        if is_letter(part) {
            let bytes = part.transfer.decode(part.body);
            let (head, _) = parts::split_entity(&bytes);
            let subject = Letter::parse(head).ok().and_then(|letter| letter.summary_subject());
            if let Some(name) = subject.and_then(|subject| file_name_from_title(&subject, "eml")) {
                return name;
            }
        }
        format!("attachment-{}.{}", index + 1, kind::extension(&part.content_type))
    }

    fn summary_subject(&self) -> Option<String> {
        self.parts.first().and_then(|part| self.subject(part))
    }

    /// The decoded bytes of one attachment.
    #[must_use]
    pub fn attachment_bytes(&self, index: usize) -> Option<Cow<'_, [u8]>> {
        let part = self.parts.get(*self.attached.get(index)?)?;
        Some(part.transfer.decode(part.body))
    }

    /// Where one attachment's bytes lie, if they can be decoded as they come: it need not be in memory then.
    #[must_use]
    pub fn attachment_place(&self, index: usize) -> Option<Place> {
        let part = self.parts.get(*self.attached.get(index)?)?;
        let decoder = Decoder::of(part.transfer)?;
        // A part's body is a piece of the letter; an empty one may be anywhere.
        let start = if part.body.is_empty() {
            0
        } else {
            part.body.as_ptr().addr().checked_sub(self.bytes.as_ptr().addr())?
        };
        let end = start.checked_add(part.body.len()).filter(|end| *end <= self.bytes.len())?;
        let decoded = size(part.transfer.decoded_len(part.body));
        Some(Place { range: size(start)..size(end), size: decoded, decoder })
    }

    /// Type and bytes of the part with that Content-ID (without angle brackets).
    #[must_use]
    pub fn inline(&self, cid: &str) -> Option<(String, Cow<'_, [u8]>)> {
        let mut leaves = self.parts.iter().filter(|part| !part.is_multipart());
        let part = leaves.find(|part| content_id(part).as_deref() == Some(cid))?;
        Some((part.content_type.clone(), part.transfer.decode(part.body)))
    }

    /// Whether nothing in the letter can be read without a key (S/MIME, PGP/MIME, inline PGP). Judged by
    /// what is there, not by what the fields claim: a wrong yes would let clear text pass as encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        let Some(root) = self.parts.first() else { return false };
        if is_cms(root) {
            return cms_kind(root) == Some(Cms::Encrypted);
        }
        if root.is("multipart/encrypted") {
            // RFC 3156 §4: a control part and the encrypted data, nothing else.
            let [control, data] = root.children.as_slice() else { return false };
            return self.parts.get(*control).is_some_and(|part| part.is("application/pgp-encrypted"))
                && self
                    .parts
                    .get(*data)
                    .is_some_and(|part| is_pgp_message(&part.transfer.decode(part.body)));
        }
        let mut leaves = self.parts.iter().filter(|part| !part.is_multipart()).peekable();
        leaves.peek().is_some() && leaves.all(|part| is_pgp_message(&part.transfer.decode(part.body)))
    }

    /// Whether the letter is signed (S/MIME, PGP/MIME, inline PGP). Says nothing about validity.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        let Some(root) = self.parts.first() else { return false };
        if is_cms(root) {
            return cms_kind(root) == Some(Cms::Signed);
        }
        root.is("multipart/signed")
            || self.body.iter().flat_map(|block| &block.plain).filter_map(|at| self.parts.get(*at)).any(
                |part| {
                    let bytes = part.transfer.decode(part.body);
                    bytes.trim_ascii_start().starts_with(b"-----BEGIN PGP SIGNED MESSAGE-----")
                },
            )
    }
}

fn is_text(part: &Part<'_>) -> bool {
    part.content_type.starts_with("text/") || part.content_type.starts_with("multipart/")
}

fn is_shown_text(part: &Part<'_>) -> bool {
    // A multipart without children could not be taken apart: its source is all there is to show.
    part.is("text/plain") || part.is("text/html") || part.content_type.starts_with("multipart/")
}

fn is_letter(part: &Part<'_>) -> bool {
    part.is("message/rfc822") || part.is("message/global")
}

fn decoded_text(part: &Part<'_>) -> String {
    let bytes = part.transfer.decode(part.body);
    let own = || charset::declared_in_page(&bytes).filter(|_| part.is("text/html"));
    charset::decode(&bytes, part.parameter("charset").or_else(own).as_deref())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn size(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

fn mailboxes(value: Option<&HeaderValue<'_>>) -> Vec<Mailbox> {
    let Some(list) = value.and_then(HeaderValue::as_address) else { return Vec::new() };
    let shown = |text: Option<&str>| text.map(one_line).filter(|text| !text.is_empty());
    list.iter().map(|one| Mailbox { name: shown(one.name()), address: shown(one.address()) }).collect()
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

fn content_id(part: &Part<'_>) -> Option<String> {
    ids(part.value(&HeaderName::ContentId)).into_iter().next()
}

#[derive(PartialEq, Eq)]
enum Cms {
    Encrypted,
    Signed,
}

fn is_cms(part: &Part<'_>) -> bool {
    part.is("application/pkcs7-mime") || part.is("application/x-pkcs7-mime")
}

/// RFC 5652 §3: the content type's OID stands in the first bytes.
fn cms_kind(part: &Part<'_>) -> Option<Cms> {
    const ENVELOPED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
    const SIGNED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
    const AUTH_ENVELOPED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17];
    let bytes = part.transfer.decode(part.body.get(..128).unwrap_or(part.body));
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

/// One armoured PGP message and nothing around it, or the binary form (RFC 9580 §4.2: packet types 1, 3).
fn is_pgp_message(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii();
    if text.starts_with(b"-----BEGIN PGP MESSAGE-----") {
        let end: &[u8] = b"-----END PGP MESSAGE-----";
        return text.ends_with(end) && text.windows(end.len()).filter(|w| *w == end).count() == 1;
    }
    matches!(bytes.first(), Some(0x84..=0x87 | 0x8c..=0x8f | 0xc1 | 0xc3))
}

#[cfg(test)]
#[path = "letter_tests.rs"]
mod tests;
