//! Calendars (RFC 5545, vCalendar 1.0) as containers: titles, classes and embedded files of every component. Parses lines and knows
//! no appointment.

use std::borrow::Cow;
use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::charset;
use crate::transfer::{Transfer, base64_lenient};

/// Files of one calendar.
const MAX_FILES: usize = 1000;

/// Parameters with a file's name, in order of preference; RFC 8607 §4.1 defines the first, programs used the others before. Any
/// other parameter is a name if it looks like one, except these.
const NAMES: [&str; 6] = [
    "FILENAME",
    "X-FILENAME",
    "X-APPLE-FILENAME",
    "X-ORACLE-FILENAME",
    "X-EVOLUTION-CALDAV-FILENAME",
    "X-LABEL",
];
const NO_NAMES: [&str; 5] = ["FMTTYPE", "ENCODING", "VALUE", "SIZE", "MANAGED-ID"];
/// Names of one file.
const MAX_NAMES: usize = 16;

/// A file embedded in a calendar (RFC 5545 §3.8.1.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct File {
    pub(crate) names: Vec<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

/// The content of a calendar.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Calendar {
    /// SUMMARY in every reading.
    pub(crate) titles: BTreeSet<String>,
    /// CLASS, in capitals.
    pub(crate) classes: BTreeSet<String>,
    pub(crate) files: Vec<File>,
    /// `false`: a limit was reached.
    pub(crate) whole: bool,
}

/// Whether bytes of any type begin like a calendar.
pub(crate) fn is_calendar(bytes: &[u8]) -> bool {
    const START: &[u8] = b"BEGIN:VCALENDAR";
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    text.get(..START.len()).is_some_and(|start| start.eq_ignore_ascii_case(START))
}

/// Reads a text whose folded lines have been joined.
pub(crate) fn read(unfolded: &str) -> Calendar {
    let mut found = Calendar { whole: true, ..Calendar::default() };
    let mut lines = unfolded.split(['\r', '\n']).filter(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        // Checked once on the first line: the part before its colon may be long, and many lines may follow.
        let is_soft = is_quoted_printable(line);
        let mut line = Cow::Borrowed(line);
        // A soft line break of vCalendar 1.0.
        while is_soft && line.ends_with('=') && lines.peek().is_some() {
            let length = line.len() - 1;
            let line = line.to_mut();
            line.truncate(length);
            line.push_str(lines.next().unwrap_or_default());
        }
        let line = line.as_ref();
        let name = line.split([';', ':']).next().unwrap_or_default().trim().to_ascii_uppercase();
        match name.as_str() {
            "SUMMARY" => values(line).for_each(|value| title(line, value, &mut found.titles)),
            "CLASS" => found.classes.extend(values(line).map(|value| value.trim().to_ascii_uppercase())),
            "ATTACH" if found.files.len() >= MAX_FILES => found.whole = false,
            "ATTACH" => found.files.extend(file(line)),
            _ => {}
        }
    }
    found
}

/// The text after the first colon outside quotes (RFC 5545 §3.2), and after the first colon of all.
fn values(line: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let outside = line.find(|c: char| {
        quoted ^= c == '"';
        c == ':' && !quoted
    });
    let first = line.find(':').filter(|first| Some(*first) != outside);
    outside.into_iter().chain(first).filter_map(|at| line.get(at + 1..))
}

fn title(line: &str, value: &str, titles: &mut BTreeSet<String>) {
    let mut add = |text: String| {
        if !text.trim().is_empty() {
            titles.insert(text.trim().to_owned());
        }
    };
    if is_quoted_printable(line) {
        add(plain(&charset::decode(&Transfer::QuotedPrintable.decode(value.as_bytes()), None)));
    }
    if is_base64(line) {
        add(plain(&charset::decode(&base64_lenient(value.as_bytes()), None)));
    }
    add(plain(value));
}

/// What the lines of a text say whose values are in base64, but for files (RFC 2425 §5.8.4, vCard 2.1, vCalendar 1.0).
pub(crate) fn encoded_texts(unfolded: &str) -> impl Iterator<Item = String> {
    let mut lines = unfolded.split(['\r', '\n']).filter(|line| !line.is_empty()).peekable();
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?;
            if !is_base64(line) {
                continue;
            }
            let Some(value) = values(line).next() else { continue };
            let mut encoded = value.to_owned();
            // Telephones break the value without a blank before its next line.
            while let Some(more) = lines.next_if(|next| is_encoded_alone(next)) {
                encoded.push_str(more.trim());
            }
            let bytes = base64_lenient(encoded.as_bytes());
            if charset::is_text(&bytes) {
                return Some(charset::decode(&bytes, charset_of(line)));
            }
        }
    })
}

