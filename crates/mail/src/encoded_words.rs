//! RFC 2047 encoded-words: taking a raw field value apart, decoding it, cutting text out of it (a tag
//! out of the Subject).
//!
//! Works on bytes as they came, so that what is not cut stays as it is. Knows no field by name.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::charset::Beside;
use crate::skeleton::{Skeleton, as_seen, squared};
use crate::{charset, direction, transfer};

/// A stretch of a raw field value.
enum Piece<'a> {
    Literal(&'a [u8]),
    Word { raw: &'a [u8], charset: &'a [u8], bytes: Vec<u8> },
}

/// Takes a raw value apart. An encoded-word is recognised wherever it stands: readers do the same.
fn pieces(raw: &[u8]) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut literal_from = 0;
    let mut at = 0;
    while let Some(rest) = raw.get(at..) {
        let Some(found) = rest.windows(2).position(|w| w == b"=?") else { break };
        let start = at + found;
        let Some((length, charset, bytes)) = raw.get(start..).and_then(encoded_word) else {
            at = start + 2;
            continue;
        };
        if let Some(text) = raw.get(literal_from..start).filter(|t| !t.is_empty()) {
            out.push(Piece::Literal(text));
        }
        out.push(Piece::Word { raw: raw.get(start..start + length).unwrap_or_default(), charset, bytes });
        at = start + length;
        literal_from = at;
    }
    if let Some(text) = raw.get(literal_from..).filter(|t| !t.is_empty()) {
        out.push(Piece::Literal(text));
    }
    out
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
    decode_beside(raw, Beside::Nothing)
}

