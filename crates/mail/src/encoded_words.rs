//! RFC 2047 encoded-words: a raw field value taken apart and decoded, a text encoded. Works on bytes as they came. Knows no
//! field by name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::charset::CharsetHint;
use crate::{charset, transfer};

/// A stretch of a raw field value.
pub(crate) enum Piece<'a> {
    Literal(&'a [u8]),
    Word { raw: &'a [u8], charset: &'a [u8], bytes: Vec<u8> },
}

/// Takes a raw value apart. An encoded-word is recognised wherever it stands: readers do the same.
pub(crate) fn pieces(raw: &[u8]) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut literal_from = 0;
    let mut at = 0;
    // Where the word before began, and what of it goes on in the next one.
    let mut cut: Option<(usize, &[u8], Vec<u8>)> = None;
    while let Some(rest) = raw.get(at..) {
        let Some(found) = rest.windows(2).position(|w| w == b"=?") else { break };
        let start = at + found;
        let Some((length, charset, bytes)) = raw.get(start..).and_then(encoded_word) else {
            at = start + 2;
            continue;
        };
        let between = raw.get(literal_from..start).unwrap_or_default();
        let end = start + length;
        let own = base64_of(raw.get(start..end).unwrap_or_default());
        let before = cut.take().filter(|(_, label, _)| {
            between.iter().all(u8::is_ascii_whitespace) && label.eq_ignore_ascii_case(charset)
        });
        at = end;
        literal_from = end;
        // RFC 2047 §5: each word is whole. Some programs encode a text and cut the result.
        if let (Some((from, _, mut digits)), Some(own)) = (before, own) {
            digits.extend_from_slice(own);
            out.pop();
            let bytes = transfer::base64_lenient(&digits);
            out.push(Piece::Word { raw: raw.get(from..end).unwrap_or_default(), charset, bytes });
            cut = is_cut(&digits).then_some((from, charset, digits));
            continue;
        }
        if !between.is_empty() {
            out.push(Piece::Literal(between));
        }
        out.push(Piece::Word { raw: raw.get(start..end).unwrap_or_default(), charset, bytes });
        cut = own.filter(|own| is_cut(own)).map(|own| (start, charset, own.to_vec()));
    }
    if let Some(text) = raw.get(literal_from..).filter(|t| !t.is_empty()) {
        out.push(Piece::Literal(text));
    }
    out
}

/// What stands in a word of base64.
fn base64_of(word: &[u8]) -> Option<&[u8]> {
    let mut fields = word.get(2..)?.splitn(4, |b| *b == b'?');
    let (_charset, encoding, payload) = (fields.next()?, fields.next()?, fields.next()?);
    encoding.eq_ignore_ascii_case(b"B").then_some(payload)
}

/// Whether base64 ends within a group of four characters, and says nothing of it.
fn is_cut(digits: &[u8]) -> bool {
    !digits.len().is_multiple_of(4)
        && !digits.ends_with(b"=")
        && digits.iter().all(|b| !b.is_ascii_whitespace())
}

/// Reads one encoded-word at the start of `text`: its length, charset and decoded bytes.
fn encoded_word(text: &[u8]) -> Option<(usize, &[u8], Vec<u8>)> {
    let mut fields = text.get(2..)?.splitn(4, |b| *b == b'?');
    let (charset, encoding, payload, tail) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let plain = |part: &[u8]| part.iter().all(|b| b.is_ascii_graphic());
    // RFC 2047 §2: at most 75 characters; readers take longer ones, and so a tag in one must be seen.
    if !tail.starts_with(b"=") || charset.is_empty() || !plain(charset) {
        return None;
    }
    let bytes = match encoding {
        b"B" | b"b" => transfer::base64_lenient(payload),
        b"Q" | b"q" if !payload.contains(&b'\n') => q_decode(payload),
        _ => return None,
    };
    let length = 2 + charset.len() + 1 + encoding.len() + 1 + payload.len() + 2;
    // RFC 2231 §5: a language may follow the charset.
    let charset = charset.split(|b| *b == b'*').next().unwrap_or(charset);
    Some((length, charset, bytes))
}

/// RFC 2047 §4.2.
fn q_decode(payload: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = payload.iter().map(|b| if *b == b'_' { b' ' } else { *b }).collect();
    transfer::quoted_printable_escapes(&spaced)
}

/// Bytes to text: as the charset says, else as it was most likely meant.
pub(crate) fn to_text(bytes: &[u8], charset: Option<&[u8]>) -> String {
    let label = charset.map(String::from_utf8_lossy);
    charset::decode(bytes, label.as_deref())
}

