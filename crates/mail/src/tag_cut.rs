//! Cuts a tag out of a raw field value (the Subject); every other byte stays. Knows no field by name.

use std::collections::HashMap;

use crate::encoded_words::{Piece, decode, decode_as, encode, encoded_words, pieces, to_text};
use crate::skeleton::{Skeleton, as_seen, squared};
use crate::word_readings::readings;
use crate::{charset, direction};

/// A character and its bytes.
type Letter<'a> = (char, &'a [u8]);

/// Cuts everything that looks like `tag` out of a raw value, with one adjacent space. `None`: a reader sees no match.
/// All other bytes stay; encoded-words with a match are re-encoded, and the whole value only if a match spans several.
pub(crate) fn cut(raw: &[u8], tag: &str) -> Option<Vec<u8>> {
    let tag = Skeleton::of(tag.chars().map(squared));
    let wanted = readings(raw).iter().find_map(|seen| cut_text(seen, &tag))?;
    let wanted = wanted.trim().to_owned();
    let gone = |raw: &[u8]| readings(raw).iter().all(|seen| !is_in(seen, &tag));
    let guesses = [None].into_iter().chain(charset::GUESSES.into_iter().map(Some));
    let attempts = guesses.flat_map(|guess| [Words::AsTheyAre, Words::Anew].map(|words| (guess, words)));
    for (guess, words) in attempts {
        let direct = cut_pieces(raw, &tag, guess, words);
        // The rest must read as before, without the match, in the reading in which the match was found.
        let reads_well = || match guess {
            None => decode(&direct) == wanted,
            Some(guess) => cut_text(&decode_as(raw, guess), &tag)
                .is_some_and(|left| decode_as(&direct, guess) == left.trim()),
        };
        if !has_blank_line(&direct) && reads_well() && gone(&direct) {
            return Some(direct);
        }
        if raw.is_ascii() && matches!(words, Words::Anew) {
            // There is no other reading.
            break;
        }
    }
    Some(encode(&wanted))
}

fn is_in(text: &str, tag: &Skeleton) -> bool {
    !Skeleton::of(text.chars().map(squared)).positions(tag).is_empty()
}

/// The value in the order in which it is displayed; `None`: it is so already.
pub(crate) fn in_order(raw: &[u8]) -> Option<Vec<u8>> {
    readings(raw).iter().find_map(|seen| direction::without_marks(seen)).map(|seen| encode(seen.trim()))
}

/// The value without anything that looks like the text in letters of other scripts, with marks or narrow spaces.
/// `None`: nothing does. Matches more than [`cut`] and re-encodes the value: for tags that only we may write.
pub(crate) fn cut_look_alikes(raw: &[u8], tag: &str) -> Option<Vec<u8>> {
    let tag = Skeleton::of(tag.chars().map(as_seen));
    // The look-up of a character is what costs.
    let mut known: HashMap<char, char> = HashMap::new();
    let mut seen_as =
        |c: char| if c.is_ascii() { as_seen(c) } else { *known.entry(c).or_insert_with(|| as_seen(c)) };
    readings(raw).iter().find_map(|seen| {
        let mut text: Vec<char> = seen.chars().collect();
        let before = text.len();
        for _ in 0..=PASSES {
            let places = Skeleton::of(text.iter().copied().map(&mut seen_as)).positions(&tag);
            if places.is_empty() {
                let left: String = text.iter().collect();
                return (text.len() < before).then(|| encode(left.trim()));
            }
            text = without(&text, places);
        }
        // Only an attack nests it so often: the value is dropped.
        Some(encode(""))
    })
}

/// How encoded-words are treated.
#[derive(Clone, Copy)]
enum Words {
    AsTheyAre,
    Anew,
}

fn cut_pieces(raw: &[u8], tag: &Skeleton, guess: Option<&str>, words: Words) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    for piece in pieces(raw) {
        match piece {
            Piece::Word { raw: word, charset, bytes, .. } => match words {
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

/// Bytes as characters: UTF-8, and invalid bytes in the guessed charset, which is a single-byte one.
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

/// Passes over a text: honest texts do not nest tags, and the time must not depend on those that do.
const PASSES: usize = 5;

/// Removes matches, including those that appear once others are removed.
fn cut_letters<'a>(mut text: Vec<Letter<'a>>, tag: &Skeleton) -> Option<Vec<Letter<'a>>> {
    let mut found = None;
    for _ in 0..PASSES {
        let places = Skeleton::of(text.iter().map(|(c, _)| squared(*c))).positions(tag);
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

/// The letters without these ranges, which are in order.
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

/// Number of letters of the space or fold after a tag.
fn blank_behind(text: &[Letter<'_>]) -> usize {
    let mut behind = text.iter().map(|(c, _)| *c);
    match (behind.next(), behind.next(), behind.next()) {
        (Some('\r'), Some('\n'), Some(' ' | '\t')) => 3,
        (Some(c), _, _) if c.is_whitespace() && c != '\r' && c != '\n' => 1,
        (Some(_) | None, _, _) => 0,
    }
}

/// RFC 5322 §3.2.2: folding must not leave a line of only white space.
fn has_blank_line(raw: &[u8]) -> bool {
    raw.split(|b| *b == b'\n').skip(1).any(|line| line.iter().all(u8::is_ascii_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut_str(raw: &str, tag: &str) -> Option<String> {
        cut(raw.as_bytes(), tag).map(|bytes| String::from_utf8(bytes).unwrap())
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
        // would leave a line of only white space
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
        // a tag that looks like the syntax of an encoded-word does not break it
        let cut = cut_str(" utf-8 =?utf-8?Q?x?=", "utf-8").unwrap();
        assert_eq!(cut, " =?utf-8?Q?x?=");
    }

    #[test]
    fn a_bare_mark_in_a_word_does_not_keep_the_tag() {
        let raw = b" =?utf-8?Q?Frage?_=5Bvertraulich=5D?= x =?utf-8?Q?M=C3=BC?=";
        let left = cut(raw, "[vertraulich]").unwrap();
        assert!(readings(&left).iter().all(|seen| seen.contains("Frage?") && !seen.contains("vertraulich")));
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
    }
}
