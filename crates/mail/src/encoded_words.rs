//! RFC 2047 encoded-words: splits and decodes a raw field value, and encodes a text. Works on raw bytes. Knows no field
//! by name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::charset::CharsetHint;
use crate::{charset, transfer};

/// A section of a raw field value.
pub(crate) enum Piece<'a> {
    Literal(&'a [u8]),
    Word { raw: &'a [u8], charset: &'a [u8], payload: Payload<'a>, bytes: Vec<u8> },
}

/// The content of an encoded-word, unchanged.
#[derive(Clone, Copy)]
pub(crate) enum Payload<'a> {
    Base64(&'a [u8]),
    Quoted,
}

/// Splits a raw value. An encoded-word is recognised at any position: readers do the same.
pub(crate) fn pieces(raw: &[u8]) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut literal_from = 0;
    let mut at = 0;
    while let Some(rest) = raw.get(at..) {
        let Some(found) = rest.windows(2).position(|w| w == b"=?") else { break };
        let start = at + found;
        let Some((length, charset, payload, bytes)) = raw.get(start..).and_then(encoded_word) else {
            at = start + 2;
            continue;
        };
        if let Some(text) = raw.get(literal_from..start).filter(|t| !t.is_empty()) {
            out.push(Piece::Literal(text));
        }
        let word = raw.get(start..start + length).unwrap_or_default();
        out.push(Piece::Word { raw: word, charset, payload, bytes });
        at = start + length;
        literal_from = at;
    }
    if let Some(text) = raw.get(literal_from..).filter(|t| !t.is_empty()) {
        out.push(Piece::Literal(text));
    }
    out
}

/// Reads one encoded-word at the start of `text`: its length, charset, payload and decoded bytes.
pub(crate) fn encoded_word(text: &[u8]) -> Option<(usize, &[u8], Payload<'_>, Vec<u8>)> {
    let mut fields = text.get(2..)?.splitn(4, |b| *b == b'?');
    let (charset, encoding, payload, tail) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let plain = |part: &[u8]| part.iter().all(|b| b.is_ascii_graphic());
    // RFC 2047 §2: at most 75 characters; readers accept longer ones, and so a tag in one must be seen.
    if !tail.starts_with(b"=") || charset.is_empty() || !plain(charset) {
        return None;
    }
    let (kind, bytes) = match encoding {
        b"B" | b"b" => (Payload::Base64(payload), transfer::base64_lenient(payload)),
        b"Q" | b"q" if !payload.contains(&b'\n') => (Payload::Quoted, q_decode(payload)),
        _ => return None,
    };
    let length = 2 + charset.len() + 1 + encoding.len() + 1 + payload.len() + 2;
    // RFC 2231 §5: a language may follow the charset.
    let charset = charset.split(|b| *b == b'*').next().unwrap_or(charset);
    Some((length, charset, kind, bytes))
}

/// RFC 2047 §4.2.
fn q_decode(payload: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = payload.iter().map(|b| if *b == b'_' { b' ' } else { *b }).collect();
    transfer::quoted_printable_escapes(&spaced)
}

/// Bytes to text: as the charset says, else as most likely meant.
pub(crate) fn to_text(bytes: &[u8], charset: Option<&[u8]>) -> String {
    let label = charset.map(String::from_utf8_lossy);
    charset::decode(bytes, label.as_deref())
}

/// The value as a reader sees it: unfolded, decoded, without control characters, trimmed.
pub(crate) fn decode(raw: &[u8]) -> String {
    decode_beside(raw, CharsetHint::Nothing)
}

/// Like [`decode`], with what is known about bytes that the value does not label.
pub(crate) fn decode_beside(raw: &[u8], beside: CharsetHint) -> String {
    let joined = words_joined(raw, Base64End::is_surely_cut);
    decode_with(joined.as_deref().unwrap_or(raw), |bytes: &[u8], charset: Option<&[u8]>| {
        let label = charset.map(String::from_utf8_lossy);
        beside.decode(bytes, label.as_deref())
    })
}

/// Neighbouring base64 words of one charset as one word where the first ends within a group of four: GMime and others
/// decode their text as one stream (RFC 2047 §5 forbids to write it so). `None`: there are none.
pub(crate) fn words_joined(raw: &[u8], is_cut: fn(&Base64End) -> bool) -> Option<Vec<u8>> {
    let mut out: Vec<u8> = Vec::with_capacity(raw.len());
    let mut found = false;
    // The word that was written last, and the blanks behind it, which are not shown between two words.
    let mut open: Option<(&[u8], Vec<u8>, Base64End)> = None;
    let mut blanks: &[u8] = b"";
    for piece in pieces(raw) {
        match piece {
            Piece::Word { charset, payload: Payload::Base64(payload), .. } => match &mut open {
                Some((known, before, end)) if known.eq_ignore_ascii_case(charset) && is_cut(end) => {
                    before.extend_from_slice(payload);
                    end.go_on(payload);
                    (found, blanks) = (true, b"");
                }
                Some(_) | None => {
                    let mut end = Base64End::default();
                    end.go_on(payload);
                    close(&mut out, open.replace((charset, payload.to_vec(), end)));
                    out.extend_from_slice(std::mem::take(&mut blanks));
                }
            },
            Piece::Literal(literal) if open.is_some() && literal.iter().all(u8::is_ascii_whitespace) => {
                blanks = literal;
            }
            Piece::Literal(other) | Piece::Word { raw: other, payload: Payload::Quoted, .. } => {
                close(&mut out, open.take());
                out.extend_from_slice(std::mem::take(&mut blanks));
                out.extend_from_slice(other);
            }
        }
    }
    close(&mut out, open);
    out.extend_from_slice(blanks);
    found.then_some(out)
}