/// The value as a reader sees it: unfolded, decoded, without control characters, trimmed.
pub(crate) fn decode(raw: &[u8]) -> String {
    decode_beside(raw, CharsetHint::Nothing)
}

/// The same, where something is known of what the value itself leaves open.
pub(crate) fn decode_beside(raw: &[u8], beside: CharsetHint) -> String {
    decode_with(raw, |bytes: &[u8], charset: Option<&[u8]>| {
        let label = charset.map(String::from_utf8_lossy);
        beside.decode(bytes, label.as_deref())
    })
}

/// Every way in which a reader may see the value: bytes of which nobody says what they are can be read in several.
pub(crate) fn readings(raw: &[u8]) -> Vec<String> {
    let mut readings = vec![decode(raw)];
    if raw.windows(6).any(|window| window.eq_ignore_ascii_case(b"utf-16")) {
        // RFC 2781 §4.3: without a mark it is big-endian; browsers take it for little-endian.
        readings.push(decode_with(raw, |bytes: &[u8], label: Option<&[u8]>| {
            match label.is_some_and(|label| label.eq_ignore_ascii_case(b"utf-16")) {
                true => charset::decode_as(bytes, "utf-16be"),
                false => to_text(bytes, label),
            }
        }));
    }
    if let Some(closed) = with_marks_escaped(raw) {
        readings.push(decode(&closed));
    }
    if is_open(raw) {
        for guess in charset::GUESSES {
            let reading = decode_as(raw, guess);
            if !readings.contains(&reading) {
                readings.push(reading);
            }
        }
    }
    readings
}

/// A bare `?` is not allowed in a Q-encoded word (RFC 2047 §4.2); some programs read such a word up to the next `?=` all
/// the same. The value with such marks escaped, if there are any.
fn with_marks_escaped(raw: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut copied, mut at) = (Vec::new(), 0, 0);
    while let Some(found) = raw.get(at..).and_then(|rest| rest.windows(2).position(|w| w == b"=?")) {
        let start = at + found;
        let rest = raw.get(start..).unwrap_or_default();
        if let Some((length, ..)) = encoded_word(rest) {
            at = start + length;
        } else if let Some((from, to)) = payload_with_marks(rest) {
            out.extend_from_slice(raw.get(copied..start + from).unwrap_or_default());
            for byte in rest.get(from..to).unwrap_or_default() {
                match byte {
                    b'?' => out.extend_from_slice(b"=3F"),
                    byte => out.push(*byte),
                }
            }
            (copied, at) = (start + to, start + to + 2);
        } else {
            at = start + 2;
        }
    }
    out.extend_from_slice(raw.get(copied..).unwrap_or_default());
    (copied > 0).then_some(out)
}

/// Where the payload of such a word begins and ends.
fn payload_with_marks(text: &[u8]) -> Option<(usize, usize)> {
    // Longer than any line that is let in by default: whoever looks from every `=?` must not read all of the value.
    let text = text.get(..1000).unwrap_or(text);
    let mut fields = text.get(2..)?.splitn(3, |b| *b == b'?');
    let (charset, encoding, rest) = (fields.next()?, fields.next()?, fields.next()?);
    let is_word = !charset.is_empty() && charset.iter().all(u8::is_ascii_graphic);
    if !is_word || !encoding.eq_ignore_ascii_case(b"q") {
        return None;
    }
    let length = rest.windows(2).position(|w| w == b"?=")?;
    let from = text.len() - rest.len();
    (!rest.get(..length)?.contains(&b'\n')).then_some((from, from + length))
}

/// Whether there may be a reading that nobody here knows: a word in a charset that we cannot read.
pub(crate) fn is_illegible(raw: &[u8]) -> bool {
    pieces(raw).iter().any(|piece| match piece {
        Piece::Literal(_) => false,
        Piece::Word { charset, bytes, .. } => charset::is_unknown(bytes, &String::from_utf8_lossy(charset)),
    })
}

/// As a reader sees it that takes unlabelled bytes for this charset.
pub(crate) fn decode_as(raw: &[u8], guess: &str) -> String {
    decode_with(raw, |bytes: &[u8], label: Option<&[u8]>| {
        let label = label.map(String::from_utf8_lossy);
        match charset::is_open(label.as_deref()) {
            true => charset::decode_as(bytes, guess),
            false => charset::decode(bytes, label.as_deref()),
        }
    })
}

fn is_open(raw: &[u8]) -> bool {
    pieces(raw).iter().any(|piece| match piece {
        Piece::Literal(bytes) => !bytes.is_ascii(),
        Piece::Word { charset, bytes, .. } => {
            !bytes.is_ascii() && charset::is_open(Some(&String::from_utf8_lossy(charset)))
        }
    })
}

