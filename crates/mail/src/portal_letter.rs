//! Writes a letter by a portal user, in pieces: files are encoded as a stream between them, so that a large
//! letter is never in memory. Knows no mailbox and no queue.

use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address as Written;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::{BodyPart, MimePart};

use crate::address::Address;
use crate::clock::Timestamp;
use crate::compose::{ComposeError, checked_id, checked_type, crlf, unstructured};
use crate::display::one_line;

/// The field that says that the sender had signed in. It is removed from all other letters when they are
/// accepted.
pub const PORTAL_FIELD: &str = "X-Sealpost-Portal";

/// Octets of a file on one line of base64 (RFC 2045 §6.8: 76 characters).
const LINE: usize = 57;

/// The content of the letter, without the bytes of its files.
#[derive(Clone)]
pub struct PortalLetter {
    /// Display name and address of the mailbox's owner.
    pub from: (Option<String>, Address),
    /// To.
    pub to: Vec<Address>,
    /// Cc.
    pub cc: Vec<Address>,
    /// Subject.
    pub subject: String,
    /// The text, line ends of any kind.
    pub text: String,
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// Message-ID of the letter that it answers, without angle brackets. Not ours: omitted if malformed.
    pub in_reply_to: Option<String>,
    /// Message-IDs of the thread, oldest first.
    pub references: Vec<String>,
    /// Date.
    pub at: Timestamp,
    /// Name and type of each file.
    pub files: Vec<(String, String)>,
}

/// The letter around its files: `opening`, then for each file its `files` piece and its bytes through
/// [`MimeLines`], then `closing`.
#[derive(Clone, Debug)]
pub struct LetterPieces {
    /// Header section and text.
    pub opening: Vec<u8>,
    /// The text before the bytes of each file.
    pub files: Vec<Vec<u8>>,
    /// The end of the letter.
    pub closing: Vec<u8>,
}

impl PortalLetter {
    /// Writes everything but the files' bytes: CRLF, 7-bit clean.
    pub fn pieces(&self) -> Result<LetterPieces, ComposeError> {
        let id = checked_id(&self.message_id)?;
        let from_name = self.from.0.as_deref().map(one_line).filter(|name| !name.is_empty());
        let mut letter = MessageBuilder::new()
            .from(Written::new_address(from_name, self.from.1.to_path()))
            .to(list(&self.to))
            .header("Subject", unstructured(&self.subject))
            .date(Date::new(self.at.seconds()))
            .message_id(id)
            .header(PORTAL_FIELD, Raw::new("authenticated"));
        if !self.cc.is_empty() {
            letter = letter.cc(list(&self.cc));
        }
        if let Some(parent) = self.in_reply_to.as_deref().and_then(|id| checked_id(id).ok()) {
            letter = letter.in_reply_to(parent);
        }
        let references: Vec<&str> = self.references.iter().filter_map(|id| checked_id(id).ok()).collect();
        if !references.is_empty() {
            letter = letter.header("References", HeaderType::MessageId(MessageId::from(references)));
        }
        let text = MimePart::new("text/plain", BodyPart::Text(crlf(&self.text).into()));
        if self.files.is_empty() {
            let opening = letter.body(text).write_to_vec()?;
            return Ok(LetterPieces { opening, files: Vec::new(), closing: Vec::new() });
        }
        let unique: String = id.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
        let boundary = format!("=_letter_{unique}");
        let kind = ContentType::new("multipart/mixed").attribute("boundary", boundary.as_str());
        let whole = MimePart::new(kind, BodyPart::Multipart(vec![text]));
        let mut opening = letter.body(whole).write_to_vec()?;
        let closing = format!("\r\n--{boundary}--\r\n").into_bytes();
        // The builder has closed the multipart that continues here.
        let open = opening.strip_suffix(closing.as_slice()).map_or(opening.len(), <[u8]>::len);
        opening.truncate(open);
        let files = self.files.iter().map(|(name, kind)| file_head(&boundary, name, kind)).collect();
        Ok(LetterPieces { opening, files, closing })
    }
}

fn list(addresses: &[Address]) -> Written<'static> {
    Written::new_list(
        addresses.iter().map(|address| Written::new_address(None::<String>, address.to_path())).collect(),
    )
}

fn file_head(boundary: &str, name: &str, kind: &str) -> Vec<u8> {
    // RFC 2045 §5.1: case does not count in a type.
    let kind = checked_type(kind).unwrap_or("application/octet-stream").to_ascii_lowercase();
    // message/* may not be encoded (RFC 2046 §5.2.1), and text must not be changed: both are sent as bytes.
    let plain = ["message/", "multipart/"].iter().any(|prefix| kind.starts_with(prefix));
    let kind = if plain { "application/octet-stream".to_owned() } else { kind };
    let name = one_line(name);
    let mut out = format!("\r\n--{boundary}\r\n").into_bytes();
    MimePart::new(
        ContentType::new(kind).attribute("name", name.clone()),
        BodyPart::Binary(Vec::new().into()),
    )
    .attachment(name)
    .transfer_encoding("base64")
    .write_part(&mut out);
    out
}

