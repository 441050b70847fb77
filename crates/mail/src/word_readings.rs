//! A raw field value in every way in which programs read its encoded-words, for callers that must not say "no" because they read it
//! in another way. Knows no field by name, and not which reading is shown.

use std::borrow::Cow;

use crate::charset::{self, CharsetHint};
use crate::encoded_words::{
    Base64End, ESCAPE, decode, decode_as, decode_beside, decode_with, encoded_word, is_open, to_text,
    words_joined,
};

/// Every way in which a reader may see the value: bytes of unknown charset can be read in several, and not
/// all programs agree about what an encoded-word is.
pub(crate) fn readings(raw: &[u8]) -> Vec<String> {
    let mut readings = vec![decode(raw)];
    let mut add = |reading: String| {
        if !readings.contains(&reading) {
            readings.push(reading);
        }
    };
    for raw in ways(raw) {
        let raw = raw.as_ref();
        add(decode_with(raw, to_text));
        big_endian(raw).into_iter().for_each(&mut add);
        if is_open(raw) {
            charset::GUESSES.iter().for_each(|guess| add(decode_as(raw, guess)));
        }
    }
    readings
}

/// The value as it is shown, by programs of each of these ways: bytes without a declared charset are read in the charset in which
/// they are shown.
pub(crate) fn shown(raw: &[u8], beside: CharsetHint) -> Vec<String> {
    let mut shown = Vec::new();
    for raw in ways(raw) {
        shown.extend(big_endian(&raw));
        shown.push(decode_beside(&raw, beside));
        // By programs that join no words.
        shown.push(decode_with(&raw, |bytes: &[u8], label: Option<&[u8]>| {
            beside.decode(bytes, label.map(String::from_utf8_lossy).as_deref())
        }));
    }
    shown
}

/// With words in UTF-16 as RFC 2781 §4.3 says: without a mark it is big-endian. Browsers take it for little-endian. `None`: there
/// are none.
fn big_endian(raw: &[u8]) -> Option<String> {
    let is_utf_16 = |label: &[u8]| label.eq_ignore_ascii_case(b"utf-16");
    raw.windows(6).any(is_utf_16).then(|| {
        decode_with(raw, |bytes: &[u8], label: Option<&[u8]>| match label.is_some_and(is_utf_16) {
            true => charset::decode_as(bytes, "utf-16be"),
            false => to_text(bytes, label),
        })
    })
}

/// The value as it came, and as programs take it that go by other rules about encoded-words, in every combination.
fn ways(raw: &[u8]) -> Vec<Cow<'_, [u8]>> {
    let joined: fn(&[u8]) -> Option<Vec<u8>> = |raw| words_joined(raw, Base64End::is_perhaps_cut);
    let mut ways = vec![Cow::Borrowed(raw)];
    for way in [with_marks_escaped, with_charsets_named, joined, without_shifts, with_its_end] {
        let more: Vec<_> = ways.iter().filter_map(|raw| way(raw)).map(Cow::Owned).collect();
        ways.extend(more);
    }
    ways
}

/// A value that a program has cut off within its last word, with that word's end; `None`: it is complete.
fn with_its_end(raw: &[u8]) -> Option<Vec<u8>> {
    let value = raw.trim_ascii_end();
    let end: &[u8] = if value.ends_with(b"?") { b"=" } else { b"?=" };
    let whole = [value, end].concat();
    // The last may be the end of its own payload (`…Zw=?`).
    let starts = value.windows(2).enumerate().rev().filter(|(_, two)| two == b"=?").take(2);
    let closes = |start: usize| {
        let word = whole.get(start..).and_then(encoded_word);
        word.is_some_and(|(length, ..)| start.saturating_add(length) == whole.len())
    };
    starts.map(|(start, _)| start).any(closes).then_some(whole)
}

/// Words that name no charset (`=??B?…?=`) with one: RFC 2047 §2 knows none such, and some programs read them.
fn with_charsets_named(raw: &[u8]) -> Option<Vec<u8>> {
    let is_word = |rest: &[u8]| matches!(rest, [b'=', b'?', b'?', b'B' | b'b' | b'Q' | b'q', b'?', ..]);
    let starts: Vec<usize> = memchr::memmem::find_iter(raw, b"=??")
        .filter(|at| is_word(raw.get(*at..).unwrap_or_default()))
        .collect();
    let mut out = Vec::with_capacity(raw.len() + 5 * starts.len());
    let mut from = 0;
    for at in &starts {
        out.extend_from_slice(raw.get(from..at + 2).unwrap_or_default());
        out.extend_from_slice(b"utf-8");
        from = at + 2;
    }
    out.extend_from_slice(raw.get(from..).unwrap_or_default());
    (!starts.is_empty()).then_some(out)
}