fn decode_with(raw: &[u8], to_text: impl Fn(&[u8], Option<&[u8]>) -> String) -> String {
    let mut text = String::with_capacity(raw.len());
    // Neighbouring words of one charset are decoded together: senders split characters (RFC 2047 §5 forbids it).
    let mut open: Option<(&[u8], Vec<u8>)> = None;
    let list = pieces(raw);
    let mut list = list.into_iter().peekable();
    while let Some(piece) = list.next() {
        match piece {
            Piece::Word { charset, bytes, .. } => match &mut open {
                Some((known, joined)) if known.eq_ignore_ascii_case(charset) => {
                    joined.extend_from_slice(&bytes)
                }
                _ => {
                    if let Some((known, joined)) = open.replace((charset, bytes)) {
                        text.push_str(&to_text(&joined, Some(known)));
                    }
                }
            },
            Piece::Literal(literal) => {
                // RFC 2047 §6.2: white space between two encoded-words is not shown.
                let only_space = literal.iter().all(u8::is_ascii_whitespace);
                if only_space && open.is_some() && matches!(list.peek(), Some(Piece::Word { .. })) {
                    continue;
                }
                if let Some((known, joined)) = open.take() {
                    text.push_str(&to_text(&joined, Some(known)));
                }
                let unfolded: Vec<u8> =
                    literal.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
                text.push_str(&to_text(&unfolded, None));
            }
        }
    }
    if let Some((known, joined)) = open {
        text.push_str(&to_text(&joined, Some(known)));
    }
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.trim().to_owned()
}

/// Begins the shifts of ISO-2022-JP.
const ESCAPE: u8 = 0x1b;

/// Around the number of a text that is set aside. Not ASCII, and so in nothing that stays: that is all ASCII.
const MARK: (char, char) = ('\u{e000}', '\u{e001}');

/// The value with a mark in place of every run of encoded-words and of non-ASCII text, and those texts decoded: an address
/// parser need not know charsets.
pub(crate) fn set_aside(raw: &[u8], beside: CharsetHint) -> (Vec<u8>, Vec<String>) {
    let mut out = Vec::with_capacity(raw.len());
    let mut aside: Vec<String> = Vec::new();
    let mut run: Vec<u8> = Vec::new();
    let mut keep = |text: String, out: &mut Vec<u8>| {
        out.extend_from_slice(format!("{}{}{}", MARK.0, aside.len(), MARK.1).as_bytes());
        aside.push(text);
    };
    let words = |run: &mut Vec<u8>| decode_beside(&std::mem::take(run), beside);
    let list = pieces(raw);
    let mut list = list.into_iter().peekable();
    while let Some(piece) = list.next() {
        match piece {
            Piece::Word { raw, .. } => run.extend_from_slice(raw),
            Piece::Literal(literal) => {
                let between = literal.iter().all(u8::is_ascii_whitespace);
                if between && !run.is_empty() && matches!(list.peek(), Some(Piece::Word { .. })) {
                    run.extend_from_slice(literal);
                    continue;
                }
                if !run.is_empty() {
                    keep(words(&mut run), &mut out);
                }
                if literal.is_ascii() && !literal.contains(&ESCAPE) {
                    out.extend_from_slice(literal);
                    continue;
                }
                // As a whole: half a character of two bytes may look like ASCII.
                let text = beside.decode(literal, None);
                let mut rest = text.as_str();
                while let Some(at) = rest.find(|c: char| !c.is_ascii()) {
                    let (plain, other) = rest.split_at_checked(at).unwrap_or((rest, ""));
                    out.extend_from_slice(plain.as_bytes());
                    let end = other.find(|c: char| c.is_ascii()).unwrap_or(other.len());
                    let (other, after) = other.split_at_checked(end).unwrap_or((other, ""));
                    keep(other.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(), &mut out);
                    rest = after;
                }
                out.extend_from_slice(rest.as_bytes());
            }
        }
    }
    if !run.is_empty() {
        keep(words(&mut run), &mut out);
    }
    (out, aside)
}

/// Puts back what was set aside, each in its place; what looks like a mark in it is none.
pub(crate) fn put_back(text: &str, aside: &[String]) -> String {
    let mut pieces = text.split(MARK.0);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let marked = piece.split_once(MARK.1);
        let words = marked.and_then(|(number, rest)| Some((aside.get(number.parse::<usize>().ok()?)?, rest)));
        match words {
            Some((words, rest)) => {
                out.push_str(words);
                out.push_str(rest);
            }
            None => out.push_str(piece),
        }
    }
    out
}