/// Streaming base64 in lines (RFC 2045 §6.8).
#[derive(Debug, Default)]
pub struct MimeLines {
    held: Vec<u8>,
}

impl MimeLines {
    /// Takes more of a file; appends complete lines to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.held.extend_from_slice(bytes);
        let whole = self.held.len() - self.held.len() % LINE;
        let rest = self.held.split_off(whole);
        for line in self.held.chunks(LINE) {
            encode(line, out);
        }
        self.held = rest;
    }

    /// Ends the file: writes the last line. Ready for the next file.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.held.is_empty() {
            encode(&self.held, out);
            self.held.clear();
        }
    }
}

fn encode(line: &[u8], out: &mut Vec<u8>) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32| ALPHABET.get((bits & 63) as usize).copied().unwrap_or(b'=');
    for three in line.chunks(3) {
        let at = |n: usize| u32::from(three.get(n).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        out.push(digit(bits >> 18));
        out.push(digit(bits >> 12));
        out.push(if three.len() > 1 { digit(bits >> 6) } else { b'=' });
        out.push(if three.len() > 2 { digit(bits) } else { b'=' });
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::is_crlf_clean;
    use crate::{Head, Letter};

    fn letter(files: &[(&str, &str)]) -> PortalLetter {
        PortalLetter {
            from: (
                Some("Max Müster\r\nBcc: x@evil.example".into()),
                Address::parse("max@web.example").unwrap(),
            ),
            to: vec![
                Address::parse("a@insurer.example").unwrap(),
                Address::parse("b@insurer.example").unwrap(),
            ],
            cc: vec![Address::parse("c@insurer.example").unwrap()],
            subject: "Größe\r\nBcc: y@evil.example".into(),
            text: "Grüße\n.\nFrom hier\r\n".into(),
            message_id: "0123456789abcdef@gate.example".into(),
            in_reply_to: Some("parent@insurer.example".into()),
            references: vec!["old@insurer.example".into(), "bro ken".into(), "parent@insurer.example".into()],
            at: Timestamp(1_795_280_400_000),
            files: files.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect(),
        }
    }

    fn whole(letter: &PortalLetter, contents: &[&[u8]]) -> Vec<u8> {
        let pieces = letter.pieces().unwrap();
        let mut out = pieces.opening;
        let mut lines = MimeLines::default();
        for (head, bytes) in pieces.files.iter().zip(contents) {
            out.extend_from_slice(head);
            for piece in bytes.chunks(1000) {
                lines.push(piece, &mut out);
            }
            lines.finish(&mut out);
        }
        out.extend_from_slice(&pieces.closing);
        out
    }

    #[test]
    fn what_goes_in_comes_out() {
        let large: Vec<u8> = (0..100_003_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
        let contents: [&[u8]; 4] = [&large, b"", b"a", b"<script>\n\r\n"];
        let files = [
            ("Schadensbericht für März.pdf", "application/pdf"),
            ("leer.txt", "text/plain"),
            ("brief.eml", "message/rfc822"),
            ("böse\r\nX: y.html", "text/html\r\nX: y"),
        ];
        let bytes = whole(&letter(&files), &contents);
        assert!(is_crlf_clean(&bytes) && bytes.is_ascii());
        assert!(bytes.split(|b| *b == b'\n').all(|line| line.len() <= 99));
        let parsed = Letter::parse(&bytes).unwrap();
        let summary = parsed.summary();
        assert_eq!(parsed.text().unwrap().trim_end(), "Grüße\r\n.\r\nFrom hier");
        assert_eq!(summary.attachments.len(), 4);
        for (n, wanted) in contents.iter().enumerate() {
            let index = summary.attachments[n].index;
            assert_eq!(parsed.attachment_bytes(index).unwrap().as_ref(), *wanted, "{n}");
            assert_eq!(summary.attachments[n].size, wanted.len() as u64);
        }
        assert_eq!(summary.attachments[0].name.given(), Some("Schadensbericht für März.pdf"));
        assert_eq!(summary.in_reply_to, ["parent@insurer.example"]);
        assert_eq!(summary.references, ["old@insurer.example", "parent@insurer.example"]);
        assert_eq!((summary.to.len(), summary.cc.len()), (2, 1));
        assert_eq!(summary.subject.as_deref(), Some("Größe Bcc: y@evil.example"));
        let head = Head::new(bytes[..Head::split(&bytes).unwrap()].to_vec()).unwrap();
        assert_eq!(head.count("Bcc"), 0);
        assert_eq!(head.first(PORTAL_FIELD).as_deref(), Some("authenticated"));
        assert_eq!(head.from_address().unwrap().unwrap().to_path(), "max@web.example");
        let stripped = head.without("x-sealpost-portal");
        assert_eq!(stripped.count(PORTAL_FIELD), 0);
        assert_eq!(stripped.fields().count() + 1, head.fields().count());
    }

    #[test]
    fn without_files_it_is_plain_text() {
        let bytes = whole(&letter(&[]), &[]);
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("Content-Type: text/plain") && !text.contains("multipart"), "{text}");
    }
}