/// The value without the sequences that shift between sets of characters (ISO 2022): who tries ISO-2022-JP shows nothing
/// where they stand. `None`: there are none.
fn without_shifts(raw: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr(ESCAPE, rest) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, b""));
        out.extend_from_slice(before);
        let behind = from.get(1..).unwrap_or_default();
        let between = behind.iter().take_while(|byte| (0x20..=0x2f).contains(*byte)).count();
        let is_shift = between > 0 && behind.get(between).is_some_and(|last| (0x30..=0x7e).contains(last));
        let gone = if is_shift { between + 2 } else { 1 };
        out.extend_from_slice(if is_shift { b"" } else { &[ESCAPE] });
        rest = from.get(gone..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    (out.len() < raw.len()).then_some(out)
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
    // Longer than any line that is let in by default: a search from every `=?` must not read all of the value.
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

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

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

    /// One that is joined with the next costs what it adds, not all of what came before.
    #[test]
    fn many_words_that_go_on_are_joined_in_one_pass() {
        let many = [b" =?utf-8?B?QUJDR?=".as_slice(), &b" =?utf-8?B?QUJD?=".repeat(60_000)].concat();
        assert!(words_joined(&many, Base64End::is_perhaps_cut).is_some_and(|one| one.len() < many.len() / 2));
    }

    #[test]
    fn a_word_that_was_cut_off_is_read_as_far_as_it_goes() {
        for (raw, text) in [
            (" =?utf-8?B?W3ZlcnRyYXVsaWNoXSB4?", "[vertraulich] x"),
            (" =?utf-8?B?W3ZlcnRyYXVsaWNoXSB4", "[vertraulich] x"),
            (" =?utf-8?B?W3ZlcnRyYXVsaWNoXSB4eQ=?", "[vertraulich] xy"),
            (" Re: =?utf-8?Q?=5Bvertraulich=5D_Ihr_Unf\r\n", "Re: [vertraulich] Ihr Unf"),
            (" =?utf-8?Q?a?=\r\n =?utf-8?Q?[vertraulich]_b", "a[vertraulich] b"),
        ] {
            let readings = readings(raw.as_bytes());
            assert!(readings.iter().any(|one| one == text), "{raw}: {readings:?}");
        }
        for whole in [" =?utf-8?Q?a?=", " x =? y", " =?x?", " a", " =?utf-8?X?a"] {
            assert_eq!(with_its_end(whole.as_bytes()), None, "{whole}");
        }
    }

    #[test]
    fn a_tag_is_seen_wherever_the_words_around_it_are_cut() {
        let tagged = STANDARD.encode("[vertraulich] Schaden");
        let word = |payload: &str| format!("=?utf-8?B?{payload}?=");
        let sees = |raw: &str| readings(raw.as_bytes()).iter().any(|seen| seen == "[vertraulich] Schaden");
        for first in 1..tagged.len() - 1 {
            let (start, rest) = tagged.split_at(first);
            for blank in ["", " ", "\r\n\t"] {
                let raw = format!(" {}{blank}{}", word(start), word(rest));
                assert!(sees(&raw), "{raw}: {:?}", readings(raw.as_bytes()));
            }
            for second in first + 1..tagged.len() {
                let (middle, end) = tagged.split_at(second);
                let middle = middle.get(first..).unwrap();
                let raw = format!(" {} {}\r\n {}", word(start), word(middle), word(end));
                assert!(sees(&raw), "{raw}: {:?}", readings(raw.as_bytes()));
            }
        }
        // Where bits remain over there is one way to read it, and that is shown.
        assert_eq!(
            decode(b" =?utf-8?B?R3LDtsOf?= =?UTF-8*de?b?Z?=\r\n =?utf-8?B?SBBbm5h?="),
            "Gr\u{f6}\u{df}e Anna"
        );
        // Each for itself without the signs that fill a group: it is shown so, and both are read.
        let apart = b" =?utf-8?B?R3I?= =?utf-8?B?w7bDn2U?= x";
        assert_eq!(decode(apart), "Gr\u{f6}\u{df}e x");
        assert!(readings(apart).len() > 1);
        assert_eq!(readings(b" =?utf-8?B?R3I=?= =?utf-8?B?w7bDn2U=?= x"), ["Gr\u{f6}\u{df}e x"]);
        assert_eq!(readings(b" =?utf-8?B?R3I?= =?utf-8?Q?=C3=B6=C3=9Fe?= x"), ["Gr\u{f6}\u{df}e x"]);
    }

    #[test]
    fn what_only_some_programs_read_is_read_in_both_ways() {
        for (raw, wanted) in [
            (" =??B?W3ZlcnRyYXVsaWNoXQ==?= x", "[vertraulich] x"),
            (" =??q?=5Bvertraulich=5D?= x", "[vertraulich] x"),
            (" =??B?W3ZlcnRyYX?= =??b?VsaWNoXQ==?= x", "[vertraulich] x"),
            (" [ver\x1b(Btraulich] x", "[vertraulich] x"),
            (" [ver\x1b$B\x1b(Jtraulich] x", "[vertraulich] x"),
        ] {
            assert!(
                readings(raw.as_bytes()).iter().any(|seen| seen == wanted),
                "{raw:?}: {:?}",
                readings(raw.as_bytes())
            );
        }
        for none in ["=??", "=??X?a?=", "=?", "a\x1b", "a\x1b(", "a\x1bB", ""] {
            assert_eq!(with_charsets_named(none.as_bytes()), None, "{none}");
            assert_eq!(without_shifts(none.as_bytes()), None, "{none:?}");
        }
    }
}