/// A raw unstructured value for `text`, with its leading space and folded.
pub(crate) fn encode(text: &str) -> Vec<u8> {
    let plain = text.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) && !text.contains("=?");
    if plain && text.len() <= 66 {
        return format!(" {text}").into_bytes();
    }
    encoded_words(text)
}

/// Encoded-words for `text`, each on a line of its own, with the leading space. Nothing for nothing.
pub(crate) fn encoded_words(text: &str) -> Vec<u8> {
    let mut out = String::new();
    let mut chunk = String::new();
    let mut flush = |chunk: &mut String| {
        if !chunk.is_empty() {
            out.push_str(if out.is_empty() { " " } else { "\r\n " });
            out.push_str("=?utf-8?B?");
            out.push_str(&STANDARD.encode(chunk.as_bytes()));
            out.push_str("?=");
            chunk.clear();
        }
    };
    for c in text.chars() {
        if chunk.len() + c.len_utf8() > 39 {
            flush(&mut chunk);
        }
        chunk.push(c);
    }
    flush(&mut chunk);
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_typed_is_taken_for_what_was_set_aside() {
        for raw in [
            "xqwordqx0x =?utf-8?q?M=C3=BCller?= <m@web.example>",
            "\u{e000}1\u{e001} =?utf-8?q?M=C3=BCller?= <m@web.example>",
            "=?utf-8?b?7oCAMe6AgQ==?= Anna =?utf-8?q?M=C3=BCller?= <m@web.example>",
        ] {
            let (line, aside) = set_aside(raw.as_bytes(), CharsetHint::Nothing);
            let back = put_back(&String::from_utf8(line).unwrap(), &aside);
            assert_eq!(back.matches("Müller").count(), 1, "{raw}: {back}");
        }
    }

    #[test]
    fn a_bare_mark_in_a_word_is_read_in_both_ways() {
        let raw = b" =?utf-8?Q?Frage?_=5Bvertraulich=5D?= x =?utf-8?Q?M=C3=BC?=";
        assert_eq!(
            readings(raw),
            ["=?utf-8?Q?Frage?_=5Bvertraulich=5D?= x M\u{fc}", "Frage? [vertraulich] x M\u{fc}"]
        );
        for none in ["=?utf-8?Q?a?=", "=?utf-8?B?a?b?=", "=?utf-8?Q?a?b", "=?utf-8?Q?a\r\n ?b?=", "=?=?=?Q?"]
        {
            assert_eq!(with_marks_escaped(none.as_bytes()), None, "{none}");
        }
        let _ = with_marks_escaped(&b"=?a?Q?x".repeat(40_000));
    }

    #[test]
    fn what_a_reader_sees() {
        assert_eq!(decode(b" plain\r\n folded\ttab"), "plain folded tab");
        assert_eq!(decode(b" =?utf-8?Q?Gr=C3=B6=C3=9Fe?= x"), "Größe x");
        assert_eq!(decode(b" =?ISO-8859-1?Q?Gr=F6=DFe_A?= =?iso-8859-1*de?B?Qg==?="), "Größe AB");
        assert_eq!(decode(b" =?utf-8?B?w?= =?utf-8?B?7Y=?="), decode(b" =?utf-8?B?w?= =?utf-8?B?7Y=?="));
        assert_eq!(decode(" roh ä".as_bytes()), "roh ä");
        assert_eq!(decode(b" latin \xe4"), "latin ä");
        assert_eq!(decode(b" =?x?"), "=?x?");
        // Longer than RFC 2047 allows, and read all the same.
        let long = format!(" =?utf-8?B?{}?=", STANDARD.encode("[v] Schaden ".repeat(300)));
        assert!(decode(long.as_bytes()).starts_with("[v] Schaden [v]"));
        assert_eq!(decode(b" =?utf-8?Q?a=0D=0AX-Evil:_1?="), "a  X-Evil: 1");
    }

    #[test]
    fn a_character_split_over_two_words_is_still_read() {
        // "ö" = C3 B6
        assert_eq!(decode(b" =?utf-8?Q?Gr=C3?=\r\n =?utf-8?Q?=B6=C3=9Fe?="), "Größe");
    }

    proptest! {
        #[test]
        fn encoding_reads_back(text in "\\PC{0,80}") {
            prop_assert_eq!(decode(&encode(text.trim())), text.trim());
        }

        #[test]
        fn encoded_lines_are_short(text in "\\PC{0,300}") {
            let raw = format!("Subject:{}", String::from_utf8(encode(&text)).unwrap());
            prop_assert!(raw.split("\r\n").all(|line| line.len() <= 76));
        }
    }
}
