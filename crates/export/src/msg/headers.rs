//! Makes the header section readable for other programs: names and subjects in raw bytes, in unknown charsets or with
//! split characters are encoded anew. Knows no property.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_mail::{Mailbox, Summary, one_line};

/// RFC 2047 §2: an encoded-word has at most 75 characters; this many octets fit beside `=?utf-8?B?` and `?=`.
const WORD: usize = 45;

/// The head as text. Fields with non-ASCII characters are written as we have decoded them; all others unchanged.
pub(super) fn legible(raw: &[u8], summary: &Summary) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut written: Vec<String> = Vec::new();
    for field in fields(raw) {
        let came = String::from_utf8_lossy(field);
        let name = came.split(':').next().unwrap_or_default().trim().to_owned();
        let small = name.to_ascii_lowercase();
        // An escape sequence shifts to Japanese (RFC 1468), 7-bit and without a label.
        let odd = !field.is_ascii() || came.contains("=?") || came.contains('\u{1b}');
        let anew = if odd && !written.contains(&small) { value(&small, summary) } else { None };
        match anew {
            Some(value) => {
                out.push_str(&format!("{name}: {value}\r\n"));
                written.push(small);
            }
            None => out.push_str(&came),
        }
    }
    out
}

/// Fields with their continuation lines and line ends.
fn fields(raw: &[u8]) -> Vec<&[u8]> {
    let mut found: Vec<&[u8]> = Vec::new();
    let mut start = 0;
    let mut at = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let goes_on = line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        if !goes_on && at > start {
            found.extend(raw.get(start..at));
            start = at;
        }
        at += line.len();
    }
    found.extend(raw.get(start..at).filter(|field| !field.is_empty()));
    found
}

fn value(name: &str, summary: &Summary) -> Option<String> {
    let people = |all: &[Mailbox]| {
        let each: Vec<String> = all.iter().map(person).collect();
        (!each.is_empty()).then(|| each.join(",\r\n "))
    };
    match name {
        "subject" => summary.subject.as_deref().map(|subject| words(subject).into_owned()),
        "from" => people(&summary.from),
        "to" => people(&summary.to),
        "cc" => people(&summary.cc),
        "reply-to" => people(&summary.reply_to),
        _ => None,
    }
}

fn person(mailbox: &Mailbox) -> String {
    let name = one_line(mailbox.name.as_deref().unwrap_or_default());
    let address = one_line(mailbox.address.as_deref().unwrap_or_default());
    match (name.is_empty(), address.is_empty()) {
        (true, _) => address,
        (false, true) => phrase(&name),
        (false, false) => format!("{} <{address}>", phrase(&name)),
    }
}

/// RFC 5322 §3.2.5: a name beside an address.
fn phrase(name: &str) -> String {
    if !name.is_ascii() {
        return words(name).into_owned();
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || " -_!#$%&'*+/=?^`{|}~".contains(c);
    if name.chars().all(plain) && !name.contains("=?") {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// RFC 2047: encoded-words of whole characters, one per line.
fn words(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && !text.contains("=?") {
        return Cow::Borrowed(text);
    }
    let mut pieces = vec![String::new()];
    for c in text.chars() {
        if pieces.last().is_some_and(|piece| piece.len() + c.len_utf8() > WORD) {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    let word = |piece: String| format!("=?utf-8?B?{}?=", STANDARD.encode(piece));
    Cow::Owned(pieces.into_iter().map(word).collect::<Vec<_>>().join("\r\n "))
}

#[cfg(test)]
mod tests {
    use sealpost_mail::Letter;

    use super::*;

    fn written(head: &[u8]) -> String {
        let letter = [head, b"\r\nx"].concat();
        legible(head, &Letter::parse(&letter).unwrap().summary())
    }

    #[test]
    fn what_nobody_could_read_is_written_anew() {
        let out = written(
            b"Received: from x\r\n by y\r\nFrom: =?unknown-8bit?Q?Gr=F6=DFe?= <j@x.example>\r\nTo: a@x.example\r\n\
              Subject: =?utf-8?Q?Gr=C3?= =?utf-8?Q?=B6=C3=9Fe?=\r\nX-Own: 1\r\n",
        );
        let name = "=?utf-8?B?R3LDtsOfZQ==?=";
        assert_eq!(
            out,
            format!(
                "Received: from x\r\n by y\r\nFrom: {name} <j@x.example>\r\nTo: a@x.example\r\nSubject: {name}\r\nX-Own: 1\r\n"
            )
        );
    }

    #[test]
    fn what_is_plain_stays_as_it_came() {
        let plain = b"From: \"A, B\" <j@x.example>\r\nsubject:  x  y\r\n  z\r\nSubject: w\r\n";
        assert_eq!(written(plain).as_bytes(), plain);
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        let long = "ä".repeat(100);
        for word in words(&long).split("\r\n ") {
            let inside = word.strip_prefix("=?utf-8?B?").and_then(|rest| rest.strip_suffix("?=")).unwrap();
            assert!(
                word.len() <= 75 && String::from_utf8(STANDARD.decode(inside).unwrap()).is_ok(),
                "{word}"
            );
        }
    }
}
