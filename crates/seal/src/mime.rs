//! A minimal MIME parser that finds encrypted or signed content, preserving every byte: a signature is over bytes and
//! not over their meaning. Ambiguous input is not parsed. Knows no cryptography.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sealpost_mail::Head;

/// Maximum number of parts of one multipart that are examined.
const MAX_PARTS: usize = 200;

/// A field with more parameters is ignored.
const MAX_PARAMETERS: usize = 200;

/// Accepts trailing bits of careless encoders, and missing padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A head and a body (RFC 2045 §2.4).
pub(crate) struct Entity<'a> {
    pub(crate) head: Head,
    pub(crate) body: &'a [u8],
}

impl<'a> Entity<'a> {
    /// `None`: its head is malformed.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let end = Head::split(bytes).unwrap_or(bytes.len());
        let (head, body) = bytes.split_at_checked(end)?;
        Some(Self { head: Head::new(head.to_vec()).ok()?, body })
    }

    /// The only field of that name, raw; `None` if there is none or more than one, which is ambiguous.
    fn only(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.head.fields().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }

    /// Its Content-Type.
    pub(crate) fn content_type(&self) -> ContentType {
        self.only("Content-Type").and_then(ContentType::parse).unwrap_or_default()
    }

    /// Its transfer encoding in lower case; `None`: there are several.
    pub(crate) fn encoding(&self) -> Option<String> {
        let mut values = self
            .head
            .fields()
            .filter(|(name, _)| name.eq_ignore_ascii_case("Content-Transfer-Encoding"))
            .map(|(_, value)| String::from_utf8_lossy(value).trim().to_ascii_lowercase());
        match (values.next(), values.next()) {
            (None, _) => Some("7bit".to_owned()),
            (Some(one), None) => Some(one),
            (Some(_), Some(_)) => None,
        }
    }

    /// The body, decoded; `None`: it cannot be decoded.
    pub(crate) fn decoded(&self) -> Option<Vec<u8>> {
        let encoding = self.only("Content-Transfer-Encoding").unwrap_or(b"7bit");
        let encoding = String::from_utf8_lossy(encoding).trim().to_ascii_lowercase();
        match encoding.as_str() {
            "base64" => decode_base64(self.body),
            "quoted-printable" => Some(decode_quoted_printable(self.body)),
            "7bit" | "8bit" | "binary" => Some(self.body.to_vec()),
            _ => None,
        }
    }

    /// The parts, if this is a multipart with a boundary.
    pub(crate) fn parts(&self) -> Option<Vec<&'a [u8]>> {
        let content_type = self.content_type();
        let boundary = content_type.parameter("boundary").filter(|_| content_type.is_multipart())?;
        parts(self.body, boundary.as_bytes())
    }
}

/// A Content-Type, lower case except for parameter values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContentType {
    pub(crate) essence: String,
    parameters: Vec<(String, String)>,
}

impl ContentType {
    /// One without parameters.
    pub(crate) fn of(essence: &str) -> Self {
        Self { essence: essence.to_owned(), parameters: Vec::new() }
    }

    fn parse(value: &[u8]) -> Option<Self> {
        let text: String =
            String::from_utf8_lossy(value).chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        let (essence, mut rest) = match text.split_once(';') {
            Some((essence, rest)) => (essence, rest),
            None => (text.as_str(), ""),
        };
        let essence = essence.trim().to_ascii_lowercase();
        let mut parameters: Vec<(String, String)> = Vec::new();
        while let Some((name, after)) = rest.split_once('=') {
            let name = name.trim().trim_start_matches(';').trim().to_ascii_lowercase();
            let after = after.trim_start();
            let (value, behind) = match after.strip_prefix('"') {
                Some(quoted) => quoted_string(quoted)?,
                None => match after.split_once(';') {
                    Some((value, behind)) => (value.trim().to_owned(), behind),
                    None => (after.trim().to_owned(), ""),
                },
            };
            // A repeated parameter is ambiguous. Too many are refused, as each is compared with all before.
            if parameters.len() >= MAX_PARAMETERS || parameters.iter().any(|(other, _)| *other == name) {
                return None;
            }
            parameters.push((name, value));
            rest = behind.trim_start().trim_start_matches(';');
        }
        Some(Self { essence, parameters })
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn parameter_is(&self, name: &str, value: &str) -> bool {
        self.parameter(name).is_some_and(|own| own.eq_ignore_ascii_case(value))
    }

    pub(crate) fn is_multipart(&self) -> bool {
        self.essence.starts_with("multipart/")
    }

    /// CMS, by its type or by its older name.
    pub(crate) fn is_cms(&self) -> bool {
        let named = || self.parameter("name").is_some_and(|name| name.to_ascii_lowercase().ends_with(".p7m"));
        match self.essence.as_str() {
            "application/pkcs7-mime" | "application/x-pkcs7-mime" => true,
            "application/octet-stream" => named(),
            _ => false,
        }
    }
}

fn quoted_string(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(chars.next()?.1),
            _ => value.push(c),
        }
    }
    None
}

/// The bytes between the delimiters (RFC 2046 §5.1.1: the CRLF before one belongs to it).
fn parts<'a>(body: &'a [u8], boundary: &[u8]) -> Option<Vec<&'a [u8]>> {
    let mut found = Vec::new();
    let mut begun = None;
    let mut at = 0;
    while at < body.len() {
        let rest = body.get(at..)?;
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let line = rest.get(..length)?.trim_ascii_end();
        let tail = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary));
        if matches!(tail, Some(b"" | b"--")) {
            if let Some(start) = begun {
                let end = body.get(..at)?;
                let end = end.strip_suffix(b"\r\n").or_else(|| end.strip_suffix(b"\n")).unwrap_or(end).len();
                // Two delimiters in a row share a CRLF: an empty part.
                found.push(body.get(start..end.max(start))?);
                if found.len() > MAX_PARTS {
                    return None;
                }
            }
            if tail == Some(b"--") {
                return Some(found);
            }
            begun = Some(at + length);
        }
        at += length;
    }
    // Without an end it was cut off.
    None
}

