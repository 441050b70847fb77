//! RFC 2045 content transfer encodings, decoded leniently: what can be shown is shown. Never fails, never panics.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A Content-Transfer-Encoding, current or historic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Encoding {
    Mime(Transfer),
    /// From before MIME, and rarely since.
    Uuencode,
}

impl Encoding {
    /// From the field's first word, however it is spelt. `None`: unknown.
    pub(crate) fn named(value: &str) -> Option<Self> {
        let token = value.trim_matches([',', '.', ' ']).to_ascii_lowercase();
        let transfer = match token.as_str() {
            "base64" | "base-64" | "x-base64" | "b64" => Transfer::Base64,
            "quoted-printable" | "quoted_printable" | "quotedprintable" | "quoted" | "qp"
            | "x-quoted-printable" => Transfer::QuotedPrintable,
            "uuencode" | "x-uuencode" | "x-uue" | "uue" | "x-uu" | "x-uuencoded" => {
                return Some(Self::Uuencode);
            }
            // Words used for "none", charsets among them.
            "" | "7bit" | "7-bit" | "7" | "8bit" | "8-bit" | "8" | "binary" | "none" | "plain" | "text"
            | "text/plain" | "identity" | "raw" | "utf-8" | "utf8" | "us-ascii" | "ascii" | "iso-8859-1"
            | "iso-8859-15" | "windows-1252" | "unicode" | "null" | "default" => Transfer::Identity,
            _ => return None,
        };
        Some(Self::Mime(transfer))
    }
}

/// A Content-Transfer-Encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Transfer {
    /// 7bit, 8bit, binary, and unknown encodings.
    Identity,
    Base64,
    QuotedPrintable,
}

impl Transfer {
    /// From the field's value.
    pub(crate) fn named(value: &str) -> Self {
        let token = value.split([';', ' ', '(']).find(|t| !t.is_empty()).unwrap_or_default();
        if token.eq_ignore_ascii_case("base64") {
            Self::Base64
        } else if token.eq_ignore_ascii_case("quoted-printable") {
            Self::QuotedPrintable
        } else {
            Self::Identity
        }
    }

    /// Decodes the body.
    pub(crate) fn decode<'a>(self, body: &'a [u8]) -> Cow<'a, [u8]> {
        match self {
            Self::Identity => Cow::Borrowed(body),
            Self::Base64 => Cow::Owned(base64_lenient(body)),
            Self::QuotedPrintable => Cow::Owned(quoted_printable(body)),
        }
    }

    /// The length of the result of [`Self::decode`], without storing it.
    pub(crate) fn decoded_len(self, body: &[u8]) -> usize {
        match self {
            Self::Identity => body.len(),
            Self::Base64 => body.split(|b| *b == b'=').map(|run| usable(alphabet_len(run)) * 6 / 8).sum(),
            Self::QuotedPrintable => quoted_printable(body).len(),
        }
    }
}

/// The actual encoding of a body whose label cannot be right: plain words under `base64`, and the other way round.
pub(crate) fn shown(labelled: Transfer, body: &[u8], content: Content) -> Transfer {
    let is_text = content == Content::Text;
    match labelled {
        Transfer::Base64 if is_never_base64(body, content) => Transfer::Identity,
        Transfer::Identity if is_base64(body, content) => Transfer::Base64,
        Transfer::Identity if is_text && is_quoted_printable(body) => Transfer::QuotedPrintable,
        Transfer::Base64 | Transfer::Identity | Transfer::QuotedPrintable => labelled,
    }
}

/// What a body contains, by its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Text to be read: `text/…`.
    Text,
    /// Everything else.
    File,
}

impl Content {
    pub(crate) fn of_type(content_type: &str) -> Self {
        if content_type.starts_with("text/") { Self::Text } else { Self::File }
    }
}

/// Bytes that are examined.
const MAX_LOOKED_AT: usize = 8 * 1024;

fn lines_of_beginning(body: &[u8]) -> (impl Iterator<Item = &[u8]>, bool) {
    let start = body.get(..MAX_LOOKED_AT).unwrap_or(body);
    // A line that is cut is inconclusive.
    let whole = start.len() == body.len();
    let end = if whole { start.len() } else { memchr::memrchr(b'\n', start).unwrap_or(start.len()) };
    let lines = start.get(..end).unwrap_or(start).split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    (lines.filter(|line| !line.is_empty()), whole)
}

