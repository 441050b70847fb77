//! Writes one letter as one message storage: its properties, recipients and attachments. Knows no bytes on
//! disk.

use crate::error::ExportError;
use sealpost_mail::{Head, Letter, Mailbox, Summary};

use super::entry::{Person, entry_list, names, shown};
use super::property::{Counts, Properties, StorageKind};
use super::{Container, attachment, headers, tag};

/// MS-OXCMSG §2.2.1.6: read, and with attachments. Never "unsent": Outlook would open it for writing.
const READ: u32 = 0x0001;
const WITH_ATTACHMENTS: u32 = 0x0010;
/// STORE_UNICODE_OK among others: without it readers take strings for 8-bit.
const UNICODE_STORE: u32 = 0x0004_0e79;
const UTF_8: u32 = 65001;

/// Writes the message into the storage `at`: the root (empty) or that of an embedded message.
pub(super) fn write(
    out: &mut Container,
    at: &str,
    bytes: &[u8],
    letter: &Letter<'_>,
    depth: usize,
) -> std::io::Result<()> {
    let summary = letter.summary();
    let mut recipients: u32 = 0;
    for (mailboxes, kind) in [(&summary.to, 1), (&summary.cc, 2)] {
        for mailbox in mailboxes {
            recipient(out, at, recipients, kind, mailbox)?;
            recipients += 1;
        }
    }
    let attachments = attachment::write_all(out, at, bytes, letter, &summary, depth, write)?;
    let counts = Counts { recipients, attachments };
    let place =
        if depth == 0 { StorageKind::TopMessage(counts) } else { StorageKind::EmbeddedMessage(counts) };
    properties(bytes, letter, &summary, attachments).write(out, at, place)
}

fn properties(bytes: &[u8], letter: &Letter<'_>, summary: &Summary, attachments: u32) -> Properties {
    let has_attachments = attachments > 0;
    let mut all = Properties::default();
    all.text(tag::MESSAGE_CLASS, "IPM.Note");
    all.integer(tag::STORE_SUPPORT_MASK, UNICODE_STORE);
    all.integer(tag::MESSAGE_FLAGS, if has_attachments { READ | WITH_ATTACHMENTS } else { READ });
    all.boolean(tag::HAS_ATTACHMENTS, has_attachments);
    all.integer(tag::INTERNET_CODEPAGE, UTF_8);
    subject(&mut all, summary.subject.as_deref().unwrap_or_default());
    if let (Some(from), Some(name)) = (summary.from.first(), names(&summary.from).next()) {
        sender(&mut all, &name, &Person::of(from));
    }
    all.text(tag::DISPLAY_TO, &shown(&summary.to));
    all.text(tag::DISPLAY_CC, &shown(&summary.cc));
    if !summary.reply_to.is_empty() {
        all.text(tag::REPLY_RECIPIENT_NAMES, &shown(&summary.reply_to));
        all.binary(tag::REPLY_RECIPIENT_ENTRIES, entry_list(&summary.reply_to));
    }
    if let Some(date) = summary.date {
        for id in [
            tag::CLIENT_SUBMIT_TIME,
            tag::MESSAGE_DELIVERY_TIME,
            tag::CREATION_TIME,
            tag::LAST_MODIFICATION_TIME,
        ] {
            all.time(id, date.seconds());
        }
    }
    let angled = |id: &String| format!("<{id}>");
    all.optional_text(tag::INTERNET_MESSAGE_ID, summary.message_id.as_ref().map(angled).as_deref());
    all.optional_text(tag::IN_REPLY_TO_ID, summary.in_reply_to.first().map(angled).as_deref());
    if !summary.references.is_empty() {
        let references: Vec<String> = summary.references.iter().map(angled).collect();
        all.text(tag::INTERNET_REFERENCES, &references.join(" "));
    }
    headers(&mut all, bytes, summary);
    bodies(&mut all, letter);
    all
}

/// MS-OXCMSG §2.2.1.9: the prefix is at most three characters and a colon, without digits.
fn subject(all: &mut Properties, subject: &str) {
    let prefix_end = subject.find(": ").map(|at| at + 2).filter(|end| {
        let prefix = subject.get(..end.saturating_sub(2)).unwrap_or_default();
        (1..=3).contains(&prefix.chars().count()) && prefix.chars().all(char::is_alphabetic)
    });
    let (prefix, normal) = subject.split_at_checked(prefix_end.unwrap_or(0)).unwrap_or(("", subject));
    all.text(tag::SUBJECT, subject);
    all.text(tag::SUBJECT_PREFIX, prefix);
    all.text(tag::NORMALIZED_SUBJECT, normal);
    all.text(tag::CONVERSATION_TOPIC, normal);
}

fn sender(all: &mut Properties, name: &str, person: &Person<'_>) {
    all.text(tag::SENDER_NAME, name);
    all.text(tag::SENDER_ADDRESS_TYPE, "SMTP");
    all.text(tag::SENDER_EMAIL_ADDRESS, person.address);
    all.text(tag::SENDER_SMTP_ADDRESS, person.address);
    all.binary(tag::SENDER_ENTRY_ID, person.entry_id());
    all.binary(tag::SENDER_SEARCH_KEY, person.search_key());
    all.text(tag::SENT_REPRESENTING_NAME, name);
    all.text(tag::SENT_REPRESENTING_ADDRESS_TYPE, "SMTP");
    all.text(tag::SENT_REPRESENTING_EMAIL_ADDRESS, person.address);
    all.text(tag::SENT_REPRESENTING_SMTP_ADDRESS, person.address);
    all.binary(tag::SENT_REPRESENTING_ENTRY_ID, person.entry_id());
    all.binary(tag::SENT_REPRESENTING_SEARCH_KEY, person.search_key());
}