/// The same, where something is known of what the value itself leaves open.
pub(crate) fn decode_beside(raw: &[u8], beside: Beside) -> String {
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

/// A bare `?` in it makes a Q word none (RFC 2047 §4.2), and some programs read it all the same, up to the next `?=`. The
/// value with such marks escaped, if there are any.
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

/// As a reader sees it who takes bytes of which nobody says what they are for this.
fn decode_as(raw: &[u8], guess: &str) -> String {
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

/// The value with every run of encoded-words, and every text that is not ASCII, behind a mark; and what they say. So
/// that who takes addresses apart need not know charsets, and one decoder decodes everything.
pub(crate) fn set_aside(raw: &[u8], beside: Beside) -> (Vec<u8>, Vec<String>) {
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

/// A character and the bytes it stands for.
type Letter<'a> = (char, &'a [u8]);

/// Cuts everything that looks like `tag` out of a raw value, with one blank beside it. `None`: a reader sees no
/// match. Only the matches go, byte by byte. Where they are hidden in encoded-words, those words are decoded, cut and
/// encoded anew, and the whole value only where a match reaches over several.
pub(crate) fn cut(raw: &[u8], tag: &str) -> Option<Vec<u8>> {
    let tag = Skeleton::of(tag.chars().map(squared));
    let wanted = readings(raw).iter().find_map(|seen| cut_text(seen, &tag))?;
    let wanted = wanted.trim().to_owned();
    let gone = |raw: &[u8]| readings(raw).iter().all(|seen| !is_in(seen, &tag));
    let guesses = [None].into_iter().chain(charset::GUESSES.into_iter().map(Some));
    let attempts = guesses.flat_map(|guess| [Words::AsTheyAre, Words::Anew].map(|words| (guess, words)));
    for (guess, words) in attempts {
        let direct = cut_pieces(raw, &tag, guess, words);
        // What is left must read as before, but for the match, in the way in which the match was seen.
        let reads_well = || match guess {
            None => decode(&direct) == wanted,
            Some(guess) => cut_text(&decode_as(raw, guess), &tag)
                .is_some_and(|left| decode_as(&direct, guess) == left.trim()),
        };
        if !has_blank_line(&direct) && reads_well() && gone(&direct) {
            return Some(direct);
        }
        if raw.is_ascii() && matches!(words, Words::Anew) {
            // There is no other way to read it.
            break;
        }
    }
    Some(encode(&wanted))
}

fn is_in(text: &str, tag: &Skeleton) -> bool {
    !Skeleton::of(text.chars().map(squared)).places(tag).is_empty()
}

/// The value so that it is read in the order in which it is shown; `None`: it is so already.
pub(crate) fn in_order(raw: &[u8]) -> Option<Vec<u8>> {
    readings(raw).iter().find_map(|seen| direction::without_marks(seen)).map(|seen| encode(seen.trim()))
}

/// The value without what only looks like the text, in whatever letters: capitals of other scripts, letters with marks, blanks
/// that are hardly seen. `None`: nothing does. Wider than [`cut`], and written anew: for what must not be believed.
pub(crate) fn cut_look_alikes(raw: &[u8], tag: &str) -> Option<Vec<u8>> {
    let tag = Skeleton::of(tag.chars().map(as_seen));
    // To look a character up is what costs.
    let mut known: HashMap<char, char> = HashMap::new();
    let mut seen_as =
        |c: char| if c.is_ascii() { as_seen(c) } else { *known.entry(c).or_insert_with(|| as_seen(c)) };
    readings(raw).iter().find_map(|seen| {
        let mut text: Vec<char> = seen.chars().collect();
        let before = text.len();
        for _ in 0..=PASSES {
            let places = Skeleton::of(text.iter().copied().map(&mut seen_as)).places(&tag);
            if places.is_empty() {
                let left: String = text.iter().collect();
                return (text.len() < before).then(|| encode(left.trim()));
            }
            text = without(&text, places);
        }
        // Nobody but who wants to be believed writes it within itself so often: nothing of it is.
        Some(encode(""))
    })
}

/// What becomes of encoded-words.
#[derive(Clone, Copy)]
enum Words {
    AsTheyAre,
    Anew,
}

fn cut_pieces(raw: &[u8], tag: &Skeleton, guess: Option<&str>, words: Words) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    for piece in pieces(raw) {
        match piece {
            Piece::Word { raw: word, charset, bytes } => match words {
                Words::AsTheyAre => out.extend_from_slice(word),
                Words::Anew => match cut_text(&to_text(&bytes, Some(charset)), tag) {
                    None => out.extend_from_slice(word),
                    Some(left) => out.extend_from_slice(encoded_words(&left).trim_ascii_start()),
                },
            },
            Piece::Literal(literal) => match cut_letters(letters(literal, guess), tag) {
                None => out.extend_from_slice(literal),
                Some(left) => left.iter().for_each(|(_, bytes)| out.extend_from_slice(bytes)),
            },
        }
    }
    out
}

/// Bytes as they are read: UTF-8, and what is none of it in the charset that is guessed. Of a single-byte charset,
/// like all that are guessed, every byte is a character.
fn letters<'a>(bytes: &'a [u8], guess: Option<&str>) -> Vec<Letter<'a>> {
    let single = |byte: &'a [u8]| {
        let text = charset::decode_as(byte, guess.unwrap_or("windows-1252"));
        (text.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER), byte)
    };
    if guess.is_some() {
        return bytes.chunks(1).map(single).collect();
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let to = at + c.len_utf8();
            out.push((c, bytes.get(at..to).unwrap_or_default()));
            at = to;
        }
        let to = at + chunk.invalid().len();
        out.extend(bytes.get(at..to).unwrap_or_default().chunks(1).map(single));
        at = to;
    }
    out
}

fn cut_text(text: &str, tag: &Skeleton) -> Option<String> {
    let left = cut_letters(letters(text.as_bytes(), None), tag)?;
    Some(left.iter().map(|(c, _)| c).collect())
}

/// Passes over a text: people do not nest tags, and time must not depend on who does.
const PASSES: usize = 5;

/// Removes matches, also those that come about by removing others.
fn cut_letters<'a>(mut text: Vec<Letter<'a>>, tag: &Skeleton) -> Option<Vec<Letter<'a>>> {
    let mut found = None;
    for _ in 0..PASSES {
        let places = Skeleton::of(text.iter().map(|(c, _)| squared(*c))).places(tag);
        let Some((_, last)) = places.last() else { break };
        let at_the_end = *last == text.len();
        let with_blank = |(start, end)| (start, end + blank_behind(text.get(end..).unwrap_or_default()));
        let mut left = without(&text, places.into_iter().map(with_blank));
        if at_the_end {
            while left.last().is_some_and(|(c, _)| matches!(c, ' ' | '\t')) {
                left.pop();
            }
            while left.last().is_some_and(|(c, _)| matches!(c, '\r' | '\n')) {
                left.pop();
            }
        }
        text = left;
        found = Some(());
    }
    found.map(|()| text)
}