/// Whether no line of it could be base64, or all of it is readable as it is and not when decoded.
fn is_never_base64(body: &[u8], content: Content) -> bool {
    let is_text = content == Content::Text;
    let is_line = |line: &[u8]| line.iter().all(|b| in_alphabet(*b) || *b == b'=');
    let (lines, whole) = lines_of_beginning(body);
    let (mut plain, mut encoded) = (0_usize, 0_usize);
    for line in lines {
        match is_line(line) {
            true => encoded += 1,
            false => plain += 1,
        }
    }
    if plain > 0 {
        return encoded == 0 || (is_text && plain > encoded && !is_readable(&base64_lenient(body)));
    }
    // One word: `Hallo` is four characters of base64 and one over.
    let symbols = alphabet_len(body);
    let is_torn = !body.contains(&b'=') && !symbols.is_multiple_of(4);
    is_text && whole && is_torn && (symbols % 4 == 1 || !is_readable(&base64_lenient(body)))
}

/// Text in any charset of eight or sixteen bits.
fn is_readable(bytes: &[u8]) -> bool {
    crate::charset::is_text(bytes)
}

/// Whether all of it is base64 with readable content: lines of one length, the last one shorter.
fn is_base64(body: &[u8], content: Content) -> bool {
    let (lines, whole) = lines_of_beginning(body);
    let lines: Vec<&[u8]> = lines.collect();
    let Some((last, before)) = lines.split_last() else { return false };
    let length = before.first().map_or(0, |line| line.len());
    let is_full = |line: &&[u8]| line.len() == length && line.iter().all(|b| in_alphabet(*b));
    let bare = last.strip_suffix(b"==").or(last.strip_suffix(b"=")).unwrap_or(last);
    let is_last = bare.iter().all(|b| in_alphabet(*b)) && (before.is_empty() || last.len() <= length);
    let symbols: usize = lines.iter().map(|line| line.len()).sum();
    let is_shaped = before.iter().all(is_full)
        && is_last
        && (before.is_empty() || (length >= 40 && length.is_multiple_of(4)))
        && (!whole || symbols.is_multiple_of(4))
        && (symbols >= 40 || (symbols >= 12 && bare.len() < last.len()));
    if !is_shaped {
        return false;
    }
    let decoded = base64_lenient(&lines.concat());
    match content {
        // A long word is not text: encoded text contains spaces.
        Content::Text => is_readable(&decoded) && decoded.iter().any(u8::is_ascii_whitespace),
        Content::File => crate::file_type::by_bytes(&decoded).is_some(),
    }
}

/// Whether every `=` of an ASCII text belongs to quoted-printable, and some are letters of UTF-8 or soft line breaks.
fn is_quoted_printable(body: &[u8]) -> bool {
    if !body.is_ascii() || memchr::memchr(b'=', body).is_none() {
        return false;
    }
    let is_hex = |b: &u8| matches!(b, b'0'..=b'9' | b'A'..=b'F');
    let (mut high, mut at) = (0_usize, 0);
    while let Some(found) = memchr::memchr(b'=', body.get(at..).unwrap_or_default()) {
        at += found + 1;
        match body.get(at..).unwrap_or_default() {
            [first, second, ..] if is_hex(first) && is_hex(second) => high += usize::from(*first >= b'8'),
            [b'\r', b'\n', ..] | [b'\n', ..] => {}
            _ => return false,
        }
    }
    high >= 2 && std::str::from_utf8(&quoted_printable(body)).is_ok()
}

fn in_alphabet(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

/// The six bits of each base64 character in a text.
pub(crate) fn base64_symbols(text: &[u8]) -> impl Iterator<Item = u8> {
    text.iter().filter_map(|byte| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    })
}

fn alphabet_len(run: &[u8]) -> usize {
    run.iter().filter(|b| in_alphabet(**b)).count()
}

/// The number of characters without an incomplete last one.
fn usable(symbols: usize) -> usize {
    if symbols % 4 == 1 { symbols - 1 } else { symbols }
}

/// Decodes a stream; the same result as decoding all at once.
#[derive(Clone, Debug)]
pub struct Decoder {
    is_base64: bool,
    /// Up to three characters of an incomplete group.
    held: Vec<u8>,
}

impl Decoder {
    /// `None` for quoted-printable, which needs whole lines of unlimited length.
    pub(crate) fn of(transfer: Transfer) -> Option<Self> {
        match transfer {
            Transfer::Identity => Some(Self { is_base64: false, held: Vec::new() }),
            Transfer::Base64 => Some(Self { is_base64: true, held: Vec::new() }),
            Transfer::QuotedPrintable => None,
        }
    }