/// Whether all of a line is base64, and no property.
fn is_encoded_alone(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && line.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
}

fn charset_of(line: &str) -> Option<&str> {
    let before = line.split(':').next().unwrap_or_default();
    before.split(';').skip(1).find_map(|one| {
        let (name, value) = one.split_once('=')?;
        name.trim().eq_ignore_ascii_case("CHARSET").then(|| value.trim().trim_matches('"'))
    })
}

/// `ENCODING=BASE64`, `ENCODING=B`, `;BASE64`
fn is_base64(line: &str) -> bool {
    let before = line.split(':').next().unwrap_or_default();
    before.split(';').skip(1).any(|one| {
        let (name, value) = one.split_once('=').unwrap_or(("ENCODING", one));
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("ENCODING")
            && (value.eq_ignore_ascii_case("BASE64") || value.eq_ignore_ascii_case("B"))
    })
}

/// Quoted-printable, as in vCalendar 1.0.
fn is_quoted_printable(line: &str) -> bool {
    let before = line.split(':').next().unwrap_or_default();
    before.to_ascii_uppercase().contains("QUOTED-PRINTABLE")
}

/// RFC 5545 §3.3.11
fn plain(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') | None => out.push(' '),
                Some(escaped) => out.push(escaped),
            },
            other => out.push(other),
        }
    }
    out
}

fn file(line: &str) -> Option<File> {
    let value = values(line).next()?;
    let before = line.get(..line.len() - value.len()).unwrap_or_default();
    let parameter = |wanted: &str| {
        before.split(';').skip(1).find_map(|one| {
            let (name, value) = one.trim_end_matches(':').split_once('=')?;
            name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"').to_owned())
        })
    };
    let mut content_type = parameter("FMTTYPE").map(|kind| kind.trim().to_ascii_lowercase());
    let mut names: Vec<String> =
        NAMES.iter().filter_map(|name| parameter(name)).filter(|name| !name.is_empty()).collect();
    let data = value.split_once(',').filter(|(head, _)| is_data(head));
    // RFC 2397: a type and parameters, including a file's name.
    let of_data = data.map(|(head, _)| head).unwrap_or_default();
    for one in before.split(';').chain(of_data.split(';')).skip(1) {
        let Some((name, value)) = one.trim_end_matches(':').split_once('=') else { continue };
        let value = value.trim().trim_matches('"');
        let is_none = NO_NAMES.iter().any(|no| name.trim().eq_ignore_ascii_case(no));
        if !is_none && is_name(value) && names.len() < MAX_NAMES && !names.iter().any(|known| known == value)
        {
            names.push(value.to_owned());
        }
    }
    let digits = match data {
        Some((head, data)) => {
            let kind =
                head.get(5..).and_then(|kind| kind.split(';').next()).filter(|kind| kind.contains('/'));
            content_type = kind.map(str::to_ascii_lowercase).or(content_type);
            if !head.to_ascii_lowercase().contains(";base64") {
                return Some(File { names, content_type, bytes: data.as_bytes().to_vec() });
            }
            data
        }
        None if is_encoded(&parameter) => value,
        None => return None,
    };
    let dense: String = digits.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = STANDARD.decode(&dense).unwrap_or_else(|_odd| base64_lenient(dense.as_bytes()));
    Some(File { names, content_type, bytes })
}