fn close(out: &mut Vec<u8>, word: Option<(&[u8], Vec<u8>, Base64End)>) {
    if let Some((charset, payload, _end)) = word {
        [b"=?", charset, b"?B?", &payload, b"?="].iter().for_each(|part| out.extend_from_slice(part));
    }
}

/// How a base64 text ends. Kept while words are joined: to count all of them again for each would take quadratic time.
#[derive(Default)]
pub(crate) struct Base64End {
    /// Symbols in the text so far.
    symbols: usize,
    /// The last of them, six bits.
    last: u8,
    /// Whether the text ends with `=`.
    padded: bool,
}

impl Base64End {
    fn go_on(&mut self, payload: &[u8]) {
        for symbol in transfer::base64_symbols(payload) {
            self.symbols = self.symbols.saturating_add(1);
            self.last = symbol;
        }
        self.padded = payload.ends_with(b"=");
    }

    /// Whether the text may go on: its last group is not full, and nothing fills it.
    pub(crate) fn is_perhaps_cut(&self) -> bool {
        !self.padded && !self.symbols.is_multiple_of(4)
    }

    /// Whether the text goes on: a group of one symbol is no byte, or bits of the last byte remain (RFC 4648 §3.5).
    fn is_surely_cut(&self) -> bool {
        let spare = match self.symbols % 4 {
            1 => return !self.padded,
            2 => 0b1111,
            3 => 0b11,
            _ => return false,
        };
        !self.padded && self.last & spare != 0
    }
}

/// Whether there may be readings that we cannot decode: a word in an unsupported charset.
pub(crate) fn is_illegible(raw: &[u8]) -> bool {
    pieces(raw).iter().any(|piece| match piece {
        Piece::Literal(_) => false,
        Piece::Word { charset, bytes, .. } => charset::is_unknown(bytes, &String::from_utf8_lossy(charset)),
    })
}

/// As seen by a reader that takes unlabelled bytes for this charset.
pub(crate) fn decode_as(raw: &[u8], guess: &str) -> String {
    decode_with(raw, |bytes: &[u8], label: Option<&[u8]>| {
        let label = label.map(String::from_utf8_lossy);
        match charset::is_open(label.as_deref()) {
            true => charset::decode_as(bytes, guess),
            false => charset::decode(bytes, label.as_deref()),
        }
    })
}

pub(crate) fn is_open(raw: &[u8]) -> bool {
    pieces(raw).iter().any(|piece| match piece {
        Piece::Literal(bytes) => !bytes.is_ascii(),
        Piece::Word { charset, bytes, .. } => {
            !bytes.is_ascii() && charset::is_open(Some(&String::from_utf8_lossy(charset)))
        }
    })
}

pub(crate) fn decode_with(raw: &[u8], to_text: impl Fn(&[u8], Option<&[u8]>) -> String) -> String {
    let mut text = String::with_capacity(raw.len());
    // Adjacent words of one charset are decoded together: senders split characters (RFC 2047 §5 forbids it).
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
pub(crate) const ESCAPE: u8 = 0x1b;

/// Delimiters around the number of a text that is set aside. Not ASCII, so they do not occur in the rest, which is
/// ASCII.
const MARK: (char, char) = ('\u{e000}', '\u{e001}');

/// The value with a mark in place of every run of encoded-words and of non-ASCII text, and those texts decoded: an
/// address parser needs no charsets then.
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
                // Decoded as a whole: half a double-byte character may look like ASCII.
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

/// Puts the texts back in their places; marks within them are not replaced.
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

/// Encoded-words for `text`, each on a line of its own, with the leading space. Empty for an empty text.
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
    fn what_a_reader_sees() {
        assert_eq!(decode(b" plain\r\n folded\ttab"), "plain folded tab");
        assert_eq!(decode(b" =?utf-8?Q?Gr=C3=B6=C3=9Fe?= x"), "Größe x");
        assert_eq!(decode(b" =?ISO-8859-1?Q?Gr=F6=DFe_A?= =?iso-8859-1*de?B?Qg==?="), "Größe AB");
        assert_eq!(decode(b" =?utf-8?B?w?= =?utf-8?B?7Y=?="), decode(b" =?utf-8?B?w?= =?utf-8?B?7Y=?="));
        assert_eq!(decode(" roh ä".as_bytes()), "roh ä");
        assert_eq!(decode(b" latin \xe4"), "latin ä");
        assert_eq!(decode(b" =?x?"), "=?x?");
        // Longer than RFC 2047 allows, but readers accept it.
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