    /// Takes more; appends what is decoded to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if !self.is_base64 {
            out.extend_from_slice(bytes);
            return;
        }
        let mut runs = bytes.split(|b| *b == b'=');
        if let Some(run) = runs.next() {
            self.held.extend(run.iter().copied().filter(|b| in_alphabet(*b)));
        }
        for run in runs {
            self.end_run(out);
            self.held.extend(run.iter().copied().filter(|b| in_alphabet(*b)));
        }
        let rest = self.held.split_off(self.held.len() - self.held.len() % 4);
        let _whole_fours = LENIENT.decode_vec(&self.held, out);
        self.held = rest;
    }

    /// Ends the input.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.end_run(out);
    }

    fn end_run(&mut self, out: &mut Vec<u8>) {
        self.held.truncate(usable(self.held.len()));
        // Only characters of the alphabet in a possible length are left: this cannot fail.
        let _ = LENIENT.decode_vec(&self.held, out);
        self.held.clear();
    }
}

/// Base64 with foreign characters skipped (RFC 2045 §6.8) and padding allowed in the middle.
pub(crate) fn base64_lenient(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() / 4 * 3 + 3);
    for run in body.split(|b| *b == b'=') {
        let mut symbols: Vec<u8> = run.iter().copied().filter(|b| in_alphabet(*b)).collect();
        symbols.truncate(usable(symbols.len()));
        // Only characters of the alphabet in a possible length are left: this cannot fail.
        let _ = LENIENT.decode_vec(&symbols, &mut out);
    }
    out
}

/// The longest text that mailing lists append to an encoded body.
const MAX_FOOTER: usize = 8 * 1024;
/// A line of at least this many base64 characters alone does not belong to such a text.
const BASE64_LINE: usize = 60;

/// Base64, and the plain text that was appended to it. `None`: there is none.
pub(crate) fn footer(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let from = body.len().saturating_sub(MAX_FOOTER);
    // From the line before the first that may begin it: a large file is not scanned for its last lines.
    let before = body.get(..from.saturating_sub(1)).unwrap_or_default();
    let mut at = before.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
    let mut may_end = false;
    let mut start = None;
    for line in body.get(at..).unwrap_or_default().split_inclusive(|b| *b == b'\n') {
        let text = line.trim_ascii();
        // It follows an empty line, or the end of the base64.
        if start.is_none() && may_end && !text.is_empty() && at >= from {
            start = Some(at);
        }
        if let Some(begin) = start {
            let is_base64 = text.iter().all(|b| in_alphabet(*b) || *b == b'=');
            if is_base64 && text.len() >= BASE64_LINE {
                start = None;
            } else if !is_base64 {
                return body.split_at_checked(begin);
            }
        }
        may_end = (text.is_empty() && at > 0) || text.ends_with(b"=");
        at += line.len();
    }
    None
}

/// RFC 2045 §6.7: escapes, soft line breaks, white space at line ends dropped.
pub(crate) fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|b| *b == b'\n') {
        let (text, end): (&[u8], &[u8]) = match line {
            [text @ .., b'\r', b'\n'] => (text, b"\r\n"),
            [text @ .., b'\n'] => (text, b"\n"),
            text => (text, b""),
        };
        let text = text.trim_ascii_end();
        match text.strip_suffix(b"=") {
            Some(soft) => joined.extend_from_slice(&quoted_printable_escapes(soft)),
            None => {
                joined.extend_from_slice(&quoted_printable_escapes(text));
                joined.extend_from_slice(end);
            }
        }
    }
    joined
}