/// Whether it ends like a file name.
fn is_name(value: &str) -> bool {
    let end = value.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, end)| end);
    end.is_some_and(|end| {
        (1..=10).contains(&end.len()) && end.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn is_data(head: &str) -> bool {
    head.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:"))
}

/// `ENCODING=BASE64;VALUE=BINARY`; programs accept either alone, and vCalendar 1.0 has only the first.
fn is_encoded(parameter: &impl Fn(&str) -> Option<String>) -> bool {
    let encoding = parameter("ENCODING").unwrap_or_default().to_ascii_uppercase();
    let value = parameter("VALUE").unwrap_or_default().to_ascii_uppercase();
    matches!(encoding.as_str(), "BASE64" | "B") || matches!(value.as_str(), "BINARY" | "INLINE")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(line: &str) -> BTreeSet<String> {
        read(&format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{line}\r\nEND:VEVENT\r\n")).titles
    }

    #[test]
    fn titles_are_found_however_they_are_written() {
        for line in [
            "SUMMARY:[vertraulich] Termin",
            "summary;LANGUAGE=de:[vertraulich] Termin",
            "SUMMARY;X-A=\"a:b\":[vertraulich] Termin",
            "SUMMARY;ENCODING=QUOTED-PRINTABLE:=5Bvertraulich=5D Termin",
            "SUMMARY;ENCODING=BASE64:W3ZlcnRyYXVsaWNoXSBUZXJtaW4=",
            "SUMMARY;LANGUAGE=de;encoding=b:W3ZlcnRyYXVsaWNoXSBUZXJtaW4",
            "SUMMARY;BASE64:W3ZlcnRyYXVsaWNoXSBUZXJtaW4=",
            "SUMMARY:\\[vertraulich\\] Termin",
            "SUMMARY;ENCODING=QUOTED-PRINTABLE:=5Bver=\r\ntraulich=5D Termin",
        ] {
            assert!(
                titles(line).iter().any(|title| title == "[vertraulich] Termin"),
                "{line}: {:?}",
                titles(line)
            );
        }
        assert!(titles("DESCRIPTION:SUMMARY:[vertraulich]").is_empty());
    }

    #[test]
    fn texts_in_base64_are_read_however_they_are_broken() {
        for text in [
            "NOTE;ENCODING=b:dmVydHJhdWxpY2g=\nEND:VCARD",
            "item1.NOTE;ENCODING=B;TYPE=x:dmVydHJhdWxpY2g\nEND:VCARD",
            "NOTE;BASE64:dmVydHJh\ndWxpY2g=\n\nEND:VCARD",
            "NOTE;ENCODING=BASE64:\r\ndmVydHJh\r\ndWxpY2g=\r\n\r\nEND:VCARD",
            "NOTE;ENCODING=b;CHARSET=UTF-16LE:dgBlAHIAdAByAGEAdQBsAGkAYwBoAA==",
        ] {
            assert_eq!(encoded_texts(text).collect::<Vec<_>>(), ["vertraulich"], "{text}");
        }
        assert_eq!(encoded_texts("PHOTO;ENCODING=b:iVBORw0KGgoAAAAN\nNOTE:x").count(), 0);
    }

    #[test]
    fn files_within_are_found() {
        let of = |line: &str| read(line).files.pop();
        for (line, names) in [
            ("ATTACH;ENCODING=BASE64;VALUE=BINARY;FILENAME=a.exe:TVqQAAM=", &["a.exe"][..]),
            (
                "ATTACH;FMTTYPE=application/pdf;ENCODING=BASE64;VALUE=BINARY;X-FILENAME=\"a.exe\":TVqQAAM=",
                &["a.exe"],
            ),
            ("attach;encoding=base64:TVqQAAM=", &[]),
            ("ATTACH:data:application/x-msdownload;base64,TVqQAAM=", &[]),
            ("ATTACH:data:application/x;name=a.exe;base64,TVqQAAM=", &["a.exe"]),
            ("ATTACH;FMTTYPE=application/x:data:application/x;filename=a.exe;base64,TVqQAAM=", &["a.exe"]),
            ("ATTACH;LABEL=a.exe;ENCODING=BASE64;VALUE=BINARY:TVqQAAM=", &["a.exe"]),
            ("ATTACH;ENCODING=BASE64;X-MS-FILENAME=\"a.exe\";VALUE=BINARY;SIZE=5.0:TVqQAAM=", &["a.exe"]),
            ("ATTACH;X-EVOLUTION-CALDAV-ATTACHMENT-NAME=a.exe;ENCODING=BASE64:TVqQAAM=", &["a.exe"]),
        ] {
            let found = of(line).unwrap();
            assert_eq!(
                (found.bytes.as_slice(), found.names.as_slice()),
                (
                    b"MZ\x90\0\x03".as_slice(),
                    &names.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>()[..]
                ),
                "{line}"
            );
        }
        assert_eq!(of("ATTACH:https://insurer.example/a.exe"), None);
        assert_eq!(of("ATTACH;FILENAME=a.exe:CID:x@insurer.example"), None);
    }

    #[test]
    fn more_than_is_looked_at_is_said() {
        assert!(read(&"ATTACH;ENCODING=BASE64:AAAA\r\n".repeat(MAX_FILES)).whole);
        assert!(!read(&"ATTACH;ENCODING=BASE64:AAAA\r\n".repeat(MAX_FILES + 1)).whole);
    }
}