fn decode_base64(body: &[u8]) -> Option<Vec<u8>> {
    let mut clean = Vec::with_capacity(body.len());
    let mut rest = body;
    while !rest.is_empty() {
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let (line, behind) = rest.split_at_checked(length)?;
        // By lines: most have blanks at their end alone.
        let line = line.trim_ascii();
        if memchr::memchr3(b' ', b'\t', b'\r', line).is_none() && memchr::memchr(0x0c, line).is_none() {
            clean.extend_from_slice(line);
        } else {
            clean.extend(line.iter().copied().filter(|byte| !byte.is_ascii_whitespace()));
        }
        rest = behind;
    }
    BASE64.decode(clean).ok()
}

/// RFC 2045 §6.7, lenient as readers are.
fn decode_quoted_printable(body: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    loop {
        rest = match rest {
            [b'=', b'\r', b'\n', tail @ ..] | [b'=', b'\n', tail @ ..] => tail,
            [b'=', high, low, tail @ ..] => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    tail
                }
                // A broken escape stays as it is; the text after its mark may begin another.
                _ => {
                    out.push(b'=');
                    rest.get(1..).unwrap_or_default()
                }
            },
            [other, tail @ ..] => {
                out.push(*other);
                tail
            }
            [] => return out,
        };
    }
}

/// The same with every line ended by CRLF, as in mail; no NUL. Not copied if it is so already.
pub(crate) fn with_crlf(bytes: Vec<u8>) -> Vec<u8> {
    let clean = bytes.iter().try_fold(0, |previous, byte| {
        let fits = *byte != 0 && (previous == b'\r') == (*byte == b'\n');
        fits.then_some(*byte)
    });
    if clean.is_some_and(|last| last != b'\r') {
        return bytes;
    }
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    let mut previous = 0;
    for byte in bytes {
        match byte {
            b'\n' if previous != b'\r' => out.extend_from_slice(b"\r\n"),
            b'\n' => out.push(b'\n'),
            // As if it had never been there: the octet before it still waits for its line end.
            0 => continue,
            other => {
                if previous == b'\r' {
                    out.push(b'\n');
                }
                out.push(other);
            }
        }
        previous = byte;
    }
    if previous == b'\r' {
        out.push(b'\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts_have_every_byte_between_their_delimiters() {
        let body = b"before\r\n--b\r\none\r\n\r\n--bx\r\n--b \r\n--b\r\ntwo\r\n--b--\r\nafter";
        assert_eq!(parts(body, b"b").unwrap(), [&b"one\r\n\r\n--bx"[..], b"", b"two"]);
        assert_eq!(parts(b"--b\r\ncut off", b"b"), None);
    }

    #[test]
    fn a_content_type_that_says_two_things_says_nothing() {
        let read = |value: &str| ContentType::parse(value.as_bytes());
        let one = read(" multipart/Signed; Boundary=\"a;\\\"b\"; micalg = sha-256").unwrap();
        assert_eq!((one.essence.as_str(), one.parameter("boundary")), ("multipart/signed", Some("a;\"b")));
        assert!(one.parameter_is("micalg", "SHA-256"));
        assert_eq!(read("multipart/mixed; boundary=a; boundary=b"), None);
    }

    #[test]
    fn a_field_of_parameters_without_end_says_nothing() {
        let many = |count: usize| {
            let parameters: String = (0..count).map(|n| format!(";p{n}=x")).collect();
            ContentType::parse(format!("text/plain{parameters}").as_bytes())
        };
        assert!(many(MAX_PARAMETERS).is_some_and(|one| one.parameter("p199") == Some("x")));
        assert_eq!(many(MAX_PARAMETERS + 1), None);
    }

    #[test]
    fn a_broken_escape_hides_none_behind_it() {
        assert_eq!(decode_quoted_printable(b"a==41 = 47=zz=4"), b"a=A = 47=zz=4");
    }

    #[test]
    fn blanks_are_none_of_base64_wherever_they_stand() {
        for body in ["aGVsbG8=", "aGVs\r\nbG8=\r\n", " aG Vs\n\nb\tG8\x0c=\r\r\n", "aGVs\rbG8"] {
            assert_eq!(decode_base64(body.as_bytes()).as_deref(), Some(&b"hello"[..]), "{body:?}");
        }
        assert_eq!(decode_base64(b"aGVs\xa0bG8="), None);
    }

    #[test]
    fn line_ends_become_those_of_mail() {
        assert_eq!(with_crlf(b"a\nb\r\nc\rd\0\r".to_vec()), b"a\r\nb\r\nc\r\nd\r\n");
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes: Vec<u8>, boundary in "[ab]{0,2}") {
            let _ = parts(&bytes, boundary.as_bytes());
            let _ = ContentType::parse(&bytes);
            let _ = decode_quoted_printable(&bytes);
            let clean = with_crlf(bytes.clone());
            prop_assert_eq!(with_crlf(clean.clone()), clean);
            if let Some(entity) = Entity::parse(&bytes) {
                let _ = (entity.content_type(), entity.decoded(), entity.parts());
            }
        }
    }
}