/// `=XX` to its byte; a broken escape stays as it is.
pub(crate) fn quoted_printable_escapes(text: &[u8]) -> Vec<u8> {
    let hex = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, tail)) = rest.split_first() {
        if let (b'=', [high, low, after @ ..]) = (*byte, tail)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            out.push(high * 16 + low);
            rest = after;
            continue;
        }
        out.push(*byte);
        rest = tail;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn base64_as_it_comes() {
        assert_eq!(base64_lenient(b"SGFsbG8="), b"Hallo");
        assert_eq!(base64_lenient(b"SGFs\r\nbG8"), b"Hallo");
        assert_eq!(base64_lenient(b"SGFsbG8=\r\nSGFsbG8="), b"HalloHallo");
        assert_eq!(base64_lenient(b"SGFsbG8=!\x00-"), b"Hallo");
        assert_eq!(base64_lenient(b"S"), b"");
    }

    #[test]
    fn a_plain_text_behind_base64_is_no_base64() {
        let long = "QUJD".repeat(19);
        for (text, encoded, plain) in [
            ("R3LDtg==\n\n-- \nListe", "R3LDtg==\n\n", "-- \nListe"),
            ("R3LDtg==\r\n_____\r\nListe", "R3LDtg==\r\n", "_____\r\nListe"),
            ("R3LDtgAA\n\nMaklerliste\nwww.x.example\n", "R3LDtgAA\n\n", "Maklerliste\nwww.x.example\n"),
            ("R3LDtg==\nListe der Makler", "R3LDtg==\n", "Liste der Makler"),
        ] {
            assert_eq!(footer(text.as_bytes()), Some((encoded.as_bytes(), plain.as_bytes())), "{text}");
        }
        let two = format!("R3LD=\n{long}\n!!\n{long}\n");
        for text in ["R3LDtg==", "R3LD\n\nR3LD\n", "R3 LD!\ntg==", "\n\nR3LD", &two, ""] {
            assert!(footer(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_label_that_cannot_be_right_is_not_believed() {
        use Content::{File, Text};
        use Transfer::{Base64, Identity, QuotedPrintable};
        let encoded = "R3LDtsOfZSBkZXIgV29obnVuZyB1bmQgZGVyIEdhcmFnZQ0KdW5kIG5vY2ggZXR3YXMgbWVo";
        for (label, body, content, shown_to_be) in [
            (Base64, "Sehr geehrte Frau Muster,\r\n\r\nanbei die Rechnung.\r\n", Text, Identity),
            (Base64, "Hallo", Text, Identity),
            (Base64, "Hallo\r\n\r\nWelt", Text, Identity),
            (Base64, "%PDF-1.4\n%x\n", File, Identity),
            (Base64, encoded, Text, Base64),
            (Base64, "SGFsbG8=", Text, Base64),
            (Base64, "R3LDtg==\n-- \nListe", Text, Base64),
            (Base64, "", Text, Base64),
            (Identity, encoded, Text, Base64),
            (Identity, "R3LDvMOfZSBhdXMgS8O2bG4=", Text, Base64),
            (Identity, "JVBERi0xLjQKJSBub2NoIGVpbmUgWmVpbGUgaGllcgo=", File, Base64),
            (Identity, "Donaudampfschifffahrtsgesellschaftskapitaensmuetze", Text, Identity),
            (Identity, "Hallo Welt", Text, Identity),
            (Identity, "ABCDEFGHABCDEFGHABCDEFGHABCDEFGHABCDEFGHABCD", Text, Identity),
            (Identity, "Gr=C3=B6=C3=9Fe=\r\n der Wohnung", Text, QuotedPrintable),
            (Identity, "a=C3=B6 https://x.example/?a=1&b=C3", Text, Identity),
            (Identity, "1+1=20", Text, Identity),
        ] {
            assert_eq!(shown(label, body.as_bytes(), content), shown_to_be, "{body}");
        }
    }

    #[test]
    fn quoted_printable_as_it_comes() {
        assert_eq!(quoted_printable(b"Gr=C3=B6=\r\n=C3=9Fe  \r\nx=3D=zz=4"), "Größe\r\nx==zz=4".as_bytes());
        assert_eq!(quoted_printable(b"a=  \r\nb"), b"ab");
    }

    proptest! {
        #[test]
        fn piece_by_piece_is_the_same(
            text in "[A-Za-z0-9+/= \r\n!]{0,300}",
            cuts in proptest::collection::vec(0_usize..40, 0..20),
        ) {
            for transfer in [Transfer::Identity, Transfer::Base64] {
                let (mut decoder, mut out, mut rest) =
                    (Decoder::of(transfer).unwrap(), Vec::new(), text.as_bytes());
                for cut in &cuts {
                    let (piece, after) = rest.split_at((*cut).min(rest.len()));
                    decoder.push(piece, &mut out);
                    rest = after;
                }
                decoder.push(rest, &mut out);
                decoder.finish(&mut out);
                prop_assert_eq!(&out[..], &transfer.decode(text.as_bytes())[..]);
            }
        }

        #[test]
        fn looking_never_panics(body in "[A-Za-z0-9+/= \r\n.]{0,200}") {
            for label in [Transfer::Base64, Transfer::Identity, Transfer::QuotedPrintable] {
                let _ = [Content::Text, Content::File].map(|content| shown(label, body.as_bytes(), content));
            }
        }

        #[test]
        fn lengths_agree(body in proptest::collection::vec(any::<u8>(), 0..300), text in "[A-Za-z0-9+/= \r\n]{0,200}") {
            for transfer in [Transfer::Identity, Transfer::Base64, Transfer::QuotedPrintable] {
                prop_assert_eq!(transfer.decode(&body).len(), transfer.decoded_len(&body));
                prop_assert_eq!(transfer.decode(text.as_bytes()).len(), transfer.decoded_len(text.as_bytes()));
            }
        }
    }
}
