//! Writes the content of a container as MIME, so that one parser reads everything. Knows no letter.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_builder::headers::date::Date;

use super::rtf;
use super::tnef::{self, Tnef};
use super::uuencode;
use crate::display::shows_nothing;
use crate::encoded_words;
use crate::html::{self, Reading};

/// Nesting depth of messages that are written as letters; deeper ones stay files.
const MAX_MESSAGES: usize = 4;

/// No line of base64 begins like it.
const BOUNDARY: &str = "=_taken_out";

/// A winmail.dat as a letter: its text in all its forms, and its files. `None`: it is empty.
pub(crate) fn of_winmail(tnef: &Tnef<'_>) -> Option<Vec<u8>> {
    winmail(tnef, 0)
}

fn winmail(tnef: &Tnef<'_>, depth: usize) -> Option<Vec<u8>> {
    let rich = tnef.rtf.as_deref().and_then(rtf::read);
    // Outlook writes an empty text beside the real one.
    let is_text = |text: &Option<String>| text.as_ref().is_some_and(|text| !shows_nothing(text));
    let html = tnef.html.clone().filter(|html| says_something(html));
    let html = html.or_else(|| rich.as_ref().and_then(|rich| rich.html.clone()));
    let plain =
        tnef.plain.clone().filter(|plain| !shows_nothing(plain)).or_else(|| rich.map(|rich| rich.text));
    if !is_text(&plain) && !is_text(&html) && tnef.files.is_empty() {
        return None;
    }
    let mut out = head(tnef);
    out.push_str(&format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"{BOUNDARY}\"\r\n\r\n"
    ));
    let inner = format!("{BOUNDARY}_text");
    if is_text(&plain) || is_text(&html) {
        out.push_str(&format!(
            "--{BOUNDARY}\r\nContent-Type: multipart/alternative; boundary=\"{inner}\"\r\n\r\n"
        ));
        for (kind, text) in [("text/plain", &plain), ("text/html", &html)] {
            if let Some(text) = text.as_ref().filter(|text| !shows_nothing(text)) {
                let fields = format!("Content-Type: {kind}; charset=utf-8");
                part(&mut out, &inner, &fields, text.as_bytes());
            }
        }
        out.push_str(&format!("--{inner}--\r\n"));
    }
    for one in &tnef.files {
        let message = if one.is_message && depth < MAX_MESSAGES {
            winmail(&tnef::read(one.bytes), depth + 1)
        } else {
            None
        };
        let name = one.names.first().map(String::as_str).unwrap_or_default();
        let given = one.content_type.as_deref().filter(|kind| kind.contains('/'));
        let fields = match (&message, one.is_message) {
            (Some(_), _) => file_fields("message/rfc822", &format!("{name}.eml"), None),
            (None, true) => file_fields("application/ms-tnef", name, None),
            (None, false) => {
                file_fields(given.unwrap_or("application/octet-stream"), name, one.content_id.as_deref())
            }
        };
        part(&mut out, BOUNDARY, &fields, message.as_deref().unwrap_or(one.bytes));
    }
    out.push_str(&format!("--{BOUNDARY}--\r\n"));
    Some(out.into_bytes())
}

/// Whether a page has words or pictures.
fn says_something(page: &str) -> bool {
    page.to_ascii_lowercase().contains("<img")
        || html::read(page, Reading::Shown).is_none_or(|text| !shows_nothing(&text))
}

fn head(tnef: &Tnef<'_>) -> String {
    let mut out = String::new();
    let (name, address) = (tnef.from.0.as_deref().unwrap_or_default(), tnef.from.1.as_deref());
    let is_sound = |address: &&str| address.is_ascii() && !address.contains(['<', '>', '"', ' ']);
    // Within a company Outlook writes only the name.
    let address = address.filter(is_sound).unwrap_or_default();
    let name = name.replace(['<', '>', '"', ',', ';', ':', '(', ')', '@', '\\'], " ");
    if !address.is_empty() || !name.trim().is_empty() {
        let name = String::from_utf8_lossy(&encoded_words::encode(name.trim())).trim().to_owned();
        let line: String = format!("{name} <{address}>").chars().filter(|c| !c.is_control()).collect();
        out.push_str(&format!("From: {}\r\n", line.trim()));
    }
    let mut field = |name: &str, text: &Option<String>| {
        if let Some(text) = text.as_ref().filter(|text| !text.trim().is_empty()) {
            let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            out.push_str(&format!(
                "{name}:{}\r\n",
                String::from_utf8_lossy(&encoded_words::encode(text.trim()))
            ));
        }
    };
    field("Subject", &tnef.subject);
    field("To", &tnef.to);
    if let Some(sent) = tnef.sent {
        out.push_str(&format!("Date: {}\r\n", Date::new(sent.div_euclid(1000)).to_rfc822()));
    }
    out
}

/// Uuencoded files as the parts of a multipart.
pub(crate) fn of_files(files: &[uuencode::File]) -> Vec<u8> {
    let mut out = format!("Content-Type: multipart/mixed; boundary=\"{BOUNDARY}\"\r\n\r\n");
    for one in files {
        part(&mut out, BOUNDARY, &file_fields("application/octet-stream", &one.name, None), &one.bytes);
    }
    out.push_str(&format!("--{BOUNDARY}--\r\n"));
    out.into_bytes()
}

fn file_fields(kind: &str, name: &str, content_id: Option<&str>) -> String {
    let token = |c: char| c.is_ascii_alphanumeric() || "/!#$&^_.+-".contains(c);
    let kind: String = kind.chars().filter(|c| token(*c)).take(127).collect();
    let mut fields = format!("Content-Type: {kind}\r\nContent-Disposition: attachment");
    if !name.is_empty() {
        fields.push_str("; filename*=utf-8''");
        for byte in name.bytes().take(2000) {
            if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
                fields.push(char::from(byte));
            } else {
                fields.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    let id: String =
        content_id.unwrap_or_default().chars().filter(char::is_ascii_graphic).take(900).collect();
    if !id.is_empty() {
        fields.push_str(&format!("\r\nContent-ID: <{id}>"));
    }
    fields
}

fn part(out: &mut String, boundary: &str, fields: &str, bytes: &[u8]) {
    out.push_str(&format!("--{boundary}\r\n{fields}\r\nContent-Transfer-Encoding: base64\r\n\r\n"));
    let digits = STANDARD.encode(bytes);
    for line in digits.as_bytes().chunks(76) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push_str("\r\n");
    }
}