/// The header section as text, and the fields that Outlook stores in properties of their own.
fn headers(all: &mut Properties, bytes: &[u8], summary: &Summary) {
    let end = Head::split(bytes).unwrap_or(bytes.len()).min(Head::MAX);
    let raw = bytes.get(..end).unwrap_or_default();
    all.text(tag::TRANSPORT_MESSAGE_HEADERS, &headers::legible(raw, summary));
    // A malformed header section keeps its text above and loses only these two.
    let Ok(head) = Head::new(raw.to_vec()) else { return };
    let importance = head.first("Importance").or_else(|| head.first("X-Priority")).unwrap_or_default();
    let importance = match importance.to_ascii_lowercase().as_bytes() {
        [b'h', ..] | [b'1' | b'2', ..] => 2,
        [b'l', ..] | [b'4' | b'5', ..] => 0,
        _ => 1,
    };
    all.integer(tag::IMPORTANCE, importance);
    let sensitivity = match head.first("Sensitivity").unwrap_or_default().to_ascii_lowercase().as_str() {
        "personal" => 1,
        "private" => 2,
        "company-confidential" => 3,
        _ => 0,
    };
    all.integer(tag::SENSITIVITY, sensitivity);
}

/// Whether the texts are short enough for a `.msg` of at most three times the letter.
pub(super) fn check_texts(letter: &Letter<'_>) -> Result<(), ExportError> {
    let most = super::MAX_MSG_TEXT;
    let fits = letter.html().is_none_or(|html| html.len() <= most)
        && letter.text().is_none_or(|text| text.len() <= most);
    if fits { Ok(()) } else { Err(ExportError::TooLarge { limit: most as u64 }) }
}

fn bodies(all: &mut Properties, letter: &Letter<'_>) {
    let html = letter.html();
    // MS-OXCMSG §2.2.1.58.2: 1 plain text, 3 HTML.
    all.integer(tag::NATIVE_BODY, if html.is_some() { 3 } else { 1 });
    all.boolean(tag::RTF_IN_SYNC, false);
    all.text(tag::BODY, &with_crlf(&letter.text().unwrap_or_default()));
    if let Some(html) = html {
        all.binary(tag::HTML, declared_utf8(&html).into_bytes());
    }
}

fn with_crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

/// The text has been decoded, so the charset that the page declares is no longer true.
fn declared_utf8(html: &str) -> String {
    const WINDOW: usize = 8192;
    let lower = html.as_bytes().get(..WINDOW.min(html.len())).unwrap_or_default().to_ascii_lowercase();
    let charset = find(&lower, b"<meta", 0)
        .and_then(|meta| find(&lower, b"charset", meta))
        .filter(|at| find(&lower, b"</head", 0).is_none_or(|end| *at < end));
    let value = charset.and_then(|at| {
        let equals = find(&lower, b"=", at)?;
        let skip = |byte: &u8| matches!(byte, b' ' | b'"' | b'\'');
        let start = equals + 1 + lower.get(equals + 1..)?.iter().take_while(|b| skip(b)).count();
        let name = |b: &u8| b.is_ascii_alphanumeric() || b"-_:.".contains(b);
        let end = start + lower.get(start..)?.iter().take_while(|b| name(b)).count();
        (end > start).then_some((start, end))
    });
    let Some((before, after)) = value.and_then(|(start, end)| Some((html.get(..start)?, html.get(end..)?)))
    else {
        return html.to_owned();
    };
    format!("{before}utf-8{after}")
}

fn find(bytes: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    bytes.get(from..)?.windows(wanted.len()).position(|window| window == wanted).map(|at| from + at)
}

/// MS-OXMSG §2.2.1.
fn recipient(
    out: &mut Container,
    at: &str,
    number: u32,
    kind: u32,
    mailbox: &Mailbox,
) -> std::io::Result<()> {
    let person = Person::of(mailbox);
    let storage = format!("{at}/__recip_version1.0_#{number:08X}");
    out.storage(&storage)?;
    let mut all = Properties::default();
    all.integer(tag::ROW_ID, number);
    all.integer(tag::RECIPIENT_TYPE, kind);
    // MAPI_MAILUSER, DT_MAILUSER
    all.integer(tag::OBJECT_TYPE, 6);
    all.integer(tag::DISPLAY_TYPE, 0);
    all.text(tag::DISPLAY_NAME, person.name);
    all.text(tag::RECIPIENT_DISPLAY_NAME, person.name);
    all.text(tag::ADDRESS_TYPE, "SMTP");
    all.text(tag::EMAIL_ADDRESS, person.address);
    all.text(tag::SMTP_ADDRESS, person.address);
    all.binary(tag::ENTRY_ID, person.entry_id());
    all.binary(tag::SEARCH_KEY, person.search_key());
    all.write(out, &storage, StorageKind::RecipientOrAttachment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_the_charset_it_is_in() {
        let page = |charset: &str| {
            format!(
                "<html><head><meta http-equiv=Content-Type content=\"text/html; charset={charset}\"></head>ä"
            )
        };
        assert_eq!(declared_utf8(&page("iso-8859-1")), page("utf-8"));
        assert_eq!(declared_utf8("<meta charset='windows-1252'>ß"), "<meta charset='utf-8'>ß");
        for as_is in ["<p>charset=iso-8859-1</p>", "<meta charset", "<meta charset=>", "ä<meta", ""] {
            assert_eq!(declared_utf8(as_is), as_is);
        }
    }
}