/// What is left of letters where these ranges of them go, which come in order.
fn without<T: Clone>(text: &[T], places: impl IntoIterator<Item = (usize, usize)>) -> Vec<T> {
    let mut left = Vec::with_capacity(text.len());
    let mut from = 0;
    for (start, end) in places {
        left.extend_from_slice(text.get(from..start).unwrap_or_default());
        from = end;
    }
    left.extend_from_slice(text.get(from..).unwrap_or_default());
    left
}

/// How many letters the blank behind a tag has, or the fold.
fn blank_behind(text: &[Letter<'_>]) -> usize {
    let mut behind = text.iter().map(|(c, _)| *c);
    match (behind.next(), behind.next(), behind.next()) {
        (Some('\r'), Some('\n'), Some(' ' | '\t')) => 3,
        (Some(c), _, _) if c.is_whitespace() && c != '\r' && c != '\n' => 1,
        (Some(_) | None, _, _) => 0,
    }
}

/// RFC 5322 §3.2.2: folding must not leave a line of white space only.
fn has_blank_line(raw: &[u8]) -> bool {
    raw.split(|b| *b == b'\n').skip(1).any(|line| line.iter().all(u8::is_ascii_whitespace))
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
fn encoded_words(text: &str) -> Vec<u8> {
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

    fn cut_str(raw: &str, tag: &str) -> Option<String> {
        cut(raw.as_bytes(), tag).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn nothing_typed_is_taken_for_what_was_set_aside() {
        for raw in [
            "xqwordqx0x =?utf-8?q?M=C3=BCller?= <m@web.example>",
            "\u{e000}1\u{e001} =?utf-8?q?M=C3=BCller?= <m@web.example>",
            "=?utf-8?b?7oCAMe6AgQ==?= Anna =?utf-8?q?M=C3=BCller?= <m@web.example>",
        ] {
            let (line, aside) = set_aside(raw.as_bytes(), Beside::Nothing);
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
        let left = cut(raw, "[vertraulich]").unwrap();
        assert!(readings(&left).iter().all(|seen| seen.contains("Frage?") && !seen.contains("vertraulich")));
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

    #[test]
    fn a_literal_tag_goes_with_one_space_and_nothing_else_changes() {
        let tag = "[vertraulich]";
        assert_eq!(cut_str(" [vertraulich] Schaden  7", tag).as_deref(), Some(" Schaden  7"));
        assert_eq!(cut_str(" Re: [VERTRAULICH] Schaden", tag).as_deref(), Some(" Re: Schaden"));
        assert_eq!(cut_str(" Schaden [Vertraulich]", tag).as_deref(), Some(" Schaden"));
        assert_eq!(cut_str(" [vertraulich]", tag).as_deref(), Some(""));
        assert_eq!(cut_str(" [vertraulich][vertraulich] x", tag).as_deref(), Some(" x"));
        assert_eq!(cut_str(" [vertr[vertraulich]aulich] x", tag).as_deref(), Some(" x"));
        assert_eq!(cut_str(" nichts", tag), None);
        assert_eq!(cut_str(" nichts", ""), None);
        assert_eq!(
            cut_str(" [vertraulich] =?utf-8?Q?Gr=C3=B6=C3=9Fe?=  =?utf-8?Q?x?=", tag).as_deref(),
            Some(" =?utf-8?Q?Gr=C3=B6=C3=9Fe?=  =?utf-8?Q?x?=")
        );
    }

    #[test]
    fn bytes_beside_a_tag_stay_as_they_are() {
        for (raw, tag, left) in [
            (b" [vertraulich] Gr\xf6\xdfe".as_slice(), "[vertraulich]", b" Gr\xf6\xdfe".as_slice()),
            (b" [PERS\xd6NLICH] Gr\xf6\xdfe", "[pers\u{f6}nlich]", b" Gr\xf6\xdfe"),
            (b" Re: [pers\x94nlich] Gr\x94\xe1e", "[pers\u{f6}nlich]", b" Re: Gr\x94\xe1e"),
            (b" \xc3\xb6 [v\xc2\xad] \xc3\x96", "[v]", b" \xc3\xb6 \xc3\x96"),
            (
                b" =?utf-8?Q?Gr=C3=B6?= =?iso-8859-1?Q?_[v]_=DFe?=",
                "[v]",
                b" =?utf-8?Q?Gr=C3=B6?= =?utf-8?B?IMOfZQ==?=",
            ),
            (
                b" =?utf-8?Q?=5Bv=5D?= Schaden =?utf-8?Q?Gr=C3=B6=C3=9Fe?=",
                "[v]",
                b"  Schaden =?utf-8?Q?Gr=C3=B6=C3=9Fe?=",
            ),
        ] {
            let cut = cut(raw, tag).unwrap();
            assert_eq!(cut, left, "{} {}", raw.escape_ascii(), cut.escape_ascii());
        }
    }

    #[test]
    fn brackets_that_look_square_are_square() {
        for seen in [
            "❲secure❳",
            "〔secure〕",
            "【secure】",
            "⟦Secure⟧",
            "［secure］",
            "⌈secure⌋",
            "「secure」",
            "⎡secure⎦",
        ] {
            assert_eq!(cut_str(&format!(" {seen} Befund"), "[secure]").as_deref(), Some(" Befund"), "{seen}");
        }
        for seen in ["(secure) Befund", "„secure“ Befund", "{secure} Befund", "《secure》 Befund"] {
            assert_eq!(cut_str(seen, "[secure]"), None, "{seen}");
        }
    }

    #[test]
    fn many_tags_take_no_time() {
        let many = format!(" {}x", "[vertraulich] ".repeat(4_000));
        assert_eq!(cut_str(&many, "[vertraulich]").as_deref(), Some(" x"));
        let nested = format!(" {}[v]{} x", "[v".repeat(4_000), "]".repeat(4_000));
        assert!(cut_str(&nested, "[v]").is_some());
    }

    #[test]
    fn folding_stays_sound() {
        let tag = "[v]";
        assert_eq!(cut_str(" [v]\r\n Schaden", tag).as_deref(), Some(" Schaden"));
        assert_eq!(cut_str(" Schaden\r\n [v]", tag).as_deref(), Some(" Schaden"));
        assert_eq!(cut_str(" a\r\n [v]\r\n b", tag).as_deref(), Some(" a\r\n b"));
        // would leave a line of white space only
        assert_eq!(cut_str(" a\r\n [v] \r\n b", tag).as_deref(), Some(" a  b"));
    }

    #[test]
    fn a_tag_hidden_in_encoded_words_is_cut_too() {
        let tag = "[vertraulich]";
        for raw in [
            " =?utf-8?Q?=5Bvertraulich=5D_Gr=C3=B6=C3=9Fe?=",
            " =?utf-8?Q?=5Bvertr?=\r\n =?utf-8?Q?aulich=5D_Gr=C3=B6=C3=9Fe?=",
            " =?utf-8?B?W3ZlcnRyYXVsaWNoXSBHcsO2w59l?=",
        ] {
            let cut = cut_str(raw, tag).unwrap();
            assert_eq!(decode(cut.as_bytes()), "Größe", "{raw}");
            assert!(cut.is_ascii());
        }
        // a literal tag between two words: their space must not be lost
        let cut = cut_str(" =?utf-8?Q?Gr=C3=B6?= [vertraulich] =?utf-8?Q?=C3=9Fe?=", tag).unwrap();
        assert_eq!(decode(cut.as_bytes()), "Grö ße");
        // a tag that looks like the syntax of an encoded-word does not tear it
        let cut = cut_str(" utf-8 =?utf-8?Q?x?=", "utf-8").unwrap();
        assert_eq!(cut, " =?utf-8?Q?x?=");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic_and_the_tag_never_stays(raw in proptest::collection::vec(any::<u8>(), 0..200), tag in "[ -~]{1,8}") {
            let before = decode(&raw);
            let sees = |text: &str| is_in(text, &Skeleton::of(tag.chars().map(squared)));
            match cut(&raw, &tag) {
                None => prop_assert!(!sees(&before)),
                Some(after) => prop_assert!(!sees(&decode(&after))),
            }
        }

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
